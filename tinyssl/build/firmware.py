"""The `build` stage: a model and a board to a firmware image, its sizes and the budget gate.

The project is made and built in a folder beside the final one and moved into place when everything,
the gate included, has passed. So `build/<board>/` holds either the last good build or none.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from tinyssl.boards import Board, find_board
from tinyssl.build.c_folder import write_c_folder
from tinyssl.build.engines import engine_parts
from tinyssl.build.platformio import check_compiler, pio_run
from tinyssl.build.project import Image, project_files, write_files
from tinyssl.build.size import Size, check_budget, measure
from tinyssl.build.source import ModelSource, as_in_file, check_model, load_model
from tinyssl.config import BuildConfig
from tinyssl.emit import describe_ops
from tinyssl.errors import TinysslError, UsageError
from tinyssl.progress import Progress, Silent
from tinyssl.records import BuildInfo, RunWriter, Workspace

DEVICE_FILE = "device.json"
KEPT = (DEVICE_FILE, "emulator.log")
"""Files of the flashed device, which outlive a new build: `flash` stops the emulator they name"""


def build(config: BuildConfig, workspace: Workspace, progress: Progress | None = None) -> BuildInfo:
    """Builds an image (or, with target `c`, writes a folder of C) and records the run.

    Args:
        config: What to build, for which board, with which limits.
        workspace: Where the model is looked for and `build/<board>/` is written.
        progress: Told about each step.

    Returns:
        What is also stored as `build/<board>/tinyssl_build.json`.

    Raises:
        UsageError: No such board, no model yet, or the output folder is in use.
        ModelError: The model cannot be read or is not supported.
        Mismatch: The generated C does not give what TFLM gives.
        BudgetExceeded: Flash or RAM are larger than the budget.
        BuildError: The compiler failed.
        ToolMissing: There is no compiler.
    """
    progress = progress or Silent()
    board = find_board(config.board)
    source = load_model(config.model, workspace)
    if config.engine == "tflm":
        source = as_in_file(source)
    plain = TypeAdapter(BuildConfig).dump_python(config, mode="json")
    inputs = {"model": source.path}
    with workspace.start("build", plain, inputs=inputs) as run:
        if config.check:
            check_model(source, progress)
        if config.target == "c":
            info = write_c_folder(source, config.out or workspace.builds / "c", board)
        else:
            info = build_firmware(config, workspace, source, board, progress)
        info = replace(info, commit=run.record.commit)
        _record(info, run, _output_folder(config, workspace, board))
    return info


def _output_folder(config: BuildConfig, workspace: Workspace, board: Board) -> Path:
    default = workspace.builds / ("c" if config.target == "c" else board.id)
    return (config.out or default).absolute()


def _record(info: BuildInfo, run: RunWriter, folder: Path) -> None:
    info.save(folder)
    run.results(
        board=info.board,
        engine=info.engine,
        build_id=info.build_id,
        folder=str(folder),
        **{f"{name}_bytes": size for name, size in info.sizes.items()},
    )


def build_firmware(
    config: BuildConfig,
    workspace: Workspace,
    source: ModelSource,
    board: Board,
    progress: Progress,
) -> BuildInfo:
    """The image for one board; see `build`."""
    check_compiler(board)
    engine = engine_parts(config, source, board)
    image = Image(board, source.model, engine, config.optimise)
    files, build_id = project_files(image)
    folder = _output_folder(config, workspace, board)
    with _staged(folder) as stage:
        write_files(stage, files)
        progress.note(f"building for {board.name}")
        pio_run(stage)
        artifacts = _artifacts(stage, board)
        size = measure(stage / artifacts["elf"], board)
        check_budget(
            size,
            config.flash_budget or board.tinyssl.budget.flash,
            config.ram_budget or board.tinyssl.budget.ram,
        )
        info = _info(source, board, size, config.engine)
        info = replace(info, build_id=build_id, artifacts=artifacts)
        info.save(stage)
    return info


def _artifacts(project: Path, board: Board) -> dict[str, str]:
    folder = f".pio/build/{board.id}"
    kinds = ("elf",) if board.tinyssl.port == "host" else ("elf", "bin", "hex")
    found = {kind: f"{folder}/firmware.{kind}" for kind in kinds}
    missing = [path for path in found.values() if not (project / path).exists()]
    if missing:
        raise TinysslError(f"PlatformIO made no {missing[0]}", hint="see pio.log in the project")
    return found


def _info(source: ModelSource, board: Board, size: Size, engine: str) -> BuildInfo:
    return BuildInfo(
        board=board.id,
        engine=engine,
        model_path=str(source.path),
        model_sha256=source.model.source_sha256,
        build_id="",
        artifacts={},
        sizes=size.sizes,
        regions=size.regions,
        arena=source.plan.as_json() if engine == "aot" else {},  # TFLM plans its own
        ops=describe_ops(source.model),
        data_run=source.data_run,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that replaces it when the block ends well.

    It starts with the compiled objects of `folder`, so that an unchanged file is not compiled again.
    After a failure it stays, for whoever wants to look; the next build removes it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = folder.parent / f".{folder.name}.new"
    with _locked(folder):
        if folder.exists() and not (folder / BuildInfo.FILE).exists():
            raise UsageError(
                f"{folder} exists and is not a tinyssl build", hint="give another --out"
            )
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        cache = folder / ".pio" / "build"
        if cache.exists():
            shutil.copytree(cache, stage / ".pio" / "build")
        yield stage
        shutil.rmtree(stage / ".pio" / "platforms", ignore_errors=True)  # names the stage's path
        for name in KEPT:
            if (folder / name).exists():
                shutil.copy2(folder / name, stage / name)
        _replace_folder(stage, folder)


def _replace_folder(new: Path, folder: Path) -> None:
    """Two renames; killed in between, the old build is in `.<name>.old` and the new in `.<name>.new`."""
    old = folder.parent / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    path = folder.parent / f".{folder.name}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"another `tinyssl build` is writing {folder}", hint="wait for it to end"
            ) from error
        yield
