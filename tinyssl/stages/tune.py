"""`tune`: which blocks of a model to compute in one call, by what they take on the board.

Each kernel call that the generator offers (an operator by itself, a block, a block that caches its
taps) is measured once: few whole images that hold them all are built, flashed and profiled. What a
call takes does not depend on its neighbours, but for caches, so the cheapest cover of the operators
follows from these figures by dynamic programming. It is measured as a whole, like the others, and
the fastest image within the RAM budget is stored. Calls of images that do not fit the board keep
the cost model's figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.schedule import Choice, call_choices, cover, least_bytes, measuring_covers
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.errors import BudgetExceeded, UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.project.source import ModelSource, load_model
from tinyssl.project.tuning import Tuning, described
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.stages.shipped import needs_shipped, try_shipped
from tinyssl.targets.boards import Board, find_board

RUNS = 3
"""Timed inferences of each image"""

MODEL_CHOICE = "cost model"
NO_BLOCKS = "one operator a call"
CHOSEN = "cheapest calls"


@dataclass(frozen=True)
class Candidate:
    """An image that was measured."""

    name: str
    calls: tuple[KernelCall, ...]
    total: int
    """Median of an inference, in `unit`"""
    unit: str
    costs: tuple[int, ...]
    """Of each call"""
    arena: int
    flash: int
    ram: int
    """Bytes, as the build's record has them"""

    def as_json(self) -> dict[str, Any]:
        """For the tuning's file and `tinyssl tune --json`, without what is long."""
        names = ("name", "total", "unit", "arena", "flash", "ram")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Tuned:
    """What `tune` found."""

    board: str
    model: Path
    candidates: tuple[Candidate, ...]
    chosen: Candidate
    refused: tuple[tuple[str, str], ...]
    """Images that do not fit the board: name, reason"""
    file: Path
    """Where `tinyssl build` finds the choice"""


@dataclass(frozen=True)
class TuneJob:
    """One call of `tune`."""

    config: BuildConfig
    board: Board
    source: ModelSource
    scratch: Workspace
    progress: Progress


def tune(config: BuildConfig, workspace: Workspace, progress: Progress | None = None) -> Tuned:
    """Measures the calls of a model on a board and stores the fastest choice in the workspace.

    Args:
        config: Board, model, budgets and optimisation level, as `build` takes them.
        workspace: Gets `tuned/<model>-<isa>.json`.
        progress: Told about each image.

    Raises:
        UsageError: No such board, no model, or options that leave nothing to choose.
        BudgetExceeded: No image fits the board.
        BuildError: The compiler failed.
        DeviceError: The board cannot be flashed or does not answer.
    """
    if config.engine != "aot" or config.kernels != "auto" or config.target != "firmware":
        raise UsageError(
            f"tune chooses calls of aot firmware, which engine {config.engine}, "
            f"kernels {config.kernels}, target {config.target} have not",
            hint="leave out --engine, --kernels and --target",
        )
    progress = progress or Silent()
    board = find_board(config.board)
    if needs_shipped(config, workspace):
        isa = board.tinyssl.isa
        return try_shipped(
            config, board, isa, progress, lambda chosen: _tune(chosen, board, workspace, progress)
        )
    return _tune(config, board, workspace, progress)


def _tune(config: BuildConfig, board: Board, workspace: Workspace, progress: Progress) -> Tuned:
    source = load_model(config.model, workspace, isa=board.tinyssl.isa)
    with TemporaryDirectory(prefix="tinyssl-tune-") as name:
        job = TuneJob(config, board, source, Workspace(Path(name)), progress)
        found, refused = _measure_all(job)
    chosen = min(found, key=lambda candidate: (candidate.total, candidate.arena))
    tuning = _tuning(job, found, chosen)
    return Tuned(
        board.id, source.path, tuple(found), chosen, tuple(refused), tuning.save(workspace)
    )


def _measure_all(job: TuneJob) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """All images that fit, the cost model's first, and those that do not."""
    choices = call_choices(job.source.program.graph, job.source.program.isa)
    covers = measuring_covers(choices)
    names = [NO_BLOCKS, *(f"blocks, set {number}" for number in range(1, len(covers)))]
    planned = {job.source.program.calls: MODEL_CHOICE}
    for name, calls in zip(names, covers, strict=True):
        planned.setdefault(calls, name)
    found: list[Candidate] = []
    refused: list[tuple[str, str]] = []
    for calls, name in planned.items():
        _try(job, name, calls, found, refused)
    if not found:
        raise BudgetExceeded(
            f"no image of {job.source.program.graph.name} fits {job.board.id}: {refused[0][1]}",
            hint="a smaller model, or `tinyssl boards` for a larger board",
        )
    cheapest = cheapest_calls(job.source, choices, found, _arena_limit(job, found[0]))
    if cheapest not in planned:
        _try(job, CHOSEN, cheapest, found, refused)
    return found, refused


def _try(
    job: TuneJob,
    name: str,
    calls: tuple[KernelCall, ...],
    found: list[Candidate],
    refused: list[tuple[str, str]],
) -> None:
    job.progress.note(f"{name}: {len(calls)} calls")
    try:
        found.append(_measure(job, name, calls))
    except BudgetExceeded as error:
        refused.append((name, str(error)))
        job.progress.note(f"{name} does not fit: {error}")


def _measure(job: TuneJob, name: str, calls: tuple[KernelCall, ...]) -> Candidate:
    """Builds, flashes and profiles an image in a workspace of its own."""
    sha256, isa = job.source.program.graph.source_sha256, job.source.program.isa.value
    Tuning(sha256, isa, described(calls)).save(job.scratch)
    config = replace(job.config, model=job.source.path, check=False, out=None, tuned=True)
    info = build(config, job.scratch)
    try:
        flash(FlashConfig(board=job.board.id), job.scratch)
        record = bench(
            BenchConfig(board=job.board.id, runs=RUNS, warmup=1, accuracy=False), job.scratch
        )
    finally:
        stop_emulators(job.scratch)
    latency = record.results["latency"]
    profile = record.json("profile")
    return Candidate(
        name,
        calls,
        latency["median"],
        latency["unit"],
        tuple(row["ticks"] for row in profile["ops"]),
        info.arena["peak"],
        info.sizes["flash"],
        info.sizes["ram"],
    )


def _arena_limit(job: TuneJob, measured: Candidate) -> int:
    """Bytes of arena that the RAM budget leaves."""
    budget = job.config.ram_budget or job.board.tinyssl.budget.ram
    return budget - (measured.ram - measured.arena)


def cheapest_calls(
    source: ModelSource, choices: Sequence[Choice], found: Sequence[Candidate], limit: int
) -> tuple[KernelCall, ...]:
    """The cover of the least measured cost whose arena is within `limit`.

    Args:
        source: The model.
        choices: All that may be taken, with the cost model's figures.
        found: Images that were measured: their calls' figures take the place of these.
        limit: Bytes of arena.
    """
    costs: dict[KernelCall, int] = {}
    for candidate in found:
        for call, cost in zip(candidate.calls, candidate.costs, strict=True):
            costs[call] = min(cost, costs.get(call, cost))
    priced = [replace(choice, cost=costs.get(choice.call, choice.cost)) for choice in choices]
    least = least_bytes(priced)
    for bound in sorted({choice.bytes for choice in priced if choice.bytes <= limit}, reverse=True):
        if bound >= least:
            calls = cover(priced, bound)
            if plan_arena(source.program.graph, calls).peak <= limit:
                return calls
    return cover(priced, least)


def _tuning(job: TuneJob, found: Sequence[Candidate], chosen: Candidate) -> Tuning:
    rows = []
    for candidate in found:
        rows.append(candidate.as_json() | {"chosen": candidate is chosen})
    return Tuning(
        job.source.program.graph.source_sha256,
        job.source.program.isa.value,
        described(chosen.calls),
        board=job.board.id,
        unit=chosen.unit,
        total=chosen.total,
        arena=chosen.arena,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        candidates=rows,
    )
