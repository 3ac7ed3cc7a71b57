"""DINO: the loss against the authors' double loop in float64 and hand-worked values; centre,
teacher, temperature and frozen last layer at exact numbers; the figures that tell a collapse."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tinyssl.data.augment import make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, build_method, method_config
from tinyssl.learn.methods.dino import DINO, moved_centre, teacher_probabilities
from tinyssl.learn.methods.multicrop import mean_of_pairs, pair_losses


def dino(**options: object) -> DINO:
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_tiny", stem_stride=1)
    config = method_config("dino", {"hidden": 16, "bottleneck": 8, "outputs": 12} | options)
    method = build_method("dino", backbone, config, MethodContext(image_size=32))
    assert isinstance(method, DINO)
    return method.train()


def batch_for(method: Method, seed: int = 0) -> Batch:
    torch.manual_seed(seed)
    images = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8)
    return Batch(make_views(images, method.views(0.0)))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def authors_loss(
    student: np.ndarray, teacher: np.ndarray, centre: np.ndarray, temperatures: tuple[float, float]
) -> float:
    """github.com/facebookresearch/dino, main_dino.py, DINOLoss.forward: a loop over teacher's views
    and student's views that skips the same view. `student` (views, b, k), `teacher` (2, b, k)."""
    student_temperature, teacher_temperature = temperatures
    total, terms = 0.0, 0
    for i, t in enumerate(teacher):
        q = softmax((t - centre) / teacher_temperature)
        for j, s in enumerate(student):
            if i == j:
                continue
            total += (-q * np.log(softmax(s / student_temperature))).sum(axis=-1).mean()
            terms += 1
    return total / terms


def ours(
    student: np.ndarray, teacher: np.ndarray, centre: np.ndarray, temperatures: tuple[float, float]
) -> torch.Tensor:
    targets = teacher_probabilities(
        torch.from_numpy(teacher), torch.from_numpy(centre).float(), temperatures[1]
    )
    return pair_losses(torch.from_numpy(student), targets, temperatures[0])


@pytest.mark.parametrize("views", [2, 4, 8])
def test_loss_is_the_authors_double_loop(views):
    rng = np.random.default_rng(views)
    student, teacher = rng.uniform(-1, 1, (views, 5, 9)), rng.uniform(-1, 1, (2, 5, 9))
    centre = rng.normal(size=9)
    pairs = ours(student, teacher, centre, (0.1, 0.04))
    assert pairs.shape == (2, views)
    expected = authors_loss(student, teacher, centre, (0.1, 0.04))
    neutral = 1 / (views - 1)  # two of 2 (views - 1) pairs are of global views
    assert mean_of_pairs(pairs, neutral).item() == pytest.approx(expected, rel=1e-5)


def test_loss_with_sslights_weights() -> None:
    """github.com/saic-fi/SSLight, src/sslight/utils/loss.py: 0.4 of the mean over the two global
    pairs, 0.6 of the mean over the twelve others."""
    rng = np.random.default_rng(0)
    student, teacher = rng.uniform(-1, 1, (8, 5, 9)), rng.uniform(-1, 1, (2, 5, 9))
    centre = np.zeros(9)
    pairs = ours(student, teacher, centre, (0.1, 0.04))
    globals_ = authors_loss(student[:2], teacher, centre, (0.1, 0.04))
    everything = authors_loss(student, teacher, centre, (0.1, 0.04))
    locals_ = (14 * everything - 2 * globals_) / 12
    found = mean_of_pairs(pairs, 0.4).item()
    assert found == pytest.approx(0.4 * globals_ + 0.6 * locals_, rel=1e-5)


def test_pairs_by_hand() -> None:
    """Two outputs, temperature 1: a student at logits (log 3, 0) says (3/4, 1/4)."""
    student = torch.tensor([[[math.log(3), 0.0]], [[0.0, 0.0]]])
    targets = torch.tensor([[[1.0, 0.0]], [[0.5, 0.5]]])
    pairs = pair_losses(student, targets, 1.0)
    expected = [
        [math.log(4 / 3), math.log(2)],
        [(math.log(4 / 3) + math.log(4)) / 2, math.log(2)],
    ]
    assert np.allclose(pairs.numpy(), expected, atol=1e-6)
    mean = (expected[0][1] + expected[1][0]) / 2
    assert mean_of_pairs(pairs, 1.0).item() == pytest.approx(mean)


def test_teacher_probabilities_by_hand() -> None:
    found = teacher_probabilities(
        torch.tensor([0.04 * math.log(3) + 5.0, -2.0]), torch.tensor([5.0, -2.0]), 0.04
    )
    assert found.tolist() == pytest.approx([0.75, 0.25], abs=1e-4)


def test_losses_are_float32_under_autocast() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(4, 5, 9), torch.randn(2, 5, 9)
    centre = torch.zeros(9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = pair_losses(student, teacher_probabilities(teacher, centre, 0.04), 0.1)
    assert mixed.dtype == torch.float32
    plain = pair_losses(student, teacher_probabilities(teacher, centre, 0.04), 0.1)
    assert torch.allclose(mixed, plain, rtol=1e-6)


def test_centre_moves_by_exactly_a_tenth_of_the_way() -> None:
    centre = torch.tensor([1.0, -2.0, 0.0])
    logits = torch.tensor([[3.0, 0.0, 1.0], [5.0, -4.0, 3.0]])  # mean (4, -2, 2)
    found = moved_centre(centre, logits, 0.9)
    assert found.tolist() == pytest.approx([1.3, -2.0, 0.2], abs=1e-6)
    assert torch.allclose(found - centre, 0.1 * (logits.mean(dim=0) - centre), atol=1e-6)


def test_the_methods_centre_follows_the_teacher_of_both_views() -> None:
    """The loss uses the centre of before; afterwards it has moved by 0.1 (batch mean - centre)."""
    method, batch = dino(), batch_for(dino())
    before = torch.linspace(-0.2, 0.2, 12)
    method.centre.copy_(before)
    found = method.loss(batch).total
    with torch.no_grad():
        teacher = method.teacher(torch.cat(batch.views))
        student = method.head(method.backbone(torch.cat(batch.views)))
    expected = before + 0.1 * (teacher.mean(dim=0) - before)
    assert torch.allclose(method.centre, expected, atol=1e-6)
    reference = authors_loss(
        student.double().view(2, 6, 12).numpy(),
        teacher.double().view(2, 6, 12).numpy(),
        before.double().numpy(),
        (0.1, 0.04),
    )
    assert found.item() == pytest.approx(reference, rel=1e-4)


def test_the_teacher_gets_no_gradient_and_follows_slowly() -> None:
    method = dino(momentum=0.9)
    method.loss(batch_for(method)).total.backward()
    teacher = {id(parameter) for parameter in method.teacher.parameters()}
    assert teacher
    for name, parameter in method.named_parameters():
        if id(parameter) in teacher:
            assert not parameter.requires_grad
            assert parameter.grad is None
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all()
    with torch.no_grad():
        method.head.last.weight.add_(1.0)
    average = method.teacher.get_parameter("1.last.weight")
    before = average.clone()
    method.after_step(0.5)
    expected = 0.95 * before + 0.05 * method.head.last.weight
    assert torch.allclose(average, expected, atol=1e-6)


def test_teacher_temperature_by_default_is_constant() -> None:
    method = dino()
    for progress in (0.0, 0.3, 1.0):
        method.after_step(progress)
        assert method.teacher_temperature().item() == pytest.approx(0.04)


def test_teacher_temperature_rises_linearly_and_stays() -> None:
    """The view sampler's schedule: 0.04 to 0.07 over 50 of 200 epochs."""
    method = dino(teacher_temperature_end=0.07)
    for progress, expected in ((0.0, 0.04), (0.125, 0.055), (0.25, 0.07), (0.9, 0.07)):
        method.after_step(progress)
        assert method.teacher_temperature().item() == pytest.approx(expected, abs=1e-6)


def test_teacher_temperature_reaches_the_loss() -> None:
    warm, cold = dino(teacher_temperature_end=1.0), dino()
    warm.after_step(0.5)
    cold.after_step(0.5)
    batch = batch_for(cold)
    assert warm.loss(batch).metrics["entropy"] > cold.loss(batch).metrics["entropy"] + 0.01


def test_the_last_layer_is_frozen_at_first() -> None:
    method = dino(freeze_last=0.5)
    for progress, frozen in ((0.0, True), (0.49, True), (0.5, False)):
        method.after_step(progress)
        method.zero_grad()
        method.loss(batch_for(method)).total.backward()
        last, first = (
            method.head.get_parameter(f"{name}.weight").grad for name in ("last", "layers.0")
        )
        assert last is not None
        assert first is not None
        largest = last.abs().max().item()
        assert (largest == 0) == frozen
        assert first.abs().max() > 0


def test_the_factor_that_freezes_does_not_change_the_scores() -> None:
    method = dino()
    z = torch.randn(4, 8)
    scores = method.head.score(z, torch.tensor(False))
    assert torch.equal(scores, method.head.score(z, torch.tensor(True)))


def test_scores_are_cosines_with_the_last_layers_rows() -> None:
    """Weight norm with lengths fixed at 1: scaling a row of the weight changes nothing."""
    method = dino()
    features = torch.randn(5, method.backbone.feature_dim)
    scores = method.head(features)
    assert scores.shape == (5, 12)
    assert scores.abs().max() <= 1 + 1e-6
    with torch.no_grad():
        method.head.last.weight.mul_(torch.rand(12, 1) + 0.5)
    assert torch.allclose(method.head(features), scores, atol=1e-6)
    lengths = method.head.embed(features).norm(dim=1)
    assert torch.allclose(lengths, torch.ones(5), atol=1e-6)


def test_progress_and_centre_are_in_the_checkpoint() -> None:
    method = dino(teacher_temperature_end=0.07)
    method.loss(batch_for(method))
    method.after_step(0.125)
    other = dino(teacher_temperature_end=0.07)
    other.load_state_dict(method.state_dict())
    batch = batch_for(method, seed=3)
    assert torch.equal(method.loss(batch).total, other.loss(batch).total)
    assert torch.equal(method.centre, other.centre)


def test_figures_tell_a_collapse() -> None:
    """Healthy: entropy between 0 and log(12). A teacher and a student that give all images one
    answer: the same output for all has kl 0 and entropy log(12) when it is uniform."""
    method = dino()
    healthy = method.loss(batch_for(method)).metrics
    assert 0 < healthy["entropy"].item() < math.log(12)
    assert healthy["kl"].item() > 0.1
    assert healthy["spread"].item() > 0.1
    weights = (
        method.head.get_parameter("last.weight"),
        method.teacher.get_parameter("1.last.weight"),
    )
    for weight in weights:
        with (
            torch.no_grad()
        ):  # all outputs look in one direction: every image gets all cosines equal
            weight.copy_(torch.ones(12, 8))
    method.centre.zero_()
    collapsed = method.loss(batch_for(method)).metrics
    assert collapsed["entropy"].item() == pytest.approx(math.log(12), abs=1e-4)
    assert collapsed["kl"].item() == pytest.approx(0, abs=1e-4)
    assert not any(figure.requires_grad for figure in collapsed.values())


def test_defaults() -> None:
    config = method_config("dino", {})
    assert (config.momentum, config.centre_momentum) == (0.996, 0.9)
    assert (config.student_temperature, config.teacher_temperature) == (0.1, 0.04)
    context = MethodContext(image_size=32)
    method = build_method("dino", build_backbone("mobilenet_v2_035"), config, context)
    assert isinstance(method, DINO)
    shapes = [tuple(p.shape) for p in method.head.parameters() if p.ndim == 2]
    assert shapes == [(256, 1280), (256, 256), (128, 256), (512, 128)]
