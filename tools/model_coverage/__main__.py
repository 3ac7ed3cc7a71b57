"""How many models of a folder tinyssl takes, byte-equal to TensorFlow Lite Micro.

    python -m tools.model_coverage FOLDER                       # on this computer, 256 inputs each
    python -m tools.model_coverage FOLDER --board mps2_an500    # and on the emulated board
    python -m tools.model_coverage FOLDER --write               # docs/coverage.md too

Each model runs in a process of its own: one that hangs or kills it is a row like others. Rows are
written to the CSV as they come; a second call does only what is missing for this commit, number of
inputs and board. Exit code 1 where a model differs or fails; a model that is refused is no error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from tinyssl.core.child_process import ChildStopped, run_child
from tools.model_coverage.document import counted, document, summary
from tools.model_coverage.row import DIFFERS, FAILED, Row, parse_row, read_rows, write_rows
from tools.stamp import ROOT, stamp

DOCUMENT = ROOT / "docs" / "coverage.md"
CSV = ROOT / "build" / "coverage.csv"
IMAGES = 256
BOARD_IMAGES = 12
SECONDS = 1200.0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path, help="of .tflite files, also in folders below")
    parser.add_argument("--board", default="", help="on its emulator too")
    parser.add_argument("--images", type=int, default=IMAGES, help="inputs of each model")
    parser.add_argument("--board-images", type=int, default=BOARD_IMAGES, help="there")
    parser.add_argument("--jobs", type=int, default=2, help="models at the same time")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for one model, at most")
    parser.add_argument("--csv", type=Path, default=CSV)
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    return parser.parse_args(arguments)


def check_model(path: Path, options: argparse.Namespace, commit: str) -> Row:
    """A model in a process of its own, whatever happens to that."""
    data = path.read_bytes()
    row = Row(
        file=str(path.relative_to(options.folder)),
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        board=options.board,
        images=options.images,
        commit=commit,
    )
    module = "tools.model_coverage.check"
    numbers = (str(options.images), options.board, str(options.board_images))
    command = [sys.executable, "-m", module, str(path), *numbers]
    try:
        ended = run_child(command, seconds=options.seconds, folder=ROOT)
    except ChildStopped as error:
        return parse_row(asdict(row) | {"result": FAILED, "reasons": f"the check {error.why}"})
    lines = ended.output.splitlines()
    if ended.code != 0 or not lines:
        last = lines[-1] if lines else "it printed nothing"
        reasons = f"the check ended with exit code {ended.code}: {last[:300]}"
        return parse_row(asdict(row) | {"result": FAILED, "reasons": reasons})
    return parse_row(asdict(row) | json.loads(lines[-1]))


def missing(paths: Sequence[Path], done: Sequence[Row]) -> list[Path]:
    """Files without a row of their content."""
    known = {row.sha256 for row in done}
    return [p for p in paths if hashlib.sha256(p.read_bytes()).hexdigest() not in known]


def usable(rows: Sequence[Row], options: argparse.Namespace, commit: str) -> list[Row]:
    """Rows of an earlier call that say what this one asks; a commit with changes says nothing."""
    wanted = (commit, options.images, options.board)
    dirty = commit.endswith("-dirty")
    return [r for r in rows if (r.commit, r.images, r.board) == wanted and not dirty]


def main(arguments: Sequence[str]) -> int:
    """Checks all models; 1 where one differs or fails."""
    options = parse(arguments)
    options.folder = options.folder.absolute()
    origin = stamp()
    commit = origin["commit"]
    paths = sorted(options.folder.rglob("*.tflite"))
    rows = usable(read_rows(options.csv), options, commit)
    todo = missing(paths, rows)
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(check_model, path, options, commit) for path in todo]
        for number, future in enumerate(as_completed(futures), 1):
            row = future.result()
            rows.append(row)
            write_rows(options.csv, rows)
            sys.stderr.write(f"{number}/{len(todo)} {row.file}: {row.result} {row.reasons[:120]}\n")
    sys.stdout.write("\n".join(summary(rows)) + "\n")
    if options.write:
        DOCUMENT.write_text(document(rows, options.folder.name, origin), encoding="utf-8")
    return int(any(row.result in (DIFFERS, FAILED) for row in counted(rows)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
