"""Which model of the zoo a board gets where the workspace has none.

The best is the one with the highest INT8 accuracy among those that have the classes of the default
entry. You cannot compare the accuracies of different tasks, so models of other tasks come after
them. Whether a model fits is estimated first, which takes a second, and then checked by the build.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tinyssl import compiler
from tinyssl.catalog import estimate
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace
from tinyssl.project.fits import Shortage, flash_shortage, least_flash, ram_shortage
from tinyssl.runtimes.support import read_for_engine
from tinyssl.targets.boards import Board, Isa
from tinyssl.zoo import ZooEntry, default_name, entries

T = TypeVar("T")


def needs_shipped(config: BuildConfig, workspace: Workspace) -> bool:
    """Whether no model is named and none was converted, but the zoo holds one."""
    if config.model is not None:
        return False
    converted = any(run.status == "complete" for run in workspace.newest("convert"))
    return not converted and bool(entries())


def try_shipped(
    config: BuildConfig,
    board: Board,
    isa: Isa,
    progress: Progress,
    work: Callable[[BuildConfig], T],
) -> T:
    """What `work` makes of the zoo's best model that fits.

    Args:
        config: Names no model.
        board: For which it is built.
        isa: Instruction set of the kernels.
        progress: Told which model is taken, and why no better one.
        work: Builds; where it raises `BudgetExceeded`, the next model is tried.

    Raises:
        BudgetExceeded: No model fits; the message says what each lacks.
        ModelError: A file of the zoo is damaged.
        TinysslError: What `work` raises.
    """
    refused: list[str] = []
    for entry in ranked(entries()):
        entry.check()
        short = shortages(config, board, isa, entry)
        if short:
            refused.append(f"{entry.card.name}: {'; '.join(map(str, short))}")
            continue
        progress.note(_taken(config, board, entry, refused))
        try:
            return work(replace(config, model=entry.model))
        except BudgetExceeded as error:
            refused.append(f"{entry.card.name}: {error.message}")
            progress.note(f"{entry.card.name} does not fit after all: {error.message}")
    raise BudgetExceeded(
        f"no model of the zoo fits {board.name} ({'. '.join(refused)})",
        hint="name another --board, or a smaller --model",
    )


def ranked(found: list[ZooEntry]) -> list[ZooEntry]:
    """The best first."""
    usual = {entry.card.name: entry.card.classes for entry in found}.get(default_name() or "")
    return sorted(
        found,
        key=lambda entry: (entry.card.classes == usual, entry.card.accuracy["int8"]),
        reverse=True,
    )


def shortages(config: BuildConfig, board: Board, isa: Isa, entry: ZooEntry) -> list[Shortage]:
    """What a board lacks for a model: flash as estimated, the arena of our engine as planned."""
    if config.target != "firmware":
        return []
    data = entry.model.read_bytes()
    graph = read_for_engine(config.engine, data, entry.card.name)
    if config.engine != "aot":
        needed = least_flash(graph, data, config.engine)
        return list(filter(None, [flash_shortage(board, needed, config.flash_budget)]))
    program = compiler.compile(graph, isa)
    flash = int(estimate.flash(program).value)
    return list(
        filter(
            None,
            (
                flash_shortage(board, flash, config.flash_budget),
                ram_shortage(board, program.arena_bytes, config.ram_budget),
            ),
        )
    )


def _taken(config: BuildConfig, board: Board, entry: ZooEntry, refused: list[str]) -> str:
    card = entry.card
    figures = f"{len(card.classes)} classes of {card.data['name']}, INT8 " + (
        f"{100 * card.accuracy['int8']:.1f} % of {card.accuracy['images']:,} test images"
    )
    where = f" that fits {board.name}" if config.target == "firmware" else ""
    text = f"no converted model here: taking {card.name}, the best of the zoo{where} ({figures})"
    return "; ".join((text, *(f"not {reason}" for reason in refused)))
