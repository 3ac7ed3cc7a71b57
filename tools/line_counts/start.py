"""Makes this process import marked code of `tinyssl`; a `.pth` file runs it where Python starts."""

from __future__ import annotations

import builtins
import marshal
import mmap
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

FOLDER = "COUNT_PYTHON_LINES"
"""Variable that names the folder of `prepare`; tinyssl refuses unknown ones with its own prefix"""
RAN = "__ran__"
"""Built-in name of the mapped file: one byte for each line, 1 once it ran"""
INDEX = "index"
LINES = "lines"


class MarkedLoader(SourceFileLoader):
    """Loads the marked code of a file in place of its own."""

    def __init__(self, name: str, path: str, marked: Path) -> None:
        super().__init__(name, path)
        self.marked = marked

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = marshal.loads(self.marked.read_bytes())
        return code


class MarkedFinder:
    """Finds modules as Python does; a file with marked code gets its loader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index: dict[str, int] = marshal.loads((folder / INDEX).read_bytes())

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != "tinyssl":
            return None
        spec = PathFinder.find_spec(name, path, target)
        first = self.index.get(os.path.realpath(spec.origin)) if spec and spec.origin else None
        if spec and spec.origin and first is not None:
            spec.loader = MarkedLoader(name, spec.origin, self.folder / str(first))
        return spec


def count_script(ran: mmap.mmap, index: dict[str, int]) -> None:
    """Traces a file of `tinyssl` that Python was started with, which nothing imports."""
    scripts = [name for name in sys.orig_argv[1:] if os.path.realpath(name) in index]
    if not scripts:
        return
    first = index[os.path.realpath(scripts[0])]

    def lines(frame: FrameType, event: str, _value: Any) -> Any:
        if event == "line":
            ran[first + frame.f_lineno] = 1
        return lines

    def calls(frame: FrameType, _event: str, _value: Any) -> Any:
        return lines if frame.f_code.co_filename == scripts[0] else None

    sys.settrace(calls)


def begin() -> None:
    """Maps the counts and finds marked code from here on; nothing of `tinyssl` is imported yet."""
    folder = Path(os.environ[FOLDER])
    with (folder / LINES).open("r+b") as lines:
        ran = mmap.mmap(lines.fileno(), 0)
    setattr(builtins, RAN, ran)
    finder = MarkedFinder(folder)
    sys.meta_path.insert(0, finder)
    count_script(ran, finder.index)


if __name__ == "line_counts":
    begin()
