"""The engines: what each puts into the bare program for a model and a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyssl import compiler
from tinyssl.codegen.aot import render_aot, render_engine_aot
from tinyssl.frontends.tflite import read_model
from tinyssl.targets.boards import Board, Isa
from tinyssl.targets.kernels import PORTABLE, SIZE_FIRST
from tools.bench_engines.image import Parts, ends


@dataclass(frozen=True)
class Engine:
    """A way to run a model."""

    name: str
    parts: Callable[[bytes, str, Board], Parts]
    """From .tflite, its name, and the board; raises `Refused`"""


def _aot(data: bytes, name: str, isa: Isa) -> Parts:
    program = compiler.compile(read_model(data, name), isa)
    return Parts(
        render_aot(program) | render_engine_aot(program) | ends(data),
        bounded=True,
        size_first=SIZE_FIRST,
    )


def aot(data: bytes, name: str, board: Board) -> Parts:
    """Our engine with the kernels of the board's core."""
    return _aot(data, name, board.tinyssl.isa)


def reference(data: bytes, name: str, _board: Board) -> Parts:
    """Our engine with plain C kernels: `tinyssl build --kernels reference`."""
    return _aot(data, name, PORTABLE)


OURS = (Engine("aot", aot), Engine("reference", reference))
