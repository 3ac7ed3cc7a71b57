"""`tinyssl federate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import FederateConfig
from tinyssl.core.records import RunRecord
from tinyssl.stages.call import Call


def federate(call: Call, watch: bool = False) -> Result:
    """Let many devices learn together: emulated boards, real ones, or simulated ones.

    Flower's server sends a model to devices, each learns from its own samples, and the strategy
    makes one model of what they send back. Boards are built and started for this. A killed run goes
    on with --resume FOLDER and ends in the same bits. Exit code 3 when a board learns other bits
    than this computer.
    """
    config = call.config(FederateConfig)
    from tinyssl.stages import federate as stage

    if not watch:
        return federate_result(stage.federate(config, call.workspace, call.progress))
    from tinyssl.monitor.figures import choose_figures
    from tinyssl.monitor.rounds import Rounds

    with choose_figures(Rounds()) as display:
        return federate_result(stage.federate(config, call.workspace, display, display.show))


def federate_result(record: RunRecord) -> Result:
    """How unseen devices fare, what a round costs, and each board."""
    return Result(record_result(record).data, tuple(_blocks(record)))


def _blocks(record: RunRecord) -> Iterator[Table | str]:
    results = record.results
    steps = results["online_steps"]
    yield Table(("unseen devices", "at the start", f"after {steps} samples"), list(_rows(results)))
    yield ""
    yield (
        f"{results['rounds']:,} rounds of {results['strategy']}, {results['per_round']} devices "
        f"each; a round takes {results.get('bytes_down', 0):,} bytes to devices and "
        f"{results.get('bytes_up', 0):,} back"
    )
    yield (
        f"{results['parameters']:,} parameters learn, {results['common']:,} of them are sent; "
        f"{results['left_out']:,} answers were left out"
    )
    if "devices" in results:
        yield ""
        yield Table(
            ("board", "rounds", "left out", "RAM", "a step", "line", "erases", "loss"),
            [_board_row(name, each) for name, each in results["devices"].items()],
        )
        if results["compared"]:
            yield (
                f"{results['compared']:,} answers of boards had all the bits that this computer "
                "learns"
            )
    yield f"run: {record.folder}"


def _rows(results: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for title, prefix in (("first model", "first_"), ("learnt", "")):
        for name, form in (("loss", "{:.4f}"), ("accuracy", "{:.1%}")):
            values = [results.get(f"{prefix}{name}_{when}") for when in ("before", "after")]
            if values[0] is not None:
                yield (f"{title}: {name}", *(form.format(value) for value in values))


def _board_row(name: str, each: dict[str, Any]) -> tuple[str, ...]:
    line = each["line_bytes_parameters"] + each["line_bytes_samples"]
    step = each.get("training_step")
    judged = [each.get(when, {}).get("loss") for when in ("before", "after")]
    return (
        name,
        f"{each['rounds']:,}",
        f"{each['left_out']:,}",
        f"{each['ram_bytes']:,} B",
        "" if step is None else f"{step:,.0f} {each['unit']}",
        f"{line:,} B",
        str(each.get("flash_erases", "")),
        " → ".join("–" if loss is None else f"{loss:.3f}" for loss in judged),
    )


command = make_command(
    federate,
    stages=("federate",),
    own=(
        click.RichOption(
            ["--watch"], is_flag=True, help="Show curves and bytes while the rounds go on"
        ),
    ),
)
