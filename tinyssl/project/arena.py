"""The tensor arena of TFLM: how much a model takes, and the gate before anything is compiled.

What TFLM says on this computer bounds what it takes on a 32-bit one from both sides
(`verify.ArenaUse`): the lower bound decides whether a build can succeed at all, the upper one, with
what optimised kernels may ask for and a margin, is the size that the image gets.
"""

from __future__ import annotations

from functools import lru_cache

from tinyssl.codegen.tflm import ARENA_ALIGNMENT
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded
from tinyssl.graph.model import Model
from tinyssl.graph.outline import is_outline
from tinyssl.ops import spec_of
from tinyssl.project.platformio import options
from tinyssl.project.source import ModelSource
from tinyssl.runtimes.support import read_for_engine
from tinyssl.runtimes.tflm import ArenaUse, TflmInterpreter
from tinyssl.targets.boards import Board

ARENA_MARGIN = 1024
"""Bytes on top of what TFLM measures on this computer: that one and the linked one may be different
versions, whose bookkeeping differs by some words a tensor or operator"""


@lru_cache(maxsize=4)
def arena_use(data: bytes) -> ArenaUse:
    """What TFLM takes of the arena on this computer.

    Raises:
        ToolMissing: tflite-micro is not installed.
        ModelError: TFLM cannot prepare the model.
    """
    return TflmInterpreter(data, read_for_engine("tflm", data)).arena


def aligned(size: int) -> int:
    """Rounded up to what TFLM aligns to."""
    return -(-size // ARENA_ALIGNMENT) * ARENA_ALIGNMENT


def arena_bytes(data: bytes, scratch: int = 0) -> int:
    """Size of the tensor arena: what TFLM uses on this computer, `scratch` and ARENA_MARGIN.

    That is an upper bound for a 32-bit microcontroller with the reference kernels: activations are
    planned alike, and the bookkeeping beside them shrinks with its pointers. For other kernels it
    is an estimate; where it is too small, engine_init() says how much is missing.

    Args:
        data: The .tflite.
        scratch: Memory that optimised kernels need, from `scratch_bytes`.

    Raises:
        ToolMissing: tflite-micro is not installed.
        ModelError: TFLM cannot prepare the model.
    """
    return aligned(arena_use(data).total + scratch + ARENA_MARGIN)


def scratch_bytes(graph: Model) -> int:
    """Most memory that CMSIS-NN asks for beside the tensors, in any of its variants.

    None is known of an outline: where it does not suffice, engine_init() says how much is missing.
    Scratch memory is an operator's own, so the largest counts; the sums that its dense layers for
    MVE keep are counted for each. From the functions `arm_…_get_buffer_size` of CMSIS-NN (2026-06).
    """
    calls = [(spec_of(op).tflm, op) for op in graph.ops if not is_outline(graph)]
    sums = sum(tflm.sums(graph, op) for tflm, op in calls)
    return max((aligned(tflm.scratch(graph, op)) for tflm, op in calls), default=0) + aligned(sums)


def arena_room(board: Board, ram_budget: int) -> int:
    """Bytes that an arena may have at most: the budget and the region, without the stack."""
    stack = board.tinyssl.stack_bytes
    room = ram_budget - stack
    if board.kind == "host":  # no regions
        return room
    region = board.region("arena")
    return min(room, region.size - (stack if "stack" in region.use else 0))


def check_arena(config: BuildConfig, source: ModelSource, board: Board) -> None:
    """The gate for engine `tflm`: refuses a model whose arena cannot fit, before any compiler runs.

    Raises:
        BudgetExceeded: Even the least that TFLM may take is more than the board has.
        ModelError: TFLM cannot prepare the model.
        ToolMissing: tflite-micro is not installed, and no size was given.
    """
    room = arena_room(board, config.ram_budget or board.tinyssl.budget.ram)
    stack = board.tinyssl.stack_bytes
    if config.arena_bytes:
        least, what = config.arena_bytes, f"an arena of {config.arena_bytes:,} bytes was asked for"
    else:
        use = arena_use(source.data)
        least = use.at_least
        what = (
            f"the arena of TensorFlow Lite Micro for {source.graph.name} takes {use.total:,} bytes "
            f"on this computer and at least {least:,} on {board.id} ({use.planned:,} of them "
            "activations)"
        )
    if least > room:
        raise BudgetExceeded(
            f"ram: {what}; {board.id} has room for {room:,} beside {stack:,} of stack, "
            f"{least - room:,} too few",
            hint=_proposal(source, board, room),
        )


def _proposal(source: ModelSource, board: Board, room: int) -> str:
    """The `aot` engine with its figure for this model and board, or what else helps."""
    if source.compiled is None:
        return f"our engine does not run this model; {options('--ram-budget')}"
    peak, stack = source.program.arena_bytes, board.tinyssl.stack_bytes
    figure = (
        f"`--engine aot` needs an arena of {peak:,} bytes for this model on {board.id}, "
        f"{peak + stack:,} with the stack"
    )
    if peak <= room:
        return f"{figure}, and the application's own variables"
    return f"{figure}: too much as well; {options('--ram-budget')}"
