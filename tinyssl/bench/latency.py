"""Time of one inference, in the unit in which the board counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tinyssl.device import Identity, Profile
from tinyssl.targets.boards import Board


@dataclass(frozen=True)
class Unit:
    """What a tick of the device is."""

    name: str
    """instructions, cycles or nanoseconds"""
    per_tick: Fraction

    def of(self, ticks: int) -> int:
        """Ticks in this unit, rounded."""
        return round(ticks * self.per_tick)


def unit_of(board: Board, identity: Identity) -> Unit:
    """The unit of a board's figures: of an emulator never a time, whatever its timer says."""
    emulator = board.tinyssl.emulator
    if emulator is None:
        return Unit(identity.tick_unit, Fraction(1))
    ticks = emulator.ticks_per_second or identity.ticks_per_second
    rate = Fraction(emulator.instructions_per_second, ticks)
    return Unit("instructions", rate)


def summary_stats(ticks: Sequence[int], unit: Unit) -> dict[str, Any]:
    """Figures of several inferences; p95 is the smallest that 95 % do not exceed."""
    values = np.array([unit.of(value) for value in ticks])
    return {
        "unit": unit.name,
        "runs": len(values),
        "min": int(values.min()),
        "median": round(float(np.median(values))),
        "p95": int(np.percentile(values, 95, method="inverted_cdf")),
        "max": int(values.max()),
    }


def as_time(median: int, unit: Unit, identity: Identity, board: Board) -> dict[str, Any]:
    """The median as a time: measured on a board, an estimate that says so on an emulator."""
    if unit.name != "instructions":
        return {"median_us": round(1e6 * median / identity.ticks_per_second, 3)}
    clock = board.tinyssl.clock_hz
    return {
        "estimate_ms": round(1e3 * median / clock, 3),
        "estimate_basis": f"one instruction a cycle at {clock / 1e6:g} MHz, which no chip does",
    }


def profile_rows(profile: Profile, unit: Unit) -> dict[str, Any]:
    """The file `profile`: every operator in order, in the unit of the latency."""
    return {
        "unit": unit.name,
        "total": unit.of(profile.total_ticks),
        "ops": [
            {
                "index": op.index,
                "name": op.name,
                "kind": op.name.split(" ", 1)[-1],
                "ticks": unit.of(op.ticks),
            }
            for op in profile.ops
        ],
    }
