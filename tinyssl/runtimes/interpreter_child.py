"""The child process in which TensorFlow Lite Micro and LiteRT run; see `tinyssl.runtimes.process`.

Started as a script, not as a module, so that it imports nothing of tinyssl: numpy and the one
interpreter that it is for. A request and an answer are a frame each: sizes of header and body as
two little-endian uint64, a JSON header, and the arrays that the header lists, one after the other.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

Arrays = list[Any]
"""numpy arrays; numpy is imported only after the limits are set"""

SIZES = struct.Struct("<QQ")
PRINTED_BYTES = 1 << 20
"""Most of what the interpreter prints that is kept"""
FIRST_ARENA, LAST_ARENA = 1 << 20, 1 << 29
PR_SET_PDEATHSIG = 1


class Tflm:
    """TensorFlow Lite Micro, with an arena that grows until the model fits."""

    def __init__(self, data: bytes, options: dict[str, Any]) -> None:
        self._data, self._keep = data, bool(options["keep_tensors"])
        self._arena = FIRST_ARENA
        while True:
            try:
                self._open()
                return
            except RuntimeError as error:
                if self._arena >= LAST_ARENA:
                    text = f"{error}, with an arena of {self._arena} bytes"
                    raise RuntimeError(text) from error
            self._arena *= 8

    def _open(self) -> None:
        from tflite_micro.python.tflite_micro import runtime

        kinds = runtime.InterpreterConfig
        config = kinds.kPreserveAllTensors if self._keep else kinds.kAllocationRecording
        # The argument's name is misspelt in the package.
        self._interpreter: Any = runtime.Interpreter.from_bytes(
            self._data, arena_size=self._arena, intrepreter_config=config
        )

    def invoke(self, inputs: Arrays, outputs: int) -> Arrays:
        for index, array in enumerate(inputs):
            self._interpreter.set_input(array, index)
        self._interpreter.invoke()
        return [self._interpreter.get_output(index) for index in range(outputs)]

    def reset(self) -> None:
        """A new interpreter: its own reset runs no CALL_ONCE again, which gives first values."""
        self._open()

    def describe(self) -> dict[str, Any]:
        return {}  # the parent reads these files itself

    def tensor(self, index: int) -> Any:
        return self._interpreter.GetTensor(index, 0)["tensor_data"]

    def print_arena(self) -> None:
        self._interpreter.print_allocations()


class Litert:
    """LiteRT on one thread."""

    def __init__(self, data: bytes, options: dict[str, Any]) -> None:
        self._data, self._options = data, options
        self._open()

    def _open(self) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter: Any = Interpreter(
            model_content=self._data,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[self._options["resolver"]],
            experimental_preserve_all_tensors=self._options["keep_tensors"],
        )
        self._interpreter.allocate_tensors()
        self._inputs = [found["index"] for found in self._interpreter.get_input_details()]
        self._outputs = [found["index"] for found in self._interpreter.get_output_details()]

    def invoke(self, inputs: Arrays, outputs: int) -> Arrays:
        for index, array in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs[:outputs]]

    def reset(self) -> None:
        """A new interpreter: `reset_all_variables` leaves resource variables as they are."""
        self._open()

    def describe(self) -> dict[str, Any]:
        """Inputs and outputs: index in the file, name, type, shape, scale, zero point."""
        return {
            "inputs": [_described(found) for found in self._interpreter.get_input_details()],
            "outputs": [_described(found) for found in self._interpreter.get_output_details()],
        }

    def tensor(self, index: int) -> Any:
        return self._interpreter.get_tensor(index)


def _described(found: dict[str, Any]) -> list[Any]:
    scale, zero_point = found["quantization"]
    kind, shape = found["dtype"].__name__.rstrip("_"), [int(size) for size in found["shape"]]
    return [int(found["index"]), found["name"], kind, shape, float(scale), int(zero_point)]


KINDS: dict[str, Callable[[bytes, dict[str, Any]], Any]] = {"tflm": Tflm, "litert": Litert}


class Server:
    """Answers requests until the pipe closes."""

    def __init__(self, kind: str) -> None:
        self._make = KINDS[kind]
        self._opened: dict[str, Any] = {}

    def open(self, request: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
        """Loads a model; returns what the interpreter says of its ends."""
        opened = self._make(arrays[0].tobytes(), request["options"])
        self._opened[request["name"]] = opened
        return dict(opened.describe())

    def answer(self, request: dict[str, Any], arrays: Arrays) -> Arrays:
        """What the request asks for; whatever the interpreter raises is passed on."""
        match request["call"]:
            case "invoke":
                interpreter = self._opened[request["name"]]
                outputs = interpreter.invoke(arrays, request["outputs"])
                return [*outputs, *(interpreter.tensor(index) for index in request["keep"])]
            case "reset":
                self._opened[request["name"]].reset()
                return []
            case "arena":
                self._opened[request["name"]].print_arena()
                return []
        raise ValueError(f"unknown call {request['call']!r}")


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], Arrays] | None:
    """The next request; None where the parent has closed the pipe."""
    import numpy as np

    start = stream.read(SIZES.size)
    if len(start) < SIZES.size:
        return None
    header_size, body_size = SIZES.unpack(start)
    header = json.loads(stream.read(header_size))
    body = stream.read(body_size)
    arrays, at = [], 0
    for dtype, shape in header.pop("arrays"):
        array = np.frombuffer(body, dtype, int(np.prod(shape, dtype=np.int64)), at).reshape(shape)
        arrays.append(array)
        at += array.nbytes
    return header, arrays


def write_frame(stream: BinaryIO, header: dict[str, Any], arrays: Arrays) -> None:
    """Sends an answer."""
    import numpy as np

    plain = [np.ascontiguousarray(array) for array in arrays]
    listed = [(array.dtype.str, array.shape) for array in plain]
    text = json.dumps({**header, "arrays": listed}).encode()
    stream.write(SIZES.pack(len(text), sum(array.nbytes for array in plain)) + text)
    for array in plain:
        stream.write(array.tobytes())
    stream.flush()


def lower_limit(kind: int, most: int) -> None:
    """Lowers a limit of this process; one that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS does not limit the address space
        resource.setrlimit(kind, (least, least))


def set_limits(memory: int, parent: int, in_main_thread: bool) -> None:
    """Memory, printed text, no core file, and death with the parent."""
    lower_limit(resource.RLIMIT_AS, memory)
    lower_limit(resource.RLIMIT_FSIZE, PRINTED_BYTES)
    lower_limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it then ends this one
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if sys.platform == "linux" and in_main_thread:  # the kernel means the thread that started it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def main(kind: str, memory: str, parent: str, in_main_thread: str) -> None:
    """Serves one parent. A request carries the seconds after which the kernel ends this process."""
    set_limits(int(memory), int(parent), in_main_thread == "1")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the interpreter prints must not come between the frames
    server = Server(kind)
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        request, arrays = frame
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        try:
            if request["call"] == "open":
                header, found = server.open(request, arrays), []
            else:
                header, found = {}, server.answer(request, arrays)
        except Exception as error:  # whatever an interpreter raises is its answer
            header, found = {"error": str(error), "type": type(error).__name__}, []
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.flush()
        write_frame(answers, header, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
