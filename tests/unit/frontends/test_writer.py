from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.networks import network
from tests.ops.cases import CASES
from tests.ops.oracle import Tflm, rows_for
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import is_canonical, read_model, write_model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.pad import Pad


def used(model):
    """Tensors that operators use, without names, and operators over them, for comparison."""
    order = dict.fromkeys(
        [*model.inputs, *(i for op in model.ops for i in (*op.inputs, op.output))]
    )
    number = {old: new for new, old in enumerate(order)}
    fields = ("input", "left", "right", "weight", "bias", "output")
    ops = tuple(
        replace(
            op,
            **{
                name: number[getattr(op, name)]
                for name in fields
                if getattr(op, name, None) is not None
            },
        )
        for op in model.ops
    )
    return [replace(model.tensor(index), name="") for index in order], ops


@pytest.mark.parametrize("name", CASES)
def test_every_operator_gives_the_same_bytes_after_writing(name):
    data = CASES[name]()
    original = read_model(data)  # names of indices say how far they go; a written file has none
    written = write_model(original)
    model = read_model(written)
    before, after = Tflm(data), Tflm(written)
    for row in rows_for(original):
        for theirs, found in zip(before.run(row), after.run(row), strict=True):
            np.testing.assert_array_equal(theirs, found)
    assert write_model(model) == written


def test_reading_back_gives_the_same_model() -> None:
    model = network()
    assert used(read_model(write_model(model))) == used(model)


def test_equal_models_give_equal_bytes() -> None:
    assert write_model(network(3)) == write_model(network(3))
    assert write_model(network(3)) != write_model(network(4))


def test_padding_that_is_neither_same_nor_valid_becomes_a_pad_that_folds_back() -> None:
    model = network(padding=Padding(1, 0, 1, 0))
    read = read_model(write_model(model))
    assert [op.kind for op in read.ops].count("PAD") == 1
    pad = next(op for op in read.ops if isinstance(op, Pad))
    assert pad.padding == Padding(1, 0, 1, 0)
    assert read.tensor(pad.output).shape == (1, 5, 5, 8)
    folded = run_passes(read)
    assert [op.padding for op in folded.ops if isinstance(op, Conv2D)][1] == Padding(1, 0, 1, 0)


def test_same_padding_needs_no_pad() -> None:
    assert "PAD" not in [op.kind for op in read_model(write_model(network())).ops]


def test_a_pooling_with_other_padding_is_refused() -> None:
    model = read_model(CASES["average valid"]())
    pool = next(op for op in model.ops if isinstance(op, AveragePool2D))
    odd = replace(pool, padding=Padding(1, 0, 0, 0))
    with pytest.raises(UnsupportedModel, match="neither SAME nor VALID"):
        write_model(replace(model, ops=tuple(odd if op is pool else op for op in model.ops)))


def test_constants_are_inside_aligned_and_shared() -> None:
    data = write_model(network())
    assert is_canonical(data) == []
    root = schema.Model.GetRootAs(data, 0)
    places = []
    for index in range(root.BuffersLength()):
        buffer = root.Buffers(index)
        assert buffer.Offset() == 0
        if not buffer.DataIsNone():
            places.append(buffer._tab.Vector(buffer._tab.Offset(4)))
    assert places
    assert all(place % 16 == 0 for place in places)
    assert len(set(places)) == len(places)


def test_equal_constants_are_stored_once() -> None:
    model = network()
    conv = next(op for op in model.ops if op.kind == "CONV_2D")
    weight = model.tensor(conv.weight)
    twice = replace(
        model,
        tensors=(*model.tensors, weight),
        ops=(*(replace(op, weight=len(model.tensors)) if op is conv else op for op in model.ops),),
    )
    assert write_model(twice) == write_model(model)


def test_the_file_is_little_more_than_its_constants() -> None:
    model = network(size=32, classes=200)
    data = write_model(model)
    constants = sum(tensor.bytes for tensor in model.tensors if tensor.constant)
    operators, tensors = 150 * len(model.ops), 60 * len(model.tensors)
    scales = sum(12 * len(t.quant.scale) for t in model.tensors if t.constant and t.quant)
    assert constants < len(data) < constants + scales + operators + tensors
