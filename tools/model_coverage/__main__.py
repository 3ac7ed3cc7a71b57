"""How many models of a folder tinyssl takes, byte-equal to TensorFlow Lite Micro.

    python -m tools.model_coverage FOLDER                       # on this computer, 256 inputs each
    python -m tools.model_coverage FOLDER --board mps2_an500    # and 12 on the emulated board
    python -m tools.model_coverage FOLDER --write               # docs/coverage.md too

Each model runs in a process of its own, once for this computer and once for the board: one that
hangs or kills it is a row like others. Rows are written to the CSV as they come; a second call does
only what is missing for this commit. Exit code 1 where a model differs or fails; a model that is
refused, or too large for the board, is no error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tinyssl.core.child_process import ChildStopped, run_child
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tools.model_coverage.document import counted, document, summary
from tools.model_coverage.row import EQUAL, FAILED, Row, read_rows, write_rows
from tools.stamp import ROOT, stamp

DOCUMENT = ROOT / "docs" / "coverage.md"
CSV = ROOT / "build" / "coverage.csv"
INPUTS = 256
BOARD_INPUTS = 12
SECONDS = 1200.0
HOST_CHECK, BOARD_CHECK = "tools.model_coverage.check", "tools.model_coverage.board_check"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=str(__doc__).splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="of .tflite files, also in folders below")
    parser.add_argument("--board", default="", help="compare on this emulated board too")
    parser.add_argument("--images", type=int, default=INPUTS, help="inputs for each model")
    parser.add_argument(
        "--board-images",
        type=int,
        default=BOARD_INPUTS,
        help="the same on the board; the first 11 are extremes and quiet inputs",
    )
    parser.add_argument("--jobs", type=int, default=2, help="models at the same time")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="limit for each check")
    parser.add_argument("--csv", type=Path, default=CSV, help="file with a row for each model")
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    return parser.parse_args(arguments)


def check(module: str, words: Sequence[object], seconds: float) -> dict[str, Any] | str:
    """Fields of a row from a check in a process of its own; a text where it did not end well."""
    command = [sys.executable, "-m", module, *map(str, words)]
    try:
        ended = run_child(command, seconds=seconds, folder=ROOT)
    except ChildStopped as error:
        return f"the check {error.why}"
    lines = ended.output.splitlines()
    if ended.code != 0 or not lines:
        last = lines[-1] if lines else "it printed nothing"
        return f"the check ended with exit code {ended.code}: {last[:300]}"
    return dict(json.loads(lines[-1]))


class Survey:
    """All models of a folder, and what is known of each so far."""

    def __init__(self, options: argparse.Namespace, commit: str) -> None:
        self.options = options
        self.folder = options.folder.absolute()
        self.rows = {row.key: row for row in _usable(read_rows(options.csv), options, commit)}
        self.files = [self._fresh(path, commit) for path in sorted(self.folder.rglob("*.tflite"))]
        self._workspaces: SimpleQueue[Path] = SimpleQueue()

    def _fresh(self, path: Path, commit: str) -> Row:
        data = path.read_bytes()
        file, digest = str(path.relative_to(self.folder)), hashlib.sha256(data).hexdigest()
        images = self.options.images
        return Row(file=file, sha256=digest, bytes=len(data), images=images, commit=commit)

    def run(self) -> list[Row]:
        """Checks what is missing. Ctrl-C ends it after the models under way."""
        todo = [fresh for fresh in self.files if self._missing(fresh)]
        with self._places(), ThreadPoolExecutor(self.options.jobs) as pool:
            futures = [pool.submit(self._check, fresh) for fresh in todo]
            try:
                for number, future in enumerate(as_completed(futures), 1):
                    row = future.result()
                    self.rows[row.key] = row
                    write_rows(self.options.csv, self.rows.values())
                    told = " | ".join(filter(None, [row.result, row.reasons, row.board_result]))
                    sys.stderr.write(f"{number}/{len(todo)} {row.file}: {told[:160]}\n")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [self.rows[fresh.key] for fresh in self.files]

    def _missing(self, fresh: Row) -> bool:
        row = self.rows.get(fresh.key)
        return row is None or self._wants_board(row)

    def _wants_board(self, row: Row) -> bool:
        done = row.board if not row.board_result.startswith(FAILED) else ""
        return row.result == EQUAL and self.options.board not in ("", done)

    @contextmanager
    def _places(self) -> Iterator[None]:
        """A workspace for each model under way. The next one finds the objects there."""
        with tempfile.TemporaryDirectory(prefix="tinyssl-") as folder:
            for number in range(self.options.jobs):
                self._workspaces.put(Path(folder) / str(number))
            yield

    def _check(self, fresh: Row) -> Row:
        row = self.rows.get(fresh.key) or self._on_host(fresh)
        return self._on_board(row) if self._wants_board(row) else row

    def _on_host(self, fresh: Row) -> Row:
        path, options = self.folder / fresh.file, self.options
        found = check(HOST_CHECK, (path, options.images), options.seconds)
        if isinstance(found, str):
            found = {"result": FAILED, "reasons": found}
        return replace(fresh, **found)

    def _on_board(self, row: Row) -> Row:
        options, place = self.options, self._workspaces.get()
        words = (self.folder / row.file, options.board, options.board_images, place)
        try:
            found = check(BOARD_CHECK, words, options.seconds)
        finally:
            stop_emulators(Workspace(place))
            self._workspaces.put(place)
        if isinstance(found, str):
            found = {"board_result": f"{FAILED}: {found}"}
        return replace(row, board=options.board, **found)


def _usable(rows: Sequence[Row], options: argparse.Namespace, commit: str) -> list[Row]:
    """Rows of an earlier call that say what this one asks; a commit with changes says nothing.

    What failed is tried again.
    """
    if commit.endswith("-dirty"):
        return []
    wanted = (commit, options.images)
    return [r for r in rows if (r.commit, r.images) == wanted and r.result != FAILED]


def main(arguments: Sequence[str]) -> int:
    """Checks all models; 1 where one differs or fails."""
    options = parse(arguments)
    origin: Mapping[str, str] = stamp()
    rows = Survey(options, origin["commit"]).run()
    sys.stdout.write("\n".join(summary(rows)) + "\n")
    if options.write:
        text = document(rows, options.folder.absolute().name, origin)
        DOCUMENT.write_text(text, encoding="utf-8")
    return int(any(row.wrong for row in counted(rows)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
