"""Mutated .tflite files against the reader: nothing but a model or a ModelError may come of one.

    python -m tools.mutate_reader --seed 1 --count 200000

The seeds are our single-operator models, and the small public ones where ../shared/models/public
is there. Each mutant is read, verified and planned within 5 s; the process has 2 GiB. Exit code 1
when one ends otherwise; a line names it.
"""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.ops.mutants import Mutator, seeds  # noqa: E402 - after sys.path
from tests.ops.mutation_checks import check_reader  # noqa: E402

MEMORY = 2 << 30


def say(text: str) -> None:
    """A line on standard output at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Runs the campaign; 1 when a mutant ends wrongly."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200_000)
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    models = seeds(public=True)
    tally = check_reader(Mutator(models, options.seed), options.count, say)
    say(f"{tally.text()}; {len(models)} models, seed {options.seed}")
    return int(bool(tally.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
