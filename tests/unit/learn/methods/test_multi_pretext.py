"""Multi-pretext learning: who gets which gradient, losses at the start, running means, both
readings, ablations, and a decoder of the size that the paper's counts give."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tinyssl.core.errors import UsageError
from tinyssl.data.augment import ViewOptions
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, MethodContext, build_method, method_config
from tinyssl.learn.methods.corruption import CorruptionRates, draw_corruption
from tinyssl.learn.methods.multi_pretext import (
    MultiPretext,
    TokenDecoder,
    masked_error,
    reversal_strength,
    reverse_gradient,
)

SIDE = 32
SMALL = {"head_width": 48, "layers": 1, "mlp_ratio": 1.0}


def made(backbone: str = "tinynext_half_32px", side: int = SIDE, **options: Any) -> MultiPretext:
    torch.manual_seed(0)
    config = method_config("multi_pretext", SMALL | options)
    method = build_method(
        "multi_pretext", build_backbone(backbone), config, MethodContext(image_size=side)
    )
    assert isinstance(method, MultiPretext)
    return method.train()


def batch(count: int = 8) -> Batch:
    return Batch((torch.rand(count, 3, SIDE, SIDE, generator=torch.manual_seed(1)),))


def gradient(loss: torch.Tensor, of: torch.Tensor) -> torch.Tensor | None:
    (found,) = torch.autograd.grad(loss, [of], retain_graph=True, allow_unused=True)
    return found


def test_reversed_gradients_of_features_and_not_of_weights():
    x = torch.tensor([2.0, -1.0], requires_grad=True)
    w = torch.tensor([0.5, 3.0], requires_grad=True)
    hidden = reverse_gradient(x, torch.tensor(0.25))
    assert torch.equal(hidden, x)
    (w * hidden).sum().backward()
    assert x.grad is not None
    assert w.grad is not None
    assert torch.equal(x.grad, -0.25 * w)
    assert torch.equal(w.grad, x)


def test_reversal_grows_from_nothing():
    assert reversal_strength(torch.tensor(0.0)) == 0
    assert reversal_strength(torch.tensor(0.5)).item() == pytest.approx(math.tanh(2.5))
    assert reversal_strength(torch.tensor(1.0)).item() == pytest.approx(0.9999, abs=1e-4)


def test_tokens_that_are_not_masked_add_nothing():
    found = torch.rand(2, 4, 3, requires_grad=True)
    target, masked = torch.rand(2, 4, 3), torch.tensor([[True, False, False, True]] * 2)
    loss = masked_error(found, target, masked)
    assert loss.item() == pytest.approx(F.mse_loss(found[:, [0, 3]], target[:, [0, 3]]).item())
    loss.backward()
    assert found.grad is not None
    assert not found.grad[:, 1:3].any()
    assert found.grad[:, 0].all()


@pytest.mark.parametrize("reading", ["a", "b"])
def test_mask_and_decoder_learn_and_targets_do_not(reading):
    method = made(reading=reading)
    (images,) = batch().views
    plan = draw_corruption(len(images), 16, method.rates(), images.device)
    _, after, clean = method._tokens(images, plan)
    loss = masked_error(
        method.restore(method.decoder(after)), method._target(images, clean), plan.masked
    )
    for parameter in (method.mask, *method.decoder.parameters()):
        found = gradient(loss, parameter)
        assert found is not None
        assert found.any()
    assert not method._target(images, clean).requires_grad
    before_stage_3 = gradient(loss, next(method.backbone.parameters()))
    assert before_stage_3 is not None  # by the context
    assert before_stage_3.any()


@pytest.mark.parametrize(("extra", "classes"), [(False, 3), (True, 4)])
def test_the_roll_starts_at_chance(extra, classes):
    losses = made(untouched_class=extra).loss(batch())
    assert losses.metrics["roll"].item() == pytest.approx(math.log(classes), abs=1e-5)
    assert losses.metrics["critic"].item() == pytest.approx(math.log(3), abs=1e-5)


def test_the_total_is_the_weighted_sum():
    method = made(disentangle=0.3)
    method.running.copy_(torch.tensor([1.0, 3.0]))
    losses = method.loss(batch())
    parts = losses.metrics
    expected = 1.5 * parts["restore"] + 0.5 * parts["roll"] + 0.3 * parts["critic"]
    assert losses.total.item() == pytest.approx(expected.item(), rel=1e-5)
    assert parts["mask_rate"] == 0.25
    assert parts["roll_rate"] == 0.5
    method = made(disentangle=0, balance=False)
    losses = method.loss(batch())
    expected = losses.metrics["restore"] + losses.metrics["roll"]
    assert losses.total.item() == pytest.approx(expected.item(), rel=1e-5)


def test_running_means_are_averages_of_a_hundred_steps():
    method = made()
    found = method.loss(batch()).metrics
    expected = [0.99 + 0.01 * found[name].item() for name in ("restore", "roll")]
    assert method.running.tolist() == pytest.approx(expected, rel=1e-6)
    assert "running" in method.state_dict()
    assert "progress" in method.state_dict()


@pytest.mark.parametrize(
    ("options", "parts", "rates"),
    [
        ({"scheduler": False}, {"restore", "roll", "critic"}, (0.375, 0.375)),
        ({"disentangle": 0}, {"restore", "roll"}, (0.5, 0.5)),
        ({"roll": False}, {"restore"}, (0.5, 0)),
        ({"mask": False}, {"roll"}, (0, 0.5)),
        ({"target": "patch"}, {"restore", "roll", "critic"}, (0.5, 0.5)),
        ({"reading": "b", "target": "colour"}, {"restore", "roll", "critic"}, (0.5, 0.5)),
    ],
)
def test_ablations_train_all_that_they_have(options, parts, rates):
    method = made(**options)
    assert method.rates() == CorruptionRates(*rates)
    losses = method.loss(batch())
    assert {"restore", "roll", "critic"} & {*losses.metrics} == parts
    losses.total.backward()
    assert [name for name, each in method.named_parameters() if each.grad is None] == []
    assert 0.5 < losses.metrics["token_std"] < 2
    assert 0.5 < losses.metrics["spread"] < 2


def test_the_classifier_of_single_tokens_changes_nothing_else():
    """It sees the shift of tokens whose channels have means of their own, and no gradient leaves
    it."""
    method = made(mask=False)
    losses = method.loss(batch())
    assert losses.total.item() == pytest.approx(losses.metrics["roll"].item(), rel=1e-6)
    (images,) = batch().views
    plan = draw_corruption(len(images), 16, method.rates(), images.device)
    before, _, _ = method._tokens(images, plan)
    alone, _ = method._alone(before, plan)
    assert gradient(alone, next(method.backbone.parameters())) is None
    ramp = torch.arange(48.0).expand(8, 16, 48) / 48
    optimizer = torch.optim.Adam(method.tell_alone.parameters(), 0.01)
    for _ in range(300):
        optimizer.zero_grad()
        loss, share = method._alone(plan.apply(ramp.repeat(1, 1, 2), None), plan)
        loss.backward()
        optimizer.step()
    assert share == 1


def test_targets_of_pixels():
    (images,) = batch(2).views
    coloured = made(target="colour")
    clean = torch.zeros(2, 16, 96)
    found = coloured._target(images, clean)
    torch.testing.assert_close(found[1, 6], images[1, :, 8:16, 16:24].mean(dim=(1, 2)))
    patched = made(target="patch")._target(images, clean)
    patch = images[1, :, 8:16, 16:24].reshape(-1)
    torch.testing.assert_close(patched[1, 6], F.layer_norm(patch, patch.shape))


def test_the_papers_decoder():
    config = method_config("multi_pretext", {})
    for ratio, weights in ((4.0, 889_728), (2.0, 594_048)):
        sized = method_config("multi_pretext", {"mlp_ratio": ratio})
        decoder = TokenDecoder(16, 192, sized)
        assert sum(each.numel() for each in decoder.layers.parameters()) == weights
        assert decoder.positions.shape == (16, 192)
        first = decoder.layers[0]
        assert isinstance(first, nn.TransformerEncoderLayer)
        assert first.self_attn.num_heads == 8
    assert len(decoder.layers) == config.layers


def test_views_are_a_crop_and_a_flip():
    (stage,) = made().stages()
    (group,) = stage.views.groups
    options = group.options
    assert (group.count, options.crop_min, options.flip) == (1, 0.6, 0.5)
    assert options.jitter == options.grey == options.blur == 0
    assert options.saturation == ViewOptions().saturation


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ({"mask": False, "roll": False}, "no task", "leave mask or roll on"),
        ({"side": 0}, "takes images", "simclr"),
        ({"side": 24}, "become 9 tokens", "tinynext_t_32px"),
        ({"backbone": "mobilenet_v2_tiny", "side": 64, "reading": "b"}, "stage 3", "reading=a"),
        ({"head_width": 40}, "96 features do not divide into heads of 40", "head_width=N"),
    ],
)
def test_what_does_not_suit_it_is_explained(arguments, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        made(**arguments)
    assert hint in caught.value.hint
