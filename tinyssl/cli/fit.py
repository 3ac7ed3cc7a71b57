"""`tinyssl fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.build import build_result
from tinyssl.cli.command import make_command
from tinyssl.cli.figures import figure_table
from tinyssl.cli.output import Result, Table
from tinyssl.cli.stage_result import reading_lines
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.stages.fit import Fitted


def fit(call: Call, **given: Any) -> Result:
    """From a few labelled photographs to firmware: a linear head on a trained backbone.

    DATA holds one folder a class. The backbone comes from the zoo and stays as it is; its features
    of the pictures train the head, in seconds. Then: INT8, comparison with TFLite Micro, firmware
    for the board.
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
        "figures": figures | {"test_images": tested},
        "classes": probe.results["classes"],
        "equal": fitted.verify.results["equal"],
        "seconds": fitted.seconds,
        "data": probe.data,
        "build": built.data,
    }
    total = sum(fitted.seconds.values())
    stages = ", ".join(f"{name} {took:.0f} s" for name, took in fitted.seconds.items())
    blocks: list[Table | str] = [
        figure_table(figures, f"of {tested} test images"),
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
            ["--zoo"], metavar="NAME", help="Backbone from the zoo  [default: the zoo's default]"
        ),
        click.RichOption(["--backbone"], metavar="PATH", help="Backbone file in its place"),
        click.RichOption(["--run"], metavar="PATH", help="Pretrain run whose backbone it is"),
        click.RichOption(
            ["--train"], metavar="TEXT", help="What learns on the device, as of tinyssl build"
        ),
    ),
)
