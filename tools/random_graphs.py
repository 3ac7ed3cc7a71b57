"""Random graphs against TensorFlow Lite Micro, on this computer and on emulated cores.

    python -m tools.random_graphs --graphs 5000                      # on every target
    python -m tools.random_graphs --graphs 200 --first 7000 --targets host-dsp,m7

Graphs are numbered; `--first` and `--graphs` choose a range, which is run in programs of 200. Every
graph is run on both extreme inputs, a uniform one and one near the zero point, and every output
byte must be TFLM's. Exit code 1 when one is not; a line names its number, which
`tests.ops.random_graphs.random_graph` turns into the .tflite again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.ops.image import INPUTS, TARGETS, make_program, run_program  # noqa: E402 - after sys.path
from tests.ops.random_graphs import family_of, random_graph  # noqa: E402

PROGRAM = 200
"""Graphs in one program: what the emulated boards' 4 MB hold"""


@dataclass
class Tally:
    """What a target did."""

    graphs: int = 0
    differ: int = 0
    failed: int = 0
    """Programs that did not compile or stopped"""

    def text(self, name: str) -> str:
        stopped = f", {self.failed} programs stopped" if self.failed else ""
        return f"{name}: {self.graphs} graphs, {self.differ} outputs differ{stopped}"


def say(text: str) -> None:
    """A line on standard output at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run_range(name: str, numbers: range, tally: Tally) -> None:
    """One program of graphs on one target; its findings are printed."""
    target = TARGETS[name]
    graphs = {f"{family_of(number)}-{number}": random_graph(number) for number in numbers}
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="graphs-") as folder:
            found = run_program(make_program(graphs, target.isa), target, Path(folder))
    except Exception as error:
        tally.failed += 1
        say(f"{name} {numbers.start}..{numbers.stop - 1}: {type(error).__name__}: {error}")
        return
    tally.graphs += len(graphs)
    tally.differ += len(found)
    for line in found:
        say(f"{name}: {line}")
    seconds = time.monotonic() - started
    say(f"{name} {numbers.start}..{numbers.stop - 1}: {len(found)} differ, {seconds:.0f} s")


def main(arguments: list[str]) -> int:
    """Runs the range on each target; 1 when an output differs or a program stops."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--graphs", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--targets", default=",".join(TARGETS), help="comma-separated")
    options = parser.parse_args(arguments)
    names = options.targets.split(",")
    unknown = sorted(set(names) - set(TARGETS))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    tallies = {name: Tally() for name in names}
    last = options.first + options.graphs
    for start in range(options.first, last, PROGRAM):
        for name, tally in tallies.items():
            run_range(name, range(start, min(start + PROGRAM, last)), tally)
    for name, tally in tallies.items():
        say(tally.text(name))
    say(f"each graph on {INPUTS} inputs")
    return int(any(tally.differ or tally.failed for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
