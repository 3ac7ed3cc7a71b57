"""Whether a model runs on a board, what it takes there, and if it does not, why."""

from __future__ import annotations

from dataclasses import dataclass, field

from tinyssl.catalog import estimate
from tinyssl.catalog.facts import Compiled
from tinyssl.catalog.quantity import Basis, Quantity
from tinyssl.core.errors import UnsupportedModel
from tinyssl.project.fits import flash_shortage, ram_shortage
from tinyssl.targets.boards import Board


@dataclass(frozen=True)
class Fit:
    """A model on a board."""

    sha256: str
    """Of the model"""
    board: str
    reasons: tuple[str, ...] = ()
    """Why it does not run there; none where it does. Sensors are the matchmaker's"""
    quantities: tuple[Quantity, ...] = field(default=())
    """Arena, RAM, flash, instructions and duration, as far as they are known"""

    @property
    def fits(self) -> bool:
        return not self.reasons

    def value(self, kind: str) -> float | None:
        """The figure of a kind."""
        return next((each.value for each in self.quantities if each.kind == kind), None)


def fit_of(model: Compiled, board: Board) -> Fit:
    """Compiles a model for a board's core, and compares what it takes with what there is.

    Nothing is built: the arena is the plan's, to the byte; all else is estimated.
    """
    digest = model.facts.sha256
    if model.graph is None:
        return Fit(digest, board.id, model.facts.problems)
    try:
        program = model.program(board.tinyssl.isa)
    except UnsupportedModel as error:
        texts = (f"{each.place}: {each.text}".strip(": ") for each in error.blockers)
        return Fit(digest, board.id, tuple(dict.fromkeys(texts)))
    stack = 0 if board.kind == "host" else board.tinyssl.stack_bytes
    arena = Quantity("Arena", program.arena_bytes, Basis.PLANNED, "memory plan")
    count, flash = estimate.instructions(program), estimate.flash(program)
    short = (ram_shortage(board, program.arena_bytes), flash_shortage(board, int(flash.value)))
    reasons = tuple(map(str, filter(None, short)))
    time = () if board.emulated else (estimate.duration(count, board),)
    ram = estimate.ram(program, stack)
    return Fit(digest, board.id, reasons, (arena, ram, flash, count, *time))
