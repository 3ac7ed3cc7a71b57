"""`tinyssl data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.data_pack import PACK_OPTIONS, packed
from tinyssl.cli.output import Result, Table
from tinyssl.cli.stage_result import reading_lines
from tinyssl.core.config import DataConfig
from tinyssl.core.errors import UsageError
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.core.progress import Progress
    from tinyssl.data import Dataset

SHEET_ROWS, SHEET_COLUMNS = 8, 16
SHOWN_CHARACTERS = 60
"""Of a class's name in the table"""
SHEET_GAP = 2
"""Pixels between two images of the contact sheet"""


def data(
    call: Call,
    save_sheet: str | None = None,
    pack: str | None = None,
    pack_format: str = "ppm",
    class_names: str | None = None,
) -> Result:
    """Show what a data set holds and how it is split, or pack its pictures for training."""
    from tinyssl.data import load_dataset
    from tinyssl.learn.tasks import find_task

    config = call.config(DataConfig)
    if config.task is not None:
        find_task(config.task)
    if pack is not None:
        if save_sheet:
            raise UsageError("--save-sheet does not go with --pack", hint="give it afterwards")
        return packed(call, config, Path(pack), pack_format, class_names)
    if class_names is not None:
        raise UsageError("--class-names goes with --pack", hint="add --pack OUT")
    dataset = load_dataset(config, _WithoutWarnings(call.progress))
    summary = _summary(dataset)
    blocks: list[Table | str] = [
        Table(("class", "train", "val", "test"), _rows(summary)),
        "",
        f"{dataset.name}: {summary['samples']} {dataset.spec.noun}s of {summary['size']}, "
        f"fingerprint {dataset.fingerprint}",
        *reading_lines(summary),
    ]
    if dataset.targets is not None:
        blocks.append(f"numbers to predict: {', '.join(dataset.target_names)}")
    elif not dataset.labelled:
        blocks.append("no labels: enough for `tinyssl pretrain`; `tinyssl probe` needs some")
    if save_sheet:
        summary["sheet"] = _save_sheet(dataset, Path(save_sheet))
        blocks.append(f"contact sheet: {save_sheet}")
    return Result(summary, blocks)


class _WithoutWarnings:
    """A display that leaves the warnings to the result, which has them all."""

    def __init__(self, display: Progress) -> None:
        self.note, self.track = display.note, display.track

    def warn(self, text: str) -> None:
        pass


def _summary(dataset: Dataset) -> dict[str, Any]:
    splits = {"train": dataset.train, "val": dataset.val, "test": dataset.test}
    names = dataset.class_names
    counts = {
        split: np.bincount(dataset.labels[index], minlength=len(names)).tolist()
        if dataset.labelled
        else []
        for split, index in splits.items()
    }
    summary = {
        "name": dataset.name,
        **_counted(dataset),
        "size": dataset.spec.size_text,
        "labelled": dataset.labelled,
        "class_names": list(names),
        "splits": {split: len(index) for split, index in splits.items()},
        "per_class": counts,
        "fingerprint": dataset.fingerprint,
    }
    if dataset.reading is None:
        return summary
    return summary | dataset.reading.as_record()


def _counted(dataset: Dataset) -> dict[str, Any]:
    """How many samples of which kind; of images also by that name."""
    count = len(dataset.samples)
    images = {"images": count} if dataset.spec.kind == "image" else {}
    return images | {"samples": count, "kind": dataset.spec.kind}


def _rows(summary: dict[str, Any]) -> list[list[str]]:
    splits = list(summary["splits"])
    rows = [
        [shortened(name), *(f"{summary['per_class'][split][index]:,}" for split in splits)]
        for index, name in enumerate(summary["class_names"] if summary["labelled"] else [])
    ]
    return [*rows, ["all", *(f"{summary['splits'][split]:,}" for split in splits)]]


def shortened(name: str) -> str:
    """A name that leaves room for the figures beside it."""
    return name if len(name) <= SHOWN_CHARACTERS else f"{name[: SHOWN_CHARACTERS - 1]}…"


def _save_sheet(dataset: Dataset, path: Path) -> Path:
    """Pictures of the first training images, class by class where there are labels."""
    from PIL import Image

    if dataset.spec.kind != "image":
        raise UsageError(
            f"--save-sheet shows images; {dataset.name} holds {dataset.spec.noun}s",
            hint="leave it out",
        )
    chosen = dataset.train[: SHEET_ROWS * SHEET_COLUMNS]
    if dataset.labelled:
        chosen = chosen[np.argsort(dataset.labels[chosen], kind="stable")]
    height, width = dataset.samples.shape[1:3]
    cell = (height + SHEET_GAP, width + SHEET_GAP)
    sheet = np.full((SHEET_ROWS * cell[0], SHEET_COLUMNS * cell[1], 3), 255, np.uint8)
    for place, index in enumerate(chosen):
        top, left = (place // SHEET_COLUMNS) * cell[0], (place % SHEET_COLUMNS) * cell[1]
        sheet[top : top + height, left : left + width] = dataset.samples[index]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        Image.fromarray(sheet).save(path)
    except ValueError as error:  # Pillow goes by the extension
        raise UsageError(f"--save-sheet {path}: {error}", hint="name it sheet.png") from error
    return path


command = make_command(
    data,
    stages=("data",),
    own=(
        click.Option(
            ["--save-sheet"], type=click.Path(dir_okay=False), metavar="PNG",
            help="Write a contact sheet of training images",
        ),
        *PACK_OPTIONS,
    ),
)  # fmt: skip
