"""The `build` stage: a model and a board to a firmware image, its sizes and the budget gate.

The project is made and built in a folder beside the final one and moved into place when everything,
the gate included, has passed. So `build/<board>/` holds either the last good build or none.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tinyssl.compiler.describe import describe_calls, describe_ops
from tinyssl.compiler.floats import float_note
from tinyssl.core.config import BuildConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import BuildError, UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.core.sources import write_sources
from tinyssl.frontends.tflite.strip import StrippedEnd
from tinyssl.project.arduino import choose_framework
from tinyssl.project.arena import check_arena
from tinyssl.project.c_folder import RENDERERS, source_folder
from tinyssl.project.engines import engine_model, engine_parts
from tinyssl.project.fits import check_flash, check_ram
from tinyssl.project.guard import Guard
from tinyssl.project.learner import Learner, learner_of, parse_learning
from tinyssl.project.learner_file import canonical_names, write_learner
from tinyssl.project.learning import learning_source
from tinyssl.project.learning_cost import (
    LearningCost,
    learning_cost,
    learning_flash,
    learning_record,
)
from tinyssl.project.platformio import check_compiler, pio_run
from tinyssl.project.project import Image, project_files
from tinyssl.project.selection import Selection
from tinyssl.project.size import Size, check_budget, measure
from tinyssl.project.source import ModelSource, check_model, class_names, load_model
from tinyssl.project.staging import staged
from tinyssl.project.strip import strip_io, stripped_record
from tinyssl.project.tighten import Tightened, emulated_twin, tighten_arena
from tinyssl.stages.shipped import needs_shipped, try_shipped
from tinyssl.stages.train_ram import selected
from tinyssl.targets.boards import Board, Framework, Isa, find_board
from tinyssl.targets.kernels import PORTABLE
from tinyssl.targets.ports import board_port
from tinyssl.targets.store import with_store
from tinyssl.verify.host import note_changes
from tinyssl.verify.subject import ModelFile, find_subject


@dataclass(frozen=True)
class BuildJob:
    """One call of `build`."""

    config: BuildConfig
    board: Board
    source: ModelSource
    learner: Learner | None
    folder: Path
    """Where the result goes"""
    commit: str
    """Of tinyssl"""
    progress: Progress
    framework: Framework
    selection: Selection | None = None
    """How `--train-ram` chose what learns"""
    class_names: tuple[str, ...] = ()
    """Of the first scores; empty: not known"""
    cost: LearningCost | None = None
    """Of learning; None: nothing learns, or on this computer, whose instructions nobody counts"""


@dataclass(frozen=True)
class _Loaded:
    """What is to be built."""

    source: ModelSource
    ends: tuple[StrippedEnd, ...]
    """What was taken off the model's ends"""
    config: BuildConfig
    """With what learns by its canonical names"""
    selection: Selection | None
    names: tuple[str, ...]
    """Of the classes; empty: not known"""


def output_folder(config: BuildConfig, workspace: Workspace) -> Path:
    """Where `build` writes.

    Raises:
        UsageError: No such board.
    """
    name = config.target if config.target in RENDERERS else find_board(config.board).id
    return config.out or workspace.builds / name


def build(config: BuildConfig, workspace: Workspace, progress: Progress | None = None) -> BuildInfo:
    """Builds an image (or, with another target, writes a folder of C) and records the run.

    Where no model is named and none was converted, the best of the zoo that fits is taken.

    Args:
        config: What to build, for which board, with which limits.
        workspace: Where the model is looked for and `build/<board>/` is written.
        progress: Told about each step.

    Returns:
        What is also stored as `build/<board>/tinyssl_build.json`.

    Raises:
        UsageError: No such board, or not with this framework, no model yet, the output folder is
            in use, or a camera was named for a board.
        ModelError: The model cannot be read or is not supported.
        Mismatch: The generated C does not give what TFLM gives.
        BudgetExceeded: Flash or RAM are larger than the budget.
        BuildError: The compiler failed.
        ToolMissing: There is no compiler.
    """
    progress = progress or Silent()
    _check_camera(config)
    board = _find_board(config)
    if needs_shipped(config, workspace):
        isa = _isa(config, board)
        return try_shipped(
            config, board, isa, progress, lambda chosen: _build(chosen, board, workspace, progress)
        )
    return _build(config, board, workspace, progress)


def _build(
    config: BuildConfig, board: Board, workspace: Workspace, progress: Progress
) -> BuildInfo:
    """The model that `config` names, or the last converted one; see `build`."""
    framework = choose_framework(board, config.framework)
    if framework == "baremetal" and config.target == "firmware":
        board_port(board)  # a port that lacks something is told of before the work begins
    loaded = _load_source(config, board, workspace, progress)
    source, config = loaded.source, loaded.config
    folder = output_folder(config, workspace)
    with workspace.start("build", config_json(config), inputs={"model": source.path}) as run:
        _note_model(source, progress)
        _check_memory(config, source, board)
        if config.check:
            check_model(source, progress)
        source, learner = _with_learner(config, source, board, progress)
        cost = learning_cost(source.program) if learner and board.kind != "host" else None
        if cost:
            progress.note(cost.as_text())
        if learner:
            _check_memory(config, source, board)
        places = folder.absolute(), run.record.commit, progress, framework
        job = BuildJob(
            config, board, source, learner, *places, loaded.selection, loaded.names, cost
        )
        info = _write_folder(job, workspace)
        run.results(
            board=info.board,
            engine=info.engine,
            build_id=info.build_id,
            folder=str(job.folder),
            **stripped_record(loaded.ends),
            **({"changes": "; ".join(source.changes)} if source.changes else {}),
            **{f"{name}_bytes": size for name, size in info.sizes.items()},
        )
    return info


def _check_camera(config: BuildConfig) -> None:
    if config.camera is not None and config.target == "firmware":
        raise UsageError(
            f"--camera {config.camera} adds C to the targets c and library, not to a board's image",
            hint="add --target c, or leave --camera out",
        )


def check_fit(config: BuildConfig, workspace: Workspace) -> None:
    """Tells in seconds that a model is too large for its board, before work that takes minutes.

    Raises:
        BudgetExceeded: Even without any code it takes more flash or RAM than the board has.
        UsageError, ModelError: As `build`.
    """
    if config.target == "firmware":
        board = find_board(config.board)
        source = _load_source(config, board, workspace, Silent()).source
        _check_memory(config, source, board)


def _check_memory(config: BuildConfig, source: ModelSource, board: Board) -> None:
    if config.engine == "tflm" and config.target == "firmware":
        check_arena(config, source, board)
    if source.compiled:
        check_ram(config, board, source.compiled.plan)


def _write_folder(job: BuildJob, workspace: Workspace) -> BuildInfo:
    """Makes the job's folder; whatever fails, the last good one stays."""
    config, board, source = job.config, job.board, job.source
    with staged(job.folder) as stage:
        job.progress.note(f"building {source.graph.name} for {board.name}")
        if config.target in RENDERERS:
            info = source_folder(config, source, board, stage)
        else:
            info = firmware(job, stage)
        info.save(stage, workspace.root)
    return info


def _note_model(source: ModelSource, progress: Progress) -> None:
    """What was changed about the model, and what of it is slower than it could be."""
    note_changes(source.changes, progress)
    if source.compiled and (told := float_note(source.graph)):
        progress.note(told)


def _load_source(
    config: BuildConfig, board: Board, workspace: Workspace, progress: Progress
) -> _Loaded:
    """The model, changed as the config says."""
    isa = _isa(config, board)
    model, subject = config.model, find_subject(config.model, workspace)
    ends: tuple[StrippedEnd, ...] = ()
    own = config.train is not None and parse_learning(config.train).own
    names = () if own else class_names(subject)
    if config.strip_io:
        model, ends = strip_io(subject.path, workspace, progress)
        subject = find_subject(model, workspace)
    config, selection = _with_names(config, subject, isa, progress)
    if config.train is not None:
        model = write_learner(subject.path, config.train, workspace, config.train_weights)
    tuned = config.tuned and (config.engine, config.kernels) == ("aot", "auto")
    gate = partial(check_flash, config, board)
    source = load_model(model, workspace, isa=isa, tuned=tuned, gate=gate, engine=config.engine)
    if source.tuning and source.tuning.measured:
        progress.note(f"steps as `tinyssl tune` measured on {source.tuning.board}")
    if config.train is not None and subject.source:
        source = replace(source, data_run=str(subject.source.folder))
    return _Loaded(source, ends, config, selection, names)


def _with_names(
    config: BuildConfig, subject: ModelFile, isa: Isa, progress: Progress
) -> tuple[BuildConfig, Selection | None]:
    """With what learns by its canonical names, and how it was chosen."""
    if config.train is None and config.train_ram is None:
        return config, None
    what = canonical_names(subject.path, config.train or "all")
    config = replace(config, train=what)
    if config.train_ram is None:
        return config, None
    selection = selected(config, subject, isa, progress)
    return replace(config, train=selection.what), selection


def _find_board(config: BuildConfig) -> Board:
    """The board; one that learns keeps flash free for what it learns."""
    board = find_board(config.board)
    learns = config.train is not None or config.train_ram is not None
    return with_store(board) if learns else board


def _with_learner(
    config: BuildConfig, source: ModelSource, board: Board, progress: Progress
) -> tuple[ModelSource, Learner | None]:
    """The model with its training step, and what learns; the model as it is without `--train`."""
    learner = learner_of(config, source.graph)
    if learner is None:
        return source, None
    isa = _isa(config, board)
    return learning_source(source, learner, isa, progress, check=config.check)


def _isa(config: BuildConfig, board: Board) -> Isa:
    return board.tinyssl.isa if config.kernels == "auto" else PORTABLE


def firmware(job: BuildJob, stage: Path) -> BuildInfo:
    """Writes the PlatformIO project of an image into `stage` and builds it; see `build`."""
    config, board = job.config, job.board
    if not config.compile:
        return _info(job, _write(job, stage), {}, Size(_known_sizes(job), {}))
    if job.framework == "baremetal":
        check_compiler(board, config.engine)
    tight = _tightened(job, stage) if config.engine == "tflm" and config.tighten_arena else None
    if tight:
        job = replace(job, config=replace(config, arena_bytes=tight.bytes))
    build_id, artifacts = _compile(job, stage)
    size = measure(stage / artifacts["elf"], board)
    learning = _learning(job, stage / artifacts["elf"])
    budget = board.tinyssl.budget
    check_budget(size, config.flash_budget or budget.flash, config.ram_budget or budget.ram)
    return replace(_info(job, build_id, artifacts, size, tight), learning=learning)


def _learning(job: BuildJob, image: Path) -> dict[str, Any]:
    """What learning takes, before anything is flashed."""
    if job.cost is None:
        return {}
    return learning_record(job.cost, learning_flash(image, job.source.program))


def _info(
    job: BuildJob,
    build_id: str,
    artifacts: dict[str, str],
    size: Size,
    tight: Tightened | None = None,
) -> BuildInfo:
    config, source = job.config, job.source
    model, aot = engine_model(config, source), config.engine == "aot"
    return BuildInfo(
        board=job.board.id,
        engine=config.engine,
        model_path=str(source.path),
        model_sha256=model.source_sha256,
        build_id=build_id,
        artifacts=artifacts,
        sizes=size.sizes,
        regions=size.regions,
        arena=source.program.plan.as_json() if aot else _tflm_arena(size, tight),
        ops=describe_calls(model, source.program.inference_calls) if aot else describe_ops(model),
        data_run=source.data_run,
        commit=job.commit,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        framework=job.framework,
        tuning=source.tuning.summary() if source.tuning else {},
        changes=list(source.changes),
        class_names=[*job.class_names],
        training=job.learner.as_record() if job.learner else {},
        selection=job.selection.as_record() if job.selection else {},
    )


def _known_sizes(job: BuildJob) -> dict[str, int]:
    """Bytes that are known without a compiler."""
    source = job.source
    if job.config.engine != "aot":
        return {}
    weights = source.program.constant_bytes
    return {"weights": weights, "arena": source.program.arena_bytes}


def _write(job: BuildJob, folder: Path) -> str:
    """Writes the project into `folder`; returns its build id."""
    config, board, source = job.config, job.board, job.source
    engine = engine_parts(config, source, board)
    image = Image(
        board,
        engine_model(config, source),
        engine,
        config.optimise,
        job.framework,
        job.learner.guard if job.learner else Guard(),
    )
    files, build_id = project_files(image)
    write_sources(files, folder)
    return build_id


def _compile(job: BuildJob, folder: Path) -> tuple[str, dict[str, str]]:
    """Writes the project into `folder` and builds it; returns its build id and its artifacts."""
    build_id = _write(job, folder)
    pio_run(folder)
    shutil.rmtree(folder / ".pio" / "platforms", ignore_errors=True)  # links that name the folder
    return build_id, _artifacts(folder, job)


def _tightened(job: BuildJob, stage: Path) -> Tightened:
    """The smallest arena of TFLM: in the stage itself, or in a project for an emulated board."""
    twin = emulated_twin(job.board)
    folder = stage if twin.id == job.board.id else stage / ".pio" / "arena"
    _, artifacts = _compile(replace(job, board=twin, framework="baremetal"), folder)
    found = tighten_arena(folder / artifacts["elf"], twin, job.source, job.progress)
    if folder != stage:
        shutil.rmtree(folder)
    return found


def _tflm_arena(size: Size, tight: Tightened | None) -> dict[str, Any]:
    found = {"tightened": asdict(tight)} if tight else {}
    return {"peak": size.sizes.get("arena", 0)} | found


def _artifacts(project: Path, job: BuildJob) -> dict[str, str]:
    folder = f".pio/build/{job.board.id}"
    made = {kind: f"{folder}/firmware.{kind}" for kind in ("elf", "bin", "hex")}
    found = {kind: path for kind, path in made.items() if (project / path).exists()}
    # Each Arduino platform makes what its uploader takes.
    own = job.framework == "baremetal" and job.board.tinyssl.port != "host"
    missing = [path for kind, path in made.items() if kind not in found and (own or kind == "elf")]
    if missing:
        raise BuildError(f"PlatformIO made no {missing[0]}", hint="see pio.log in the project")
    return found
