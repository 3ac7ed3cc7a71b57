"""The regression gate: instructions, flash and RAM of small models against the committed baseline.

Instruction counts are exact to a tick of the timer, so anything beyond `TOLERANCE` is a change of
the code or the compiler. What became better is printed too: `--update` keeps it from being lost
unnoticed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.ops import cases, flatfile
from tinyssl import compiler
from tinyssl.compiler.describe import describe_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.targets.boards import find_board
from tools.bench_engines import engines
from tools.bench_engines.image import figures
from tools.bench_engines.measure import oracle
from tools.bench_engines.models import Subject, shipped

FILE = Path(__file__).resolve().parent / "baseline.json"
BOARDS = ("mps2_an500", "mps2_an386", "mps3_an547")
TOLERANCE = 0.01
TICKS = 160
"""Instructions that a difference may have at least: four ticks of the timer"""
COMMAND = "python -m tools.bench_engines --check --update"

Entry = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A figure that is not what it was."""

    what: str
    before: int
    after: int
    least: int = 0
    """A smaller difference is none"""

    @property
    def worse(self) -> bool:
        return self.after > self.before

    @property
    def moved(self) -> bool:
        limit = max(TOLERANCE * self.before, self.least)
        return abs(self.after - self.before) > limit

    def text(self) -> str:
        share = 100 * (self.after - self.before) / max(self.before, 1)
        return f"{self.what}: {self.before:,} -> {self.after:,} ({share:+.1f} %)"


def subjects() -> list[Subject]:
    """Small models that are made here, and the zoo's."""
    made: dict[str, Callable[[], bytes]] = {
        "pointwise 12x12 16-96": partial(
            cases.conv, size=(12, 12), channels=(16, 96), kernel=(1, 1), zeros=(-128, -128)
        ),
        "stem 32x32": partial(
            cases.conv, size=(32, 32), channels=(3, 16), stride=(2, 2), activation=flatfile.RELU6
        ),
        "depthwise 16x16x32": partial(cases.depthwise, size=(16, 16), channels=(32, 32)),
        "depthwise 2x2x96": partial(cases.depthwise, size=(2, 2), channels=(96, 96)),
        "dense 256-12": partial(cases.dense, shape=(1, 256), outputs=12),
        "add 16x16": cases.add,
        "mean 7x7": cases.mean,
    }
    small = [Subject(name, make(), "tests/ops/cases.py") for name, make in made.items()]
    return [*small, shipped()]


def measured(subject: Subject, board_id: str) -> Entry:
    """The figures that the gate compares."""
    board = find_board(board_id)
    found = figures(engines.aot(subject.data, subject.name, board), board)
    if list(found.output) != oracle(subject.data):
        raise SystemExit(f"{subject.name} on {board_id}: the output is not TFLM's")
    program = compiler.compile(read_model(subject.data, subject.name), board.tinyssl.isa)
    texts = describe_calls(program.graph, program.calls)
    names = [f"{text['name']} {text['shape']}" for text in texts]
    return {
        "instructions": found.instructions,
        "flash": found.flash,
        "ram": found.ram,
        "steps": dict(zip(names, found.operators, strict=True)),
    }


def changes(name: str, before: Entry, after: Entry) -> list[Change]:
    """Figures that moved beyond the tolerance; steps only where they are the same ones."""
    found = [Change(f"{name}, {what}", before[what], after[what]) for what in ("flash", "ram")]
    ticks = {"instructions": (before["instructions"], after["instructions"])}
    if before["steps"].keys() == after["steps"].keys():
        ticks |= {step: (old, after["steps"][step]) for step, old in before["steps"].items()}
    found += [Change(f"{name}, {what}", *pair, least=TICKS) for what, pair in ticks.items()]
    return [change for change in found if change.moved]


def check(*, update: bool) -> int:
    """Measures, and compares with or writes the baseline; 1 when something is worse."""
    found = {
        f"{subject.name} on {board}": measured(subject, board)
        for board in BOARDS
        for subject in subjects()
    }
    known: dict[str, Entry] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    if update:
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    moved = [
        change for name, entry in found.items() for change in _against(known.get(name), name, entry)
    ]
    worse = [change for change in moved if change.worse]
    for change in moved:
        sys.stdout.write(f"{'WORSE' if change.worse else 'better'}: {change.text()}\n")
    missing = sorted(set(found) - set(known))
    sys.stdout.writelines(f"no baseline: {name}\n" for name in missing)
    if update:
        sys.stdout.write(f"wrote {FILE.name}: {len(found)} models and boards\n")
        return 0
    sys.stdout.write(f"{len(found)} compared, {len(worse)} worse; to accept: {COMMAND}\n")
    return int(bool(worse or missing))


def _against(before: Entry | None, name: str, after: Entry) -> list[Change]:
    return changes(name, before, after) if before is not None else []
