"""Ctrl-C between two steps instead of inside one."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Self


class Interrupt:
    """While the block runs, the first Ctrl-C only sets `requested`; a second one acts as usual.

    In other threads than the main one, where Python has no signals, nothing is changed.
    """

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        signal.signal(signal.SIGINT, self._before)
