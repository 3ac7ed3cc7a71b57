"""Ctrl-C between two steps instead of inside one."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Self


class Interrupt:
    """While the block runs, Ctrl-C and SIGTERM only set `requested`; a second Ctrl-C acts as usual.

    Job schedulers and `torchrun` send SIGTERM some seconds before they kill; there, `deaf` lets all
    processes but the one that saves go on, for that one may still need them for its last step.

    In other threads than the main one, where Python has no signals, nothing is changed.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        self.requested = False
        self._deaf = deaf

    def __enter__(self) -> Self:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = {
                number: signal.signal(number, self._note)
                for number in (signal.SIGINT, signal.SIGTERM)
            }
        return self

    def __exit__(self, *error: object) -> None:
        if self._main:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = not self._deaf
        signal.signal(signal.SIGINT, self._before[signal.SIGINT])
