"""What devices learn: part of docs/learning.md.

    python -m tools.learning_table                           # the names of all tasks
    python -m tools.learning_table sine characters           # measures, shows the rows
    python -m tools.learning_table sine --board mps2_an386 --seed 1
    python -m tools.learning_table all --write               # docs/learning.json and .md
    python -m tools.learning_table --write                   # docs/learning.md, from the JSON

Each task is measured in float, with the generated C on this computer, and on an emulated board that
was built and flashed for it. A task whose data is not here is left out, and so says the exit code.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tinyssl.core.errors import TinysslError
from tools.learning_table.document import keep, stored, tables, write
from tools.learning_table.row import Row, Session, failed, measured
from tools.learning_table.tasks import find_task, task_names

BOARD = "mps2_an500"


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", choices=(*task_names(), "all", []), metavar="TASK")
    parser.add_argument("--board", default=BOARD, help="an emulated board")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="to docs/learning.json and .md")
    return parser.parse_args(arguments)


def measure(name: str, board: str, seed: int) -> Row:
    """The row of a task; see `row.measured`."""
    with tempfile.TemporaryDirectory(prefix="tinyssl-learning-") as folder:
        session = Session(board, seed, Path(folder), lambda text: say(f"{name}: {text}"))
        return measured(find_task(name), session)


def main(arguments: list[str]) -> int:
    """1 where a target was missed or a task left out."""
    options = parse(arguments)
    if not options.tasks and options.write:
        write(stored())
        return 0
    if not options.tasks:
        sys.stdout.write("\n".join(task_names()) + "\n")
        return 0
    bad = False
    for name in task_names() if "all" in options.tasks else options.tasks:
        try:
            row = measure(name, options.board, options.seed)
        except TinysslError as error:
            say(f"{name} was LEFT OUT: {error}. {error.hint or ''}")
            bad = True
            continue
        sys.stdout.write("\n".join(tables([row])) + "\n")
        bad = bad or failed(row)
        if options.write:
            keep(row)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
