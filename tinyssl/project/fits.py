"""The gate before anything is compiled: a model that cannot fit ends here, in a second.

What is known of a model before its plan is a lower bound of what it takes in flash; the plan then
tells its arena. The sizes of the linked image are measured later (`project.size`).
"""

from __future__ import annotations

from tinyssl.compiler.arena import Plan
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded
from tinyssl.graph.model import Model
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.project.platformio import options
from tinyssl.targets.boards import Board

Limit = tuple[int, str]
"""Bytes, and whose they are"""


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
    least = least_flash(graph, data, config.engine)
    budget = config.flash_budget or board.tinyssl.budget.flash
    limit, whose = min([(budget, "budget"), *_region(board, "weights")])
    if least > limit:
        what = "the model file" if config.engine == "tflm" else "the weights"
        raise BudgetExceeded(
            f"flash: {what} of {graph.name} alone: {least:,} bytes, {whose} of {board.id} "
            f"{limit:,}, {least - limit:,} too many; nothing was compiled",
            hint=options("--flash-budget"),
        )


def check_ram(config: BuildConfig, board: Board, plan: Plan) -> None:
    """Compares the arena of our C, with the stack, with the board's RAM.

    Raises:
        BudgetExceeded: They are more than fits, even without any variables.
    """
    if (config.target, config.engine) != ("firmware", "aot"):
        return
    stack = 0 if board.kind == "host" else board.tinyssl.stack_bytes
    limits = [(config.ram_budget or board.tinyssl.budget.ram, "budget", stack)]
    if any("arena" in region.use for region in board.tinyssl.regions):
        region = board.arena_region(plan.peak)
        limits.append((region.size, region.name, stack if "stack" in region.use else 0))
    for limit, whose, beside in limits:
        over = plan.peak + beside - limit
        if over > 0:
            raise BudgetExceeded(
                f"ram: arena {plan.peak:,} bytes and stack {beside:,}, {whose} of {board.id} "
                f"{limit:,}, {over:,} too many; nothing was compiled",
                hint=options("--ram-budget"),
            )


def _region(board: Board, use: str) -> list[Limit]:
    """Size and name of the region that holds `use`; none where a framework links."""
    return [(r.size, r.name) for r in board.tinyssl.regions if use in r.use]
