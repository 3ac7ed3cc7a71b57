"""Operators in a row that only move elements become one copy, of the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.ops.flatfile import Flatfile
from tests.ops.oracle import compare
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.frontends.tflite.writer import write_model
from tinyssl.graph.model import ValueKind
from tinyssl.graph.moves import join_moves
from tinyssl.ops.move import SPEC, Move

Step = tuple[str, tuple[int, ...], Sequence[Any], dict[str, Any]]
"""Operator, shape of its output, constants, options"""

SHUFFLE: list[Step] = [
    ("TRANSPOSE", (1, 6, 3, 4), [[0, 3, 1, 2]], {}),
    ("RESHAPE", (3, 2, 12), [[3, 2, 12]], {}),
    ("TRANSPOSE", (2, 3, 12), [[1, 0, 2]], {}),
    ("RESHAPE", (2, 1, 3, 3, 4), [[2, 1, 3, 3, 4]], {}),
    ("GATHER", (1, 3, 3, 4), [1], {"axis": 0, "batchDims": 0}),
    ("TRANSPOSE", (1, 3, 4, 3), [[0, 2, 3, 1]], {}),
]
THERE_AND_BACK: list[Step] = [
    ("TRANSPOSE", (1, 6, 3, 4), [[0, 3, 1, 2]], {}),
    ("TRANSPOSE", (1, 3, 4, 6), [[0, 2, 3, 1]], {}),
]
CUT: list[Step] = [
    ("REVERSE_V2", (1, 3, 4, 6), [[1]], {}),
    ("SLICE", (1, 2, 4, 3), [[0, 1, 0, 2], [1, 2, 4, 3]], {}),
    ("BROADCAST_TO", (2, 2, 4, 3), [[2, 2, 4, 3]], {}),
]
UNEVEN: list[Step] = [
    ("GATHER", (1, 4, 4, 6), [[0, 2, 1, 1]], {"axis": 1, "batchDims": 0}),
    ("REVERSE_V2", (1, 4, 4, 6), [[3]], {}),
]
ONE: list[Step] = [("RESHAPE", (3, 4, 6), [[3, 4, 6]], {}), ("REVERSE_V2", (3, 4, 6), [[1]], {})]


def chain(steps: Sequence[Step], kept: int | None = None) -> bytes:
    """The operators behind each other; the output of number `kept` is one of the model's."""
    file = Flatfile()
    values = [file.activation((1, 3, 4, 6), 0.05, -7)]
    for kind, shape, constants, options in steps:
        inputs = [values[-1], *(file.constant(np.array(c, np.int32)) for c in constants)]
        values.append(file.activation(shape, 0.05, -7))
        file.operator(kind, inputs, [values[-1]], 1, **options)
    return file.data(outputs=[values[-1]] + ([] if kept is None else [values[kept + 1]]))


def kinds(data: bytes) -> list[str]:
    return [op.kind for op in join_moves(read_model(data)).ops]


@pytest.mark.parametrize(
    "steps", [SHUFFLE, THERE_AND_BACK, CUT], ids=["shuffle", "there and back", "cut"]
)
def test_a_chain_of_moves_is_one_copy_of_the_same_bytes(steps: list[Step]) -> None:
    assert kinds(chain(steps)) == ["MOVE"]
    assert len(np.unique(compare(chain(steps)))) > 1


def test_a_shuffle_of_channels_reads_every_second_one() -> None:
    (move,) = join_moves(read_model(chain(SHUFFLE))).ops
    assert isinstance(move, Move)
    assert (move.counts, move.steps, move.start) == ((36,), (2,), 1)
    text = SPEC.text(read_model(chain(SHUFFLE)), move)
    assert text == "MOVE (TRANSPOSE+RESHAPE+TRANSPOSE+RESHAPE+GATHER+TRANSPOSE)"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (chain(ONE), ["RESHAPE", "REVERSE_V2"]),
        (chain(UNEVEN), ["GATHER", "REVERSE_V2"]),
        (chain(THERE_AND_BACK, kept=0), ["TRANSPOSE", "TRANSPOSE"]),
    ],
    ids=["one copy", "no even steps", "an output between"],
)
def test_what_gains_nothing_stays(data: bytes, expected: list[str]) -> None:
    assert kinds(data) == expected
    compare(data)


def test_all_readers_of_a_chain_get_a_copy_of_their_own() -> None:
    file = Flatfile()
    start = file.activation((1, 3, 4, 6), 0.05, -7)
    turned = file.activation((1, 6, 3, 4), 0.05, -7)
    order = file.constant(np.array([0, 3, 1, 2], np.int32))
    file.operator("TRANSPOSE", [start, order], [turned], 2)
    ends = []
    for first in (0, 3):
        ends.append(file.activation((1, 3, 3, 4), 0.05, -7))
        begin = file.constant(np.array([0, first, 0, 0], np.int32))
        size = file.constant(np.array([1, 3, 3, 4], np.int32))
        file.operator("SLICE", [turned, begin, size], [ends[-1]], 2)
    data = file.data(outputs=ends)
    assert kinds(data) == ["MOVE", "MOVE"]
    compare(data)


def test_a_model_with_a_move_cannot_be_written() -> None:
    with pytest.raises(UnsupportedModel, match="MOVE: no file has this operator"):
        write_model(join_moves(read_model(chain(CUT))))


def test_a_state_is_read_where_the_file_reads_it() -> None:
    model = read_model(chain(CUT))
    tensors = list(model.tensors)
    tensors[0] = replace(tensors[0], kind=ValueKind.STATE)
    kept = join_moves(replace(model, tensors=tuple(tensors)))
    assert [op.kind for op in kept.ops] == ["REVERSE_V2", "SLICE", "BROADCAST_TO"]
