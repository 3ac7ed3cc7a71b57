"""How a stage tells what it is doing, without knowing about terminals.

The command line passes an implementation that draws bars on stderr; tests and library users pass
`Silent()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Tracker(Protocol):
    """One running task."""

    def advance(self, count: int = 1, **fields: object) -> None:
        """Moves on by `count` units; `fields` (loss=…, rate=…) are shown beside the bar."""


class Progress(Protocol):
    """What a stage may say while it runs."""

    def note(self, text: str) -> None:
        """One line of information (stderr)."""

    def warn(self, text: str) -> None:
        """One line that a log must hold too: something was left out, or may not be meant."""

    def track(self, title: str, total: int, unit: str = "step") -> AbstractContextManager[Tracker]:
        """A task of `total` units with a bar, a rate in units/s and the remaining time."""


class _SilentTracker:
    def advance(self, count: int = 1, **fields: object) -> None:
        pass


class Silent:
    """A `Progress` that says nothing."""

    def note(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        pass

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Tracker]:
        yield _SilentTracker()
