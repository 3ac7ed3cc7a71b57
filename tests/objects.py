"""Objects that all programs of a session share: one text is compiled once with the same options.

Kernels and firmware are the same in most programs of the tests, and took most of the compilers'
time. Without a session, as in `tools`, a program is compiled whole.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinyssl.core.locks import Lock

INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)
SECONDS = 900


class Session:
    """Where the objects of this session lie; None: there is no session."""

    folder: Path | None = None


def compile_program(
    command: Sequence[str], sources: Sequence[Path], includes: Sequence[Path], program: Path
) -> None:
    """Compiles and links C for this computer or a core.

    Args:
        command: Compiler and its options, also those of the linker.
        sources: Files of C.
        includes: Folders of headers, searched in this order.
        program: The executable to write.

    Raises:
        RuntimeError: It did not compile; with what the compiler said.
    """
    searched = [option for folder in includes for option in ("-I", str(folder))]
    files = [str(path) for path in sources]
    if Session.folder:
        files = [str(_object([*command, *searched], path, includes)) for path in sources]
    _call([*command, *searched, "-o", str(program), *files, "-lm"])


def _object(command: Sequence[str], source: Path, includes: Sequence[Path]) -> Path:
    """The object of a source. It stays where it was compiled: gcov's counts go beside it."""
    assert Session.folder
    options = command[: len(command) - 2 * len(includes)]
    digest = hashlib.sha256("\0".join((source.name, *options)).encode())
    for text in _texts(source, includes, set()):
        digest.update(text)
    home = Session.folder / digest.hexdigest()[:24]
    made = home / f"{source.stem}.o"
    lock = Lock(home.with_suffix(".lock"))
    lock.take(wait=True)
    try:
        if not (home / "done").exists():
            home.mkdir(exist_ok=True)
            _call([*command, "-c", "-o", str(made), str(source)])
            (home / "done").touch()
    finally:
        lock.release()
    return made


def _texts(source: Path, includes: Sequence[Path], seen: set[Path]) -> Iterator[bytes]:
    """A file and all that it includes by name."""
    if source in seen:
        return
    seen.add(source)
    data = source.read_bytes()
    yield data
    for name in INCLUDE.findall(data.decode("utf-8")):
        places = (folder / name for folder in (source.parent, *includes))
        found = next((path for path in places if path.is_file()), None)
        if found:
            yield from _texts(found, includes, seen)


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-4000:]}")
