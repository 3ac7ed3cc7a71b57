"""`tinyssl tune`."""

from __future__ import annotations

from typing import Any

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.core.config import BuildConfig
from tinyssl.stages.call import Call
from tinyssl.stages.tune import Candidate, Tuned


def tune(call: Call) -> Result:
    """Measure which operators to compute in one call, and keep the fastest choice.

    Builds, flashes and profiles some ten images of the model on the board or its emulator. The
    fastest within the board's RAM (or `--ram-budget`) is kept in `tuned/` of the workspace; from
    then on `tinyssl build` uses it for this model on this kind of core, and says so. Takes the
    options of `build`; exit code 3 when no image fits the board.
    """
    config = call.config(BuildConfig)
    from tinyssl.stages import tune as stage

    return tune_result(stage.tune(config, call.workspace, call.progress))


def tune_result(found: Tuned) -> Result:
    """All images that were measured, and what was chosen."""
    unit = found.chosen.unit
    rows = [_candidate_row(candidate, found) for candidate in found.candidates]
    rows += [(name, "does not fit", "", "", "", "") for name, _ in found.refused]
    data: dict[str, Any] = {
        "board": found.board,
        "model": str(found.model),
        "unit": unit,
        "candidates": [_candidate_json(candidate, found) for candidate in found.candidates],
        "refused": [{"name": name, "reason": reason} for name, reason in found.refused],
        "file": str(found.file),
    }
    head = ("candidate", unit, "arena", "RAM", "flash", "")
    return Result(data, (Table(head, rows), "", _verdict(found), str(found.file)))


def _verdict(found: Tuned) -> str:
    """The choice beside what would be built without it, which is measured first."""
    usual, chosen = found.candidates[0], found.chosen
    if chosen is usual:
        return f"the choice of {usual.name} is the fastest: nothing changes"
    saved = 100 * (usual.total - chosen.total) / usual.total
    return (
        f"{saved:.1f} % fewer {chosen.unit} than by {usual.name}, "
        f"arena {usual.arena:,} -> {chosen.arena:,} B"
    )


def _candidate_row(candidate: Candidate, found: Tuned) -> tuple[str, ...]:
    sizes = (candidate.arena, candidate.ram, candidate.flash)
    mark = "chosen" if candidate is found.chosen else ""
    return (
        candidate.name,
        f"{candidate.total:,}",
        *(f"{size:,} B" for size in sizes),
        mark,
    )


def _candidate_json(candidate: Candidate, found: Tuned) -> dict[str, Any]:
    calls = [[call.first, call.last] for call in candidate.calls]
    more = {"costs": candidate.costs, "steps": calls, "chosen": candidate is found.chosen}
    return candidate.as_json() | more


command = make_command(tune, stages=("build",))
