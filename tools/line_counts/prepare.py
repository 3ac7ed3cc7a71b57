"""Marked code of all files of `tinyssl` in a folder, and the lines that ran."""

from __future__ import annotations

import argparse
import marshal
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tools.line_counts import start
from tools.line_counts.marks import marked_code

PACKAGE = Path(__file__).resolve().parents[2] / "tinyssl"
HOOK = "tinyssl_line_counts.pth"
"""File among the packages of an environment; Python runs its line in each process"""


def prepare(folder: Path, sources: Sequence[Path]) -> None:
    """Writes the marked code of `sources` and the count of their lines, all zero, to `folder`."""
    index = {}
    first = 0
    for path in sources:
        text = path.read_text(encoding="utf-8")
        (folder / str(first)).write_bytes(marshal.dumps(marked_code(text, str(path), first)))
        index[str(path)] = first
        first += text.count("\n") + 2  # lines count from 1
    (folder / start.INDEX).write_bytes(marshal.dumps(index))
    (folder / start.LINES).write_bytes(bytes(first))


def lines_run(folder: Path) -> dict[str, list[int]]:
    """File -> its lines that ran, of a folder that `prepare` wrote."""
    index: dict[str, int] = marshal.loads((folder / start.INDEX).read_bytes())
    ran = (folder / start.LINES).read_bytes()
    ends = [*list(index.values())[1:], len(ran)]
    return {
        path: [byte - first for byte in range(first, end) if ran[byte]]
        for (path, first), end in zip(index.items(), ends, strict=True)
    }


def hook() -> str:
    """The line of the `.pth` file."""
    program = str(Path(start.__file__).resolve())
    run = f"exec(open({program!r}, encoding='utf-8').read(), {{'__name__': 'line_counts'}})"
    return f"import os; {run} if {start.FOLDER!r} in os.environ else None\n"


def main() -> int:
    """Prepares a folder for the whole package, and this environment for the variable."""
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("folder", type=Path)
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    prepare(given.folder, sorted(PACKAGE.rglob("*.py")))
    Path(sysconfig.get_path("purelib"), HOOK).write_text(hook(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
