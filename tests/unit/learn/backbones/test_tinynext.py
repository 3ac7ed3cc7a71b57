"""TinyNeXt: the parameters of the authors' networks stage by stage, attention and excitation
against formulas, tokens of small images, and that folding batch norms changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.backbones.tinynext import LeanAttention, SqueezeExcite, TinyNeXt


def count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def built(name: str, stem_stride: int = 2) -> TinyNeXt:
    backbone = build_backbone(name, stem_stride)
    assert isinstance(backbone, TinyNeXt)
    return backbone


@pytest.mark.parametrize(
    ("name", "with_head"), [("t", 1_029_208), ("s", 1_311_928), ("m", 2_328_120)]
)
def test_parameters_with_the_head_of_imagenet(name, with_head):
    backbone = built(f"tinynext_{name}")
    assert count(backbone) + 1000 * (backbone.feature_dim + 1) == with_head


@pytest.mark.parametrize("name", ["tinynext_t", "tinynext_t_32px"])
def test_parameters_of_t_by_stage(name):
    backbone = built(name)
    stages = [count(*pair) for pair in zip(backbone.embeds, backbone.stages, strict=True)]
    assert count(backbone.embeds[0]) == 5136
    assert stages == [5136 + 14_976, 61_632, 357_792, 396_288]
    assert count(backbone.norm) == 384
    assert count(backbone) == 836_208


@pytest.mark.parametrize(
    ("name", "stem_stride", "side", "grid"),
    [
        ("tinynext_t", 2, 224, 7),
        ("tinynext_t", 2, 64, 2),
        ("tinynext_t", 2, 32, 1),
        ("tinynext_t_32px", 2, 32, 4),
        ("tinynext_half_32px", 1, 32, 8),
    ],
)
def test_tokens_of_an_image(name, stem_stride, side, grid):
    backbone = built(name, stem_stride).eval()
    images = torch.rand(1, 3, side, side)
    maps = backbone.forward_features(images)
    width = backbone.feature_dim
    assert maps[max(maps)].shape == (1, width, grid, grid)
    assert {stride: found.shape[1] for stride, found in maps.items()} == backbone.map_channels
    torch.testing.assert_close(backbone.late(backbone.early(images)), maps[max(maps)])
    torch.testing.assert_close(backbone(images), maps[max(maps)].mean(dim=(2, 3)))


def test_attention_is_softmax_of_x_w1_xt_times_x_w2():
    torch.manual_seed(0)
    layer = LeanAttention(5)
    for weight in layer.parameters():
        nn.init.normal_(weight)
    maps = torch.randn(2, 5, 2, 3)
    found = layer(maps).detach().numpy()
    w1, w2 = (each.weight.detach().double().numpy().T for each in (layer.query, layer.value))
    for image, result in zip(maps.double().numpy(), found, strict=True):
        x = image.reshape(5, 6).T
        scores = np.exp(x @ w1 @ x.T / np.sqrt(5))
        expected = scores / scores.sum(axis=1, keepdims=True) @ (x @ w2)
        np.testing.assert_allclose(result.reshape(5, 6).T, expected, atol=1e-5)


@pytest.mark.parametrize(("channels", "hidden"), [(192, 48), (16, 8)])
def test_excitation_has_a_quarter_of_the_channels_but_eight(channels, hidden):
    gate = SqueezeExcite(channels).eval()
    assert count(gate) == 2 * channels * hidden + 2 * hidden
    maps = torch.rand(1, channels, 3, 3)
    ratio = gate(maps) / maps
    assert ratio.min() >= 0
    assert ratio.max() <= 1
    torch.testing.assert_close(ratio, ratio[:, :, :1, :1].expand_as(ratio))


def test_initial_weights_are_small_and_biases_zero():
    for module in built("tinynext_half_32px").modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            assert module.weight.abs().max() < 0.1
            assert module.bias is None or not module.bias.any()


def test_folded_batch_norms_change_nothing():
    torch.manual_seed(1)
    backbone = built("tinynext_half_32px")
    with torch.no_grad():
        for module in backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_()
                module.momentum = None  # the plain mean over what it sees
            elif isinstance(module, nn.Linear | nn.Conv2d):
                module.weight.mul_(4)
        backbone.train()(torch.rand(64, 3, 32, 32))
        images, before = torch.rand(3, 3, 32, 32), backbone.eval().state_dict()
        folded = backbone.for_inference()
        assert backbone(images).std() > 0.1
        torch.testing.assert_close(folded(images), backbone(images), rtol=1e-4, atol=1e-5)
        assert before.keys() == backbone.state_dict().keys()  # it is a copy that was folded
    before_layers = [m for m in folded.modules() if type(m) is nn.Identity]
    assert len(before_layers) == 2 * 6 + 2  # of attention and MLPs; the gates' are convolutions
