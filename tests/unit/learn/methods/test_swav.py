"""SwAV: codes against the authors' formulation and hand-worked values, the loss against their
double loop in float64; prototypes, queue and freezing at exact numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tinyssl.data.augment import make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, build_method, method_config
from tinyssl.learn.methods.multicrop import mean_of_pairs, pair_losses
from tinyssl.learn.methods.queue import Queue
from tinyssl.learn.methods.swav import SwAV, share_used, sinkhorn

IMAGES = 6


def swav(**options: object) -> SwAV:
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_tiny", stem_stride=1)
    small = {"hidden": 16, "outputs": 8, "prototypes": 12, "queue": 0}
    config = method_config("swav", small | options)
    method = build_method("swav", backbone, config, MethodContext(image_size=32))
    assert isinstance(method, SwAV)
    return method.train()


def batch_for(method: Method, seed: int = 0) -> Batch:
    torch.manual_seed(seed)
    images = torch.randint(0, 256, (IMAGES, 32, 32, 3), dtype=torch.uint8)
    return Batch(make_views(images, method.views(0.0)))


def authors_codes(scores: np.ndarray, epsilon: float, iterations: int) -> np.ndarray:
    """github.com/saic-fi/SSLight, src/sslight/utils/loss.py, distributed_sinkhorn, in float64: the
    matrix is (prototypes, images) there and its sum is kept at 1."""
    q = np.exp(scores.astype(np.float64) / epsilon).T
    prototypes, images = q.shape
    q /= q.sum()
    for _ in range(iterations):
        q /= q.sum(axis=1, keepdims=True) * prototypes
        q /= q.sum(axis=0, keepdims=True) * images
    codes: np.ndarray = (q * images).T
    return codes


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return found


def authors_loss(scores: np.ndarray, codes: np.ndarray, temperature: float) -> list[list[float]]:
    """The same file, SWAVLoss.forward: losses of the pairs of global views, of all others."""
    found: list[list[float]] = [[], []]
    for i in range(2):
        for v in range(len(scores)):
            if v != i:
                logs = np.log(softmax(scores[v] / temperature))
                found[v >= 2].append(-(codes[i] * logs).sum(axis=1).mean())
    return found


@pytest.mark.parametrize(("images", "prototypes"), [(64, 12), (40, 100), (7, 3)])
def test_codes_are_the_authors(images, prototypes):
    scores = np.random.default_rng(images).uniform(-1, 1, (images, prototypes))
    found = sinkhorn(torch.from_numpy(scores), 0.05, 3).numpy()
    assert np.allclose(found, authors_codes(scores, 0.05, 3), atol=1e-5)


def test_rows_sum_to_one_and_columns_are_nearly_uniform() -> None:
    torch.manual_seed(0)
    z = F.normalize(torch.randn(512, 16) + 0.5, dim=1)  # all lean to the same side
    c = F.normalize(torch.randn(32, 16), dim=1)
    scores = z @ c.T

    def unevenness(codes: torch.Tensor) -> float:
        return (codes.sum(dim=0) / 16 - 1).abs().mean().item()

    codes = sinkhorn(scores, 0.05, 3)
    assert torch.allclose(codes.sum(dim=1), torch.ones(512), atol=1e-5)
    assert unevenness(codes) < 0.2
    assert unevenness((scores / 0.05).softmax(dim=1)) > 0.8, "the softmax alone shares out badly"
    assert unevenness(sinkhorn(scores, 0.05, 200)) < 1e-3


def test_codes_by_hand() -> None:
    """Two images that both like prototype 0, one of them more: it goes to the one that does."""
    epsilon = 1.0
    scores = torch.tensor([[np.log(4.0), 0.0], [np.log(2.0), 0.0]])
    # columns: (4, 2) / 6, (1, 1) / 2; rows: (2/3, 1/2) / (7/6), (1/3, 1/2) / (5/6)
    expected = [[4 / 7, 3 / 7], [2 / 5, 3 / 5]]
    found = sinkhorn(scores, epsilon, 1)
    assert np.allclose(found.numpy(), expected, atol=1e-6)


def test_codes_are_finite_float32_under_autocast_without_a_gradient() -> None:
    scores = torch.tensor([[1.0, -1.0], [1.0, -1.0]], requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        codes = sinkhorn(scores, 0.01, 3)
    assert codes.dtype == torch.float32
    assert not codes.requires_grad
    assert torch.allclose(codes.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize(("local_views", "alpha"), [(0, None), (2, None), (6, None), (6, 0.4)])
def test_loss_is_the_authors_double_loop(local_views, alpha):
    rng = np.random.default_rng(local_views)
    scores = rng.uniform(-1, 1, (2 + local_views, 5, 9))
    codes = np.stack([authors_codes(scores[i], 0.05, 3) for i in range(2)])
    globals_, locals_ = authors_loss(scores, codes, 0.1)
    weight = 1 / (1 + local_views) if alpha is None else alpha
    pairs = pair_losses(torch.from_numpy(scores), torch.from_numpy(codes), 0.1)
    found = mean_of_pairs(pairs, weight).item()
    if alpha is None:  # the plain mean over all pairs
        assert found == pytest.approx(float(np.mean(globals_ + locals_)), rel=1e-6)
    else:
        expected = 0.4 * float(np.mean(globals_)) + 0.6 * float(np.mean(locals_))
        assert found == pytest.approx(expected, rel=1e-6)


def test_the_methods_loss_from_its_parts() -> None:
    options = {"local_views": 2, "local_size": 16, "alpha": 0.4}
    method, batch = swav(**options), batch_for(swav(**options))
    found = method.loss(batch).total.item()
    with torch.no_grad():
        features = [method.backbone(torch.cat(batch.views[i : i + 2])) for i in (0, 2)]
        z = F.normalize(method.head(torch.cat(features)), dim=1)
        scores = (z @ method.prototypes.weight.T).double().view(4, IMAGES, 12).numpy()
    codes = np.stack([authors_codes(scores[i], 0.05, 3) for i in range(2)])
    globals_, locals_ = authors_loss(scores, codes, 0.1)
    expected = 0.4 * np.mean(globals_) + 0.6 * np.mean(locals_)
    assert found == pytest.approx(float(expected), rel=1e-4)


def lengths(method: SwAV) -> torch.Tensor:
    return method.prototypes.weight.detach().norm(dim=1)


def test_prototypes_have_unit_length_before_every_forward() -> None:
    method = swav(freeze_prototypes=0.0)
    ones = torch.ones(12)
    assert torch.allclose(lengths(method), ones)
    optimizer = torch.optim.SGD(method.parameters(), lr=10.0)
    for step in range(2):
        method.loss(batch_for(method, step)).total.backward()
        before = method.prototypes.weight.detach().clone()
        optimizer.step()
        assert not torch.allclose(lengths(method), ones, atol=1e-3), "the step moved them"
        method.after_step((step + 1) / 2)
        assert torch.allclose(lengths(method), ones)
        assert not torch.allclose(method.prototypes.weight, before, atol=1e-3)


def test_prototypes_are_frozen_at_first() -> None:
    method = swav(freeze_prototypes=0.5)
    gradients = []
    for progress in (0.25, 0.5):
        method.zero_grad()
        method.loss(batch_for(method)).total.backward()
        assert method.prototypes.weight.grad is not None
        gradients.append(method.prototypes.weight.grad.abs().max().item())
        method.after_step(progress)
    method.zero_grad()
    method.loss(batch_for(method)).total.backward()
    assert method.prototypes.weight.grad is not None
    assert gradients == [0, 0]
    assert method.prototypes.weight.grad.abs().max() > 0


def test_the_queue_counts_from_when_it_is_full() -> None:
    """Six images a step, ten rows: filled by the second step that may push, used in the next."""
    method, plain = swav(queue=10, queue_from=0.5), swav()
    queue = method.queues[0]
    assert isinstance(queue, Queue)
    losses, alone, held = [], [], []
    for step in range(4):
        batch = batch_for(method, step)
        losses.append(method.loss(batch).total.item())
        alone.append(plain.loss(batch).total.item())
        held.append(int(queue.rows.any(dim=1).sum()))
        method.after_step(0.5)
        plain.after_step(0.5)
    assert held == [0, 6, 10, 10]
    assert losses[:3] == alone[:3]
    assert abs(losses[3] - alone[3]) > 1e-5


def test_codes_with_a_queue_are_the_last_rows_of_all() -> None:
    method = swav(queue=4, queue_from=0.0)
    rows = F.normalize(torch.randn(4, 8), dim=1)
    queue = method.queues[1]
    assert isinstance(queue, Queue)
    queue.rows.copy_(rows)
    z = F.normalize(torch.randn(IMAGES, 8), dim=1)
    found = method._codes(1, z)
    scores = (torch.cat([rows, z]) @ method.prototypes.weight.T).detach().numpy()
    assert np.allclose(found.numpy(), authors_codes(scores, 0.05, 3)[4:], atol=1e-5)
    assert torch.allclose(queue.rows, z[-4:].roll(2, 0), atol=1e-6)


def test_every_part_is_trained() -> None:
    method = swav(freeze_prototypes=0.0, local_views=2)
    losses = method.loss(batch_for(method))
    losses.total.backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all()
    assert set(losses.metrics) == {"spread", "used"}


def test_used_tells_a_collapse() -> None:
    healthy = torch.eye(4)
    assert share_used(healthy).item() == 1
    assert share_used(healthy[:1].expand(4, 4)).item() == 0.25
