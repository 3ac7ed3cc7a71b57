"""A file against what is left of it after `simplify`: both must give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from tinyssl.core.errors import Mismatch, ModelError
from tinyssl.core.progress import Progress
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.interface import Feeds, check_feeds
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.oracle import Oracle
from tinyssl.runtimes.process import InterpreterProcess
from tinyssl.verify.bits import bits

ORIGINAL_INPUTS = 8
"""Inputs of the comparison; `make_inputs` puts the extremes first"""
HINT = "please report this with the model"


class Referee(StrEnum):
    """Which interpreter ran the original. Values are how records and messages name it."""

    TFLM = "TensorFlow Lite Micro"
    LITERT = "LiteRT's reference kernels"
    NOBODY = ""
    """Nothing was changed, or none of them runs the original"""


Rows = list[list[Array]]
"""By input, all outputs in order"""


def check_original(oracle: Oracle, inputs: Sequence[Feeds], progress: Progress) -> Referee:
    """Proves that a simplified file gives the bytes of the original.

    Args:
        oracle: Has both files.
        inputs: One or more; the first `ORIGINAL_INPUTS` of them are taken.
        progress: Told which interpreter compared them.

    Returns:
        The first interpreter that runs the original. Where the file leaves sizes open, LiteRT is
        asked first: TFLM takes what the file says in their place at its word.

    Raises:
        Mismatch: An output differs.
    """
    if oracle.data == oracle.original:
        return Referee.NOBODY
    chosen = inputs[:ORIGINAL_INPUTS]
    for judge, run in _runners(oracle):
        try:
            expected = run(oracle, oracle.original, chosen)
        except ModelError as error:
            progress.note(f"{judge.value} does not run the file as it is: {error.message}")
            continue
        _compare(oracle, judge, expected, run(oracle, oracle.data, chosen))
        progress.note(f"{judge.value}: the same outputs as the file's, on {len(chosen)} inputs")
        return judge
    progress.note("no interpreter runs the file as it is: the changes were not compared with it")
    return Referee.NOBODY


def _runners(oracle: Oracle) -> list[tuple[Referee, Runner]]:
    sized = any(change.kind is ChangeKind.SIZED for change in oracle.model.changes)
    return sorted(RUNNERS.items(), key=lambda pair: sized and pair[0] is not Referee.LITERT)


def _run_tflm(oracle: Oracle, data: bytes, inputs: Sequence[Feeds]) -> Rows:
    process = InterpreterProcess("tflm")
    try:
        process.open("file", data, {"keep_tensors": False})
        arrays = [check_feeds(oracle.inputs, feeds) for feeds in inputs]
        return [process.invoke("file", row, len(oracle.outputs)) for row in arrays]
    finally:
        process.close()


def _run_litert(oracle: Oracle, data: bytes, inputs: Sequence[Feeds]) -> Rows:
    runtime = LitertInterpreter(data, Kernels.REFERENCE)
    arrays = [check_feeds(oracle.inputs, feeds) for feeds in inputs]
    names = [value.name for value in runtime.inputs]
    return [[*runtime.run(dict(zip(names, row, strict=True))).values()] for row in arrays]


Runner = Callable[[Oracle, bytes, Sequence[Feeds]], Rows]
RUNNERS: dict[Referee, Runner] = {
    Referee.TFLM: _run_tflm,
    Referee.LITERT: _run_litert,
}
"""In the order in which they are asked"""


def _compare(oracle: Oracle, judge: Referee, expected: Rows, found: Rows) -> None:
    for number, (right, ours) in enumerate(zip(expected, found, strict=True)):
        for value, theirs, own in zip(oracle.outputs, right, ours, strict=True):
            if (bits(theirs) != bits(own)).any():
                raise Mismatch(
                    f"input {number}: the output {value.name} of the simplified file differs from "
                    f"the original's in {judge.value}; changed: {'; '.join(oracle.changes)}",
                    hint=HINT,
                )
