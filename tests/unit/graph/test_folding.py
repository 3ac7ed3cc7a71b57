"""What is known before anything runs becomes a constant; what nobody reads is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tests.ops.operators.cuts import open_batch
from tests.ops.oracle import Tflm, compare
from tests.unit.frontends.test_reader import repacked
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.verify import verify
from tinyssl.runtimes.litert import Kernels, LitertInterpreter


def whole(values: Any, dtype: str = "int32") -> np.ndarray[Any, Any]:
    return np.array(values, dtype)


def test_shapes_of_an_open_batch_are_folded_and_the_bytes_stay_tflms() -> None:
    data = open_batch()
    model = read_model(data)
    verify(model)
    assert [op.label for op in model.ops] == ["#3 RESHAPE", "#4 SOFTMAX"]
    (change,) = model.changes
    assert change.kind is ChangeKind.FOLDED
    assert str(change) == "folded into constants: #0 SHAPE, #1 STRIDED_SLICE, #2 PACK"
    assert model.tensor(3).array().tolist() == [1, 40]
    assert len(np.unique(compare(data, passes=False))) > 1


def folding(kind: str, constants: list[Any], out: Any, **options: Any) -> bytes:
    """An operator on constants beside one on the model's input; tensor 2 is its first output."""
    file = Flatfile()
    start, output = file.activation((1, 6)), file.activation((1, 6))
    results = [file.activation(value.shape, dtype=value.dtype.name) for value in out]
    inputs = [file.constant(values) for values in constants]
    file.operator(kind, inputs, results, **options)
    file.operator("RESHAPE", [start], [output], newShape=[1, 6])
    return file.data()


COUNT = whole(np.arange(24).reshape(2, 3, 4))
FLAT = np.arange(16).astype("f4")
FOLDS: dict[str, tuple[str, list[Any], list[Any], dict[str, int]]] = {
    "shape": ("SHAPE", [COUNT], [whole([2, 3, 4])], {"outType": 2}),
    "pack": (
        "PACK",
        [COUNT, -COUNT],
        [np.stack([COUNT, -COUNT], 1)],
        {"axis": 1, "valuesCount": 2},
    ),
    "unpack": ("UNPACK", [COUNT], [COUNT[0], COUNT[1]], {"axis": 0, "num": 2}),
    "strided slice": (
        "STRIDED_SLICE",
        [COUNT, whole([1, 0, -1]), whole([2, 3, 0]), whole([1, 2, -1])],
        [COUNT[1, 0:3:2, -1:0:-1]],
        {"shrinkAxisMask": 1},
    ),
    "slice": ("SLICE", [COUNT, whole([0, 1, 0]), whole([1, -1, 2])], [COUNT[:1, 1:, :2]], {}),
    "reshape": ("RESHAPE", [COUNT, whole([4, 6])], [COUNT.reshape(4, 6)], {}),
    "expand dims": (
        "EXPAND_DIMS",
        [COUNT.astype("f4"), whole(1)],
        [COUNT[:, None].astype("f4")],
        {},
    ),
    "squeeze": ("SQUEEZE", [COUNT[:1]], [COUNT[0]], {}),
    "transpose": (
        "TRANSPOSE",
        [COUNT.astype("f4"), whole([2, 0, 1])],
        [COUNT.astype("f4").transpose(2, 0, 1)],
        {},
    ),
    "concatenation": (
        "CONCATENATION",
        [COUNT, COUNT[:, :1]],
        [np.concatenate([COUNT, COUNT[:, :1]], 1)],
        {"axis": 1, "fusedActivationFunction": 0},
    ),
    "split": (
        "SPLIT",
        [whole(2), COUNT.astype("f4")],
        [COUNT.astype("f4")[..., :2], COUNT.astype("f4")[..., 2:]],
        {"numSplits": 2},
    ),
    "add": ("ADD", [COUNT, COUNT[:1, :, :1]], [COUNT + COUNT[:1, :, :1]], {}),
    "sub": ("SUB", [whole(3), COUNT], [3 - COUNT], {}),
    "mul": (
        "MUL",
        [COUNT.astype("f4"), whole(0.1, "f4")],
        [COUNT.astype("f4") * np.float32(0.1)],
        {},
    ),
    "maximum": ("MAXIMUM", [COUNT, whole([7])], [COUNT.clip(7)], {}),
    "less": ("LESS", [COUNT, whole(9)], [COUNT < 9], {}),
    "logical and": ("LOGICAL_AND", [COUNT > 3, COUNT < 9], [(COUNT > 3) & (COUNT < 9)], {}),
    "cast": ("CAST", [COUNT], [COUNT.astype("f4")], {}),
    "broadcast to": (
        "BROADCAST_TO",
        [COUNT[:, :1], whole([2, 3, 4])],
        [np.broadcast_to(COUNT[:, :1], (2, 3, 4))],
        {},
    ),
    "broadcast args": ("BROADCAST_ARGS", [whole([5, 1]), whole([2, 1, 3])], [whole([2, 5, 3])], {}),
    "reverse": ("REVERSE_V2", [COUNT, whole([1, 2])], [COUNT[:, ::-1, ::-1]], {}),
    "gather": (
        "GATHER",
        [COUNT.astype("f4"), whole([2, 0])],
        [COUNT.astype("f4")[:, [2, 0]]],
        {"axis": 1, "batchDims": 0},
    ),
    "pad": (
        "PAD",
        [COUNT, whole([[0, 1], [2, 0], [1, 1]])],
        [np.pad(COUNT, ((0, 1), (2, 0), (1, 1)))],
        {},
    ),
    "pad v2": (
        "PADV2",
        [COUNT, whole([[0, 1], [2, 0], [1, 1]]), whole([7])],
        [np.pad(COUNT, ((0, 1), (2, 0), (1, 1)), constant_values=7)],
        {},
    ),
    "depth to space": (
        "DEPTH_TO_SPACE",
        [FLAT.reshape(1, 2, 2, 4)],
        [FLAT.reshape(1, 2, 2, 2, 2, 1).swapaxes(2, 3).reshape(1, 4, 4, 1)],
        {"blockSize": 2},
    ),
    "space to depth": (
        "SPACE_TO_DEPTH",
        [FLAT.reshape(1, 4, 4, 1)],
        [FLAT.reshape(1, 2, 2, 2, 2).swapaxes(2, 3).reshape(1, 2, 2, 4)],
        {"blockSize": 2},
    ),
    "space to batch": (
        "SPACE_TO_BATCH_ND",
        [FLAT.reshape(1, 8, 2), whole([2]), whole([[0, 0]])],
        [FLAT.reshape(4, 2, 2).swapaxes(0, 1)],
        {},
    ),
    "batch to space": (
        "BATCH_TO_SPACE_ND",
        [FLAT.reshape(2, 4, 2), whole([2]), whole([[1, 2]])],
        [FLAT.reshape(2, 4, 2).swapaxes(0, 1).reshape(1, 8, 2)[:, 1:6]],
        {},
    ),
    "mirror pad": (
        "MIRROR_PAD",
        [FLAT.reshape(4, 4), whole([[0, 2], [1, 0]])],
        [np.pad(FLAT.reshape(4, 4), ((0, 2), (1, 0)), "reflect")],
        {"mode": 0},
    ),
    "resize": (
        "RESIZE_NEAREST_NEIGHBOR",
        [FLAT.reshape(1, 4, 4, 1), whole([8, 2])],
        [FLAT.reshape(1, 4, 4, 1).repeat(2, 1)[:, :, ::2]],
        {},
    ),
    "fill": ("FILL", [whole([2, 3]), whole(7)], [np.full((2, 3), 7, "i4")], {}),
    "update": (
        "DYNAMIC_UPDATE_SLICE",
        [COUNT[0], -COUNT[0, :2, :1], whole([2, -1])],
        [np.concatenate([[[0], [0], [-4]], COUNT[0, :, 1:]], 1).astype("i4")],
        {},
    ),
    "div": ("DIV", [9 - COUNT, whole([4])], [np.trunc((9 - COUNT) / 4).astype("i4")], {}),
    "select": (
        "SELECT_V2",
        [COUNT > 9, COUNT.astype("f4"), whole(0.5, "f4")],
        [np.where(COUNT > 9, COUNT.astype("f4"), np.float32(0.5))],
        {},
    ),
}
"""Operator, inputs, results, options; TFLM computes them too"""


@pytest.mark.parametrize("name", FOLDS)
def test_folded_results_are_those_of_tflm(name: str) -> None:
    kind, constants, results, options = FOLDS[name]
    data = folding(kind, constants, results, **options)
    model = read_model(data)
    verify(model)
    assert [op.label for op in model.ops] == ["#1 RESHAPE"]
    oracle = Tflm(data)
    oracle.invoke(np.zeros((1, 6), np.int8))
    for index, result in enumerate(results, 2):
        np.testing.assert_array_equal(model.tensor(index).array(), result)
        np.testing.assert_array_equal(oracle.tensor(index, result.shape), result)


ONLY_LITERT: dict[str, tuple[str, list[Any], list[Any], dict[str, int]]] = {
    "range": ("RANGE", [whole(7), whole(-2), whole(-3)], [whole([7, 4, 1])], {}),
    "product": ("REDUCE_PROD", [COUNT + 1, whole([0, -1])], [(COUNT + 1).prod((0, 2), "i4")], {}),
    "product of all": (
        "REDUCE_PROD",
        [whole([3, 5, 7]), whole([0])],
        [whole([105])],
        {"keepDims": True},
    ),
    "tile": ("TILE", [COUNT, whole([2, 1, 3])], [np.tile(COUNT, (2, 1, 3))], {}),
    "floor div": ("FLOOR_DIV", [9 - COUNT, whole([4])], [(9 - COUNT) // 4], {}),
    "floor mod": ("FLOOR_MOD", [9 - COUNT, whole(-4)], [(9 - COUNT) % -4], {}),
}
"""The same of operators that TFLM has not"""


@pytest.mark.parametrize("name", ONLY_LITERT)
def test_folded_results_are_those_of_litert(name: str) -> None:
    kind, constants, results, options = ONLY_LITERT[name]
    data = folding(kind, constants, results, **options)
    model = read_model(data)
    np.testing.assert_array_equal(model.tensor(2).array(), results[0])
    litert = LitertInterpreter(data, Kernels.REFERENCE, keep_tensors=True)
    _, (found,) = litert.run_keeping(litert.feed(np.zeros((1, 6), np.int8)), [2])
    np.testing.assert_array_equal(found, results[0])


def test_an_operator_that_nobody_reads_is_left_out_with_what_stands_against_it() -> None:
    file = Flatfile()
    start, output = file.activation((1, 6)), file.activation((1, 6))
    idle, more = file.activation((1, 6)), file.activation((1, 6))
    file.operator("FAKE_QUANT", [start], [idle])
    file.operator("RESHAPE", [idle], [more])
    file.operator("RESHAPE", [start], [output])
    model = read_model(file.data())
    verify(model)
    assert [op.label for op in model.ops] == ["#2 RESHAPE"]
    (change,) = model.changes
    assert str(change) == "left out, as nothing reads the result: #0 FAKE_QUANT, #1 RESHAPE"


def test_a_result_of_another_shape_is_refused() -> None:
    data = folding("PACK", [whole(1), whole(2)], [whole([1, 2, 3])], axis=0, valuesCount=2)
    with pytest.raises(ModelError, match=r"#0 PACK: its result is int32 \[2\]"):
        read_model(data)


@pytest.mark.parametrize("limit", [2**31 - 1, 5])
def test_a_range_is_no_longer_than_its_output(limit: int) -> None:
    data = folding("RANGE", [whole(0), whole(limit), whole(1)], [whole([0, 1, 2])])
    with pytest.raises(ModelError, match=r"#0 RANGE: its result is int32 \[4\]"):
        read_model(data)


def test_a_result_that_is_read_before_it_is_computed_is_refused() -> None:
    def swap(model: Any) -> None:
        model.subgraphs[0].operators.reverse()

    file = Flatfile()
    start, output = file.activation((1, 6)), file.activation((1, 6))
    both = file.activation((1, 12))
    constant = file.constant(np.ones((1, 6), np.int8), [0.05])
    file.operator("RESHAPE", [constant], [output])
    file.operator("CONCATENATION", [start, output], [both], 2, axis=1, fusedActivationFunction=0)
    data = file.data(outputs=[both])
    with pytest.raises(ModelError, match="read before it is written"):
        verify(read_model(repacked(data, swap)))


def test_a_constant_that_an_operator_overwrites_is_refused() -> None:
    file = Flatfile()
    start, output = file.activation((1, 6)), file.activation((1, 6))
    constant = file.constant(whole([1, 2]))
    file.operator("PACK", [file.constant(whole(1))] * 2, [constant], axis=0, valuesCount=2)
    file.operator("PACK", [file.constant(whole(1))] * 2, [constant], axis=0, valuesCount=2)
    file.operator("RESHAPE", [start], [output])
    model = read_model(file.data())
    assert [op.label for op in model.ops] == ["#2 RESHAPE"]
    file.operators[-1].inputs = [constant]
    with pytest.raises(ModelError, match="written twice"):
        verify(read_model(file.data()))


def test_an_operator_without_kernel_asks_for_constants() -> None:
    file = Flatfile()
    start, output = file.activation((2,), dtype="int32"), file.activation((3,), dtype="int32")
    file.operator("RANGE", [start, start, start], [output])
    with pytest.raises(UnsupportedModel, match="RANGE"):
        verify(read_model(file.data()))


def test_a_sound_model_is_not_changed() -> None:
    assert read_model(cases.conv()).changes == ()
