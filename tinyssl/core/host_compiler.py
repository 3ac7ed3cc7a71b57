"""C compiled for this computer, and libraries of it that ctypes loads.

Libraries are kept in a cache folder, named by a hash of compiler, options and sources, so that the
same C is compiled once.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from tinyssl.core import compilers
from tinyssl.core.child_process import ChildStopped, run_child
from tinyssl.core.errors import BuildError, TinysslError, ToolMissing
from tinyssl.core.paths import cache_folder
from tinyssl.core.records import write_atomic
from tinyssl.core.scratch import work_folder
from tinyssl.core.sources import Sources, write_sources
from tinyssl.core.toolchain import install_hint

FLAGS = ("-std=c11", "-O2")
COMPILE_SECONDS = 300.0
DIGEST_BYTES = hashlib.sha256().digest_size
PACKAGES = ("gcc", "libc6-dev")


def find_compiler() -> str:
    """Path of the C compiler for this computer: `$CC`, gcc, or clang.

    Raises:
        ToolMissing: There is none; the hint holds the command that installs one.
    """
    return _command()[0]


def _command() -> list[str]:
    """The compiler and what `$CC` says after its name, as in `CC="ccache gcc"`."""
    chosen = os.environ.get("CC", "").split()
    for words in [chosen] if chosen else [["gcc"], ["clang"], ["cc"]]:
        path = compilers.find_program(words[0])
        if path:
            return [path, *words[1:]]
    if chosen:
        raise ToolMissing(
            f"the variable CC names {chosen[0]!r}, and there is no such program on the PATH",
            hint="unset CC, or name a C compiler for this computer with it",
        )
    raise ToolMissing("no C compiler for this computer", hint=install_hint(PACKAGES))


def compile_sources(sources: Sources, output: Path, flags: Sequence[str] = FLAGS) -> None:
    """Compiles and links all C files of `sources` into `output`.

    Args:
        sources: Text by path; the folder of the paths is on the include path.
        output: File to make; it appears only when it is complete.
        flags: Options; with `-shared` and `-fPIC` the output is a library.

    Raises:
        ToolMissing: There is no compiler.
        BuildError: The compiler failed; the message ends with its output.
    """
    data = compiled(sources, flags)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(output, data)
    output.chmod(0o755)


def compiled(sources: Sources, flags: Sequence[str] = FLAGS) -> bytes:
    """What the compiler makes of all C files of `sources`; see `compile_sources`."""
    with work_folder() as folder:
        write_sources(sources, folder)
        # Names from this folder alone: the compiler never sees a path that somebody chose.
        files = [f"./{name}" for name in sorted(sources) if name.endswith(".c")]
        command = [*_command(), *flags, "-I", ".", "-o", "made", *files, "-lm"]
        try:
            done = run_child(
                command,
                seconds=COMPILE_SECONDS,
                folder=folder,
                environment=compilers.environment(folder),
            )
        except ChildStopped as error:
            raise BuildError(f"the compiler {error.why}:\n{error.output[-4000:]}") from error
        except OSError as error:
            raise BuildError(
                f"cannot run {command[0]}: {error.strerror}", hint="unset CC, or mend that program"
            ) from error
        if done.code != 0:
            raise _failure(command[0], done.code, done.output)
        return (folder / "made").read_bytes()


def _failure(compiler: str, code: int, errors: str) -> TinysslError:
    lost = next((line for line in errors.splitlines() if "No such file" in line), None)
    if lost is not None:
        # Debian's gcc comes without the headers of libc; all other headers are in `sources`.
        return ToolMissing(f"{compiler} lacks a header: {lost}", hint=install_hint(PACKAGES))
    full = "No space left on device" in errors
    return BuildError(
        f"{compiler} failed with exit code {code}:\n{errors[-4000:]}",
        hint="make room, or set TMPDIR to a folder on another disk"
        if full
        else "report this: generated C must compile everywhere",
    )


def library_bytes(sources: Sources, flags: Sequence[str]) -> bytes:
    """The compiled library, from the cache where it is there and whole.

    A file of the cache ends with the SHA-256 of what is before it: one that was cut short, or that
    something else wrote, is made again. A cache that cannot be written costs time, nothing else.
    """
    digest = hashlib.sha256()
    texts = (text for pair in sorted(sources.items()) for text in pair)
    for part in (*_command(), *flags, *texts):
        digest.update(part.encode(errors="surrogateescape") + b"\0")
    path = cache_folder() / "native" / f"{digest.hexdigest()[:32]}.so"
    kept = _kept(path)
    if kept is None:
        kept = compiled(sources, flags)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, kept + hashlib.sha256(kept).digest())
    return kept


def _kept(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    data, mark = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    return data if hashlib.sha256(data).digest() == mark else None


def load_library(library: bytes) -> ctypes.CDLL:
    """Loads a library from a file of its own, so that it is these bytes and no others.

    Raises:
        BuildError: The system loads no library from there.
    """
    with work_folder() as folder:
        path = folder / "library.so"
        path.write_bytes(library)
        try:
            return ctypes.CDLL(str(path))
        except OSError as error:
            raise BuildError(
                f"the compiled library cannot be loaded: {error}",
                hint="set TMPDIR to a folder on a disk that is not mounted `noexec`; if you set "
                "CC, it must name a compiler for this computer",
            ) from error
