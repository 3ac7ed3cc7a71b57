"""The best model onto each board: built, flashed and measured one after the other.

The first board that fails its gate ends it; what ran there before is put back.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyssl.catalog.match import Match
from tinyssl.core.config import BenchConfig, BuildConfig, CatalogConfig, FlashConfig
from tinyssl.core.errors import AccuracyTooLow, GateFailed, Mismatch, TinysslError, UsageError
from tinyssl.core.records import Workspace
from tinyssl.core.run_record import RunRecord
from tinyssl.device import emulator
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.call import Call
from tinyssl.stages.catalog import open_catalog
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import board_ids, find_board

BEFORE = ".before-deploy"
"""Ending of the folder that keeps a board's earlier build meanwhile"""


@dataclass(frozen=True)
class Deployed:
    """A model on a board."""

    match: Match
    record: RunRecord
    """Of the bench run"""


def choose(
    config: CatalogConfig, workspace: Workspace, names: str, *, emulated: bool = True
) -> list[Match]:
    """The best model for each board, in the order of `names`.

    Args:
        config: Which models, and the rules they must keep.
        workspace: Holds the catalogue.
        names: Ids or aliases with commas between; empty: the board of the best pair.
        emulated: Where no board is named, only emulated ones are at hand.

    Raises:
        UsageError: No such board or model.
        GateFailed: No model fits one of them; says why the best one does not.
    """
    catalog = open_catalog(workspace, config=config)
    catalog.refresh()
    pairs = catalog.match(config).pairs
    boards = board_ids(names)
    if not boards:
        best = next((p for p in pairs if p.fits and (p.emulated or not emulated)), None)
        if best is None:
            raise _none("any emulated board" if emulated else "any board", pairs, config)
        return [best]
    chosen = []
    for board in boards:
        here = [each for each in pairs if each.target_name == board]
        if not here or not here[0].fits:
            raise _none(board, here, config)
        chosen.append(here[0])
    return chosen


def _none(where: str, pairs: Sequence[Match], config: CatalogConfig) -> GateFailed:
    if pairs:
        why = f"{pairs[0].model_name}: {'; '.join(pairs[0].reasons)}"
    else:
        asked = [
            f"--{name.replace('_', '-')} {value}"
            for name in ("task", "min_accuracy")
            if (value := getattr(config, name)) is not None
        ]
        why = f"none is left with {' and '.join(asked) or 'these settings'}"
    return GateFailed(
        f"no model fits {where}: {why}",
        hint="`tinyssl catalog match` shows all pairs, `tinyssl catalog list` tasks and accuracies",
    )


def deploy(call: Call, config: CatalogConfig, names: str) -> list[Deployed]:
    """Puts the chosen models onto their boards and measures each.

    Args:
        call: Settings of build, flash and bench, and where to work.
        config: Which models; its least accuracy is a gate for what the device gives, too.
        names: See `choose`.

    Raises:
        TinysslError: A board failed; the message says what was put back.
    """
    matches = choose(config, call.workspace, names)
    done = []
    for number, match in enumerate(matches, start=1):
        call.progress.note(f"── {number}/{len(matches)} {match.model_name} on {match.target_name}")
        done.append(Deployed(match, _deploy_one(call, config, match)))
    return done


def _deploy_one(call: Call, config: CatalogConfig, match: Match) -> RunRecord:
    board, workspace = match.target_name, call.workspace
    folder = workspace.builds / board
    kept = _keep(folder)
    try:
        model = model_path(match, workspace)
        build(call.config(BuildConfig, model=model, board=board), workspace, call.progress)
        flash(call.config(FlashConfig, board=board), workspace, call.progress)
        record = bench(call.config(BenchConfig, board=board), workspace, call.progress)
        _check(record, config, match)
    except BaseException as error:
        said = _put_back(call, folder, kept)
        if isinstance(error, TinysslError):
            error.message = f"{board}: {error.message}; {said}"
        raise
    if kept is not None:
        shutil.rmtree(kept)
    return record


def model_path(match: Match, workspace: Workspace) -> Path:
    """The file of a pair's model.

    Raises:
        UsageError: A description alone is known.
    """
    if not match.file:
        raise UsageError(
            f"{match.model_name} is known by a description alone",
            hint="`tinyssl catalog add FILE.tflite` adds the model itself",
        )
    return workspace.root / match.file if match.file.startswith("./") else Path(match.file)


def _check(record: RunRecord, config: CatalogConfig, match: Match) -> None:
    """The gate: the device gives the reference's bytes, and is as right as it must be.

    Raises:
        Mismatch: It gives others.
        AccuracyTooLow: It is right less often than was asked for.
    """
    agreement = record.results.get("agreement")
    if agreement is not None and agreement < 1:
        raise Mismatch(
            f"{match.model_name} agrees with its reference in {100 * agreement:.2f} % of inputs",
            hint="run `tinyssl verify`, which names the operator",
        )
    accuracy, least = record.results.get("accuracy_device"), config.min_accuracy
    if least is None:
        return
    if accuracy is None:
        raise AccuracyTooLow(
            f"{match.model_name} has no test samples here, so whether the device is right in "
            f"{least:g} % is not known",
            hint="name samples: `data` under [bench] in tinyssl.toml; or leave --min-accuracy out",
        )
    if 100 * accuracy < least:
        raise AccuracyTooLow(
            f"{match.model_name} is right in {100 * accuracy:.2f} % on the device, {least:g} % "
            "were asked for",
            hint="choose another model, or a lower --min-accuracy",
        )


def _keep(folder: Path) -> Path | None:
    """Sets an earlier build aside; None where there is none."""
    kept = folder.with_name(folder.name + BEFORE)
    if kept.exists() and not folder.exists():  # a deploy was killed here
        kept.rename(folder)
    if not (folder / "tinyssl_build.json").is_file():
        return None
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept, symlinks=True)
    return kept


def _put_back(call: Call, folder: Path, kept: Path | None) -> str:
    """The earlier image back onto the board; says what became of it."""
    if find_board(folder.name).emulated:
        emulator.stop(folder)
    if kept is None:
        return "no earlier build was there to put back"
    shutil.rmtree(folder, ignore_errors=True)
    kept.rename(folder)
    try:
        flash(call.config(FlashConfig, board=folder.name), call.workspace, call.progress)
    except TinysslError as error:
        return f"the earlier build is back in {folder}, but not on the board: {error.message}"
    return "the earlier image is back on the board"
