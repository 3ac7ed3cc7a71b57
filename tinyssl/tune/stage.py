"""`tune`: which blocks of a model to compute in one call, by what they take on the board.

Each step that the generator offers (an operator by itself, a block, a block with its taps kept) is
measured once: few whole images that hold them all are built, flashed and profiled. What a step
takes does not depend on its neighbours, but for caches, so the cheapest cover of the operators
follows from these figures by dynamic programming. It is measured as a whole, like the others, and
the fastest image within the RAM budget is stored. Steps of images that do not fit the board keep
the cost model's figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tinyssl.bench import bench
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.schedule import Choice, cover, least_bytes, measuring_covers, step_choices
from tinyssl.compiler.steps import Step
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.errors import BudgetExceeded, UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import Workspace
from tinyssl.project import build, flash, stop_emulators
from tinyssl.project.source import ModelSource, load_model, shipped_model
from tinyssl.project.tuning import Tuning, described
from tinyssl.targets.boards import Board, find_board

RUNS = 3
"""Timed inferences of each image"""

MODEL_CHOICE = "cost model"
NO_BLOCKS = "one operator a step"
CHOSEN = "cheapest steps"


@dataclass(frozen=True)
class Candidate:
    """An image that was measured."""

    name: str
    steps: tuple[Step, ...]
    total: int
    """Median of an inference, in `unit`"""
    unit: str
    costs: tuple[int, ...]
    """Of each step"""
    arena: int
    flash: int
    ram: int
    """Bytes, as the build's record has them"""


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
class Job:
    """One call of `tune`."""

    config: BuildConfig
    board: Board
    source: ModelSource
    scratch: Workspace
    progress: Progress


def tune(config: BuildConfig, workspace: Workspace, progress: Progress | None = None) -> Tuned:
    """Measures the steps of a model on a board and stores the fastest choice in the workspace.

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
            f"tune chooses steps of aot firmware, which engine {config.engine}, "
            f"kernels {config.kernels}, target {config.target} have not",
            hint="leave out --engine, --kernels and --target",
        )
    progress = progress or Silent()
    board = find_board(config.board)
    path = config.model or shipped_model(workspace, progress)
    source = load_model(path, workspace, isa=board.tinyssl.isa)
    with TemporaryDirectory(prefix="tinyssl-tune-") as name:
        job = Job(config, board, source, Workspace(Path(name)), progress)
        found, refused = _measure_all(job)
    chosen = min(found, key=lambda candidate: (candidate.total, candidate.arena))
    tuning = _tuning(job, found, chosen)
    return Tuned(
        board.id, source.path, tuple(found), chosen, tuple(refused), tuning.save(workspace)
    )


def _measure_all(job: Job) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """All images that fit, the cost model's first, and those that do not."""
    choices = step_choices(job.source.model, job.source.isa)
    covers = measuring_covers(choices)
    names = [NO_BLOCKS, *(f"blocks, set {number}" for number in range(1, len(covers)))]
    planned = {job.source.plan.steps: MODEL_CHOICE}
    for name, steps in zip(names, covers, strict=True):
        planned.setdefault(steps, name)
    found: list[Candidate] = []
    refused: list[tuple[str, str]] = []
    for steps, name in planned.items():
        _try(job, name, steps, found, refused)
    if not found:
        raise BudgetExceeded(
            f"no image of {job.source.model.name} fits {job.board.id}: {refused[0][1]}",
            hint="a smaller model, or `tinyssl boards` for a larger board",
        )
    cheapest = cheapest_steps(job.source, choices, found, _arena_limit(job, found[0]))
    if cheapest not in planned:
        _try(job, CHOSEN, cheapest, found, refused)
    return found, refused


def _try(
    job: Job,
    name: str,
    steps: tuple[Step, ...],
    found: list[Candidate],
    refused: list[tuple[str, str]],
) -> None:
    job.progress.note(f"{name}: {len(steps)} steps")
    try:
        found.append(_measure(job, name, steps))
    except BudgetExceeded as error:
        refused.append((name, str(error)))
        job.progress.note(f"{name} does not fit: {error}")


def _measure(job: Job, name: str, steps: tuple[Step, ...]) -> Candidate:
    """Builds, flashes and profiles an image in a workspace of its own."""
    sha256, isa = job.source.model.source_sha256, job.source.isa.value
    Tuning(sha256, isa, described(steps)).save(job.scratch)
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
        steps,
        latency["median"],
        latency["unit"],
        tuple(row["ticks"] for row in profile["ops"]),
        info.arena["peak"],
        info.sizes["flash"],
        info.sizes["ram"],
    )


def _arena_limit(job: Job, measured: Candidate) -> int:
    """Bytes of arena that the RAM budget leaves."""
    budget = job.config.ram_budget or job.board.tinyssl.budget.ram
    return budget - (measured.ram - measured.arena)


def cheapest_steps(
    source: ModelSource, choices: Sequence[Choice], found: Sequence[Candidate], limit: int
) -> tuple[Step, ...]:
    """The cover of the least measured cost whose arena is within `limit`.

    Args:
        source: The model.
        choices: All that may be taken, with the cost model's figures.
        found: Images that were measured: their steps' figures take the place of these.
        limit: Bytes of arena.
    """
    costs: dict[Step, int] = {}
    for candidate in found:
        for step, cost in zip(candidate.steps, candidate.costs, strict=True):
            costs[step] = min(cost, costs.get(step, cost))
    priced = [replace(choice, cost=costs.get(choice.step, choice.cost)) for choice in choices]
    least = least_bytes(priced)
    for bound in sorted({choice.bytes for choice in priced if choice.bytes <= limit}, reverse=True):
        if bound >= least:
            steps = cover(priced, bound)
            if plan_arena(source.model, steps).peak <= limit:
                return steps
    return cover(priced, least)


def _tuning(job: Job, found: Sequence[Candidate], chosen: Candidate) -> Tuning:
    rows = []
    for candidate in found:
        row = asdict(candidate) | {"chosen": candidate is chosen}
        del row["steps"], row["costs"]
        rows.append(row)
    return Tuning(
        job.source.model.source_sha256,
        job.source.isa.value,
        described(chosen.steps),
        board=job.board.id,
        unit=chosen.unit,
        total=chosen.total,
        arena=chosen.arena,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        candidates=rows,
    )
