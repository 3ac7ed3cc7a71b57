"""Replies to `learn`: training steps on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tinyssl.device.fields import LineFields
from tinyssl.device.protocol import CABLE, MAX_TICKS, UINT32, Garbled, sealed_lines


@dataclass(frozen=True)
class StoredState:
    """What the device's flash holds of what this model learnt."""

    length: int
    """Bytes; 0: the first values"""
    sequence: int
    """Number of the newest save, of any model"""
    erases: tuple[int, int]
    """Of every sector of each slot, so far"""
    left: int
    """Saves before the next erase"""


class GuardEvent(StrEnum):
    """What the device's check of itself came to."""

    NONE = "none"
    """It was not due, or changed nothing"""
    BEST = "best"
    """These parameters are the best so far; the device keeps a copy"""
    BACK = "back"
    """They were worse than the margin allows: the best ones are back"""


@dataclass(frozen=True)
class LearningStep:
    """One inference and one training step."""

    inference_ticks: int
    training_ticks: int
    learnt: bool
    """False: the label was no class, or the loss no number; the parameters are as they were"""
    guard: GuardEvent = GuardEvent.NONE
    drift: bool = False
    """The losses up to this one show a drift"""


def parse_step(lines: Sequence[str], number: int) -> LearningStep:
    """Reply to `learn <number>%`.

    Raises:
        Garbled: It was lost or damaged, or is of another step.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "learn")
    found, inference, training, learnt, guard, drift = fields.split(6)
    _check_number(fields, found, number)
    return LearningStep(
        fields.number(0, MAX_TICKS, inference),
        fields.number(0, MAX_TICKS, training),
        fields.number(0, 1, learnt) == 1,
        _guard(fields, guard),
        fields.number(0, 1, drift) == 1,
    )


@dataclass(frozen=True)
class LearningBatch:
    """The steps on the samples of one frame, in their order."""

    samples: int
    learnt: int
    """Samples that taught; the others have no class, or no finite loss"""
    right: int
    """Answered by their label before their step"""
    loss: float
    """Mean of those that taught, each before its step"""
    inference_ticks: int
    training_ticks: int
    guard: GuardEvent
    drifts: int


def parse_batch(lines: Sequence[str], number: int) -> LearningBatch:
    """Reply to `learn batch <number>%`.

    Raises:
        Garbled: It was lost or damaged, or is of another step.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "batch")
    found, samples, learnt, right, loss, inference, training, guard, drifts = fields.split(9)
    _check_number(fields, found, number)
    count = fields.number(0, UINT32, samples)
    return LearningBatch(
        count,
        fields.number(0, count, learnt),
        fields.number(0, count, right),
        fields.real(loss),
        fields.number(0, MAX_TICKS, inference),
        fields.number(0, MAX_TICKS, training),
        _guard(fields, guard),
        fields.number(0, count, drifts),
    )


@dataclass(frozen=True)
class Evaluation:
    """What the parameters make of samples that do not teach."""

    samples: int
    judged: int
    """Samples with a finite loss"""
    right: int
    """Answered by their label"""
    loss: float
    """Mean"""
    inference_ticks: int


def parse_evaluation(lines: Sequence[str]) -> Evaluation:
    """Reply to `learn eval%`.

    Raises:
        Garbled: It was lost or damaged.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "eval")
    samples, judged, right, loss, ticks = fields.split(5)
    count = fields.number(0, UINT32, samples)
    return Evaluation(
        count,
        fields.number(0, count, judged),
        fields.number(0, count, right),
        fields.real(loss),
        fields.number(0, MAX_TICKS, ticks),
    )


@dataclass(frozen=True)
class ValidationState:
    """The samples that a device keeps to judge itself."""

    samples: int
    room: int
    """For so many; 0: it keeps none"""
    checks: int
    returns: int
    """How often the best parameters came back"""
    best: float
    """Score: the share of right answers, or less the mean loss where targets are no labels"""
    last: float
    """Score of the last check"""
    guard: GuardEvent = GuardEvent.NONE
    """What the check came to that was asked for"""


def parse_validation(lines: Sequence[str]) -> ValidationState:
    """Reply to `learn keep%` and `learn check%`.

    Raises:
        Garbled: It was lost or damaged.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "validation")
    return _validation(fields)


def _validation(fields: LineFields) -> ValidationState:
    *counts, best, last, guard = fields.split(7)
    samples, room, checks, returns = (fields.number(0, UINT32, text) for text in counts)
    scores = fields.real(best), fields.real(last)
    return ValidationState(samples, room, checks, returns, *scores, _guard(fields, guard))


@dataclass(frozen=True)
class DriftState:
    """The test of the losses for a drift."""

    on: bool
    found: int
    sample: int
    """Number of the sample that showed the last one, from 1; 0: none"""
    sum: float
    """Of the Page-Hinkley test"""


@dataclass(frozen=True)
class LearningStatistics:
    """What came of all samples since the start, or since the first values."""

    samples: int
    steps: int
    rejected: int
    """Samples that taught nothing"""
    judged: int
    """Samples with a label that taught"""
    right: int
    """Answered by their label before their step: prequential accuracy is right / judged"""
    loss: float
    """Mean"""
    last_loss: float
    validation: ValidationState
    drift: DriftState
    store: StoredState

    @property
    def accuracy(self) -> float | None:
        """Prequential (test, then train): A. P. Dawid, 1984; None without labels."""
        return self.right / self.judged if self.judged else None


def parse_statistics(lines: Sequence[str]) -> LearningStatistics:
    """Reply to `learn statistics%`.

    Raises:
        Garbled: A line was lost or damaged.
        BadValue: A value is none that it can be.
    """
    counted, kept, drift, store = sealed_lines(lines, "statistics", "validation", "drift", "store")
    *numbers, loss, last = counted.split(7)
    method, found, sample, total = drift.split(4)
    samples, steps, rejected, judged, right = (counted.number(0, UINT32, t) for t in numbers)
    return LearningStatistics(
        samples,
        steps,
        rejected,
        judged,
        right,
        loss=counted.real(loss),
        last_loss=counted.real(last),
        validation=_validation(kept),
        drift=DriftState(
            drift.choice(("page-hinkley", "off"), method) != "off",
            drift.number(0, UINT32, found),
            drift.number(0, UINT32, sample),
            drift.real(total),
        ),
        store=_store(store),
    )


def _check_number(fields: LineFields, found: str, number: int) -> None:
    if fields.number(0, UINT32, found) != number:
        raise Garbled(f"the device answered for step {found}, not {number}", hint=CABLE)


def _guard(fields: LineFields, text: str) -> GuardEvent:
    return GuardEvent(fields.choice([each.value for each in GuardEvent], text))


def parse_first(lines: Sequence[str]) -> None:
    """Reply to `learn reset%`.

    Raises:
        Garbled: The line was lost or damaged.
    """
    sealed_lines(lines, "first")


def parse_store(lines: Sequence[str]) -> StoredState:
    """Reply to `learn save%`, `load` and `forget`.

    Raises:
        Garbled: The line was lost or damaged.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "store")
    return _store(fields)


def _store(fields: LineFields) -> StoredState:
    length, sequence, *erases, left = (fields.number(0, UINT32, text) for text in fields.split(5))
    return StoredState(length, sequence, (erases[0], erases[1]), left)
