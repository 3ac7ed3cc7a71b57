"""Rules of operators that move data: each is broken once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.operators.moves import blocks, fill, move
from tests.ops.operators.resize import bilinear
from tests.ops.oracle import compare
from tests.unit.graph.test_verify import with_op, with_quant, with_tensor
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Quant
from tinyssl.graph.verify import verify

BROKEN: dict[str, tuple[str, Any, str]] = {
    "squeeze": ("squeeze", lambda m: with_op(m, axes=(1,)), "output has shape"),
    "pad amounts": ("pad of channels", lambda m: with_op(m, amounts=((0, -1),) * 4), "must be 0"),
    "mirror": ("mirror pad", lambda m: with_op(m, amounts=((0, 3),) * 4), "reach too far"),
    "depth to space": ("depth to space", lambda m: with_op(m, block=3), "blocks of 3 do not fit"),
    "space to depth": ("space to depth", lambda m: with_op(m, block=5), "blocks of 5 do not fit"),
    "broadcast": ("broadcast to", lambda m: with_op(m, shape=(1, 2, 1, 2)), "cannot become"),
    "split lengths": ("split v", lambda m: with_op(m, lengths=(2, 4, 2)), "parts of"),
    "resize": ("nearest", lambda m: with_op(m, size=(0, 6)), "must be 1 to"),
    "gather batches": ("gather in batches", lambda m: with_op(m, batch_dims=2), "2 batch axes"),
    "gather types": (
        "gather",
        lambda m: with_tensor(m, 2, dtype=DType.FLOAT32, quant=None),
        "must have the same type",
    ),
    "gather index": (
        "gather",
        lambda m: with_tensor(m, 1, data=np.array([3, 4, 0], np.int32).tobytes()),
        "#0 GATHER: index 4 of 4",
    ),
    "gather nd depth": ("gather nd", lambda m: with_tensor(m, 0, shape=(24,)), "for 1 dimensions"),
    "gather nd index": (
        "gather nd",
        lambda m: with_tensor(m, 1, data=np.array([2, 4, 0, 0], np.int32).tobytes()),
        "the indices leave the shape",
    ),
    "embedding indices": (
        "embedding",
        lambda m: with_tensor(m, 0, shape=(2, 2)),
        "must have one dimension",
    ),
    "embedding type": (
        "embedding of floats",
        lambda m: with_tensor(m, 2, dtype=DType.INT8, quant=Quant((1.0,), (0,))),
        "a table of float32 for int8",
    ),
    "batches": ("batch to space", lambda m: with_op(m, block=(3, 2)), "4 batches"),
    "block": ("batch to space", lambda m: with_op(m, block=(0, 2)), "blocks"),
    "space": ("space to batch", lambda m: with_op(m, block=(3, 2)), "blocks of 3"),
    "update": (
        "dynamic update of all",
        lambda m: with_tensor(m, 1, shape=(4, 3)),
        r"2 starts are needed for an update of \[4, 3\] in \[3, 4\]",
    ),
    "update type": (
        "dynamic update",
        lambda m: with_tensor(m, 1, dtype=DType.INT16, data=None),
        "must have the same type",
    ),
    "fill": ("fill", lambda m: with_tensor(m, 1, shape=(1,)), "must be a scalar"),
}
UNSUPPORTED: dict[str, tuple[str, Any, str]] = {
    "reverse": ("reverse", lambda m: with_op(m, axes=(0, 2)), "axes beside each other"),
    "corners": (
        "bilinear of corners",
        lambda m: with_op(m, half_pixel_centers=True),
        "corners cannot be aligned",
    ),
    "cumsum": ("cumsum", lambda m: with_tensor(m, 0, shape=(1, 40, 3)), "a sum can reach"),
    "cumsum scale": ("cumsum up", lambda m: with_quant(m, 2, scale=(1e-7,)), "output's scale"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule_of_a_move_is_named(name: str) -> None:
    case, change, message = BROKEN[name]
    with pytest.raises(ModelError, match=message):
        verify(change(read_model(cases.CASES[case]())))


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_move_is_named(name: str) -> None:
    case, change, message = UNSUPPORTED[name]
    with pytest.raises(UnsupportedModel, match=message):
        verify(change(read_model(cases.CASES[case]())))


RANKS = {
    "TRANSPOSE": ([5, 4, 3, 2, 1, 0],),
    "SLICE": ([0] * 6, [1] * 6),
    "PAD": ([[0, 0]] * 6,),
    "BROADCAST_TO": ([1] * 6,),
    "REVERSE_V2": ([0],),
}


@pytest.mark.parametrize("kind", RANKS)
def test_dimensions_that_tflm_does_not_have_are_refused(kind: str) -> None:
    rank = 7 if kind == "REVERSE_V2" else 6
    with pytest.raises(UnsupportedModel, match=f"{rank} dimensions; up to {rank - 1}"):
        verify(read_model(move(kind, (1,) * rank, (1,) * rank, RANKS[kind])))


def test_a_resize_that_leaves_the_image_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="cannot become"):
        verify(read_model(bilinear((1, 1, 3, 1), (1, 2000), centres=True)))


def test_blocks_of_a_volume_are_refused() -> None:
    data = blocks("BATCH_TO_SPACE_ND", (4, 2, 2, 2, 3), (2, 2), ((0, 0), (0, 0)))
    with pytest.raises((UnsupportedModel, ModelError)):
        verify(read_model(data))


@pytest.mark.parametrize("value", [0, 5])
def test_a_constant_fill_is_byte_equal(value: int) -> None:
    assert np.unique(compare(fill(value=value))).tolist() == [value]


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "float32"])
def test_zeros_are_byte_equal(dtype: str) -> None:
    assert not compare(move("ZEROS_LIKE", (2, 3), (2, 3), dtype=dtype)).any()
