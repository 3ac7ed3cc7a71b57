"""Each rule of the verifier is broken once; the error must name operator, tensor and rule."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.ends import two_inputs
from tests.ops.operators.reduce import reduce
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Model, Op, Quant, ValueKind
from tinyssl.graph.verify import verify
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D

SHARED = Path(__file__).parents[3].parent / "shared" / "models"


@pytest.mark.parametrize("name", cases.CASES)
def test_all_cases_are_sound(name):
    verify(read_model(cases.CASES[name]()))


@pytest.mark.parametrize("name", ["vww_96_int8", "pretrainedResnet_quant", "kws_ref_model"])
def test_reference_models_are_sound(name):
    path = SHARED / f"{name}.tflite"
    if not path.exists():
        pytest.skip("needs ../shared/models")
    verify(read_model(path.read_bytes()))


def with_tensor(model: Model, index: int, **changes: Any) -> Model:
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], **changes)
    return replace(model, tensors=tuple(tensors))


def with_op(model: Model, position: int = 0, **changes: Any) -> Model:
    ops = list(model.ops)
    ops[position] = replace(ops[position], **changes)
    return replace(model, ops=tuple(ops))


def with_quant(model: Model, index: int, **changes: Any) -> Model:
    quant = model.tensor(index).quant
    assert quant is not None
    return with_tensor(model, index, quant=replace(quant, **changes))


def with_bias(model: Model, value: int) -> Model:
    bias = model.tensor(2)
    return with_tensor(model, 2, data=np.full(bias.shape, value, np.int32).tobytes())


# name: (file, change, message). Tensors of conv: 0 input, 1 weights, 2 bias, 3 output.
BROKEN = {
    "input is a variable": (
        two_inputs,
        lambda m: with_tensor(m, 1, kind=ValueKind.STATE),
        "the model's input map is a variable",
    ),
    "output shape": (
        cases.conv,
        lambda m: with_tensor(m, 3, shape=(1, 7, 6, 4)),
        r"#0 CONV_2D: output has shape \[1, 7, 6, 4\], the inputs give \[1, 7, 6, 5\]",
    ),
    "no quantisation": (
        cases.conv,
        lambda m: with_tensor(m, 3, quant=None),
        "#0 CONV_2D: tensor3 has no quantisation",
    ),
    "scale of zero": (
        cases.conv,
        lambda m: with_quant(m, 0, scale=(0.0,)),
        "tensor0 has scale 0.0",
    ),
    "scale not a number": (
        cases.conv,
        lambda m: with_quant(m, 0, scale=(float("nan"),)),
        "tensor0 has scale nan",
    ),
    "zero point": (
        cases.conv,
        lambda m: with_quant(m, 0, zero_point=(128,)),
        "zero point 128",
    ),
    "activation per channel": (
        cases.conv,
        lambda m: with_quant(m, 0, scale=(0.1, 0.1), zero_point=(0, 0)),
        "more than one scale",
    ),
    "weight scales": (
        cases.conv,
        lambda m: with_quant(m, 1, scale=(0.1,) * 3, zero_point=(0,) * 3),
        "3 scales on axis 0; 5 on axis 0",
    ),
    "weight axis": (
        cases.conv,
        lambda m: with_quant(m, 1, axis=3),
        "5 scales on axis 3; 5 on axis 0",
    ),
    "bias type": (
        cases.conv,
        lambda m: with_tensor(m, 2, dtype=DType.INT64, data=bytes(40)),
        "bias tensor2 .int64",
    ),
    "bias scale": (
        cases.dense,
        lambda m: with_quant(m, 2, scale=tuple(s * 50 for s in m.tensor(2).quant.scale)),
        r"bias tensor2 has scale .* refuses a difference of 0\.\d+ times the output scale",
    ),
    "groups": (
        cases.conv,
        lambda m: with_tensor(m, 0, shape=(1, 7, 6, 6)),
        "5 filters for 3 input channels each do not make groups of the 6 input channels",
    ),
    "stride": (cases.conv, lambda m: with_op(m, stride=(0, 1)), "must be 1 to"),
    "negative padding": (
        cases.conv,
        lambda m: with_op(m, padding=Padding(-1, 1, 1, 1)),
        "paddings",
    ),
    "empty pooling window": (
        cases.pool,
        lambda m: with_op(m, padding=Padding(3, 0, 0, 0)),
        "without an element",
    ),
    "pool changes scale": (
        cases.pool,
        lambda m: with_quant(m, 1, scale=(0.06,)),
        "#0 AVERAGE_POOL_2D: .* same quantisation",
    ),
    "softmax output": (
        cases.softmax,
        lambda m: with_quant(m, 1, zero_point=(0,)),
        "1/256 and -128",
    ),
    "mul shapes": (
        cases.CASES["mul constant"],
        lambda m: with_tensor(m, 1, shape=(1, 5, 6, 2), data=bytes(60)),
        r"#0 MUL: shapes \[1, 5, 6, 4\] and .* do not fit each other",
    ),
    "concatenation shapes": (
        cases.CASES["concatenation"],
        lambda m: with_tensor(m, 1, shape=(1, 3, 5, 5)),
        r"#0 CONCATENATION: shapes \[1, 3, 4, 2\] and .* do not fit along axis 3",
    ),
    "concatenation scale": (
        cases.CASES["concatenation"],
        lambda m: with_quant(m, 1, scale=(0.06,)),
        "#0 CONCATENATION: part0 and part1 must have the same quantisation",
    ),
    "split length": (
        cases.CASES["split"],
        lambda m: with_tensor(m, 0, shape=(1, 3, 4, 7)),
        "#0 SPLIT: 7 elements cannot be cut into 3 equal parts",
    ),
    "zero point of int16": (
        cases.CASES["add int16"],
        lambda m: with_quant(m, 0, zero_point=(1,)),
        "#0 ADD: left has zero point 1; int16 has 0 to 0",
    ),
    "add scale": (
        cases.add,
        lambda m: with_quant(m, 5, scale=(1e-7,)),
        "#2 ADD: the output scale is 2\\^-19",
    ),
    "reshape elements": (
        cases.reshaped_pool,
        lambda m: with_tensor(m, 2, shape=(1, 13)),
        "#1 RESHAPE: 12 elements cannot become 13",
    ),
    "read before written": (
        cases.reshaped_pool,
        lambda m: replace(m, ops=tuple(reversed(m.ops))),
        "#2 SOFTMAX: input 2 .tensor2. is read before it is written",
    ),
    "written twice": (
        cases.padded_conv,
        lambda m: with_op(m, 0, output=m.inputs[0]),
        "#0 PAD: output 0 .tensor0. is written twice",
    ),
    "never written": (
        cases.conv,
        lambda m: replace(m, ops=()),
        "tensor3 is never written",
    ),
    "constant input": (
        cases.conv,
        lambda m: replace(m, inputs=(1,)),
        "input tensor1 is a const",
    ),
}

UNSUPPORTED = {
    "rescale": (
        cases.CASES["rescale"],
        lambda m: with_quant(m, 1, scale=(1e-10,)),
        "#0 QUANTIZE: the scaled input can reach",
    ),
    "mul scale": (
        cases.CASES["mul"],
        lambda m: with_quant(m, m.outputs[0], scale=(1e-12,)),
        "#2 MUL: the product can reach",
    ),
    "mul types": (
        cases.CASES["mul"],
        lambda m: with_tensor(
            with_quant(m, m.outputs[0], zero_point=(0,)), m.outputs[0], dtype=DType.INT16
        ),
        "#2 MUL: inputs and outputs are int8 and int16",
    ),
    "float": (
        cases.add,
        lambda m: with_tensor(m, 5, dtype=DType.FLOAT32),
        "#2 ADD: inputs and outputs are int8 and float32",
    ),
    "two types": (
        cases.conv,
        lambda m: with_tensor(m, 0, dtype=DType.FLOAT32),
        "the input is float32, the output int8",
    ),
    "float weights": (
        cases.conv,
        lambda m: with_tensor(m, 1, dtype=DType.FLOAT32, data=bytes(4 * 135)),
        "weights tensor1 must be int8",
    ),
    "float activations": (
        cases.conv,
        lambda m: with_tensor(with_tensor(m, 0, dtype=DType.FLOAT32), 3, dtype=DType.FLOAT32),
        "weights tensor1 must be float32 constants where the input is float32, not int8",
    ),
    "narrow bias of a depthwise": (
        cases.CASES["depthwise int16"],
        lambda m: with_tensor(m, 2, dtype=DType.INT32, data=bytes(24)),
        "bias tensor2 is int32; with int16 activations int64 is needed",
    ),
    "batch": (
        cases.CASES["l2 pool"],
        lambda m: with_tensor(m, 0, shape=(2, *m.tensor(0).shape[1:])),
        "batch must be 1",
    ),
    "rank": (cases.conv, lambda m: with_tensor(m, 0, shape=(1, 126)), "four dimensions"),
    "parameter": (
        two_inputs,
        lambda m: with_tensor(replace(m, inputs=(0,)), 1, kind=ValueKind.PARAMETER),
        r"#1 ADD: map keeps its value between inferences; it cannot be the right",
    ),
    "elements": (
        cases.conv,
        lambda m: with_tensor(m, 0, shape=(1, 2**14, 2**14, 2)),
        "#0 CONV_2D: tensor0 has 536870912 elements; up to 268435456",
    ),
    "elements of weights": (
        cases.conv,
        lambda m: with_tensor(m, 1, shape=(5, 2**13, 2**13, 3)),
        "#0 CONV_2D: tensor1 has 1006632960 elements; up to 268435456",
    ),
    "softmax types": (
        cases.CASES["softmax int16"],
        lambda m: with_tensor(m, 1, dtype=DType.INT8),
        "#0 SOFTMAX: int16 inputs with int8 outputs",
    ),
    "softmax scale": (lambda: cases.softmax(scale=1e-12), lambda m: m, r"below 2\^-26"),
    "multiplier": (
        cases.conv,
        lambda m: with_quant(m, 3, scale=(1e-14,)),
        r"accumulator is multiplied by up to 2\^3\d; the limit is 2\^30",
    ),
    "wide multiplier": (
        cases.CASES["conv int16"],
        lambda m: with_quant(m, 3, scale=(1e-9,)),
        r"multiplied by up to 2\^1\d; the limit is 2\^7",
    ),
    "wide accumulator": (
        cases.CASES["conv int16"],
        lambda m: with_tensor(m, 2, data=np.full(4, 2**50, np.int64).tobytes()),
        "the accumulator can reach 11259",
    ),
    "mean": (
        lambda: cases.mean(scales=(0.5, 1e-7)),
        lambda m: m,
        "#0 MEAN: the sum can reach",
    ),
    "sum over every other axis": (
        lambda: reduce("SUM", shape=(2,) * 8, axes=(0, 2, 4, 6)),
        lambda m: m,
        "#0 SUM: axes .* take 4 loops",
    ),
    "sum of int16": (
        lambda: reduce("SUM", shape=(1, 9, 300, 300), axes=(1, 2, 3), dtype="int16"),
        lambda m: m,
        "#0 SUM: the sum can reach",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule_is_named(name):
    make, change, message = BROKEN[name]
    with pytest.raises(ModelError, match=message) as caught:
        verify(change(read_model(make())))
    assert not isinstance(caught.value, UnsupportedModel)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_is_named(name):
    make, change, message = UNSUPPORTED[name]
    with pytest.raises(UnsupportedModel, match=message):
        verify(change(read_model(make())))


def test_float_model_says_how_to_quantise_it() -> None:
    model = with_tensor(read_model(cases.conv()), 0, dtype=DType.FLOAT32)
    with pytest.raises(UnsupportedModel) as caught:
        verify(with_tensor(model, 3, dtype=DType.FLOAT32))
    assert "tinyssl convert --model" in caught.value.hint


def test_operator_without_rules_is_refused() -> None:
    class Mystery(Conv2D):
        kind = "MYSTERY"

    model = read_model(cases.conv())
    op = model.ops[0]
    assert isinstance(op, Conv2D)
    values = {field.name: getattr(op, field.name) for field in fields(op)}
    with pytest.raises(UnsupportedModel, match="#0 MYSTERY"):
        verify(replace(model, ops=(Mystery(**values),)))


def test_bias_without_a_scale_is_accepted() -> None:
    verify(with_tensor(read_model(cases.conv()), 2, quant=None))


def test_quant_of_many_scales_is_per_channel() -> None:
    assert Quant((1.0, 2.0), (0, 0)).per_channel
    assert not Quant((1.0,), (0,)).per_channel


def test_op_label_is_number_and_kind() -> None:
    op: Op = read_model(cases.add()).ops[2]
    assert op.label == "#2 ADD"
