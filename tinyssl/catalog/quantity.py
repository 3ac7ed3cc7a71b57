"""Figures, and where each is from. Nothing here needs the graph: `build` estimates with it, too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """How a figure came about."""

    MEASURED = "Measured"
    """On a device, or by a run record"""
    PLANNED = "Planned"
    """Exact, by the compiler: the memory plan"""
    ESTIMATED = "Estimated"
    STATED = "Stated"
    """By somebody: a board file, a data sheet, a description from elsewhere"""


@dataclass(frozen=True)
class Quantity:
    """A figure."""

    kind: str
    """Name of its class: Arena, RAM, Flash, Instructions, Duration, Accuracy"""
    value: float
    basis: Basis
    source: str = ""
    """Run record, document or rule that it is from; empty where the subject says it"""
    error: float | None = None
    """Of an estimate: the share by which it was off where it was checked; 0.25 is ± 25 %"""
