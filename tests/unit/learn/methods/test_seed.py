"""SEED: the loss against values worked out by hand and against finite differences, the queue's
order, and the head's parameter count (the method's acceptance checks)."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from tests.unit.learn.methods.frozen_teacher import backward
from tinyssl.data.augment import make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, Targets, build_method, method_config
from tinyssl.learn.methods.seed import OneQueue, Seed, TwoQueues, seed_loss, similarity_loss

KEY = torch.tensor([[1.0, 0.0]])
Z = torch.tensor([[0.5, math.sqrt(3) / 2]])
TWO = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
THREE = torch.cat([KEY, TWO])
TEACHER = MethodContext(summary_dim=384, token_dim=384, image_size=32)


def build(backbone: str = "mobilenet_v2_tiny", **options: object) -> Seed:
    torch.manual_seed(0)
    config = method_config("seed", options)
    method = build_method("seed", build_backbone(backbone), config, TEACHER)
    assert isinstance(method, Seed)
    return method


def batch_for(method: Method, images: int = 8) -> Batch:
    pixels = torch.randint(0, 256, (images, 32, 32, 3), dtype=torch.uint8)
    targets = Targets(torch.randn(images, 384), torch.zeros(images, 384, 1, 1))
    return Batch(make_views(pixels, method.views(0.0)), targets)


@pytest.mark.parametrize(
    ("z", "queue", "teacher", "student", "expected"),
    [
        (Z, TWO, 0.01, 0.2, 1.979817),
        (Z, TWO, 0.1, 0.2, 1.979734),
        (KEY, TWO, 0.01, 0.2, 0.006760),
        (Z, THREE, 0.01, 0.2, 2.109172),
        (Z, THREE, 1.0, 1.0, 1.337868),
    ],
)
def test_exact_values(z, queue, teacher, student, expected):
    assert seed_loss(z, KEY, queue, (student, teacher)).item() == pytest.approx(expected, abs=1e-6)
    longer = seed_loss(3 * z, 0.1 * KEY, queue, (student, teacher))
    assert longer.item() == pytest.approx(expected, abs=1e-6)


def test_a_sharp_teacher_gives_info_nce() -> None:
    torch.manual_seed(0)
    z, key = torch.randn(2, 6, 16)
    queue = F.normalize(torch.randn(50, 16), dim=1)
    logits = torch.cat(
        [F.cosine_similarity(z, key)[:, None], F.normalize(z, dim=1) @ queue.T], dim=1
    )
    info_nce = F.cross_entropy(logits / 0.2, torch.zeros(6, dtype=torch.int64))
    assert seed_loss(z, key, queue, (0.2, 1e-4)).item() == pytest.approx(info_nce.item(), rel=1e-6)


def test_the_teachers_softmax_is_the_formula() -> None:
    queue = F.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), dim=1)
    weights = torch.softmax(torch.cat([KEY @ KEY.T, KEY @ queue.T], dim=1), dim=1)
    assert weights[0].tolist() == pytest.approx([0.399486, 0.399486, 0.146963, 0.054065], abs=1e-6)


def test_gradient_is_the_difference_of_the_softmaxes():
    """d loss / d zS = sum_j (pS_j - pT_j) q_j / tauS, before normalisation, in float64 too."""
    torch.manual_seed(0)
    z = F.normalize(torch.randn(1, 5, dtype=torch.float64), dim=1).requires_grad_()
    key = F.normalize(torch.randn(1, 5, dtype=torch.float64), dim=1)
    columns = torch.cat([key, F.normalize(torch.randn(7, 5, dtype=torch.float64), dim=1)])
    similarity_loss(z @ columns.T, key @ columns.T, 0.2, 0.1).backward()
    student = torch.softmax(z.detach() @ columns.T / 0.2, dim=1)
    teacher = torch.softmax(key @ columns.T / 0.1, dim=1)
    expected = (student - teacher) @ columns / 0.2
    assert z.grad is not None
    assert torch.allclose(z.grad, expected, atol=1e-5)

    def value(at: torch.Tensor) -> float:
        logits = at @ columns.T / 0.2
        return float(-(teacher * torch.log_softmax(logits, dim=1)).sum())

    for axis in range(5):
        step = torch.zeros(1, 5, dtype=torch.float64)
        step[0, axis] = 1e-5
        slope = (value(z.detach() + step) - value(z.detach() - step)) / 2e-5
        assert z.grad[0, axis].item() == pytest.approx(slope, abs=1e-5)


def test_loss_starts_at_log_of_the_images_and_never_falls_below_the_entropy() -> None:
    torch.manual_seed(0)
    z, key = torch.randn(2, 16, 64)
    queue = F.normalize(torch.randn(1000, 64), dim=1)
    assert seed_loss(z, key, queue, (100.0, 0.01)).item() == pytest.approx(math.log(1001), abs=1e-2)
    itself = F.normalize(key, dim=1)
    teacher = torch.softmax(torch.cat([torch.ones(16, 1), itself @ queue.T], dim=1) / 0.2, dim=1)
    entropy = -(teacher * teacher.log()).sum(dim=1).mean().item()
    assert seed_loss(key, key, queue, (0.2, 0.2)).item() == pytest.approx(entropy, rel=1e-5)
    assert seed_loss(z, key, queue, (0.2, 0.2)).item() > entropy


def test_a_batch_is_not_in_the_queue_when_its_logits_are_formed() -> None:
    relations = OneQueue(2, 2, (0.2, 0.01))
    relations.queue.rows.copy_(TWO)
    assert relations(Z, KEY).item() == pytest.approx(1.979817, abs=1e-6)  # row 1, not row 4
    assert relations.queue.rows[0].tolist() == [1.0, 0.0]
    assert relations.queue.rows[1].tolist() == [-1.0, 0.0]


def test_two_queues_hold_the_same_images_at_the_same_places() -> None:
    torch.manual_seed(0)
    relations = TwoQueues(6, (3, 5), (0.2, 0.01))
    before = relations.student.rows.clone(), relations.teacher.rows.clone()
    z, key = torch.randn(4, 3), torch.randn(4, 5)
    expected = similarity_loss(
        F.normalize(z, dim=1) @ before[0].T, F.normalize(key, dim=1) @ before[1].T, 0.2, 0.01
    )
    assert relations(z, key).item() == pytest.approx(expected.item())
    assert torch.allclose(relations.student.rows[:4], F.normalize(z, dim=1))
    assert torch.allclose(relations.teacher.rows[:4], F.normalize(key, dim=1))
    assert torch.equal(relations.student.rows[4:], before[0][4:])
    assert torch.equal(relations.teacher.rows[4:], before[1][4:])


def test_two_spaces_that_agree_reach_the_entropy_and_others_do_not() -> None:
    """The student's space may be any rotation of the teacher's."""
    torch.manual_seed(0)
    relations = TwoQueues(64, (8, 8), (0.2, 0.2))
    turn = torch.linalg.qr(torch.randn(8, 8))[0]
    relations.student.rows.copy_(relations.teacher.rows @ turn)
    key = torch.randn(16, 8)
    teacher = torch.softmax(F.normalize(key, dim=1) @ relations.teacher.rows.T / 0.2, dim=1)
    entropy = -(teacher * teacher.log()).sum(dim=1).mean().item()
    queues = {name: tensor.clone() for name, tensor in relations.state_dict().items()}
    assert relations(key @ turn, key).item() == pytest.approx(entropy, rel=1e-5)
    relations.load_state_dict(queues)
    assert relations((key @ turn).roll(1, 0), key).item() > entropy + 0.1


def test_head_has_the_papers_parameters() -> None:
    head = build("mobilenet_v2_035", space="own").head
    assert sum(p.numel() for p in head.parameters()) == 3_148_032
    same_space = build("mobilenet_v2_035").head
    assert [tuple(p.shape) for p in same_space.parameters()] == [
        (2048, 1280), (2048,), (384, 2048), (384,),
    ]  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"space": "teacher"}, {"centre": True}])
def test_all_is_trained_but_the_targets(options):
    method = build(queue=16, **options)
    losses = backward(method, batch_for(method))
    assert all(p.grad is not None and p.grad.isfinite().all() for p in method.parameters())
    assert not losses.metrics["spread"].requires_grad


def test_defaults_are_the_specs() -> None:
    config = method_config("seed", {})
    assert (config.space, config.queue, config.hidden) == ("teacher", 4096, 2048)
    assert (config.student_temperature, config.teacher_temperature) == (0.2, 0.01)
