"""`tinyssl learn`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import LearnConfig
from tinyssl.core.records import RunRecord
from tinyssl.stages.call import Call

MOST_CLASSES = 12


def learn(call: Call, watch: bool = False) -> Result:
    """Let the device learn from samples, and measure before and after.

    The board needs a build with `--train`. Each sample is sent once a pass, and thrown away. Exit
    code 3 when the device's parameters are not bit for bit what this computer learns.
    """
    config = call.config(LearnConfig)
    from tinyssl.stages import learn as stage

    if not watch:
        return learn_result(stage.learn(config, call.workspace, call.progress))
    from tinyssl.monitor.figures import choose_figures
    from tinyssl.monitor.lesson import LessonFigures

    with choose_figures(LessonFigures()) as display:
        return learn_result(stage.learn(config, call.workspace, display, display.show))


def learn_result(record: RunRecord) -> Result:
    """Figures before and after, of classes, and what a step took."""
    return Result(record_result(record).data, tuple(_blocks(record)))


def _blocks(record: RunRecord) -> Iterator[Table | str]:
    results = record.results
    yield Table(("", "before", "online", "after"), list(_metric_rows(results)))
    yield ""
    if "classes" in results and len(results["classes"]) <= MOST_CLASSES:
        yield Table(("class", "samples", "before", "after"), list(_class_rows(results["classes"])))
        yield ""
    inference, step = results["inference"], results["training_step"]
    yield (
        f"an inference takes {inference['median']:,} {inference['unit']}, "
        f"the training step behind it {step['median']:,}"
    )
    yield f"{results['parameters']:,} parameters learn; RAM {results['ram_bytes']:,} B"
    if results["refused"]:
        yield f"{results['refused']:,} samples taught nothing: no class, or no finite loss"
    yield from _guard_lines(results)
    if "class_names" in results:
        yield from _class_lines(results)
    if results.get("equal"):
        yield "all parameters have the bits that this computer learns"
    if "store" in results:
        store = results["store"]
        yield (
            f"saved in the device's flash: {store['length']:,} bytes, {store['left']:,} more saves "
            "before it is erased"
        )
    yield f"run: {record.folder}"


def _guard_lines(results: dict[str, Any]) -> Iterator[str]:
    """What the device says of its learning; records of older versions have none of it."""
    found = results.get("statistics")
    if not found:
        return
    yield f"{results['bytes_sent']:,} bytes sent"
    checks, drift = found["validation"], found["drift"]
    if checks["samples"]:
        yield (
            f"the device judged itself {checks['checks']:,} times by {checks['samples']:,} samples "
            f"and went back to its best parameters {checks['returns']:,} times"
        )
    if drift["found"]:
        drifts = "drift" if drift["found"] == 1 else "drifts"
        yield f"{drift['found']:,} {drifts}, the last at sample {drift['sample']:,}"
    elif drift["on"]:
        yield "no drift"


def _class_lines(results: dict[str, Any]) -> Iterator[str]:
    """What a build with room for new classes knows now."""
    names = results["class_names"]
    listed = ", ".join(names[-MOST_CLASSES:])
    yield f"{len(names)} classes: {'…, ' if len(names) > MOST_CLASSES else ''}{listed}"
    if results["replayed"]:
        yield f"each pass repeated {results['replayed']:,} samples of the classes that it knew"


def _metric_rows(results: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    times = ("before", "online", "after")
    found = (key.rpartition("_") for key in results)
    for name in sorted({name for name, _, when in found if when in times}):
        values = [results.get(f"{name}_{when}") for when in times]
        texts = ["" if value is None else format_value(name, value) for value in values]
        yield (name, *texts)
    yield ("loss", f"{results['loss_first']:.4f}", "", f"{results['loss_last']:.4f}")


def _class_rows(classes: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, each in classes.items():
        shares = (f"{100 * each[when]:.1f} %" for when in ("before", "after"))
        yield (name, str(each["samples"]), *shares)


command = make_command(
    learn,
    stages=("learn",),
    own=(
        click.RichOption(
            ["--watch"],
            is_flag=True,
            help="Show curves, what it forgets and what a sample takes while it learns",
        ),
    ),
)
