"""`tinyssl fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.build import build_result
from tinyssl.cli.command import make_command
from tinyssl.cli.figures import figure_table
from tinyssl.cli.output import Result, Table
from tinyssl.cli.probe import folds_table
from tinyssl.cli.stage_result import reading_lines, warnings_of
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.stages.fit import Fitted


def fit(call: Call, **given: Any) -> Result:
    """From a few labelled photographs to firmware: a linear head on a trained backbone.

    DATA holds one folder a class. The backbone stays as it is; its features of the pictures train
    the head, in seconds. It is the one of the zoo, or of your own last pretraining, that suits the
    pictures best; name others to choose from. Then: INT8, comparison with TFLite Micro, firmware
    for the board.

    All pictures are judged by cross-validation. Where the result cannot be told from guessing, the
    command stops there with exit code 3.
    """
    from tinyssl.stages import fit as stage

    return fit_result(stage.fit(call, stage.FitRequest(**given)))


def fit_result(fitted: Fitted) -> Result:
    """Accuracy before and after INT8, how the pictures were read, and the build."""
    probe, convert = fitted.probe, fitted.convert
    built = build_result(fitted.build, fitted.config, fitted.folder)
    figures = {
        "accuracy_float": convert.results["accuracy_float"],
        "accuracy_int8": convert.results["accuracy_int8"],
    }
    tested = convert.results["test_images"]
    records = (probe, convert, fitted.verify)
    data = {
        "runs": {record.kind: record.folder for record in records},
        "backbone": fitted.choice.candidate.name,
        "candidates": fitted.choice.accuracies,
        "folds": probe.results.get("folds"),
        "figures": figures | {"test_images": tested},
        "classes": probe.results["classes"],
        "equal": fitted.verify.results["equal"],
        "seconds": fitted.seconds,
        "data": probe.data,
        "build": built.data,
    }
    total = sum(fitted.seconds.values())
    stages = ", ".join(f"{name} {took:.0f} s" for name, took in fitted.seconds.items())
    judged: tuple[Table | str, ...] = ()
    if "folds" in probe.results:
        judged = (folds_table(probe), "", *warnings_of(probe))
    blocks: list[Table | str] = [
        *judged,
        figure_table(figures | {"test_images": tested}, f"of {tested} test images"),
        "",
        f"images: {probe.data['train']:,} to train, {probe.data['val']:,} to validate, "
        f"{probe.data['test']:,} to test",
        *reading_lines(probe.data),
        "",
        *built.blocks,
        "",
        f"{total:.0f} s in all ({stages})",
        "next: tinyssl flash, then tinyssl bench",
    ]
    return Result(data, blocks)


command = make_command(
    fit,
    own=(
        click.RichOption(["--data"], metavar="FOLDER", help="Pictures, one folder a class"),
        click.RichOption(["--board"], metavar="TEXT", help="Board  [default: mps2_an500]"),
        click.RichOption(
            ["--zoo"],
            metavar="NAME",
            multiple=True,
            help="Backbone from the zoo to choose from  [default: all, and your last pretraining]",
        ),
        click.RichOption(
            ["--backbone"], metavar="PATH", multiple=True, help="Backbone file to choose from"
        ),
        click.RichOption(
            ["--run"], metavar="PATH", multiple=True, help="Pretrain run to choose from"
        ),
        click.RichOption(
            ["--train"], metavar="TEXT", help="What learns on the device, as of tinyssl build"
        ),
        click.RichOption(
            ["--force"], is_flag=True, help="Build even where it cannot be told from guessing"
        ),
    ),
)
