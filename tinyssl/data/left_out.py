"""Files of a folder that were not read: counted by kind, with examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyssl.core.text import printable
from tinyssl.data.kinds import ADVICE, NAMES

EXAMPLES = 3
"""Files that are named of each kind"""
BROKEN_PICTURE = "broken"
"""Kind of pictures that cannot be decoded"""


@dataclass(frozen=True)
class LeftOut:
    """All files of one kind."""

    kind: str
    count: int
    examples: tuple[str, ...]
    """Paths relative to the folder, safe to print"""

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.examples) else ""
        name = NAMES.get(self.kind, f"{self.kind} file*").replace("*", "s" * (self.count != 1))
        return f"{self.count:,} {name} ({', '.join(self.examples)}{more})"

    def as_json(self) -> dict[str, Any]:
        """What a record and `--json` hold."""
        content = {
            "kind": self.kind,
            "count": self.count,
            "examples": list(self.examples),
            "text": str(self),
        }
        return content | ({"advice": ADVICE[self.kind]} if self.kind in ADVICE else {})


@dataclass(frozen=True)
class LeftOutPicture:
    """A picture that a source has and its samples lack."""

    name: str
    """As `Pictures.names`"""
    reason: str
    """Safe to print"""
    content: str = ""
    """What its first bytes say that it is; empty where they say nothing"""

    def as_json(self) -> dict[str, str]:
        """What a record holds."""
        return {"name": self.name, "reason": self.reason}


def counted(kind: str, pictures: Sequence[LeftOutPicture]) -> tuple[LeftOut, ...]:
    """The pictures as files of one kind; nothing where there are none."""
    if not pictures:
        return ()
    return (LeftOut(kind, len(pictures), tuple(part.name for part in pictures[:EXAMPLES])),)


@dataclass
class LeftOutCounts:
    """Counts what is left out while a folder is walked."""

    _paths: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, path: Path) -> None:
        """`path` is relative to the folder."""
        self._paths[kind].append(path)

    def result(self) -> tuple[LeftOut, ...]:
        """The kinds, the most frequent first."""
        ordered = sorted(self._paths.items(), key=lambda item: (-len(item[1]), item[0]))
        return tuple(
            LeftOut(kind, len(paths), tuple(printable(str(path)) for path in first(paths)))
            for kind, paths in ordered
        )


def first(paths: Iterable[Path]) -> list[Path]:
    """The examples: the first in the order of their names."""
    return sorted(paths, key=lambda path: path.parts)[:EXAMPLES]


def describe(left_out: Sequence[LeftOut]) -> str:
    """`20 HEIC (cat/IMG_0.HEIC, …), 1 .txt (notes.txt)`."""
    return ", ".join(map(str, left_out))


def advice(left_out: Sequence[LeftOut]) -> str:
    """What to do about the kinds that hold pictures; empty where none does."""
    return "; ".join(
        f"{part.kind}: {ADVICE[part.kind]}" for part in left_out if part.kind in ADVICE
    )
