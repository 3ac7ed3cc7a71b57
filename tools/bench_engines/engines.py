"""The engines: what each puts into the bare program for a model and a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyssl.codegen.aot import render_aot, render_engine_aot
from tinyssl.compiler.arena import Plan, plan_arena
from tinyssl.compiler.schedule import choose_steps
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.graph.verify import verify
from tinyssl.targets.boards import Board, Isa
from tinyssl.targets.kernels import PORTABLE
from tools.bench_engines.image import Parts


@dataclass(frozen=True)
class Engine:
    """A way to run a model."""

    name: str
    parts: Callable[[bytes, str, Board], Parts]
    """From .tflite, its name, and the board; raises `Refused`"""


def planned(data: bytes, name: str, isa: Isa) -> tuple[Model, Plan]:
    """A model after the passes, and its plan for the kernels of `isa`."""
    model = run_passes(read_model(data, name))
    verify(model)
    return model, plan_arena(model, choose_steps(model, isa))


def _aot(data: bytes, name: str, isa: Isa) -> Parts:
    model, plan = planned(data, name, isa)
    sources = render_aot(model, plan, isa=isa) | render_engine_aot(model, plan, isa=isa)
    return Parts(sources, bounded=True)


def aot(data: bytes, name: str, board: Board) -> Parts:
    """Our engine with the kernels of the board's core."""
    return _aot(data, name, board.tinyssl.isa)


def reference(data: bytes, name: str, _board: Board) -> Parts:
    """Our engine with plain C kernels: `tinyssl build --kernels reference`."""
    return _aot(data, name, PORTABLE)


OURS = (Engine("aot", aot), Engine("reference", reference))
