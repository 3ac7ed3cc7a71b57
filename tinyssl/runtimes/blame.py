"""Finds the operator at which an interpreter dies: it cannot say so itself."""

from __future__ import annotations

import numpy as np

from tinyssl.core.errors import InterpreterFailed, TinysslError
from tinyssl.frontends.tflite import first_operators
from tinyssl.graph.model import Model
from tinyssl.runtimes.process import InterpreterProcess

PROBE_SECONDS = 10.0


def failing_operator(kind: str, data: bytes, model: Model) -> int | None:
    """Position of the first operator without which the interpreter lives.

    Cuts the model off behind fewer and fewer operators and runs each part in a new process, on an
    input of zeros.

    Args:
        kind: As of `InterpreterProcess`.
        data: The file that the interpreter failed on.
        model: The same, read.

    Returns:
        The position, or None where it does not fail on zeros.
    """
    good, bad = 0, len(model.ops)
    if not _fails(kind, data, model):
        return None
    while bad - good > 1:
        middle = (good + bad) // 2
        count = model.ops[middle - 1].index + 1  # the file may hold operators that the model lacks
        if _fails(kind, first_operators(data, count), model):
            bad = middle
        else:
            good = middle
    return bad - 1


def _fails(kind: str, data: bytes, model: Model) -> bool:
    process = InterpreterProcess(kind, seconds=PROBE_SECONDS)
    try:
        process.open("part", data, {"keep_tensors": False})
        values = [model.tensor(index) for index in model.inputs]
        process.invoke("part", [np.zeros(value.shape, value.dtype.value) for value in values])
    except InterpreterFailed:
        return True
    except TinysslError:
        return False  # it says what is wrong, and lives
    finally:
        process.close()
    return False
