"""The reader, on files made by the schema's own object API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tests.ops.oracle import compare
from tinyssl.core.errors import ModelError, TinysslError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.window import Padding, same_padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.mean import Mean
from tinyssl.ops.pad import Pad


def repacked(data, change):
    """The file after `change(model)`."""
    import flatbuffers

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_convolution_arrives_with_all_its_parts() -> None:
    model = read_model(cases.conv(size=(8, 9), stride=(2, 2), activation=cases.RELU6), "tiny")
    op = model.ops[0]
    assert isinstance(op, Conv2D)
    assert (op.label, op.stride, op.activation) == ("#0 CONV_2D", (2, 2), "relu6")
    assert op.padding == Padding(0, 1, 1, 1)
    weight, quant = model.tensor(op.weight), model.quant(op.weight)
    assert (weight.shape, weight.dtype, quant.axis) == ((5, 3, 3, 3), DType.INT8, 0)
    assert weight.array().flat[0] == -127
    assert len(quant.scale) == 5
    assert model.name == "tiny"
    assert len(model.source_sha256) == 64


def test_scales_are_the_float32_of_the_file() -> None:
    model = read_model(cases.softmax(scale=0.1))
    assert model.quant(model.inputs[0]).scale == (float(np.float32(0.1)),)


@pytest.mark.parametrize(
    ("size", "window", "stride", "expected"),
    [
        (8, 3, 1, (1, 1)),
        (8, 3, 2, (0, 1)),
        (9, 3, 2, (1, 1)),
        (8, 4, 1, (1, 2)),
        (8, 1, 2, (0, 0)),
        (2, 7, 3, (2, 3)),
    ],
)
def test_same_puts_the_odd_row_at_the_end(size, window, stride, expected):
    padding = same_padding((size, size), (window, window), (stride, stride))
    assert (padding.top, padding.bottom) == (padding.left, padding.right) == expected


def test_depth_multiplier_follows_from_the_shapes() -> None:
    data = repacked(
        cases.depthwise(channels=(3, 12)),
        lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, "depthMultiplier", 0),
    )
    op = read_model(data).ops[0]
    assert isinstance(op, DepthwiseConv2D)
    assert op.multiplier == 4


def test_pool_pad_and_mean_are_read() -> None:
    assert isinstance(read_model(cases.pool()).ops[0], AveragePool2D)
    pad = read_model(cases.pad(amounts=(1, 2, 0, 3))).ops[0]
    assert isinstance(pad, Pad)
    assert pad.padding == Padding(1, 2, 0, 3)
    mean = read_model(cases.mean(keep_dims=False)).ops[0]
    assert isinstance(mean, Mean)
    assert not mean.keep_dims


def test_negative_axes_of_mean_count_from_the_end() -> None:
    def change(model):
        axes = np.array([-2, 1], np.int32)
        model.buffers[1].data = np.frombuffer(axes.tobytes(), np.uint8)

    assert isinstance(read_model(repacked(cases.mean(), change)).ops[0], Mean)


def test_old_files_keep_the_operator_code_in_a_byte() -> None:
    data = repacked(
        cases.softmax(), lambda model: setattr(model.operatorCodes[0], "builtinCode", 0)
    )
    assert read_model(data).ops[0].kind == "SOFTMAX"


def test_buffers_behind_the_flatbuffer_are_read():
    inside = cases.dense()
    weights = read_model(inside).tensor(1).data
    assert weights is not None

    def move(offset):
        def change(model):
            model.buffers[1].data = None
            model.buffers[1].offset, model.buffers[1].size = offset, len(weights)

        return change

    length = len(repacked(inside, move(1000)))  # the offset is a fixed-size field
    outside = repacked(inside, move(length)) + weights
    assert read_model(outside).tensor(1).data == weights
    with pytest.raises(ModelError, match=rf"offset {length}, length {len(weights)}"):
        read_model(outside[:-1])


def test_float_models_are_readable() -> None:
    file = Flatfile()
    start = file.activation((1, 4), dtype="float32")
    output = file.activation((1, 4), dtype="float32")
    file.operator("SOFTMAX", [start], [output], 1, beta=1.0)
    assert read_model(file.data()).input.dtype is DType.FLOAT32


def test_every_truncation_is_an_error_with_the_length() -> None:
    data = cases.conv()
    for length in range(0, len(data) - 64, 7):
        with pytest.raises(ModelError, match=r"\d+"):
            read_model(data[:length])


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 100, b"\x89PNG\r\n\x1a\n" * 20])
def test_other_files_are_refused(data):
    with pytest.raises(ModelError, match="file") as caught:
        read_model(data)
    assert caught.value.hint


def test_flipped_bytes_never_escape_as_another_error() -> None:
    good = cases.padded_conv()
    refused = 0
    for seed in range(300):
        source = np.random.default_rng(seed)
        data = bytearray(good)
        for _ in range(int(source.integers(1, 20))):
            data[int(source.integers(0, len(data)))] = int(source.integers(0, 256))
        try:
            read_model(bytes(data))
        except TinysslError:
            refused += 1
    assert refused > 100


def test_unknown_operator_names_itself_and_what_to_do() -> None:
    file = Flatfile()
    left, right = file.activation((1, 4)), file.activation((1, 4))
    file.operator("RANK", [left], [right])
    with pytest.raises(UnsupportedModel, match="#0 RANK") as caught:
        read_model(file.data())
    assert "docs/adding_an_operator.md" in caught.value.hint


def test_custom_operator_is_named() -> None:
    def change(model):
        code = model.operatorCodes[0]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode = "Mystery"

    with pytest.raises(UnsupportedModel, match="#0 CUSTOM Mystery"):
        read_model(repacked(cases.softmax(), change))


@pytest.mark.parametrize("version", [0, 99])
def test_versions_of_operators_say_nothing(version: int) -> None:
    data = repacked(
        cases.softmax(), lambda model: setattr(model.operatorCodes[0], "version", version)
    )
    assert read_model(data).ops == read_model(cases.softmax()).ops
    compare(data)


REFUSED: dict[str, tuple[Callable[[], bytes], Callable[[Any], object], str]] = {
    "schema version": (
        cases.softmax,
        lambda model: setattr(model, "version", 4),
        "schema version 4",
    ),
    "dynamic": (
        cases.conv,
        lambda model: setattr(model.subgraphs[0].tensors[0], "shape", [1, -1, 0, 3]),
        r"dynamic shape \[1, -1, 0, 3\]",
    ),
    "type": (
        cases.softmax,
        lambda model: setattr(model.subgraphs[0].tensors[0], "type", 8),
        "COMPLEX64",
    ),
    "shuffled weights": (
        cases.dense,
        lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, "weightsFormat", 1),
        "shuffled",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_named(name):
    make, change, message = REFUSED[name]
    with pytest.raises(UnsupportedModel, match=message):
        read_model(repacked(make(), change))


DAMAGED = {
    "tensor index": (
        lambda model: setattr(model.subgraphs[0].operators[0], "inputs", [0, 77, 2]),
        "tensor index 77 of 4",
    ),
    "buffer index": (
        lambda model: setattr(model.subgraphs[0].tensors[1], "buffer", 50),
        "buffer 50 of 3",
    ),
    "buffer size": (
        lambda model: setattr(model.subgraphs[0].tensors[1], "shape", [5, 3, 3, 4]),
        "needs 180 bytes",
    ),
    "zero points": (
        lambda model: setattr(
            model.subgraphs[0].tensors[1].quantization, "zeroPoint", np.array([0, 0])
        ),
        "5 scales, 2 zero points",
    ),
    "inputs": (
        lambda model: setattr(model.subgraphs[0].operators[0], "inputs", [0]),
        "1 inputs",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_told_with_numbers(name):
    change, message = DAMAGED[name]
    with pytest.raises(ModelError, match=message):
        read_model(repacked(cases.conv(), change))
