"""SPACE_TO_BATCH_ND with a border, and the dilated convolutions that files say by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops.cases import CASES
from tests.ops.operators.moves import dilated, to_batch
from tests.unit.frontends.test_reader import repacked
from tinyssl.frontends.tflite import read_model, simplify
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.graph.verify import verify
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.verify import check_host


def kinds(data: bytes) -> list[str]:
    return [op.kind for op in run_passes(read_model(data)).ops]


def conv_of(model: Model) -> Conv2D:
    (conv,) = (op for op in model.ops if isinstance(op, Conv2D))
    return conv


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("dilation by blocks", ["CONV_2D"]),
        ("dilation by blocks of a sequence", ["RESHAPE", "CONV_2D", "RESHAPE"]),
        ("dilation by blocks cropped", ["SPACE_TO_BATCH_ND", "CONV_2D", "BATCH_TO_SPACE_ND"]),
        ("dilation by blocks with a stride", ["SPACE_TO_BATCH_ND", "CONV_2D", "BATCH_TO_SPACE_ND"]),
    ],
)
def test_a_convolution_over_blocks_is_a_dilated_one(name: str, left: list[str]) -> None:
    assert kinds(CASES[name]()) == left


def bordered(crop: list[int]) -> bytes:
    """An image of 6 x 5, with a border of 8 x 6 in all."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors[graph.inputs[0]].shape = [1, 6, 5, 3]
        for op, values in ((graph.operators[0], [1, 1, 1, 0]), (graph.operators[-1], crop)):
            buffer = model.buffers[graph.tensors[op.inputs[2]].buffer]
            buffer.data = np.array(values, "<i4").view(np.uint8)

    sides = ((crop[0], crop[1]), (crop[2], crop[3]))
    return repacked(dilated(crop=sides), change)


def test_a_border_becomes_the_padding_less_what_is_cropped() -> None:
    data = bordered([0, 1, 1, 0])
    model = run_passes(read_model(data))
    verify(model)
    assert [op.kind for op in model.ops] == ["CONV_2D"]
    assert conv_of(model).dilation == (2, 3)
    assert conv_of(model).padding == Padding(1, 0, 0, 0)
    assert ChangeKind.DILATED in [change.kind for change in model.changes]


@pytest.mark.parametrize("crop", [[0, 1, 1, 0], [2, 0, 0, 0]])
def test_the_bytes_are_litert_s_where_tflm_fills_the_border_with_anything(crop: list[int]) -> None:
    """Compared by TFLM, which gets a PAD in place of the border."""
    data = bordered(crop)
    model = read_model(data)
    inputs = make_inputs(model, 12, 0)
    check = check_host(data, inputs)
    assert "#0 SPACE_TO_BATCH_ND: its border as a PAD" in check.changes
    litert = LitertInterpreter(data, Kernels.REFERENCE)
    for feeds, outputs in zip(inputs, check.outputs, strict=True):
        (theirs,), (ours,) = litert.run(feeds).values(), outputs.values()
        np.testing.assert_array_equal(theirs, ours)


def test_a_border_without_a_convolution_is_a_pad() -> None:
    data = to_batch((1, 4, 5, 3), (2, 3), ((1, 1), (1, 0)), zero=-7)
    assert kinds(data) == ["PAD", "SPACE_TO_BATCH_ND"]
    assert check_host(data, make_inputs(read_model(data), 12, 0)).inputs == 12
    simple = simplify(data, read_model(data))
    codes = schema.ModelT.InitFromPackedBuf(simple.data, 0).operatorCodes
    assert schema.BuiltinOperator.PAD in [code.builtinCode for code in codes]
    assert simplify(simple.data, read_model(simple.data)).added == ()
