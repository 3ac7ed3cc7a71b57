"""The gate before anything is compiled: a model that cannot fit ends here, in a second.

What is known of a model before its plan is a lower bound of what it takes in flash; the plan then
tells its arena. The sizes of the linked image are measured later (`project.size`).
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.compiler.arena import Plan
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded
from tinyssl.graph.model import Model
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.project.platformio import options
from tinyssl.targets.boards import Board


@dataclass(frozen=True)
class Shortage:
    """Memory that a board has too little of."""

    kind: str
    """flash or ram"""
    needed: int
    """Bytes"""
    beside: int
    """Of them the stack's, where it shares the memory"""
    limit: int
    """Bytes there are"""
    whose: str
    """budget, or the name of the memory region"""

    @property
    def missing(self) -> int:
        """Bytes."""
        return self.needed - self.limit

    def __str__(self) -> str:
        """`RAM short by 4,112 bytes in region DTCM: 135,184 needed, 131,072 there`"""
        where = "of its budget" if self.whose == "budget" else f"in region {self.whose}"
        kind = "RAM" if self.kind == "ram" else "flash"
        return (
            f"{kind} short by {self.missing:,} bytes {where}: {self.needed:,} needed, "
            f"{self.limit:,} there"
        )


def flash_shortage(board: Board, needed: int, budget: int | None = None) -> Shortage | None:
    """What a board lacks for so many bytes of flash.

    Args:
        board: The board.
        needed: Bytes.
        budget: Takes the place of the board's.
    """
    limits = [(budget or board.tinyssl.budget.flash, "budget"), *_region(board, "weights")]
    limit, whose = min(limits)
    return Shortage("flash", needed, 0, limit, whose) if needed > limit else None


def ram_shortage(board: Board, arena: int, budget: int | None = None) -> Shortage | None:
    """What a board lacks for an arena and its stack.

    Args:
        board: The board.
        arena: Bytes of the plan.
        budget: Takes the place of the board's.
    """
    stack = 0 if board.kind == "host" else board.tinyssl.stack_bytes
    limits = [(budget or board.tinyssl.budget.ram, "budget", stack)]
    if any("arena" in region.use for region in board.tinyssl.regions):
        region = board.arena_region(arena)
        limits.append((region.size, region.name, stack if "stack" in region.use else 0))
    for limit, whose, beside in limits:
        if arena + beside > limit:
            return Shortage("ram", arena + beside, beside, limit, whose)
    return None


def least_flash(graph: Model, data: bytes, engine: str) -> int:
    """Bytes that a model takes in flash at least, beside all code.

    TensorFlow Lite Micro needs the file as it is, our C the weights of every layer.
    """
    if engine == "tflm":
        return len(data)
    used = {op.weight for op in graph.ops if isinstance(op, WeightedOp)}
    return sum(graph.tensor(index).bytes for index in used)


def check_flash(config: BuildConfig, board: Board, graph: Model, data: bytes) -> None:
    """Compares a model's weights with the board's flash.

    Raises:
        BudgetExceeded: Even without any code they are more than fits.
    """
    if config.target != "firmware":
        return
    short = flash_shortage(board, least_flash(graph, data, config.engine), config.flash_budget)
    if short:
        what = "the model file" if config.engine == "tflm" else "the weights"
        raise BudgetExceeded(
            f"flash: {what} of {graph.name} alone: {short.needed:,} bytes, {short.whose} of "
            f"{board.id} {short.limit:,}, {short.missing:,} too many; nothing was compiled",
            hint=options("--flash-budget"),
        )


def check_ram(config: BuildConfig, board: Board, plan: Plan) -> None:
    """Compares the arena of our C, with the stack, with the board's RAM.

    Raises:
        BudgetExceeded: They are more than fits, even without any variables.
    """
    if (config.target, config.engine) != ("firmware", "aot"):
        return
    short = ram_shortage(board, plan.peak, config.ram_budget)
    if short:
        raise BudgetExceeded(
            f"ram: arena {plan.peak:,} bytes and stack {short.beside:,}, {short.whose} of "
            f"{board.id} {short.limit:,}, {short.missing:,} too many; nothing was compiled",
            hint=options("--ram-budget"),
        )


def _region(board: Board, use: str) -> list[tuple[int, str]]:
    """Size and name of the region that holds `use`; none where a framework links."""
    return [(r.size, r.name) for r in board.tinyssl.regions if use in r.use]
