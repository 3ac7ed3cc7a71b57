"""Which values share a piece of storage: views, and values that lie inside others.

A view (RESHAPE) is its input's storage. The parts of a CONCATENATION along the outermost axis may
be written where the whole has them, and those of a SPLIT may be read there: then the operator moves
nothing (`KernelCall.in_place`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.compiler.calls import KernelCall, hidden
from tinyssl.graph.model import LASTING, Model
from tinyssl.ops import spec_of
from tinyssl.ops.common.overlap import SubValue

ALIGNMENT = 16
"""Bytes; enough for any vector load"""

PART_ALIGNMENT = 4
"""Bytes that a value inside another begins at a multiple of: enough for the kernels' instructions
(LDRD and LDM ask for a word, MVE's loads for the size of their elements)"""


@dataclass(frozen=True)
class Room:
    """Where a value lies."""

    owner: int
    """The value whose storage it is: itself, or one of which it is a view or a part"""
    offset: int = 0
    """Bytes from the start of that storage"""


def lasting(model: Model) -> tuple[int, ...]:
    """Values whose bytes must stay from one inference to the next."""
    return tuple(index for kind in LASTING for index in model.of_kind(kind))


class Layout:
    """The rooms of a model's values, found in the order of execution.

    Args:
        model: A verified model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lasting = {*lasting(model)}
        self._inside: dict[int, Room] = {}

    def room(self, value: int) -> Room:
        """Where a value lies."""
        offset = 0
        while value in self._inside:
            found = self._inside[value]
            value, offset = found.owner, offset + found.offset
        return Room(value, offset)

    def add_view(self, value: int, source: int) -> None:
        """A value is the storage of another, which comes before it."""
        self._inside[value] = Room(source)

    def add_parts(self, parts: Sequence[SubValue]) -> bool:
        """Lays values inside others; nothing is laid, and the result false, where one cannot be.

        A value that has its place already, a constant and what lasts cannot; nor can one that would
        not begin at a multiple of `PART_ALIGNMENT` and of its elements' size.
        """
        before = dict(self._inside)
        for part in parts:
            if not self._add_part(part):
                self._inside = before
                return False
        return bool(parts)

    def _add_part(self, part: SubValue) -> bool:
        own, whole = self.room(part.value), self.room(part.whole)
        offset = whole.offset + part.offset
        free = own.owner != whole.owner and self.covers(part.value)
        held = self._lasting & {own.owner, whole.owner}
        value = self._model.tensor(part.value)
        crooked = offset % max(PART_ALIGNMENT, value.dtype.bytes)
        if not free or held or value.constant or crooked:
            return False
        self._inside[own.owner] = Room(whole.owner, offset)
        return True

    def covers(self, value: int) -> bool:
        """Whether a value is all of the storage that it lies in."""
        room = self.room(value)
        sizes = (self._model.tensor(index).bytes for index in (value, room.owner))
        return room.offset == 0 and len({*sizes}) == 1


def layout_of(model: Model, calls: Sequence[KernelCall] = ()) -> Layout:
    """The layout that calls ask for.

    Raises:
        ValueError: A call wants to be in place, but its values cannot lie so.
    """
    in_place = {call.first for call in calls if call.in_place}
    layout = Layout(model)
    for position, op in enumerate(model.ops):
        spec = spec_of(op)
        if spec.is_view:
            layout.add_view(op.outputs[0], op.inputs[0])
        elif position in in_place and not layout.add_parts(spec.parts(model, op)):
            raise ValueError(f"{op.label} cannot be in place")
    return layout


def rooms_of(model: Model, calls: Sequence[KernelCall] = ()) -> dict[int, Room]:
    """Room of each activation; values inside a call have none."""
    inside: set[int] = set()
    for call in calls:
        inside |= hidden(model, call)
    layout = layout_of(model, calls)
    written = (index for op in model.ops for index in op.outputs)
    values = (*model.inputs, *lasting(model), *written)
    return {index: layout.room(index) for index in values if index not in inside}
