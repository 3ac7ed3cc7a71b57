"""`tinyssl boards`."""

from __future__ import annotations

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.stages.call import Call
from tinyssl.targets.boards import Board, all_boards, find_board, unloadable_boards


def boards(call: Call, what: tuple[str, ...] = ()) -> Result:
    """List the boards, or show one: `tinyssl boards show NAME`."""
    if not what:
        return _list_boards(all_boards(), unloadable_boards())
    if len(what) != 2 or what[0] != "show":
        raise UsageError(
            f"boards {' '.join(what)}: not understood", hint="write `tinyssl boards show NAME`"
        )
    return _show_board(find_board(what[1]))


def _list_boards(found: list[Board], unloadable: dict[str, str]) -> Result:
    columns = ("board", "name", "core", "clock", "flash budget", "RAM budget", "runs", "from")
    rows = [
        (
            board.id,
            board.name,
            str(board.tinyssl.isa),
            f"{board.tinyssl.clock_hz / 1e6:g} MHz",
            f"{board.tinyssl.budget.flash:,} B",
            f"{board.tinyssl.budget.ram:,} B",
            "emulated" if board.emulated else "on hardware",
            _origin(board),
        )
        for board in found
    ]
    blocks: list[Table | str] = [Table(columns, rows)]
    blocks += [f"{name}: {why}" for name, why in unloadable.items()]
    return Result({"boards": [_summary(board) for board in found]}, tuple(blocks))


def _origin(board: Board) -> str:
    return "tinyssl" if board.file.parent == boards_folder() else str(board.file)


def _summary(board: Board) -> dict[str, object]:
    return {
        "id": board.id,
        "name": board.name,
        "aliases": board.tinyssl.aliases,
        "isa": str(board.tinyssl.isa),
        "clock_hz": board.tinyssl.clock_hz,
        "flash_budget": board.tinyssl.budget.flash,
        "ram_budget": board.tinyssl.budget.ram,
        "emulated": board.emulated,
        "file": str(board.file),
    }


def _show_board(board: Board) -> Result:
    details = board.model_dump(mode="json")
    regions = [
        (
            region.name,
            f"0x{region.origin:08x}",
            f"{region.size:,} B",
            region.access,
            ", ".join(region.use),
        )
        for region in board.tinyssl.regions
    ]
    rows = [*value_rows(_summary(board)), ("vendor", board.vendor), ("url", board.url)]
    rows.append(("flashers", ", ".join(board.tinyssl.flashers)))
    table = Table(("region", "address", "size", "access", "holds"), regions)
    return Result({"board": details}, (Table((board.id, ""), rows), "", table))


command = make_command(boards, own=(click.Argument(["what"], nargs=-1, metavar="[show NAME]"),))
