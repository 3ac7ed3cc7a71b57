"""Reply lines about named tensors: what a device says of them, and what they hold."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from tinyssl.core.text import percent_decoded
from tinyssl.device.fields import SHOWN, LineFields
from tinyssl.device.protocol import CABLE, MAX_TENSOR_BYTES, Garbled, sealed_lines
from tinyssl.graph.interface import NAMED_KINDS, ValueInfo
from tinyssl.graph.model import DType, Quant, ValueKind

SHAPE = re.compile("([0-9]{1,9}(x[0-9]{1,9}){0,7})?")
SCALE = re.compile("[0-9a-f]{8}")
INT32 = (-(2**31), 2**31 - 1)


def parse_tensors(lines: Sequence[str], count: int) -> tuple[ValueInfo, ...]:
    """Reply to `tensors%`.

    Args:
        lines: The reply.
        count: Named tensors, as `Identity` says.

    Raises:
        Garbled: A line was lost or damaged.
        BadValue: A value is none that it can be.
    """
    rows = sealed_lines(lines, *["tensor"] * count)
    return tuple(_tensor(row, position) for position, row in enumerate(rows))


def _tensor(row: LineFields, position: int) -> ValueInfo:
    number, kind, dtype, shape, scale, zero_point, name = row.split(7)
    if row.number(0, 2**16, number) != position:
        raise Garbled(f"tensor {position} is missing in the list", hint=CABLE)
    value = ValueInfo(
        position,
        percent_decoded(name),
        ValueKind(row.choice([kind.value for kind in NAMED_KINDS], kind)),
        DType(row.choice([known.value for known in DType], dtype)),
        _shape(row, shape),
        _quant(row, scale, zero_point),
    )
    if not 1 <= value.bytes <= MAX_TENSOR_BYTES:
        raise row.bad(f"a tensor of {value.bytes} bytes; 1 to {MAX_TENSOR_BYTES} belong there")
    return value


def _shape(row: LineFields, text: str) -> tuple[int, ...]:
    if not SHAPE.fullmatch(text):
        raise row.bad(f"{text[:SHOWN]!r}; a shape belongs there")
    return tuple(map(int, text.split("x"))) if text else ()


def _quant(row: LineFields, scale: str, zero_point: str) -> Quant | None:
    """The scale comes as the bits of a float32, so that it is exact."""
    if not SCALE.fullmatch(scale):
        raise row.bad(f"{scale[:SHOWN]!r}; eight hex digits belong there")
    (value,) = struct.unpack(">f", bytes.fromhex(scale))
    zero = row.number(*INT32, zero_point)
    if not 0 <= value < float("inf"):
        raise row.bad(f"a scale of {value}; a positive number belongs there")
    return Quant((value,), (zero,)) if value else None


def parse_data(lines: Sequence[str], tensor: int, offset: int, size: int) -> bytes:
    """Reply to `get%`: the bytes that were asked for.

    Raises:
        Garbled: The line was lost or damaged, or is about others.
        BadValue: It holds another number of bytes.
    """
    (fields,) = sealed_lines(lines, "data")
    number, start, digits = fields.split(3)
    if (number, start) != (str(tensor), str(offset)):
        raise Garbled(f"bytes of tensor {number[:20]} at {start[:20]} came", hint=CABLE)
    return fields.hex_bytes(size, digits)


def parse_state(lines: Sequence[str]) -> None:
    """Reply to `state reset%`.

    Raises:
        Garbled: The line was lost or damaged.
    """
    sealed_lines(lines, "state")
