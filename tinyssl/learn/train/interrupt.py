"""Ctrl-C between two steps instead of inside one."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Self


class Interrupt:
    """While the block runs, Ctrl-C and SIGTERM only set `requested`; a second Ctrl-C acts as usual.

    Job schedulers and `torchrun` send SIGTERM some seconds before they kill. `ignore_signals` lets
    all processes but the one that saves go on, for it may need them for its last step.

    In other threads than the main one, where Python has no signals, nothing is changed.
    """

    def __init__(self, *, ignore_signals: bool = False) -> None:
        self.requested = False
        self._ignore_signals = ignore_signals

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
        self.requested = not self._ignore_signals
        signal.signal(signal.SIGINT, self._before[signal.SIGINT])
