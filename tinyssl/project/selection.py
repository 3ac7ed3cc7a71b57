"""`build --train-ram`: the weights and biases that gain the most for so many bytes of RAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tinyssl.core.errors import BudgetExceeded

UNITS = 4096
"""Parts of the budget that the search tells apart"""
TRIES = 4
"""Plans for one first layer"""
LEAST = 1e-3
"""Share of all scores below which a tensor is not worth its steps"""
FILLS = 12
"""Candidates that are tried in the bytes that are left"""
PATIENCE = 8
"""Layers in a row whose plans gain nothing, before the search ends"""

ExtraRam = Callable[[Sequence[str]], int]
"""Names -> bytes that the planner gives for learning them, beside the inference"""


@dataclass(frozen=True)
class Ranked:
    """A weight or bias."""

    name: str
    score: float
    """Fall of the loss by a step of size 1, to the first order (`contribution`)"""
    bytes: int
    """Of its values, and of its velocities"""
    chosen: bool = False


@dataclass(frozen=True)
class Selection:
    """What learns within a budget."""

    budget: int
    """Bytes beside the inference"""
    ram: int
    """Bytes that it takes, by the plan"""
    samples: int
    """On which the scores were measured"""
    ranking: tuple[Ranked, ...]
    """All candidates, the largest score first"""

    @property
    def what(self) -> str:
        """As `--train` takes it, in order of execution."""
        chosen = [each.name for each in self.ranking if each.chosen]
        return ",".join(sorted(chosen, key=_place))

    @property
    def share(self) -> float:
        """Of the scores above zero, how much was chosen."""
        whole = sum(max(each.score, 0) for each in self.ranking)
        return sum(each.score for each in self.ranking if each.chosen) / whole if whole else 0.0

    def as_record(self) -> dict[str, Any]:
        """For the build's record."""
        return asdict(self)


def layer_of(name: str) -> int:
    """12 of `layer12/weight`; where only the last layer may learn, any number."""
    return 1 if name.startswith("head/") else int(name.partition("/")[0].removeprefix("layer"))


def _place(name: str) -> tuple[int, bool]:
    return layer_of(name), name.endswith("/bias")


@dataclass(frozen=True)
class Candidates:
    """What may learn. All by name."""

    scores: Mapping[str, float]
    sizes: Mapping[str, int]
    """Bytes of the values, with their velocities"""
    kept: Mapping[str, int]
    """Bytes of the activation that a step needs until then"""

    def behind(self, depth: int) -> Candidates:
        """Those of a layer and of later ones."""
        scores = {name: each for name, each in self.scores.items() if layer_of(name) >= depth}
        return replace(self, scores=scores)

    def gain(self, names: Sequence[str]) -> float:
        """Sum of scores."""
        return sum(self.scores[name] for name in names)


@dataclass
class _Search:
    """From the last layer to the first."""

    budget: int
    extra: ExtraRam
    best: tuple[str, ...] = ()
    ram: int = 0
    gain: float = 0.0
    overhead: int = 0
    """Bytes of a plan beyond values and kept activations; may be below zero"""

    def run(self, candidates: Candidates) -> None:
        """Visits one first layer after another."""
        self.overhead = idle = 0
        for depth in sorted({layer_of(name) for name in candidates.scores}, reverse=True):
            idle = 0 if self.visit(candidates.behind(depth)) else idle + 1
            if idle >= PATIENCE:
                break

    def visit(self, candidates: Candidates) -> bool:
        """Looks for a better set; whether one was there, or nothing could be."""
        seen: set[tuple[str, ...]] = set()
        better = False
        for _ in range(TRIES):
            found = _knapsack(candidates, self.budget - self.overhead)
            if candidates.gain(found) <= self.gain or found in seen:
                return better or not seen
            seen.add(found)
            taken = self.extra(found)
            self.overhead += taken - self.budget
            if taken <= self.budget:
                self.best, self.ram, self.gain = found, taken, candidates.gain(found)
                better = True
        return better

    def fill(self, candidates: Candidates) -> None:
        """Adds what has room in what the plan left, the largest scores first."""
        rest = [name for name in candidates.scores if name not in self.best]
        rest.sort(key=lambda name: -candidates.scores[name])
        for name in [each for each in rest if candidates.scores[each] > 0][:FILLS]:
            if candidates.sizes[name] <= self.budget - self.ram:
                found = tuple(sorted((*self.best, name), key=_place))
                taken = self.extra(found)
                if taken <= self.budget:
                    self.best, self.ram, self.gain = found, taken, candidates.gain(found)


def select(candidates: Candidates, budget: int, extra: ExtraRam) -> tuple[tuple[str, ...], int]:
    """The set with the largest sum of scores whose plan fits the budget.

    A plan takes values, activations that updates read, and more for errors on their way, which
    depends on the first layer that learns. So for each first layer, from the last one on, the best
    set by the first two is searched in what the third leaves, and planned; the plan says what was
    left, and the next search takes that. Where the inference's peak hides the activations, a second
    round without them finds more. In the end, what still fits is added.

    Args:
        candidates: At least one.
        budget: Bytes beside the inference.
        extra: Plans a set.

    Returns:
        The names, and the bytes that they take.

    Raises:
        BudgetExceeded: Not one fits.
    """
    search = _Search(budget, extra)
    for kept in (candidates.kept, dict.fromkeys(candidates.kept, 0)):
        search.run(replace(candidates, kept=kept))
    if not search.best:
        raise BudgetExceeded(
            f"--train-ram {budget:,}: no weight or bias of the last layers learns in so little RAM",
            hint="give it more, or let biases alone learn: --train bias --train-ram …",
        )
    search.fill(candidates)
    return search.best, search.ram


def _knapsack(candidates: Candidates, capacity: int) -> tuple[str, ...]:
    """The names whose scores add up to the most, with sizes that add up to `capacity` at most."""
    scores = candidates.scores
    unit = max(-(-capacity // UNITS), 1)
    places = max(capacity // unit, 0)
    least = LEAST * sum(max(score, 0) for score in scores.values())
    names = [name for name in scores if scores[name] > least]
    bytes_of = [candidates.sizes[name] + candidates.kept[name] for name in names]
    weights = [-(-size // unit) for size in bytes_of]
    sums = np.zeros(places + 1)
    taken = np.zeros((len(names), places + 1), bool)
    for number, (name, weight) in enumerate(zip(names, weights, strict=True)):
        if weight <= places:
            other = sums[: places + 1 - weight] + scores[name]
            taken[number, weight:] = other > sums[weight:]
            sums[weight:] = np.maximum(sums[weight:], other)
    found, place = [], places
    for number in range(len(names) - 1, -1, -1):
        if taken[number, place]:
            found.append(names[number])
            place -= weights[number]
    return tuple(sorted(found, key=_place))


def ranked(candidates: Candidates, chosen: Sequence[str]) -> tuple[Ranked, ...]:
    """All candidates, the largest score first."""
    scores, sizes = candidates.scores, candidates.sizes
    names = sorted(scores, key=lambda name: -scores[name])
    return tuple(Ranked(name, scores[name], sizes[name], name in chosen) for name in names)


def parse_bytes(text: str) -> int:
    """`64K` -> 65,536."""
    factor = {"K": 2**10, "M": 2**20}.get(text[-1].upper(), 1)
    return int(text.rstrip("KkMm")) * factor
