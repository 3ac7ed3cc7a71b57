"""The named tensors of a model as the templates see them: the table, its places, first values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyssl.codegen.literals import comment_text, rows, string_literal
from tinyssl.compiler.describe import shape_text
from tinyssl.graph.interface import (
    NAMED_KINDS,
    Feeds,
    ValueInfo,
    check_feeds,
    named_values,
    of_kind,
)
from tinyssl.graph.model import STORED, DType, Model, ValueKind
from tinyssl.ops.common.params import c_type, float_literal


@dataclass(frozen=True)
class NamedTensor:
    """A row of the table."""

    id: int
    name: str
    """For comments"""
    literal: str
    macro: str
    """`INPUT`, `INPUT1`, `STATE`: how its macros begin"""
    role: str
    """`input`, `input 1`: how documents call it"""
    dtype: str
    ctype: str
    size: str
    """`1x96x96x3`"""
    shape: tuple[int, ...]
    bytes: int
    quantised: bool
    scale: str
    zero_point: int
    type: str
    """Of `enum tinyssl_type`"""
    kind: str
    """Of `enum tinyssl_kind`"""


@dataclass(frozen=True)
class FirstValue:
    """What a parameter or state holds before the first inference."""

    id: int
    bytes: int
    offset: int
    kind: ValueKind
    fill: int
    """Each byte, where there are no rows"""
    rows: list[str]
    """Lines of C with its bytes"""


END_KINDS = (ValueKind.INPUT, ValueKind.OUTPUT)
"""What TFLM shows of a model"""
NUMBERS = (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32)
"""Element types that the C around a model takes and gives as numbers"""


def table_context(model: Model, kinds: Sequence[ValueKind] = NAMED_KINDS) -> dict[str, Any]:
    """Names that the table of tensors needs, in generated C of either engine."""
    values = tuple(value for value in named_values(model) if value.kind in kinds)
    return {
        "tensors": [_named(value, values) for value in values],
        "input_count": len(model.inputs),
        "output_count": len(model.outputs),
    }


def memory_context(model: Model, offsets: Mapping[int, int]) -> dict[str, Any]:
    """Where the named tensors lie, and what the lasting ones hold at first.

    Args:
        model: The graph.
        offsets: Value of the graph -> bytes from the start of the arena; of all named tensors.
    """
    values = named_values(model)
    return {
        "offsets": [offsets[value.index] for value in values],
        "lasting": [
            _first(model, value, offsets[value.index])
            for kind in STORED
            for value in of_kind(values, kind)
        ],
    }


def _named(value: ValueInfo, values: tuple[ValueInfo, ...]) -> NamedTensor:
    number = of_kind(values, value.kind).index(value)
    quant = value.quant
    return NamedTensor(
        id=value.id,
        name=comment_text(value.name),
        literal=string_literal(value.name),
        macro=f"{value.kind.value.upper()}{number or ''}",
        role=f"{value.kind.value} {number or ''}".rstrip(),
        dtype=value.dtype.value,
        ctype=c_type(value.dtype),
        size=shape_text(value.shape),
        shape=value.shape,
        bytes=value.bytes,
        quantised=quant is not None,
        scale=float_literal(quant.scale[0]) if quant else "0.0f",
        zero_point=quant.zero_point[0] if quant else 0,
        type=f"TINYSSL_TYPE_{value.dtype.value.upper()}",
        kind=f"TINYSSL_KIND_{value.kind.value.upper()}",
    )


@dataclass(frozen=True)
class Golden:
    """What one input or output holds in an inference that is known."""

    macro: str
    ctype: str
    count: int
    rows: list[str]


def golden_context(model: Model, feeds: Feeds, outputs: Feeds) -> list[Golden]:
    """The inputs and outputs of one inference as C arrays, in the order of their ids.

    Args:
        model: The graph.
        feeds: Its inputs by name.
        outputs: What TFLM gives for them, by name.

    Raises:
        ValueError: Names, types or sizes are not the model's.
    """
    values = named_values(model)
    found = []
    for kind, arrays in ((ValueKind.INPUT, feeds), (ValueKind.OUTPUT, outputs)):
        ends = of_kind(values, kind)
        for value, array in zip(ends, check_feeds(ends, arrays), strict=True):
            named = _named(value, values)
            found.append(Golden(named.macro, named.ctype, value.elements, rows(array.ravel())))
    return found


def _first(model: Model, value: ValueInfo, offset: int) -> FirstValue:
    data = model.tensor(value.index).data
    lines = [] if data is None else rows(np.frombuffer(data, np.uint8))
    return FirstValue(value.id, value.bytes, offset, value.kind, first_fill(value), lines)


def first_fill(value: ValueInfo) -> int:
    """Each byte of a state without data at a reset: what TensorFlow Lite Micro fills it with."""
    zero = value.quant.zero_point[0] if value.quant and value.dtype is DType.INT8 else 0
    return zero & 0xFF
