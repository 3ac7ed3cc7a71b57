"""What was done to a file's graph on the way to ours: the same bytes, by fewer operators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tinyssl.graph.blockers import places_text


class ChangeKind(StrEnum):
    """What happened to operators. Values are how a line to the user starts."""

    TAKEN = "taken as the file has them, though it leaves them open"
    SIZED = "worked out, as the file leaves them open"
    UNROLLED = "unrolled, as the number of rounds is known"
    CHOSEN = "replaced by the subgraph that its constant condition chooses"
    FOLDED = "folded into constants"
    UNREAD = "left out, as nothing reads the result"
    DILATED = "became the dilation of the convolution between them"
    PADDED = "moved into the convolutions that read it"
    TABLED = "became a table of what they give for each byte"
    FUSED = "became the activation of the operator before"
    MERGED = "merged with the one before"
    VIEWED = "moves no byte, so it is a view"


class Numbered(Protocol):
    """An operator, as the file or the graph has it."""

    @property
    def index(self) -> int:
        """Position in the file."""

    @property
    def label(self) -> str:
        """`#3 SHAPE`."""


@dataclass(frozen=True)
class Change:
    """One kind of change, and all operators that it was made to."""

    kind: ChangeKind
    labels: tuple[str, ...]
    """`#3 SHAPE`"""
    indices: tuple[int, ...]
    """Their positions in the file"""

    def __str__(self) -> str:
        """`folded into constants: #3 SHAPE, #4 PACK`."""
        return f"{self.kind.value}: {places_text(self.labels)}"


def changed(kind: ChangeKind, ops: Iterable[Numbered]) -> tuple[Change, ...]:
    """The change of these operators; nothing where there are none."""
    found = tuple(ops)
    if not found:
        return ()
    return (Change(kind, tuple(op.label for op in found), tuple(op.index for op in found)),)
