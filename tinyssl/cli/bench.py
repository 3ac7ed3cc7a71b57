"""`tinyssl bench`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rich_click as click

from tinyssl.cli.board_table import fleet_result
from tinyssl.cli.command import make_command
from tinyssl.cli.figures import figure_table
from tinyssl.cli.output import Result, Table
from tinyssl.cli.stage_result import equal_lines, record_result
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import RunRecord
from tinyssl.stages.call import Call

SLOWEST = 5


def bench(call: Call, every: bool, at_once: int | None) -> Result:
    """Measure latency, accuracy, agreement and memory on the device.

    Figures from an emulator are instructions, never milliseconds. Exit code 3 when device and build
    do not match, 5 when the device does not answer.

    `--all` measures every board that is attached, and every emulator that was started here, at the
    same time, and ends with one table. A board that fails is a row that says why; the exit code is
    then that of the boards that failed, 1 where theirs differ.
    """
    config = call.config(BenchConfig)
    if every:
        return _bench_all(call, config, at_once)
    if at_once:
        raise UsageError(f"--at-once {at_once} goes with --all", hint="add --all")
    from tinyssl.stages import bench as stage

    return bench_result(stage.bench(config, call.workspace, call.progress))


def _bench_all(call: Call, config: BenchConfig, at_once: int | None) -> Result:
    if config.board or config.serial:
        named = f"--board {config.board}" if config.board else f"--serial {config.serial}"
        raise UsageError(f"{named} and --all contradict each other", hint="leave one of them out")
    from tinyssl.stages.fleet import bench_all, find_jobs

    jobs = find_jobs(config, call.workspace)
    return fleet_result(bench_all(jobs, call.workspace, call.progress, at_once=at_once))


def bench_result(record: RunRecord) -> Result:
    """The figures against the board's budget, how many inputs they come from, slow operators."""
    return Result(record_result(record).data, tuple(_blocks(record)))


def _blocks(record: RunRecord) -> Iterator[Table | str]:
    results = record.results
    memory = results.get("memory", {})
    figures = results | {
        "arena_bytes": memory.get("arena_bytes"),
        "stack_bytes": memory.get("stack_used"),
    }
    yield figure_table(figures, f"on {results['board']}")
    yield ""
    if "profile" in record.files:
        yield _slowest(record.json("profile"))
        yield ""
    if "audio" in results:
        yield from _heard(results["audio"])
    yield from equal_lines(record)
    yield f"run: {record.folder}"


def _heard(audio: dict[str, Any]) -> Iterator[str]:
    """Two sentences about a wake word."""
    if audio["positives"]:
        found = audio["positives"] - audio["false_rejects"]
        clips = f"{found:,} of {audio['positives']:,} clips that hold it"
        yield f"{audio['wake_word']} was heard in {clips} ({audio['false_rejects']:,} missed)"
    if audio["other_seconds"]:
        hours = audio["other_seconds"] / 3600
        rate = audio["false_accepts_per_hour"]
        yield (
            f"{audio['false_accepts']:,} false accepts in {hours:.3f} hours of other sound: "
            f"{rate:.2f} an hour"
        )


def _slowest(profile: dict[str, Any]) -> Table:
    total = max(profile["total"], 1)
    ops = sorted(profile["ops"], key=lambda op: -op["ticks"])[:SLOWEST]
    rows = [(op["name"], f"{op['ticks']:,}", f"{100 * op['ticks'] / total:.1f} %") for op in ops]
    return Table(("slowest operators", profile["unit"], "share"), rows)


command = make_command(
    bench,
    stages=("bench",),
    own=(
        click.RichOption(
            ["--all", "every"], is_flag=True, help="Every attached or emulated board, in parallel"
        ),
        click.RichOption(
            ["--at-once"],
            type=click.IntRange(min=1),
            metavar="INTEGER",
            help="Most boards at a time, with --all  [default: the cores of this computer]",
        ),
    ),
)
