"""Writes docs/boards.md: every bare-metal board built from nothing, offline, and what it takes.

    python -m tools.boards_table [--tflm FOLDER [--cmsis-nn FOLDER]] [--board ID …]

Each build starts in an empty workspace with an empty cache. Where Linux lets this user do it
(`unshare --net`), the whole runs without a network; the header says whether it did.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tinyssl.boards import Board, all_boards
from tinyssl.build import build
from tinyssl.config import BuildConfig
from tinyssl.errors import TinysslError
from tinyssl.records import BuildInfo, Workspace

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "boards.md"
MODELS = {
    "zoo 32x32": ROOT / "zoo" / "mobilenet_v2_035_32px" / "model_int8.tflite",
    "vww_96": ROOT.parent / "shared" / "models" / "vww_96_int8.tflite",
}
"""Left out where the file is not there"""
CUT_OFF = "TINYSSL_TABLE_WITHOUT_NETWORK"

Engine = Literal["aot", "tflm"]

INTRODUCTION = """\
# Boards

Written by `make boards-table`; do not edit. Every board without a framework below it, built in an
empty workspace with an empty cache{network}. Bytes: `flash` is code, constants, weights and the
first values of variables; `RAM` is data, stack, arena and the copy of the input, as the budget of
the board's file counts them; weights and arena are parts of them.

Commit {commit}, {date}, {machine}.

**No board was run on silicon.** What stands in for it, in the column `checked`:

- **QEMU**: the image is flashed, boots, answers and infers with the bytes of TensorFlow Lite Micro
  (`tests/emulator`). Faults are reported on one board of each core; so is a hang, which the
  watchdog ends, but on RISC-V, for which QEMU has no watchdog. `netduinoplus2` has neither watchdog
  nor clocks in QEMU: it reports that they time out.
- **simulator**: on a simulated chip of the family, compiled for a core that the simulator executes
  and with the reference kernels: boot, clocks, serial line, identity, inference with the bytes of
  TensorFlow Lite Micro; `tests/emulator/test_*_simulated.py` say what the test plays.
- **same port**: builds and links; its port was checked on the board that is named.
- **built**: builds and links.
"""

AFTER = """
## Serial lines

| board | port of the computer | baud |
|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One image, or why there is none."""

    board: Board
    engine: Engine
    model: str
    info: BuildInfo | None
    problem: str = ""


def bare_metal() -> list[Board]:
    """Boards that tinyssl's own start-up runs on."""
    return [board for board in all_boards() if board.tinyssl.port not in ("host", "arduino")]


def simulated() -> set[str]:
    """Boards that a simulated test names."""
    texts = [path.read_text() for path in (ROOT / "tests/emulator").glob("*_simulated.py")]
    return {name for text in texts for name in re.findall(r'^BOARD = "(\S+)"', text, re.MULTILINE)}


def checked(board: Board) -> str:
    """How far the board was checked."""
    if board.tinyssl.emulator is not None:
        return "QEMU"
    known = simulated()
    if board.id in known:
        return "simulator"
    same = [
        other.id
        for other in bare_metal()
        if other.id in known and other.tinyssl.port == board.tinyssl.port
    ]
    return f"same port: `{same[0]}`" if same else "built"


def build_one(board: Board, engine: Engine, model: str, copies: argparse.Namespace) -> Row:
    """One image in a workspace of its own."""
    with tempfile.TemporaryDirectory() as folder:
        trees = {"tflm": copies.tflm, "cmsis_nn": copies.cmsis_nn} if engine == "tflm" else {}
        config = BuildConfig(
            board=board.id, model=MODELS[model], engine=engine, check=False, **trees
        )
        try:
            return Row(board, engine, model, build(config, Workspace(Path(folder))))
        except TinysslError as error:
            return Row(board, engine, model, None, error.message)


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The table."""
    yield "| board | core | engine | model | flash | of it weights | RAM | of it arena | checked |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        target = row.board.tinyssl
        head = f"| `{row.board.id}` | {target.isa} | {row.engine} | {row.model} |"
        if row.info is None:
            yield f"{head} {row.problem.splitlines()[0]} | | | | |"
            continue
        sizes = row.info.sizes
        figures = " | ".join(f"{sizes[name]:,}" for name in ("flash", "weights", "ram", "arena"))
        yield f"{head} {figures} | {checked(row.board)} |"


def document(rows: Sequence[Row], stamp: dict[str, str]) -> str:
    """The whole page."""
    boards = {row.board.id: row.board for row in rows}
    serial = [
        f"| `{name}` | {_line(board)} | {board.tinyssl.serial.baud:,} |"
        for name, board in boards.items()
        if board.kind == "serial"
    ]
    table = "\n".join(lines(rows))
    return f"{INTRODUCTION.format(**stamp)}\n{table}\n{AFTER}{chr(10).join(serial)}\n"


def _line(board: Board) -> str:
    serial = board.tinyssl.serial
    if serial.tx is None or serial.usb_ids:
        return f"the probe's or the board's own ({serial.uart})"
    return f"a 3.3 V adapter at {serial.tx} (sends) and {serial.rx} (receives)"


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip()


def without_network() -> bool:
    """Runs this program again without a network, once; False where that is not to be had."""
    if os.environ.get(CUT_OFF):
        return True
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False, timeout=10)
    if probe.returncode != 0:
        return False
    command = ["unshare", "-rn", sys.executable, "-m", "tools.boards_table", *sys.argv[1:]]
    os.execvpe("unshare", command, os.environ | {CUT_OFF: "1"})


def main() -> int:
    """Builds, and writes the page; 1 where a board built with none of the models."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--tflm", type=Path, help="local copy of TensorFlow Lite Micro")
    options.add_argument("--cmsis-nn", type=Path, help="local copy of CMSIS-NN (with --tflm)")
    options.add_argument("--board", action="append", help="only this board; prints the table")
    given = options.parse_args()
    cut_off = without_network()
    engines: list[Engine] = ["aot", "tflm"] if given.tflm else ["aot"]
    models = [name for name, path in MODELS.items() if path.exists()]
    boards = [board for board in bare_metal() if not given.board or board.id in given.board]
    stamp = {
        "commit": _output("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, arm-none-eabi-gcc"
        f" {_output('arm-none-eabi-gcc', '-dumpfullversion')}, riscv64-unknown-elf-gcc"
        f" {_output('riscv64-unknown-elf-gcc', '-dumpfullversion')}",
        "network": " and without a network" if cut_off else "",
    }
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TINYSSL_CACHE"] = cache
        for board in boards:
            for engine in engines:
                rows += [build_one(board, engine, model, given) for model in models]
                sys.stderr.write(f"{board.id} {engine}\n")
    if given.board:
        sys.stdout.write("\n".join(lines(rows)) + "\n")
    else:
        DOCUMENT.write_text(document(rows, stamp))
    built = {row.board.id for row in rows if row.info is not None}
    return int(any(board.id not in built for board in boards))


if __name__ == "__main__":
    sys.exit(main())
