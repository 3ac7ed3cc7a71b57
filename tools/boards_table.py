"""Writes docs/boards.md: every bare-metal board built from nothing, offline, and what it takes.

    python -m tools.boards_table [--tflm FOLDER [--cmsis-nn FOLDER]] [--engines tflm] [--board ID …]

Each build starts in an empty workspace with an empty cache. Where Linux lets this user do it
(`unshare --net`), the whole runs without a network; the header says whether it did. Rows of engine
`tflm` are measured where copies of its sources are given; else they stay as they are in
docs/boards.json, with the commit and date of their measurement.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.errors import Mismatch, TinysslError
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import Board, all_boards, find_board
from tools.stamp import ROOT, stamp

DOCUMENT = ROOT / "docs" / "boards.md"
JSON = ROOT / "docs" / "boards.json"
MODELS = {
    "zoo 32x32": ROOT / "zoo" / "mobilenet_v2_035_32px" / "model_int8.tflite",
    "vww_96": ROOT.parent / "shared" / "models" / "vww_96_int8.tflite",
}
"""Left out where the file is not there"""
SIZES = ("flash", "weights", "ram", "arena")
CUT_OFF = "TINYSSL_TABLE_WITHOUT_NETWORK"

Engine = Literal["aot", "tflm"]

INTRODUCTION = """\
# Boards

Written by `make boards-table`; do not edit. Every board without a framework below it, built in an
empty workspace with an empty cache{network}. Bytes: `flash` is code, constants, weights and the
first values of variables; `RAM` is data, stack, arena and the copy of the input, as the budget of
the board's file counts them; weights and arena are parts of them.

`tflm` is TensorFlow Lite Micro, built by PlatformIO from local copies: with CMSIS-NN on Cortex-M,
with its reference kernels on RISC-V. Its arena is as large as `tinyssl build` makes it;
`--tighten-arena` makes it smaller ([tflm.md](tflm.md)). Where a model does not fit a board, the row
says why.

{origins}

**No board was run on silicon.** What stands in for it, in the column `checked`:

- **QEMU**: the image is flashed, boots, answers and infers with the bytes of TensorFlow Lite Micro
  (`tests/emulator`). Faults are reported on one board of each core; so is a hang, which the
  watchdog ends, but on RISC-V, for which QEMU has no watchdog. `netduinoplus2` has neither watchdog
  nor clocks in QEMU: it reports that they time out.
- **simulator**: on a simulated chip of the family, compiled for a core that the simulator executes
  and with the reference kernels: boot, clocks, serial line, identity, inference with the bytes of
  TensorFlow Lite Micro; `tests/emulator/test_*_simulated.py` say what the test plays.
- **one inference**: flashed into QEMU, and the output is TensorFlow Lite Micro's of this computer.
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

    board: str
    engine: Engine
    model: str
    sizes: dict[str, int]
    """Empty: `problem` says why there is no image"""
    problem: str = ""
    checked: str = ""
    commit: str = ""
    date: str = ""
    machine: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.board, self.engine, self.model


def bare_metal() -> list[Board]:
    """Boards that tinyssl's own start-up runs on."""
    return [board for board in all_boards() if board.tinyssl.port not in ("host", "arduino")]


def simulated() -> set[str]:
    """Boards that a simulated test names."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in (ROOT / "tests/emulator").glob("*_simulated.py")
    ]
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
    trees: dict[str, Any] = {}
    if engine == "tflm":
        arm = board.tinyssl.isa.startswith("cortex-m")
        trees = {"tflm": copies.tflm, "cmsis_nn": copies.cmsis_nn if arm else None}
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace(Path(folder))
        config = BuildConfig(
            board=board.id, model=MODELS[model], engine=engine, check=False, **trees
        )
        try:
            sizes = build(config, place).sizes
        except TinysslError as error:
            return Row(board.id, engine, model, {}, reason(error.message))
        known = {name: sizes[name] for name in SIZES}
        done = checked(board) if engine == "aot" else one_inference(board, place)
        return Row(board.id, engine, model, known, checked=done)


def one_inference(board: Board, place: Workspace) -> str:
    """Runs what was built, where an emulator has the board, and compares it with TFLM.

    Raises:
        Mismatch: Another output.
    """
    if board.tinyssl.emulator is None:
        return "built"
    try:
        flash(FlashConfig(board=board.id), place)
        short = BenchConfig(board=board.id, images=1, runs=1, warmup=0, profile=False)
        found = bench(short, place).results
    finally:
        stop_emulators(place)
    if found["equal"] != found["inputs"]:
        raise Mismatch(f"{board.id}: {found['equal']} of {found['inputs']} outputs are TFLM's")
    return "one inference"


def reason(message: str) -> str:
    """An error in a few words."""
    arena = re.search(r"at least ([0-9,]+) on .* has room for ([0-9,]+)", message, re.DOTALL)
    if arena:
        return f"refused: an arena of at least {arena[1]}, and room for {arena[2]}"
    return message.splitlines()[0]


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The table."""
    yield "| board | core | engine | model | flash | of it weights | RAM | of it arena | checked |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        isa = find_board(row.board).tinyssl.isa
        head = f"| `{row.board}` | {isa} | {row.engine} | {row.model} |"
        if not row.sizes:
            yield f"{head} {row.problem} | | | | |"
            continue
        figures = " | ".join(f"{row.sizes[name]:,}" for name in SIZES)
        yield f"{head} {figures} | {row.checked} |"


def origins(rows: Sequence[Row]) -> str:
    """Commit, date and machine of the rows of each engine."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        text = f"commit {row.commit}, {row.date}, {row.machine}"
        found.setdefault((row.engine, text), []).append(f"`{row.board}`")
    several = {engine for engine, _ in found if sum(e == engine for e, _ in found) > 1}
    return "\n".join(
        f"- `{engine}`: {text}"
        + (f" ({', '.join(dict.fromkeys(boards))})" if engine in several else "")
        for (engine, text), boards in found.items()
    )


def document(rows: Sequence[Row], network: str) -> str:
    """The whole page."""
    boards = {row.board: find_board(row.board) for row in rows}
    serial = [
        f"| `{name}` | {_line(board)} | {board.tinyssl.serial.baud:,} |"
        for name, board in boards.items()
        if board.kind == "serial"
    ]
    head = INTRODUCTION.format(origins=origins(rows), network=network)
    return f"{head}\n{chr(10).join(lines(rows))}\n{AFTER}{chr(10).join(serial)}\n"


def _line(board: Board) -> str:
    serial = board.tinyssl.serial
    if serial.tx is None or serial.usb_ids:
        return f"the probe's or the board's own ({serial.uart})"
    return f"a 3.3 V adapter at {serial.tx} (sends) and {serial.rx} (receives)"


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


def write(rows: dict[tuple[str, str, str], Row], network: str) -> None:
    """docs/boards.json and docs/boards.md, board by board."""
    order = [(b.id, e, m) for b in bare_metal() for m in MODELS for e in ("aot", "tflm")]
    sorted_rows = [rows[key] for key in order if key in rows]
    JSON.write_text(
        json.dumps([asdict(row) for row in sorted_rows], indent=1) + "\n", encoding="utf-8"
    )
    DOCUMENT.write_text(document(sorted_rows, network), encoding="utf-8")


def main() -> int:
    """Builds, and writes the page; 1 where a board built with none of the models."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--tflm", type=Path, help="local copy of TensorFlow Lite Micro")
    options.add_argument("--cmsis-nn", type=Path, help="local copy of CMSIS-NN (with --tflm)")
    options.add_argument("--engines", default="", help="aot,tflm; default: those that can be built")
    options.add_argument("--board", action="append", help="only this board")
    given = options.parse_args()
    cut_off = without_network()
    engines: list[Engine] = ["aot", "tflm"] if given.tflm else ["aot"]
    asked = given.engines.split(",") if given.engines else engines
    engines = [name for name in engines if name in asked]
    boards = [board for board in bare_metal() if not given.board or board.id in given.board]
    origin: dict[str, Any] = stamp("arm-none-eabi-gcc", "riscv64-unknown-elf-gcc")
    known = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else []
    rows = {row.key: row for row in (Row(**fields) for fields in known)}
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TINYSSL_CACHE"] = cache
        for board in boards:
            for engine in engines:
                for model in (name for name, path in MODELS.items() if path.exists()):
                    row = replace(build_one(board, engine, model, given), **origin)
                    rows[row.key] = row
                    write(rows, " and without a network" if cut_off else "")
                    sys.stderr.write(f"{board.id} {engine} {model}: {row.problem or row.sizes}\n")
    built = {row.board for row in rows.values() if row.sizes}
    return int(any(board.id not in built for board in boards))


if __name__ == "__main__":
    sys.exit(main())
