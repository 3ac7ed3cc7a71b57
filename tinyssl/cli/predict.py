"""`tinyssl predict`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.core.errors import UsageError
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.stages.predict import Predictions


def predict(
    call: Call, files: tuple[str, ...], model: str | None, pixels: str | None, top: int
) -> Result:
    """Ask a model about pictures or WAV files, on this computer.

    FILE is a picture, a WAV file, or a folder of such. The model is the INT8 one that you converted
    last, unless you name another. Its answers have the bytes that the board gives.
    """
    if top < 1:
        raise UsageError(f"--top {top}: show at least 1 class")
    from tinyssl.stages import predict as stage

    request = stage.PredictRequest(files, model, pixels)
    return predict_result(stage.predict(request, call.workspace, call.progress), top)


def predict_result(found: Predictions, top: int) -> Result:
    """A row a file: the likeliest classes, or the numbers."""
    data = {
        "model": found.model,
        "engine": found.engine,
        "predictions": [
            {"file": each.file, "answer": next(iter(each.scores)), "scores": each.scores}
            if found.classes
            else {"file": each.file, "numbers": each.scores}
            for each in found.found
        ],
    }
    kept = top if found.classes else len(found.found[0].scores)
    rows = [
        (str(each.file), *(_cell(name, value, found.classes) for name, value in shown))
        for each in found.found
        for shown in [list(each.scores.items())[:kept]]
    ]
    width = max(len(row) for row in rows) - 1
    columns = ("file", "answer", *("" for _ in range(width - 1)))
    return Result(data, (Table(columns, rows), "", f"model: {found.model} ({found.engine})"))


def _cell(name: str, value: float, classes: bool) -> str:
    return f"{name} {100 * value:.1f} %" if classes else f"{name} {value:.4g}"


command = make_command(
    predict,
    own=(
        click.RichArgument(["files"], nargs=-1, metavar="FILE…"),
        click.RichOption(
            ["--model"], metavar="PATH", help="INT8 .tflite  [default: the last one converted]"
        ),
        click.RichOption(
            ["--pixels"],
            metavar="TEXT",
            help="What pixels 0 and 255 were in training, as of tinyssl bench  [default: what "
            "tinyssl knows of the model]",
        ),
        click.RichOption(
            ["--top"], type=int, default=3, show_default=True, help="Classes to show of each file"
        ),
    ),
)
