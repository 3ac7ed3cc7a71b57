"""What a task is and what measuring it gives: a row of docs/learning.json."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.stamp import ROOT, stamp

Row = dict[str, Any]
SHARED = ROOT.parent / "shared"
"""Data that is beside the checkout where somebody put it there"""
PROGRAMS = ("qemu-system-arm", "arm-none-eabi-gcc")
"""Programs whose versions stand beside every figure"""


@dataclass(frozen=True)
class Measure:
    """One figure of a task, three times: in float, on this computer, on the device."""

    what: str
    """"accuracy on the new classes, 5 samples each" """
    target: str
    """What is asked of it, as the table says it: "< 0.5" """
    met: bool
    host: float
    """Of the generated C on this computer"""
    reference: float | None = None
    """In float: of the same training in PyTorch or NumPy; None where there is none"""
    device: float | None = None
    """None: the device measured something smaller, and `what` says so, or nothing"""
    interval: float | None = None
    """Half the width of the host figure's 95 % interval"""
    percent: bool = False
    """Figures are shares in [0, 1], shown in percent"""
    same_part: float | None = None
    """Of this computer on that part which the device measured; None where that is the whole"""


@dataclass(frozen=True)
class Costs:
    """What learning takes on the board."""

    ram: int
    """Bytes of the whole firmware, stack apart"""
    flash: int
    """Bytes of the whole firmware"""
    inference: int
    """Instructions, median"""
    step: int
    """Instructions of the training step behind the inference, median"""
    steps: int
    """How many steps the device took"""
    equal: bool
    """All parameters had the bits that this computer's C learns"""


@dataclass(frozen=True)
class Found:
    """What measuring a task gives."""

    measures: tuple[Measure, ...]
    costs: Costs


@dataclass(frozen=True)
class Session:
    """What a task is measured with."""

    board: str
    """Emulated board"""
    seed: int
    folder: Path
    """Empty; goes away afterwards"""
    say: Callable[[str], None]
    """A line of progress"""


@dataclass(frozen=True)
class Task:
    """A row of the table."""

    name: str
    data: str
    """Which, and how it is split, in a few words"""
    measure: Callable[[Session], Found]
    """Raises `TinysslError` where data is missing"""


def measured(task: Task, session: Session) -> Row:
    """Measures a task.

    Raises:
        TinysslError: Data or a program is missing, or a step failed.
    """
    found = task.measure(session)
    return {
        "task": task.name,
        "board": session.board,
        "data": task.data,
        "measures": [asdict(each) for each in found.measures],
        **asdict(found.costs),
        "seed": session.seed,
        **stamp(*PROGRAMS),
    }


def failed(row: Row) -> bool:
    """Whether a target was missed, or the device learnt other bits."""
    return not row["equal"] or not all(each["met"] for each in row["measures"])
