"""What a file may leave out is written in before an interpreter sees it; the bytes stay TFLM's."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.ops import cases
from tests.unit.frontends.test_reader import repacked
from tinyssl.codegen.tflm import render_tflm
from tinyssl.core.errors import ModelError
from tinyssl.frontends.tflite import complete, read_model
from tinyssl.graph.verify import verify
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.verify import check_host


def without_zero_points(model):
    for tensor in model.subgraphs[0].tensors:
        if tensor.quantization is not None and not np.any(tensor.quantization.zeroPoint):
            tensor.quantization.zeroPoint = None


def wide_indices(number: int):
    """The constant of this buffer as int64."""

    def change(model):
        narrow = np.asarray(model.buffers[number].data, np.uint8).view("<i4")
        model.buffers[number].data = narrow.astype("<i8").view(np.uint8)
        for tensor in model.subgraphs[0].tensors:
            if tensor.buffer == number:
                tensor.type = 4

    return change


def no_multiplier(model):
    model.subgraphs[0].operators[0].builtinOptions.depthMultiplier = 0


LEFT_OUT = {
    "bias": (cases.depthwise(bias=False), "#0 DEPTHWISE_CONV_2D: a bias of zeros"),
    "zero points": (
        repacked(cases.add(zeros=(0, 0, 0)), without_zero_points),
        "tensor 0 (tensor0): a zero point of 0",
    ),
    "depth multiplier": (
        repacked(cases.depthwise(channels=(3, 12)), no_multiplier),
        "#0 DEPTHWISE_CONV_2D: its depth multiplier",
    ),
    "paddings": (
        repacked(cases.pad(), wide_indices(1)),
        "#0 PAD: its second input as int32",
    ),
    "axes": (repacked(cases.mean(), wide_indices(1)), "#0 MEAN: its second input as int32"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_written_in_and_said(name):
    data, text = LEFT_OUT[name]
    found = complete(data)
    assert text in found.added
    before, after = read_model(data), read_model(found.data)
    results = [[m.tensor(i) for op in m.ops for i in op.outputs] for m in (before, after)]
    assert results[0] == results[1]
    assert complete(found.data).added == ()
    assert check_host(data, make_inputs(before, 12, 0)).inputs == 12


def test_a_file_that_leaves_nothing_out_stays_as_it_is() -> None:
    data = cases.depthwise()
    assert complete(data) == type(complete(data))(data, ())


@pytest.mark.parametrize("factor", [1.00003, 0.9, 1.1])
def test_a_bias_scale_that_tflm_does_not_use_may_differ(factor):
    def change(model):
        quant = model.subgraphs[0].tensors[2].quantization
        quant.scale = [float(scale) * factor for scale in quant.scale]

    data = repacked(cases.conv(), change)
    assert check_host(data, make_inputs(read_model(data), 12, 0)).inputs == 12


def test_a_bias_scale_that_tflm_refuses_is_named() -> None:
    def change(model):
        quant = model.subgraphs[0].tensors[2].quantization
        quant.scale = [float(scale) * 50 for scale in quant.scale]

    with pytest.raises(ModelError, match="#0 FULLY_CONNECTED: bias tensor2 has scale"):
        verify(read_model(repacked(cases.dense(), change)))


def test_the_engine_tflm_gets_the_completed_file() -> None:
    data = cases.depthwise(bias=False)
    files = render_tflm(read_model(data, "name"), data, 1 << 16)
    text = files["model_data.cc"]
    assert text.count("0x") == len(complete(data).data) > len(data)
    assert hashlib.sha256(data).hexdigest() in "".join(files.values())


def test_lists_that_are_empty_may_be_missing() -> None:
    """TensorFlow writes none for VAR_HANDLE's inputs and ASSIGN_VARIABLE's outputs in 16x8."""

    def drop_lists(model):
        for graph in model.subgraphs:
            for part in (graph, *graph.operators):
                part.inputs = None if not len(part.inputs) else part.inputs
                part.outputs = None if not len(part.outputs) else part.outputs

    data = repacked(cases.CASES["variable streaming"](), drop_lists)
    assert complete(data).data == data
    assert check_host(data, make_inputs(read_model(data), 12, 0)).inputs == 12
