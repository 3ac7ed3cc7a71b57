"""Dimensions that a file leaves open are worked out, as LiteRT does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops import cases
from tests.ops.flatfile import NONE, VALID, Flatfile
from tests.unit.frontends.test_reader import repacked
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model, simplify
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.verify import verify
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.verify import check_host
from tinyssl.verify.original import Referee


def whole(values: Any) -> np.ndarray[Any, Any]:
    return np.array(values, np.int32)


def opened(file: Flatfile, signature: list[int], *quant: Any) -> int:
    """An activation whose open dimensions the file says are 1."""
    index = file.activation([max(size, 1) for size in signature], *quant)
    file.tensors[index].shapeSignature = signature
    return index


def rows(target: Any = (-1, 8)) -> bytes:
    """FULLY_CONNECTED over the places of an image of an open batch, as TensorFlow writes it."""
    file = Flatfile()
    start = opened(file, [-1, 3, 4, 8])
    flat, made = opened(file, [-1, 8]), opened(file, [-1, 5], 0.1, 3)
    output = opened(file, [-1, 3, 4, 5], 0.1, 3)
    values = np.random.default_rng(0).integers(-127, 128, (5, 8)).astype(np.int8)
    file.operator("RESHAPE", [start, file.constant(whole(target))], [flat])
    weights = [file.constant(values, [0.02]), -1]
    file.operator("FULLY_CONNECTED", [flat, *weights], [made], 4, fusedActivationFunction=NONE)
    file.operator("RESHAPE", [made, file.constant(whole([1, 3, 4, 5]))], [output])
    return file.data()


def test_rows_of_an_image_are_counted() -> None:
    data = rows()
    model = read_model(data)
    verify(model)
    shapes = [model.tensor(op.outputs[0]).shape for op in model.ops]
    assert shapes == [(12, 8), (12, 5), (1, 3, 4, 5)]
    (change,) = model.changes
    assert str(change) == "worked out, as the file leaves them open: sizes of tensors, 2"


def test_the_bytes_are_those_of_the_file_in_litert() -> None:
    data = rows()
    check = check_host(data, make_inputs(read_model(data), 12, 0))
    assert check.judge is Referee.LITERT
    graph = schema.ModelT.InitFromPackedBuf(simplify(data, read_model(data)).data, 0).subgraphs[0]
    assert graph.tensors[graph.operators[0].outputs[0]].shape.tolist() == [12, 8]


@pytest.mark.parametrize("target", [(-1, -1), (-1, 7)])
def test_a_shape_that_does_not_fit_is_refused(target: tuple[int, int]) -> None:
    with pytest.raises(ModelError, match="96 elements cannot become"):
        read_model(rows(target))


def test_a_shape_that_is_computed_is_refused() -> None:
    def compute(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors[graph.operators[0].inputs[1]].buffer = 0
        graph.inputs = [*graph.inputs, graph.operators[0].inputs[1]]

    with pytest.raises(UnsupportedModel, match=r"#0 RESHAPE: input 1 .* must be a constant"):
        read_model(repacked(rows(), compute))


def test_the_shape_may_stand_in_the_options() -> None:
    def move(model: Any) -> None:
        reshape = model.subgraphs[0].operators[0]
        reshape.inputs = reshape.inputs[:1]
        reshape.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
        reshape.builtinOptions = schema.ReshapeOptionsT()
        reshape.builtinOptions.newShape = [-1, 8]

    assert read_model(repacked(rows(), move)).tensor(1).shape == (12, 8)


def test_open_sizes_of_an_input_are_those_of_the_file() -> None:
    def open_all(model: Any) -> None:
        model.subgraphs[0].tensors[0].shapeSignature = [-1, -1, -1, 3]

    data = repacked(cases.conv(), open_all)
    model = read_model(data)
    verify(model)
    (change,) = model.changes
    assert change.kind is ChangeKind.TAKEN
    assert str(change).endswith("though it leaves them open: the sizes [1, 7, 6, 3] of tensor0")


def test_the_image_of_a_transposed_convolution_is_as_large_as_its_input_says() -> None:
    file = Flatfile()
    start, output = opened(file, [-1, 2, 3, 1]), opened(file, [-1, -1, -1, 1], 0.1, 3)
    shape = file.constant(whole([1, 4, 6, 1]))
    weight = file.constant(np.ones((1, 2, 2, 1), np.int8), [0.5])
    stride = {"strideH": 2, "strideW": 2}
    file.operator("TRANSPOSE_CONV", [shape, weight, start], [output], 3, padding=VALID, **stride)
    data = file.data()
    assert read_model(data).output.shape == (1, 4, 6, 1)
    assert check_host(data, make_inputs(read_model(data), 12, 0)).judge is Referee.LITERT


def test_what_contradicts_itself_keeps_its_shape_and_is_refused() -> None:
    file = Flatfile()
    start, output = opened(file, [-1, 2]), opened(file, [-1, -1])
    file.operator("DEPTH_TO_SPACE", [start], [output], blockSize=2)
    with pytest.raises((ModelError, UnsupportedModel), match="#0 DEPTH_TO_SPACE"):
        verify(read_model(file.data()))


def test_repeated_tensors_are_litert_s() -> None:
    """TILE, which TFLM has not, under a version that this LiteRT does not know."""
    file = Flatfile()
    start, output = file.activation((1, 2, 3)), file.activation((2, 6, 3))
    file.operator("TILE", [start, file.constant(whole([2, 3, 1]))], [output], 3)
    data = file.data()
    check = check_host(data, make_inputs(read_model(data), 12, 0))
    assert check.changes == ("#0 TILE: version 2 in place of 3",)
    file.tensors[output].shape = [2, 6, 2]
    with pytest.raises(ModelError, match="output has shape"):
        verify(read_model(file.data()))
