"""SimCLR: the loss against an independent double-loop formula, exact values and properties; the
options against their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tinyssl.core.errors import UsageError
from tinyssl.data.augment import ViewOptions, ViewSpec, make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, MethodContext, build_method, method_config
from tinyssl.learn.methods.monitor import embedding_std
from tinyssl.learn.methods.simclr import SimCLR, nt_xent


def reference_nt_xent(za: np.ndarray, zb: np.ndarray, temperature: float) -> float:
    """Equation 1 and algorithm 1 of arXiv 2002.05709, one pair at a time, in float64."""
    batch = len(za)
    z = [row for pair in zip(za, zb, strict=True) for row in pair]  # 2k-1 and 2k are partners

    def similarity(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))

    def pair_loss(i: int, j: int) -> float:
        others = [
            math.exp(similarity(z[i], z[k]) / temperature) for k in range(2 * batch) if k != i
        ]
        return -math.log(math.exp(similarity(z[i], z[j]) / temperature) / sum(others))

    pairs = [(2 * k, 2 * k + 1) for k in range(batch)]
    return sum(pair_loss(i, j) + pair_loss(j, i) for i, j in pairs) / (2 * batch)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("batch", [2, 5, 16])
def test_nt_xent_is_the_papers(batch, temperature):
    rng = np.random.default_rng(batch)
    za, zb = rng.normal(size=(2, batch, 7))
    found = nt_xent(torch.from_numpy(za), torch.from_numpy(zb), temperature)
    assert found.item() == pytest.approx(reference_nt_xent(za, zb, temperature), rel=1e-5)


def test_nt_xent_exact_values() -> None:
    same = torch.ones(4, 3)
    assert nt_xent(same, same, 0.5).item() == pytest.approx(math.log(7))
    # two images, views equal, the images orthogonal: one partner at 1, two others at 0
    eye = torch.eye(2)
    expected = -math.log(math.e**2 / (math.e**2 + 2))
    assert nt_xent(eye, eye, 0.5).item() == pytest.approx(expected)
    # opposite images: the others are at -1
    za = torch.tensor([[3.0, 0.0], [-5.0, 0.0]])
    expected = -math.log(math.e**1 / (math.e**1 + 2 * math.e**-1))
    assert nt_xent(za, za, 1.0).item() == pytest.approx(expected)


def test_nt_xent_ignores_length_and_which_view_is_first() -> None:
    torch.manual_seed(0)
    za, zb = torch.randn(2, 6, 5)
    base = nt_xent(za, zb, 0.5)
    assert torch.allclose(nt_xent(zb, za, 0.5), base)
    assert torch.allclose(nt_xent(7 * za, 0.1 * zb, 0.5), base)
    assert nt_xent(za, zb.roll(1, 0), 0.5) != base


def test_nt_xent_is_float32_under_autocast() -> None:
    torch.manual_seed(0)
    za, zb = torch.randn(2, 6, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = nt_xent(za, zb, 0.5)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, nt_xent(za, zb, 0.5))


def test_head_has_the_sizes_of_simclr_tiny() -> None:
    method = build_method(
        "simclr", build_backbone("mobilenet_v2_035"), method_config("simclr", {}), MethodContext()
    )
    assert isinstance(method, SimCLR)
    shapes = [tuple(p.shape) for p in method.projector.parameters()]
    assert shapes == [(256, 1280), (256,), (256,), (128, 256)]


def test_the_loss_trains_backbone_and_head() -> None:
    torch.manual_seed(0)
    method = build_method(
        "simclr", build_backbone("mobilenet_v2_tiny"), method_config("simclr", {}), MethodContext()
    )
    images = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    losses = method.loss(Batch(make_views(images, method.views(0.0))))
    losses.total.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in method.parameters())
    assert 0 < losses.metrics["spread"].item() < 2
    assert not losses.metrics["spread"].requires_grad


def test_spread_tells_collapse() -> None:
    torch.manual_seed(0)
    assert embedding_std(torch.randn(4096, 64)).item() == pytest.approx(1, abs=0.02)
    assert embedding_std(torch.ones(64, 64) + 1e-4 * torch.randn(64, 64)).item() < 0.01


def test_options_are_parsed_and_checked() -> None:
    config = method_config("simclr", {"temperature": "0.2", "flip": 0, "hidden": "64"})
    assert (config.temperature, config.flip, config.hidden) == (0.2, 0.0, 64)
    method = build_method("simclr", build_backbone("mobilenet_v2_tiny"), config, MethodContext())
    assert method.views(0.5) == ViewSpec.of(2, config)
    for options, message, hint in (
        ({"temprature": 1}, "no option of simclr 'temprature'", "did you mean temperature?"),
        ({"temperature": "0"}, "temperature='0'", "--method-options temperature="),
        ({"crop_min": 0.9, "crop_max": 0.5}, "crop_min 0.9 is above crop_max 0.5", "smallest"),
    ):
        with pytest.raises(UsageError) as caught:
            method_config("simclr", options)
        assert message in caught.value.message
        assert hint in caught.value.hint
    with pytest.raises(UsageError, match="no method 'simcrl'"):
        method_config("simcrl", {})


def test_defaults_are_the_specs() -> None:
    options = ViewOptions()
    assert (options.crop_min, options.crop_max, options.flip) == (0.2, 1.0, 0.5)
    jitter = (options.brightness, options.contrast, options.saturation, options.hue)
    assert (*jitter, options.jitter) == (0.4, 0.4, 0.2, 0.1, 0.8)
    assert (options.grey, options.blur) == (0.2, 0.1)
    config = method_config("simclr", {})
    assert (config.temperature, config.hidden, config.outputs) == (0.5, 256, 128)
