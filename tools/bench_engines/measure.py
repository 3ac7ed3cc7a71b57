"""Models x boards x engines to rows of figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tinyssl import compiler
from tinyssl.compiler.arena import Plan
from tinyssl.compiler.describe import describe_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.ops import macs
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.targets.boards import Board
from tools.bench_engines import bakenn, engines, tflm
from tools.bench_engines.image import INFERENCES, Figures, Refused, figures, generated_bytes
from tools.bench_engines.models import Subject
from tools.stamp import stamp

ENGINES = ("aot", "reference", "bakenn", "bakenn padded", "tflm", "tflm small")
"""In the order of the tables"""
BAKENN = ("bakenn", "bakenn padded")
TFLM = {"tflm": tflm.FAST, "tflm small": tflm.SMALL}
"""Engine -> optimisation level"""
EMULATED_BY = ("qemu-system-arm", "arm-none-eabi-gcc")
"""Programs whose versions stand beside every figure"""


@dataclass(frozen=True)
class Session:
    """What holds for all measurements of one call."""

    copies: tflm.Copies | None
    """None: TFLM is not measured"""


def measure(subject: Subject, board: Board, engine: str, session: Session) -> dict[str, Any]:
    """One row: figures, or `refused` with the reason.

    The output for the generated input is compared with TFLM's on this computer, of the model that
    the engine was given.
    """
    row: dict[str, Any] = {"model": subject.name, "board": board.id, "engine": engine}
    try:
        found = _figures(subject, board, engine, session)
    except Refused as error:
        return row | {"refused": str(error)}
    given = bakenn.edited(subject.data, "edited") if engine in BAKENN else subject.data
    row |= asdict(found) | {"equal": list(found.output) == oracle(given)}
    del row["output"]
    return row | stamp(*EMULATED_BY)


def _figures(subject: Subject, board: Board, engine: str, session: Session) -> Figures:
    if engine in TFLM:
        if session.copies is None:
            raise Refused("no local copy was given: --tflm PATH --cmsis-nn PATH")
        return tflm.measured(subject, board, session.copies, TFLM[engine])
    makers = {
        "aot": engines.aot,
        "reference": engines.reference,
        "bakenn": bakenn.plain,
        "bakenn padded": bakenn.padded,
    }
    return figures(makers[engine](subject.data, subject.name, board), board)


def oracle(data: bytes) -> list[int]:
    """Bytes of TFLM's outputs on this computer after what harness.c does."""
    interpreter = TflmInterpreter(data)
    drawn = io.BytesIO(generated_bytes(sum(value.bytes for value in interpreter.inputs)))
    feeds = {
        value.name: np.frombuffer(drawn.read(value.bytes), value.dtype.value).reshape(value.shape)
        for value in interpreter.inputs
    }
    for _ in range(INFERENCES):
        outputs = interpreter.run(feeds)
    return [byte for array in outputs.values() for byte in np.asarray(array).tobytes()]


def describe(subject: Subject) -> dict[str, Any]:
    """Facts on a model."""
    graph = read_model(subject.data, subject.name)
    return {
        "name": subject.name,
        "origin": subject.origin,
        "sha256": subject.sha256,
        "bytes": len(subject.data),
        "macs": sum(macs(graph, op) for op in graph.ops),
    }


def layers(subject: Subject, board: Board, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each call of the aot engine: instructions, the reference kernels' for the same, RAM."""
    own = {row["engine"]: row for row in rows}
    program = compiler.compile(read_model(subject.data, subject.name), board.tinyssl.isa)
    measured = own["aot"]["operators"]
    reference = own.get("reference", {}).get("operators", ())
    return [
        {
            "text": text["text"],
            "shape": text["shape"],
            "macs": text["macs"],
            "instructions": ticks,
            "reference": sum(reference[call.first : call.last + 1]),
            "ram": live_bytes(program.plan, call.first, call.last),
        }
        for call, text, ticks in zip(
            program.calls, describe_calls(program.graph, program.calls), measured, strict=True
        )
    ]


def live_bytes(plan: Plan, first: int, last: int) -> int:
    """Bytes of the arena that hold something while a call runs; overlapping places count once."""
    alive = [place for place in plan.placements if place.first <= last and place.last >= first]
    used, end = 0, 0
    for place in sorted(alive, key=lambda place: place.offset):
        top = place.offset + place.bytes
        used += max(0, top - max(end, place.offset))
        end = max(end, top)
    return used
