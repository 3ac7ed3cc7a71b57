"""`tinyssl fit`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rich_click as click

from tinyssl.cli.build import build_result
from tinyssl.cli.call import Call
from tinyssl.cli.figures import figure_table
from tinyssl.cli.options import existing, make_command
from tinyssl.cli.output import Result, Table
from tinyssl.cli.stage_result import reading_lines
from tinyssl.core.config import BuildConfig, ConvertConfig, DataConfig, ProbeConfig, VerifyConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import RunRecord, read_record

LEAST = 5
"""Pictures that a class needs: one for the test, one to choose the learning rate, three to learn"""
DROP = 2.0
"""Points that INT8 may lose, where the test has so many images that this can be told"""
DROP_IMAGES = 2
"""Test images that INT8 may get wrong in any case: of few images one is many points"""
CHECKED = 32
"""Inputs of the comparison with TFLite Micro"""


@dataclass(frozen=True)
class _Given:
    """The command's own options."""

    data: str | None = None
    zoo: str | None = None
    backbone: str | None = None
    run: str | None = None
    board: str | None = None


@dataclass
class _Clock:
    """Seconds of each step."""

    call: Call
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.call.progress.note(f"── {name}")
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 1)


def fit(call: Call, **given: Any) -> Result:
    """From a few labelled photographs to firmware: a linear head on a trained backbone.

    DATA holds one folder a class. The backbone comes from the zoo and stays as it is; its features
    of the pictures train the head, in seconds. Then: INT8, comparison with TFLite Micro, firmware
    for the board.
    """
    asked = _Given(**given)
    folder = _folder(asked)
    from tinyssl.data.classes import require_classes

    counts = require_classes(folder, LEAST)
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    call.progress.note(f"{len(counts)} classes: {shown}")
    clock = _Clock(call)
    with clock.step("probe"):
        probe = _probe(call, asked, folder)
    with clock.step("convert"):
        convert = _convert(call, probe)
    with clock.step("verify"):
        verify = _verify(call, convert)
    with clock.step("build"):
        built = _build(call, asked, convert)
    return _result((probe, convert, verify), built, clock)


def _folder(asked: _Given) -> Path:
    named = [flag for flag in ("zoo", "backbone", "run") if getattr(asked, flag)]
    if len(named) > 1:
        raise UsageError(f"--{' and --'.join(named)} together", hint="name one backbone")
    if asked.data is None:
        raise UsageError(
            "no pictures named", hint="tinyssl fit --data FOLDER, with one folder a class in it"
        )
    found = existing(asked.data, "--data")
    assert found is not None
    return found


def _probe(call: Call, asked: _Given, folder: Path) -> RunRecord:
    """Head and test accuracy, as a probe run whose backbone is a file."""
    from tinyssl.stages import probe as stage

    weights, size = _backbone(call, asked)
    data = call.config(
        DataConfig, dataset="folder", data_path=folder, image_size=size, val_fraction=0.2
    )
    config = call.config(ProbeConfig, backbone=weights, baseline=False, seeds=1)
    return stage.probe(config, data, call.workspace, call.progress)


def _backbone(call: Call, asked: _Given) -> tuple[Path, int]:
    """File and image size of the backbone that was named, else of the zoo's."""
    from tinyssl.learn.backbones.storage import load_info
    from tinyssl.zoo import find_entry

    if asked.run:
        path = read_record(call.workspace.run_folder(Path(asked.run))).path("backbone")
    elif asked.backbone:
        path = existing(asked.backbone, "--backbone") or Path()
    else:
        entry = find_entry(asked.zoo)
        call.progress.note(f"backbone: {entry.card.name} of the zoo, pretrained on "
                           f"{entry.card.data['name']} with {entry.card.method}")  # fmt: skip
        path = entry.backbone
    return path, load_info(path)[1].image_size


def _convert(call: Call, probe: RunRecord) -> RunRecord:
    from tinyssl.stages import convert

    config = call.config(ConvertConfig, run=probe.folder, max_drop=allowed_drop(probe.data["test"]))
    return convert.convert(config, call.workspace, call.progress)


def allowed_drop(test_images: int) -> float:
    """Points that INT8 may lose: of few test images a single one is many points."""
    return max(DROP, 100 * DROP_IMAGES / test_images)


def _verify(call: Call, convert: RunRecord) -> RunRecord:
    from tinyssl.stages import verify

    config = call.config(
        VerifyConfig,
        model=convert.path("model"),
        images=CHECKED,
        max_drop=allowed_drop(convert.data["test"]),
    )
    return verify.verify(config, call.workspace, call.progress)


def _build(call: Call, asked: _Given, convert: RunRecord) -> Result:
    from tinyssl.stages import build

    call = call.board_overridden(asked.board) if asked.board else call
    config = call.config(BuildConfig, model=convert.path("model"))
    info = build.build(config, call.workspace, call.progress)
    return build_result(info, config, build.output_folder(config, call.workspace))


def _result(records: tuple[RunRecord, ...], built: Result, clock: _Clock) -> Result:
    probe, convert, verify = records
    figures = {
        "accuracy_float": convert.results["accuracy_float"],
        "accuracy_int8": convert.results["accuracy_int8"],
    }
    data = {
        "runs": {record.kind: record.folder for record in records},
        "figures": figures | {"test_images": convert.results["test_images"]},
        "classes": probe.results["classes"],
        "equal": verify.results["equal"],
        "seconds": clock.seconds,
        "data": probe.data,
        "build": built.data,
    }
    total = sum(clock.seconds.values())
    steps = ", ".join(f"{name} {took:.0f} s" for name, took in clock.seconds.items())
    tested = convert.results["test_images"]
    blocks: list[Table | str] = [
        figure_table(figures, f"of {tested} test images"),
        "",
        f"images: {probe.data['train']:,} to train, {probe.data['val']:,} to validate, "
        f"{probe.data['test']:,} to test",
        *reading_lines(probe.data),
        "",
        *built.blocks,
        "",
        f"{total:.0f} s in all ({steps})",
        "next: tinyssl flash, then tinyssl bench",
    ]
    return Result(data, blocks)


command = make_command(
    fit,
    own=(
        click.RichOption(["--data"], metavar="FOLDER", help="Pictures, one folder a class"),
        click.RichOption(["--board"], metavar="TEXT", help="Board  [default: mps2_an500]"),
        click.RichOption(
            ["--zoo"], metavar="NAME", help="Backbone from the zoo  [default: the zoo's default]"
        ),
        click.RichOption(["--backbone"], metavar="PATH", help="Backbone file in its place"),
        click.RichOption(["--run"], metavar="PATH", help="Pretrain run whose backbone it is"),
    ),
)
