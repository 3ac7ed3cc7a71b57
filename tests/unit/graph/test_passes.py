"""PAD folding: where it must happen, and where it must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ops import cases
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Quant
from tinyssl.graph.passes import PASSES, fold_pads, run_passes
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


def test_passes_run_in_order() -> None:
    model = read_model(cases.padded_conv())
    assert PASSES[0] is fold_pads
    assert run_passes(model) == fold_pads(model)
