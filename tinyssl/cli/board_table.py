"""The table of many boards, which `bench --all` and `run --boards` end with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyssl.cli.output import Result, Table, format_value
from tinyssl.core.records import BuildInfo, read_record

if TYPE_CHECKING:
    from tinyssl.stages.fleet_worker import BenchOutcome

COLUMNS = (
    "board",
    "engine",
    "accuracy",
    "same answer",
    "latency, median",
    "flash",
    "RAM",
    "result",
)
FIGURES = ("engine", "accuracy_device", "agreement", "latency", "flash_bytes", "ram_bytes")
MISSING = "–"


def fleet_result(
    outcomes: Sequence[BenchOutcome],
    notes: Mapping[str, str] | None = None,
    builds: Mapping[str, BuildInfo] | None = None,
) -> Result:
    """One row a board; the exit code is 0 where all were measured, see `bench.fleet.exit_code`.

    Args:
        outcomes: What each board gave.
        notes: Board -> what its last column says in place of `measured`.
        builds: Board -> its build, whose sizes stand where nothing was measured.
    """
    from tinyssl.stages.fleet import exit_code

    boards = [board_data(outcome, (builds or {}).get(outcome.board)) for outcome in outcomes]
    rows = [board_row(board, (notes or {}).get(board["board"], "measured")) for board in boards]
    failed = sum("error" in board for board in boards)
    hints = {board["error"]["hint"] for board in boards if "error" in board} - {""}
    ending = f"{len(boards) - failed} of {len(boards)} boards without an error"
    return Result(
        {"boards": boards},
        (Table(COLUMNS, rows), "", *(f"hint: {hint}" for hint in sorted(hints)), ending),
        exit_code(outcomes),
    )


def board_data(outcome: BenchOutcome, build: BuildInfo | None = None) -> dict[str, Any]:
    """A board for --json: its run, its figures as far as they were measured, its error."""
    data: dict[str, Any] = {"board": outcome.board, "ok": outcome.failure is None}
    if build is not None:
        sizes = {f"{name}_bytes": build.sizes[name] for name in ("flash", "ram")}
        data["figures"] = {"engine": build.engine} | sizes
    if outcome.run is not None:
        record = read_record(Path(outcome.run))
        figures = {name: record.results[name] for name in FIGURES if name in record.results}
        data |= {"run": record.folder, "figures": figures}
    if outcome.failure is not None:
        data["error"] = vars(outcome.failure)
    return data


def board_row(board: Mapping[str, Any], ending: str) -> tuple[str, ...]:
    """Figures in the order of `COLUMNS`; the last says what went wrong."""
    figures = board.get("figures", {})
    cells = [_cell(name, figures.get(name)) for name in FIGURES]
    result = board["error"]["message"] if "error" in board else ending
    return (board["board"], *cells, result)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return MISSING
    if name != "latency":
        return format_value(name, value)
    time = value.get("median_us")
    return f"{value['median']:,} {value['unit']}" + (f" = {time / 1e3:,.3g} ms" if time else "")
