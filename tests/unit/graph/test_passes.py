"""PAD folding: where it must happen, and where it must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tests.ops.oracle import compare
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import Quant
from tinyssl.graph.passes import fold_pads, run_passes, write_given
from tinyssl.graph.verify import verify
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.max_pool_2d import MaxPool2D


@pytest.mark.parametrize("depthwise", [False, True])
def test_pad_moves_into_the_convolution(depthwise):
    model = read_model(cases.padded_conv(amounts=(0, 1, 2, 3), depthwise=depthwise))
    folded = fold_pads(model)
    verify(folded)
    (op,) = folded.ops
    assert isinstance(op, Conv2D | DepthwiseConv2D)
    assert op.padding == Padding(0, 1, 2, 3)
    assert op.input == model.inputs[0]
    assert op.index == 1, "the operator keeps its number in the file"
    assert len(model.ops) == 2, "the pass changed its argument"


def test_pad_adds_to_the_padding_of_the_convolution() -> None:
    model = read_model(cases.padded_conv(amounts=(1, 1, 1, 1)))
    read = model.ops[1]
    assert isinstance(read, Conv2D)
    conv = replace(read, padding=Padding(0, 1, 0, 1))
    (op,) = fold_pads(replace(model, ops=(model.ops[0], conv))).ops
    assert isinstance(op, Conv2D)
    assert op.padding == Padding(1, 2, 1, 2)


def test_pad_before_a_pool_stays() -> None:
    """Pools leave padded places out, PAD gives them the zero point."""
    model = read_model(cases.padded_conv())
    pool = MaxPool2D(index=1, input=model.ops[0].outputs[0], output=model.outputs[0])
    model = replace(model, ops=(model.ops[0], pool))
    assert fold_pads(model) == model


def test_pad_that_is_the_output_stays() -> None:
    model = read_model(cases.pad())
    assert fold_pads(model) == model


def test_pad_with_a_second_reader_of_another_kind_stays() -> None:
    model = read_model(cases.padded_conv())
    pool = MaxPool2D(index=2, input=model.ops[0].outputs[0], output=model.inputs[0])
    model = replace(model, ops=(*model.ops, pool))
    assert len(fold_pads(model).ops) == 3


def test_pad_that_is_read_and_is_the_output_stays() -> None:
    model = read_model(cases.padded_conv())
    model = replace(model, outputs=(model.ops[0].outputs[0],))
    assert fold_pads(model) == model


def test_pad_that_changes_the_quantisation_stays() -> None:
    """It would fill with another zero point than the convolution does."""
    model = read_model(cases.padded_conv())
    padded = model.tensor(model.ops[0].outputs[0])
    other = replace(padded, quant=Quant((0.04,), (0,)))
    tensors = tuple(other if tensor is padded else tensor for tensor in model.tensors)
    assert len(fold_pads(replace(model, tensors=tensors)).ops) == 2


def test_a_model_that_needs_no_other_pass_gets_its_pads_folded() -> None:
    model = read_model(cases.padded_conv())
    assert run_passes(model) == fold_pads(model)
    (change,) = run_passes(model).changes
    assert str(change) == "moved into the convolutions that read it: #0 PAD"


def transposes(shape, *orders, ends=()):
    """TRANSPOSE after TRANSPOSE, and a SQUARE behind them; results at `ends` are outputs too."""
    file = Flatfile()
    at = file.activation(shape, 0.05, 3)
    made = []
    for order in orders:
        shape = [shape[axis] for axis in order]
        made.append(file.activation(shape, 0.05, 3))
        file.operator("TRANSPOSE", [at, file.constant(np.array(order, np.int32))], [made[-1]], 2)
        at = made[-1]
    last = file.activation(shape, 0.05, 3)
    file.operator("MUL", [at, at], [last], 2, fusedActivationFunction=0)
    return file.data(outputs=[*(made[end] for end in ends), last])


NCHW, NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
TRANSPOSES = {
    "pair": (transposes((1, 3, 4, 5), NCHW, NHWC), ["MUL"]),
    "pair of one": (transposes((1, 3, 4, 5), NCHW, (0, 1, 3, 2)), ["TRANSPOSE", "MUL"]),
    "three": (transposes((1, 3, 4, 5), NCHW, NHWC, NCHW), ["TRANSPOSE", "MUL"]),
    "first is an output": (
        transposes((1, 3, 4, 5), NCHW, NHWC, ends=[0]),
        ["TRANSPOSE", "MUL"],
    ),
    "second is an output": (
        transposes((1, 3, 4, 5), NCHW, NHWC, ends=[1]),
        ["RESHAPE", "MUL"],
    ),
    "of one channel": (transposes((1, 3, 4, 1), NCHW), ["RESHAPE", "MUL"]),
    "of one row": (transposes((1, 1, 4, 5), (0, 2, 1, 3)), ["RESHAPE", "MUL"]),
    "merged to a view": (transposes((1, 3, 4, 1), (0, 2, 1, 3), (0, 2, 3, 1)), ["RESHAPE", "MUL"]),
    "of nothing": (transposes((3, 4), (0, 1)), ["RESHAPE", "MUL"]),
    "alone": (transposes((1, 3, 4, 5), NHWC), ["TRANSPOSE", "MUL"]),
}


@pytest.mark.parametrize("name", TRANSPOSES)
def test_transposes_merge_and_the_bytes_stay_tflms(name):
    data, kinds = TRANSPOSES[name]
    model = read_model(data)
    simple = run_passes(model)
    verify(simple)
    assert [op.kind for op in simple.ops] == kinds
    assert bool(simple.changes) == (name != "alone")
    assert len(np.unique(compare(data))) > 1


def test_outputs_that_no_operator_writes_are_copied_under_their_names() -> None:
    model = read_model(cases.CASES["given outputs"]())
    lowered = run_passes(model)
    verify(lowered)
    assert len(lowered.ops) - len(model.ops) == 4, "three copies, and a constant in memory"
    assert [value.name for value in named_values(lowered)] == [
        value.name for value in named_values(model)
    ]
    assert write_given(lowered) == lowered
