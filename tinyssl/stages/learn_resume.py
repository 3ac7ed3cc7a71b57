"""How far a lesson is, kept on this computer, so that it can go on after an interruption."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np

from tinyssl.core.files import write_atomic
from tinyssl.data.arrays import member_names, read_arrays
from tinyssl.graph.interface import Feeds
from tinyssl.runtimes.host import HostModel

FILE = "checkpoint.npz"
"""In the run's folder, until it is complete"""
SECONDS = 10.0
"""Between two writes of it"""
OF_DEVICE = "device/"
"""How the names of parameters begin in it"""
AGAIN = "start anew without --resume"


@dataclass
class LessonMark:
    """What a lesson needs to go on: the device's own state may be lost."""

    path: Path
    known: tuple[str, ...] = ()
    """Names of the classes that the device knew at the start"""
    rate: float = 0.0
    """Learning rate of the first step"""
    before: list[Any] = field(default_factory=list)
    """Answers to the held-out samples before the first step"""
    steps: int = 0
    """That were taken"""
    parameters: Feeds = field(default_factory=dict)
    """After them; none before the first"""
    sent: int = 0
    """Bytes that earlier parts of the run sent"""
    _written: float = field(default_factory=time.monotonic)

    @property
    def begun(self) -> bool:
        """Whether there is something to go on from."""
        return bool(self.parameters)

    def reached(self, steps: int, host: HostModel, sent: int) -> None:
        """So many steps were taken; writes the file where the last one is old."""
        self.steps = steps
        if time.monotonic() - self._written >= SECONDS:
            self.write(host, sent)

    def write(self, host: HostModel, sent: int) -> None:
        """Writes the file in one step.

        Args:
            host: Has the parameters after `steps`.
            sent: Bytes until now, in all parts.
        """
        told = {"known": self.known, "rate": self.rate, "before": self.before, "steps": self.steps}
        told["sent"] = sent
        arrays = {OF_DEVICE + name: value for name, value in host.snapshot().items()}
        content = BytesIO()
        np.savez(content, allow_pickle=False, told=np.array(json.dumps(told)), **arrays)
        write_atomic(self.path, content.getvalue())
        self._written = time.monotonic()

    @classmethod
    def load(cls, path: Path) -> Self:
        """What was written; of a run that was ended before its first step nothing.

        Raises:
            DataError: The file is damaged.
        """
        if not path.is_file():
            return cls(path)
        names = [name for name in member_names(path) if name.startswith(OF_DEVICE)]
        arrays = read_arrays(path, ("told", *names), AGAIN)
        told = json.loads(str(arrays.pop("told")))
        parameters = {name.removeprefix(OF_DEVICE): value for name, value in arrays.items()}
        return cls(
            path,
            tuple(told["known"]),
            told["rate"],
            told["before"],
            told["steps"],
            parameters,
            told.get("sent", 0),  # checkpoints of earlier versions do not say it
        )


@dataclass
class FirstSteps:
    """Rows of the log that still hold: those of the steps behind the checkpoint."""

    most: int
    _seen: int = 0

    def keep(self, row: dict[str, Any]) -> bool:
        """Asked of each row in order."""
        self._seen += row.get("event") == "step"
        return self._seen <= self.most
