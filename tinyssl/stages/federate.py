"""The stage `federate`: many devices learn together by a strategy of Flower.

The firmware of each kind of board is built and started; other devices are simulated by our C on
this computer. After each round the parameters are a checkpoint, from which a run goes on that was
killed. Results:

* `strategy task rounds parameters common` (numbers that learn, and that are sent), `simulated`
* `builds` {board: build id}
* `arena_bytes kept_bytes` (RAM of a device for tensors, and for samples that it keeps)
* `devices` {board's name: board, rounds, left_out, retries, ram_bytes, stack_bytes, inference,
  training_step, unit, line_bytes_parameters, line_bytes_samples, flash_erases, before, after}
* `compared different` (replies of boards, and those without this computer's bits)
* `bytes_down bytes_up` (of a round, mean; Flower's messages), `left_out`
* of unseen devices `loss_before loss_after`, of labels `accuracy_before accuracy_after`; the same
  of the first model as `first_…`
* files `model` (.tflite), `checkpoint` and `parameters` (.npz, by name)

metrics.jsonl: `round` {round, loss, bytes_down, bytes_up, devices, left_out}, `judged` {round, …},
`board` {round, name, …}.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from tinyssl import compiler
from tinyssl.bench.subject import load_model
from tinyssl.core.config import FederateConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import Mismatch, ToolMissing, UsageError
from tinyssl.core.progress import Progress, Silent, Tracker
from tinyssl.core.records import (
    RunRecord,
    RunWriter,
    Workspace,
    read_record,
    write_atomic,
)
from tinyssl.core.resume import held_run
from tinyssl.core.settings import refuse_changes
from tinyssl.data.episodes import find_family
from tinyssl.frontends.tflite import read_file, read_model, write_model
from tinyssl.project.learner_file import write_learner
from tinyssl.project.learning import with_training
from tinyssl.stages.federate_boards import BoardBuilds, BoardNode, parse_boards

try:
    from tinyssl.federated.guard import Exchange
    from tinyssl.federated.plan import FederationPlan, plan_of
    from tinyssl.federated.rounds import Checkpoint, Parameters
    from tinyssl.federated.session import Connection, Federation
except ModuleNotFoundError as error:
    raise ToolMissing(
        f"devices learn together by Flower, and {error.name} is not installed",
        hint="pip install 'tinyssl[federated]'",
    ) from error

CHECKPOINT = "checkpoint.npz"
LAST = ("stack_bytes", "inference", "training_step", "unit", "flash_erases")
SUMMED = ("line_bytes_parameters", "line_bytes_samples")
"""Figures of a board: those of its last round, and those of all rounds together"""


Watch = Callable[[dict[str, Any]], None]
"""Told each row of metrics.jsonl"""


def federate(
    config: FederateConfig,
    workspace: Workspace,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> RunRecord:
    """Lets devices learn together, or goes on with a run that was stopped.

    Args:
        config: Which devices, what they learn, and how.
        workspace: Where builds and runs are.
        progress: Told about each part.
        watch: Told each round and each judgement as they come.

    Raises:
        UsageError: A name or number that cannot be right.
        DataError: The family's data cannot be read.
        Mismatch: A board learnt other bits than this computer; the record is kept.
        DeviceTimeout: An emulator does not start.
        BudgetExceeded, BuildError: As `build`.
    """
    place = _Surroundings(workspace, progress or Silent(), watch or _unwatched)
    if config.resume is not None:
        return _resumed(config, place)
    parse_boards(config.boards) if config.boards else ()
    content = config_json(_absolute(config), exclude={"resume"})
    with workspace.start("federate", content, seed=config.seed) as run:
        _federate(_absolute(config), place, run)
    return run.record


def _unwatched(_row: dict[str, Any]) -> None:
    """Nobody looks."""


@dataclass(frozen=True)
class _Surroundings:
    """Where a run is, and who is told of it."""

    workspace: Workspace
    progress: Progress
    watch: Watch


def _absolute(config: FederateConfig) -> FederateConfig:
    paths = {name: getattr(config, name) for name in ("data", "start")}
    return replace(config, **{name: path.absolute() for name, path in paths.items() if path})


def _resumed(config: FederateConfig, place: _Surroundings) -> RunRecord:
    workspace, progress = place.workspace, place.progress
    folder = workspace.run_folder(Path(cast(Path, config.resume)))
    with held_run(folder, "federate", progress) as record:
        if record.status == "complete":
            return record
        recorded = record.checked(FederateConfig, record.config)
        refuse_changes(replace(_absolute(config), resume=None), recorded)
        path = folder / CHECKPOINT
        done = Checkpoint.load(path).round if path.is_file() else 0
        progress.note(f"resuming {folder.name} behind round {done}")
        with workspace.reopen(folder, keep=lambda row: int(row["round"]) <= done) as run:
            _federate(recorded, place, run)
        return run.record


def _federate(config: FederateConfig, place: _Surroundings, run: RunWriter) -> None:
    workspace, progress = place.workspace, place.progress
    family = find_family(config.task, config.data, config.seed)
    plan = plan_of(config, family)
    model = run.file("model", "model.tflite")
    write_atomic(model, write_model(family.network(config.seed)))
    learner = write_learner(model, plan.learner.what, workspace)
    graph = with_training(read_model(read_file(learner), model.stem), plan.learner)
    program = compiler.compile(graph)
    wanted = parse_boards(config.boards) if config.boards else ()
    builds = BoardBuilds(model, learner.name, plan.learner, workspace, run.record, progress)
    nodes: list[BoardNode] = []
    try:
        for node in builds.nodes(wanted):
            nodes.append(node)
            node.start()
        boards = [_connection(node, config) for node in nodes]
        federation = Federation(config, family, plan, program, boards)
        _FederateJob(federation, run, place, nodes).run_all()
    finally:
        for node in nodes:
            node.stop()


def _connection(node: BoardNode, config: FederateConfig) -> Connection:
    model, _ = load_model(node.info)
    return Connection(node.name, node.connector(model, config.timeout))


@dataclass
class _FederateJob:
    """A federation and its record."""

    federation: Federation
    run: RunWriter
    place: _Surroundings
    nodes: list[BoardNode]
    exchanges: list[Exchange] = field(default_factory=list)
    """Of the round under way"""
    judged: dict[str, float] = field(default_factory=dict)
    """The last judgement"""

    @property
    def plan(self) -> FederationPlan:
        return self.federation.plan

    def run_all(self) -> None:
        """Rounds, judgements and figures."""
        federation, path = self.federation, self.run.file("checkpoint", CHECKPOINT)
        if path.is_file():
            start = Checkpoint.load(path)
            for row in self.run.record.metrics():
                self.place.watch(row)
        else:
            start = Checkpoint(0, self._begin())
            first = federation.judge(start.parameters).figures()
            self.run.results(**{f"first_{name}": value for name, value in first.items()})
        self._describe()
        with self.place.progress.track("rounds", self.plan.rounds, "round") as task:
            task.advance(start.round)
            after = _After(self, path, task)
            parameters = federation.train(start, self.exchanges.append, after)
        self._finish(parameters)

    def _begin(self) -> Parameters:
        """The first parameters: those of the build, or of another run.

        Raises:
            UsageError: The other run is of another model.
        """
        first, named = self.federation.first, self.federation.config.start
        if named is None:
            return first
        with np.load(read_record(named).path("parameters"), allow_pickle=False) as found:
            learnt = {name: found[name] for name in found.files}
        shapes = [{name: each.shape for name, each in every.items()} for every in (first, learnt)]
        if shapes[0] != shapes[1]:
            raise UsageError(
                f"{named} has learnt {sum(each.size for each in learnt.values()):,} parameters of "
                "another model",
                hint="name a run of the same --task",
            )
        return learnt

    def _describe(self) -> None:
        federation, plan = self.federation, self.plan
        count = sum(each.size for each in federation.first.values())
        self.run.results(
            strategy=federation.config.strategy,
            task=federation.config.task,
            title=federation.family.title,
            rounds=plan.rounds,
            per_round=plan.per_round,
            samples=plan.task.samples,
            passes=plan.task.passes,
            online_steps=plan.online.samples,
            simulated=federation.simulated,
            builds={node.board.id: node.info.build_id for node in self.nodes},
            parameters=count,
            common=sum(each.size for each in federation.common(federation.first).values()),
            arena_bytes=federation.program.arena_bytes,
            kept_bytes=plan.kept_samples * federation.ends.sample_bytes,
        )

    def _tell(self, **row: Any) -> None:
        self.run.log(**row)
        self.place.watch(row)

    def judge(self, number: int, parameters: Parameters) -> None:
        """Unseen devices, on this computer."""
        self.judged = self.federation.judge(parameters).figures()
        self._tell(event="judged", round=number, **self.judged)

    def log_round(self, number: int) -> dict[str, Any]:
        """One row of the round, one for each board; returns the first."""
        rows, self.exchanges[:] = list(self.exchanges), []
        sound = [each for each in rows if not each.reason]
        losses = [float(each.metrics["loss"]) for each in sound]
        row = {
            "round": number,
            "loss": float(np.mean(losses)) if losses else None,
            "bytes_down": sum(each.bytes_down for each in rows),
            "bytes_up": sum(each.bytes_up for each in rows),
            "devices": len(rows),
            "left_out": len(rows) - len(sound),
        }
        self._tell(event="round", **row)
        for each in rows:
            name = self.federation.board_of(each.node)
            if name:
                figures = {key.replace("-", "_"): value for key, value in each.device.items()}
                self.run.log(event="board", round=number, name=name, reason=each.reason, **figures)
            if each.reason:
                self.place.progress.note(f"round {number}, {name or 'a device'}: {each.reason}")
        return row

    def _finish(self, parameters: Parameters) -> None:
        federation, run = self.federation, self.run
        np.savez(run.file("parameters", "parameters.npz"), allow_pickle=False, **parameters)
        found = federation.judge(parameters).figures()
        again = federation.judge(parameters, passes=4)
        rows = [row for row in run.record.metrics() if row["event"] == "round"]
        run.results(
            **found,
            loss_after_passes=again.loss_after,
            left_out=sum(row["left_out"] for row in rows),
            **{
                name: round(float(np.mean([row[name] for row in rows])))
                for name in ("bytes_down", "bytes_up")
                if rows
            },
        )
        if self.nodes:
            self._finish_boards(parameters)

    def _finish_boards(self, parameters: Parameters) -> None:
        federation = self.federation
        with self.place.progress.track("unseen devices on boards", 1, "evaluation") as task:
            judged = federation.judge_boards(parameters)
            task.advance()
        twins = (federation.twins, federation.unseen_twins)
        different = [text for each in twins for text in each.differences]
        self.run.results(
            devices=_board_figures(self.run.record, self.nodes, judged),
            compared=sum(each.compared for each in twins),
            different=len(different),
        )
        if different:
            raise Mismatch(
                f"a board learnt other bits than this computer: {different[0]}",
                hint="report it with the model and the board",
            )


@dataclass
class _After:
    """What happens after each round."""

    job: _FederateJob
    path: Path
    task: Tracker

    def __call__(self, found: Checkpoint) -> None:
        job, number = self.job, found.round
        row = job.log_round(number)
        if number % job.plan.evaluate_every == 0 or number == job.plan.rounds:
            job.judge(number, found.parameters)
        found.save(self.path)
        shown: dict[str, object] = {n: v for n, v in job.judged.items() if n.endswith("after")}
        if row["loss"] is not None:
            shown["loss"] = row["loss"]
        self.task.advance(1, **shown)


def _board_figures(
    record: RunRecord, nodes: list[BoardNode], judged: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What each board did in all rounds, those before a resume too."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in record.metrics():
        if row["event"] == "board":
            rows[row["name"]].append(row)
    found: dict[str, dict[str, Any]] = {}
    for node in nodes:
        own = rows[node.name]
        sound = [row for row in own if not row["reason"]]
        last: dict[str, Any] = sound[-1] if sound else {}
        found[node.name] = {
            "board": node.board.id,
            "rounds": len(sound),
            "left_out": len(own) - len(sound),
            "ram_bytes": node.info.sizes.get("ram", 0),
            "flash_bytes": node.info.sizes.get("flash", 0),
            **{name: last[name] for name in LAST if name in last},
            **{name: sum(row[name] for row in sound) for name in SUMMED},
            **judged[node.name],
        }
    return found
