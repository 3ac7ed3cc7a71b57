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


def parse_forgotten(lines: Sequence[str]) -> None:
    """Reply to `learn reset%`.

    Raises:
        Garbled: The line was lost or damaged.
    """
    sealed_lines(lines, "forget")
