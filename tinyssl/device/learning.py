"""Replies to `learn`: training steps on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.device.protocol import CABLE, MAX_TICKS, UINT32, Garbled, sealed_lines


@dataclass(frozen=True)
class LearningStep:
    """One inference and one training step."""

    inference_ticks: int
    training_ticks: int
    learnt: bool
    """False: the label was no class, or the loss no number; the parameters are as they were"""


def parse_step(lines: Sequence[str], number: int) -> LearningStep:
    """Reply to `learn <number>%`.

    Raises:
        Garbled: It was lost or damaged, or is of another step.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "learn")
    found, inference, training, learnt = fields.split(4)
    if fields.number(0, UINT32, found) != number:
        raise Garbled(f"the device answered for step {found}, not {number}", hint=CABLE)
    return LearningStep(
        fields.number(0, MAX_TICKS, inference),
        fields.number(0, MAX_TICKS, training),
        fields.number(0, 1, learnt) == 1,
    )


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
    length, sequence, *erases, left = (fields.number(0, UINT32, text) for text in fields.split(5))
    return StoredState(length, sequence, (erases[0], erases[1]), left)
