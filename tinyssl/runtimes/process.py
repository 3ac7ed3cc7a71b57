"""Runs an interpreter of others in a child process, so that its death is an error with a name.

TensorFlow Lite Micro checks almost nothing and ends its process where a model breaks its
assumptions; LiteRT does so now and then. A child costs about 0.2 s to start and 0.1 ms a call.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from tinyssl.core.errors import InterpreterFailed, ModelError, ToolMissing
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.interpreter_child import SIZES

CHILD = Path(__file__).with_name("interpreter_child.py")
NAMES = {"tflm": "TensorFlow Lite Micro", "litert": "LiteRT"}
CALL_SECONDS = 120.0
"""For one call: to prepare a model, or for one inference"""
GRACE_SECONDS = 5.0
"""After which the kernel ends a child whose parent is gone or stopped"""
MEMORY_BYTES = 4 << 30
"""Address space of a child; libraries take about 0.5 GiB of it, the largest arena 0.5 GiB"""
ANSWER_BYTES = 1 << 30
CHUNK = 1 << 20
QUOTED = 400
"""Characters of what an interpreter printed that an error quotes"""

HINT = "please report it with the model; `tinyssl build --no-check` builds without the comparison"

INSTALL = (
    "on Linux x86-64: pip install tflite-micro ai-edge-litert; `tinyssl build --no-check` does "
    "without"
)


class InterpreterProcess:
    """A child process with one kind of interpreter, for any number of models.

    Args:
        kind: A key of `NAMES`.
        seconds: Time limit of a call.
        memory: Limit of the child's address space in bytes.
    """

    def __init__(
        self, kind: str, *, seconds: float = CALL_SECONDS, memory: int = MEMORY_BYTES
    ) -> None:
        self.name = NAMES[kind]
        self._seconds = seconds
        self._memory = memory
        self._printed: IO[bytes] = tempfile.TemporaryFile(mode="ab+")  # noqa: SIM115 - see _stop
        in_main = threading.current_thread() is threading.main_thread()
        arguments = [kind, str(memory), str(os.getpid()), str(int(in_main))]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", str(CHILD), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            bufsize=0,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._stop = weakref.finalize(self, _stop, self._process, self._printed, os.getpid())

    def open(self, name: str, data: bytes, options: Mapping[str, object]) -> dict[str, Any]:
        """Loads a model under a name; `options` are those of the class in the child.

        Returns:
            What the interpreter says of the model's ends; see `describe` in the child.

        Raises:
            ModelError: The interpreter refuses it.
            InterpreterFailed: It died, or took too long.
            ToolMissing: It is not installed.
        """
        model = np.frombuffer(data, np.uint8)
        fields = {"name": name, "options": dict(options)}
        return self._call("open", "prepared the model", [model], **fields)[0]

    def invoke(
        self, name: str, inputs: Sequence[Array], outputs: int = 1, keep: Sequence[int] = ()
    ) -> list[Array]:
        """One inference: so many outputs, then the tensors of the file that are asked for.

        Raises:
            ModelError: The interpreter raised an error.
            InterpreterFailed: It died, or took too long.
        """
        wanted = {"outputs": outputs, "keep": list(keep)}
        return self._call("invoke", "ran the model", inputs, name=name, **wanted)[1]

    def reset(self, name: str) -> None:
        """Gives the variables of a model their first values."""
        self._call("reset", "reset its variables", [], name=name)

    def print_arena(self, name: str) -> str:
        """What TensorFlow Lite Micro prints of its allocations."""
        self._call("arena", "listed its allocations", [], name=name)
        return self.printed()

    def printed(self) -> str:
        """What the child has printed since the last call began."""
        size = os.fstat(self._printed.fileno()).st_size
        return os.pread(self._printed.fileno(), size, 0).decode("utf-8", "replace").strip()

    def close(self) -> None:
        """Ends the child. Further calls are not possible."""
        self._stop()

    def _call(
        self, call: str, doing: str, arrays: Sequence[Array], **fields: object
    ) -> tuple[dict[str, Any], list[Array]]:
        os.ftruncate(self._printed.fileno(), 0)
        header = {"call": call, "seconds": self._seconds + GRACE_SECONDS, **fields}
        try:
            answer, found = _parse(self._exchange(_frame(header, arrays)))
        except (TimeoutError, EOFError, OSError, ValueError) as error:
            raise self._failure(doing, error) from error
        if "error" not in answer:
            return answer, found
        kind, text = str(answer["type"]), str(answer["error"])
        if kind in ("ImportError", "ModuleNotFoundError"):
            raise ToolMissing(f"{self.name} is not installed: {text}", hint=INSTALL)
        if kind == "MemoryError":
            raise InterpreterFailed(self._out_of_memory(doing), hint=HINT)
        said = " ".join(filter(None, [text, _quoted(self.printed())]))
        raise ModelError(
            f"{self.name} refuses the model: {said}",
            hint="`tinyssl build --no-check` builds without the comparison",
        )

    def _exchange(self, request: bytes) -> bytes:
        """Sends the request and reads the answer, both without waiting for ever."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + self._seconds
        answer, left, wanted = bytearray(), memoryview(request), SIZES.size
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            selector.register(self._process.stdin, selectors.EVENT_WRITE)
            os.set_blocking(self._process.stdin.fileno(), False)
            while len(answer) < wanted:
                events = selector.select(max(deadline - time.monotonic(), 0))
                if not events:
                    raise TimeoutError
                for key, event in events:
                    if event == selectors.EVENT_WRITE:
                        left = left[os.write(key.fd, left[:CHUNK]) :]
                        if not left:
                            selector.unregister(key.fileobj)
                        continue
                    part = os.read(key.fd, CHUNK)
                    if not part:
                        raise EOFError
                    answer += part
                    if wanted == SIZES.size <= len(answer):
                        wanted += sum(SIZES.unpack_from(answer))
                        if wanted > ANSWER_BYTES:
                            raise ValueError(f"an answer of {wanted} bytes")
        return bytes(answer)

    def _failure(self, doing: str, error: Exception) -> InterpreterFailed:
        """Ends the child and says how it died."""
        if isinstance(error, TimeoutError):
            self.close()
            return InterpreterFailed(
                f"{self.name} took longer than {self._seconds:g} s when it {doing}",
                hint="the model is too large for this computer, or makes the interpreter hang; "
                "`tinyssl build --no-check` builds without the comparison",
            )
        code = self._exit_code()
        if code == -signal.SIGALRM:  # this process slept through its own limit
            return self._failure(doing, TimeoutError())
        printed = self.printed()
        self.close()
        if "bad_alloc" in printed or "MemoryError" in printed or "out of memory" in printed:
            return InterpreterFailed(self._out_of_memory(doing), hint=HINT)
        text = f"{self.name} died with {_cause(code, error)} when it {doing}"
        quoted = _quoted(printed)
        return InterpreterFailed(f"{text}; it printed: {quoted}" if quoted else text, hint=HINT)

    def _out_of_memory(self, doing: str) -> str:
        return (
            f"{self.name} ran out of memory when it {doing}; it may take "
            f"{self._memory / (1 << 30):g} GiB"
        )

    def _exit_code(self) -> int | None:
        """How the child ended; None where it still runs and only sends nonsense."""
        try:
            return self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return None


def _cause(code: int | None, error: Exception) -> str:
    if code is None:
        return f"a broken answer ({error})"
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _quoted(text: str) -> str:
    """The end of what was printed, on one line, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= QUOTED else "… " + line[-QUOTED:]


def _frame(header: dict[str, object], arrays: Sequence[Array]) -> bytes:
    plain = [np.ascontiguousarray(array) for array in arrays]
    listed = [(array.dtype.str, array.shape) for array in plain]
    text = json.dumps({**header, "arrays": listed}).encode()
    body = b"".join(array.tobytes() for array in plain)
    return SIZES.pack(len(text), len(body)) + text + body


def _parse(frame: bytes) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays of an answer.

    Raises:
        ValueError: It is no answer: the child's memory is damaged.
    """
    size, _ = SIZES.unpack_from(frame)
    at = SIZES.size + size
    try:
        header = json.loads(frame[SIZES.size : at])
        arrays = []
        for dtype, shape in header.pop("arrays"):
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(frame, np.dtype(dtype), count, at).reshape(shape)
            arrays.append(array.copy())
            at += array.nbytes
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no answer: {error}") from error
    return header, arrays


def _stop(process: subprocess.Popen[bytes], printed: IO[bytes], owner: int) -> None:
    """Ends the child; does nothing in a process that was forked from the owner."""
    if os.getpid() != owner:
        return
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.kill()
    process.wait()
    printed.close()
