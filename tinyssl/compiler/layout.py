"""Which values share a piece of storage: views, and values that lie inside others.

A view (RESHAPE) is its input's storage. The parts of a CONCATENATION may be written where the whole
has them, and those of a SPLIT may be read there: then the operator moves nothing
(`KernelCall.parts`). Along the outermost axis a part is one piece. Along the channels it is spaced:
its pixels lie a pitch apart, and all kernels that write or read it must know of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.compiler.calls import KernelCall, call_inputs, call_outputs, hidden
from tinyssl.graph.model import Model
from tinyssl.ops import spec_of
from tinyssl.ops.common.overlap import SubValue

ALIGNMENT = 16
"""Bytes; enough for any vector load"""

PART_ALIGNMENT = 4
"""Bytes that a value inside another begins at a multiple of: enough for the kernels' instructions
(LDRD and LDM ask for a word, MVE's loads for the size of their elements)"""


PITCH_MAX = 2**15 - 1
"""Bytes: pitches in the kernels' parameters are int16"""


@dataclass(frozen=True)
class Room:
    """Where a value lies."""

    owner: int
    """The value whose storage it is: itself, or one of which it is a view or a part"""
    offset: int = 0
    """Bytes from the start of that storage"""
    pitch: int = 0
    """Bytes from one pixel to the next; 0: they lie side by side"""


def lasting(model: Model) -> tuple[int, ...]:
    """Values whose bytes must stay from one inference to the next."""
    return model.lasting


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
        """Where a value lies.

        Raises:
            ValueError: It lies inside a spaced value whose pixels are not its own.
        """
        offset, pitch, pixel = 0, 0, pixel_bytes(self._model, value)
        while value in self._inside:
            found = self._inside[value]
            if found.pitch:
                width = pixel_bytes(self._model, value)
                if (pitch or pixel) != width:
                    name = self._model.tensor(value).name
                    raise ValueError(f"a value has other pixels than {name}, in which it lies")
                pitch, offset = found.pitch, offset // width * found.pitch + offset % width
            value, offset = found.owner, offset + found.offset
        return Room(value, offset, pitch)

    def add_view(self, value: int, source: int) -> None:
        """A value is the storage of another, which comes before it."""
        self._inside[value] = Room(source)

    def add_parts(self, parts: Sequence[SubValue]) -> bool:
        """Lays values inside others; nothing is laid, and the result false, where one cannot be.

        A value that has its place already, a constant and what lasts cannot; nor can one that would
        not begin at a multiple of `PART_ALIGNMENT` and of its elements' size, in each pixel.
        """
        before = dict(self._inside)
        for part in parts:
            if not self._add_part(part):
                self._inside = before
                return False
        return bool(parts)

    def _add_part(self, part: SubValue) -> bool:
        own, whole = self.room(part.value), self.room(part.whole)
        widths = {pixel_bytes(self._model, value) for value in (part.value, own.owner)}
        if part.pitch and len(widths) > 1:
            return False
        offset = whole.offset + part.offset
        free = own.owner != whole.owner and self.covers(part.value)
        held = self._lasting & {own.owner, whole.owner}
        value = self._model.tensor(part.value)
        unit = max(PART_ALIGNMENT, value.dtype.bytes)
        crooked = offset % unit or part.pitch % unit or part.pitch > PITCH_MAX
        if not free or held or value.constant or crooked:
            return False
        self._inside[own.owner] = Room(part.whole, part.offset, part.pitch)
        return True

    def covers(self, value: int) -> bool:
        """Whether a value is all of the storage that it lies in."""
        room = self.room(value)
        sizes = (self._model.tensor(index).bytes for index in (value, room.owner))
        return room.offset == 0 and len({*sizes}) == 1


def pixel_bytes(model: Model, value: int) -> int:
    """Bytes that the last dimension takes."""
    found = model.tensor(value)
    return found.dtype.bytes * (found.shape[-1] if found.shape else 1)


def layout_of(model: Model, calls: Sequence[KernelCall] = ()) -> Layout:
    """The layout that calls ask for.

    Raises:
        ValueError: A call has its parts laid, but its values cannot lie so, or some call cannot
            write or read them there.
    """
    parts = {call.first: call.parts for call in calls if call.parts}
    layout = Layout(model)
    for position, op in enumerate(model.ops):
        if spec_of(op).is_view:
            layout.add_view(op.outputs[0], op.inputs[0])
        elif position in parts and not layout.add_parts(parts[position]):
            raise ValueError(f"{op.label} cannot be in place")
    if any(part.pitch for found in parts.values() for part in found):
        _check_spaced(model, calls, layout)
    return layout


def _check_spaced(model: Model, calls: Sequence[KernelCall], layout: Layout) -> None:
    """Kernels take the spaced values that they meet, and nobody outside the model meets one."""
    outside = {*model.inputs, *model.outputs}
    for call in calls:
        values = {*call_inputs(model, call), *call_outputs(model, call)}
        taken = values if call.kernel is None else call.spaced
        for value in values:
            if layout.room(value).pitch and value not in taken - outside:
                name = model.tensor(value).name
                raise ValueError(f"{name} would be spaced, and not all kernels take it so")


def rooms_of(model: Model, calls: Sequence[KernelCall] = ()) -> dict[int, Room]:
    """Room of each activation; values inside a call have none."""
    inside: set[int] = set()
    for call in calls:
        inside |= hidden(model, call)
    layout = layout_of(model, calls)
    written = (index for op in model.ops for index in op.outputs)
    values = (*model.inputs, *lasting(model), *written)
    return {index: layout.room(index) for index in values if index not in inside}
