"""Backbones: parameter counts against the published ones, padding against TFLite's rule computed
independently with numpy, shapes, and that `torch.export` sees constant paddings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BACKBONES, build_backbone
from tinyssl.learn.backbones.same_conv import FEW_PIXELS, SameConv2d, same_padding


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_mobilenet_v2_035_has_the_published_parameters() -> None:
    backbone = build_backbone("mobilenet_v2_035")
    convs = [m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    assert sum(count(conv) for conv in convs) == 382_048
    assert count(backbone) == 396_128
    assert backbone.feature_dim == 1280
    assert backbone.map_channels == {8: 16, 16: 32, 32: 112}


def test_tiny_is_tiny() -> None:
    assert count(build_backbone("mobilenet_v2_tiny")) < 396_128 / 25


@pytest.mark.parametrize("name", ["mobilenet_v2_035", "mobilenet_v2_tiny"])
@pytest.mark.parametrize(("stem_stride", "last_size"), [(2, 2), (1, 4)])
def test_shapes(name, stem_stride, last_size):
    backbone = build_backbone(name, stem_stride)
    images = torch.rand(2, 3, 64, 64)
    assert backbone(images).shape == (2, backbone.feature_dim)
    maps = backbone.forward_features(images)
    assert [m.shape for m in maps.values()] == [
        (2, channels, last_size * scale, last_size * scale)
        for channels, scale in zip(backbone.map_channels.values(), (4, 2, 1), strict=True)
    ]


SPECS = {
    "image": FeatureSpec.image(16),
    "audio": FeatureSpec("audio", (49, 10, 1), "int8"),
    "sensor": FeatureSpec("sensor", (64, 3), "float32"),
    "table": FeatureSpec("table", (5,), "float32"),
}


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("kind", SPECS)
def test_every_backbone_takes_a_kind_or_names_one_that_does(name, kind):
    spec = SPECS[kind]
    if (kind == "table") != (name == "mlp"):
        with pytest.raises(UsageError) as raised:
            build_backbone(name, 2, spec)
        assert raised.value.hint.startswith("use --backbone ")
        return
    backbone = build_backbone(name, 2, spec)
    shape = (
        spec.model_shape if len(spec.model_shape) == 1 else (spec.channels, *spec.model_shape[:2])
    )
    features, maps = (
        backbone(torch.rand(2, *shape)),
        backbone.forward_features(torch.rand(2, *shape)),
    )
    assert features.shape == (2, backbone.feature_dim)
    assert {stride: found.shape[1] for stride, found in maps.items()} == backbone.map_channels


def test_ds_cnn_is_mlperf_tinys_keyword_reference() -> None:
    """24,908 parameters there: with a head, statistics, and biases that batch norm cancels."""
    backbone = build_backbone("ds_cnn", 2, SPECS["audio"])
    biases = 64 + 4 * (64 + 64)  # of the nine convolutions
    head = 64 * 12 + 12
    statistics = 2 * 9 * 64  # Keras counts running means and variances as parameters
    assert count(backbone) + biases + head + statistics == 24_908
    assert count(backbone) == 640 * 4 + 4 * (576 + 4096) + 9 * 128
    assert backbone.forward_features(torch.rand(1, 1, 49, 10))[2].shape == (1, 64, 25, 5)


def tflite_same_conv(image: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    """TFLite's rule written as a lookup: out[y] reads rows y*stride - before + k, zero outside."""
    _, height, width = image.shape
    outputs, _, kernel, _ = weight.shape
    out_h, out_w = -(-height // stride), -(-width // stride)
    before_h = max((out_h - 1) * stride + kernel - height, 0) // 2
    before_w = max((out_w - 1) * stride + kernel - width, 0) // 2
    result = np.zeros((outputs, out_h, out_w))
    for y, x, i, j in np.ndindex(out_h, out_w, kernel, kernel):
        row, column = y * stride - before_h + i, x * stride - before_w + j
        if 0 <= row < height and 0 <= column < width:
            result[:, y, x] += weight[:, :, i, j] @ image[:, row, column]
    return result


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (8, 7), (1, 2), (5, 6)])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_is_tflite_same(size, stride):
    torch.manual_seed(0)
    conv = SameConv2d(2, 3, 3, stride)
    image = torch.randn(1, 2, *size)
    expected = tflite_same_conv(
        image[0].double().numpy(), conv.weight.detach().double().numpy(), stride
    )
    np.testing.assert_allclose(conv(image)[0].detach().numpy(), expected, atol=1e-5)


def test_even_sizes_pad_only_after() -> None:
    assert same_padding(32, 3, 2) == (0, 1)
    assert same_padding(33, 3, 2) == (1, 1)
    assert same_padding(32, 3, 1) == (1, 1)
    assert same_padding(2, 1, 2) == (0, 0)


def test_export_has_constant_paddings_and_no_shape_arithmetic() -> None:
    backbone = build_backbone("mobilenet_v2_tiny").eval()
    program = torch.export.export(backbone, (torch.rand(1, 3, 32, 32),))
    targets = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    pads = [node for node in program.graph.nodes if "pad" in str(node.target)]
    assert [node.args[1] for node in pads] == [[0, 1, 0, 1]] * 5
    assert not [target for target in targets if "sym_size" in target or "floordiv" in target]


def test_equal_seeds_give_equal_weights():
    def weights() -> torch.Tensor:
        torch.manual_seed(3)
        return torch.cat([p.flatten() for p in build_backbone("mobilenet_v2_tiny").parameters()])

    assert torch.equal(weights(), weights())


def test_unknown_names_are_explained() -> None:
    with pytest.raises(UsageError) as caught:
        build_backbone("mobilenet_v2_35")
    assert "did you mean mobilenet_v2_035?" in caught.value.hint
    with pytest.raises(UsageError, match="stem stride 3"):
        build_backbone("mobilenet_v2_035", 3)


def test_residual_branches_start_small_but_not_at_zero() -> None:
    backbone = build_backbone("mobilenet_v2_035")
    blocks = [m for m in backbone.modules() if getattr(m, "shortcut", False)]
    assert len(blocks) == 10
    for block in blocks:
        assert torch.all(block.get_parameter("last_norm.weight") == 0.1)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 3), (4, 1)])
def test_few_pixels_are_trained_as_a_matrix_with_the_same_sums_and_gradients(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert size[0] * size[1] <= FEW_PIXELS
    conv = SameConv2d(5, 5, 3, groups=5)
    layout = torch.channels_last
    images = torch.randn(3, 5, *size).contiguous(memory_format=layout).requires_grad_()
    slope = torch.randn(3, 5, *size)

    def gradients() -> list[torch.Tensor]:
        outputs = conv.train()(images)
        assert outputs.is_contiguous(memory_format=layout)
        return [outputs, *torch.autograd.grad(outputs, (images, conv.weight), slope)]

    ours = gradients()
    monkeypatch.setattr("tinyssl.learn.backbones.same_conv.FEW_PIXELS", 0)
    for found, expected in zip(ours, gradients(), strict=True):
        torch.testing.assert_close(found, expected)


def test_an_exported_graph_holds_the_convolution_of_few_pixels() -> None:
    conv = SameConv2d(5, 5, 3, groups=5).eval()
    graph = torch.export.export(conv, (torch.zeros(1, 5, 2, 2),)).graph
    assert [str(node.target) for node in graph.nodes if node.op == "call_function"] == [
        "aten.conv2d.default"
    ]
