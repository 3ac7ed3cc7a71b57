"""Commands to a device that learns: `learn …`."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from tinyssl.device.learning import (
    Evaluation,
    LearningBatch,
    LearningStatistics,
    LearningStep,
    StoredState,
    ValidationState,
    parse_batch,
    parse_evaluation,
    parse_first,
    parse_statistics,
    parse_step,
    parse_store,
    parse_validation,
)
from tinyssl.device.protocol import frame
from tinyssl.device.request import Request

T = TypeVar("T")

MOST_STEPS = 2**32 - 1


class LearningCommands(ABC):
    """What a `Session` says to a device that learns.

    A sample is the bytes of every input in the model's order, then of the target, each in its own
    element type.
    """

    def __init__(self) -> None:
        self._step = secrets.randbelow(MOST_STEPS)
        """Number of the last command that taught; not the one that an earlier session ended with"""
        self._kept = 0
        """Samples that the device judges itself by"""

    @abstractmethod
    def _ask(self, request: Request, parse: Callable[[Sequence[str]], T]) -> T:
        """Sends, reads, checks and parses."""

    def learn(self) -> LearningStep:
        """An inference on the inputs that were sent last, and a training step with the target.

        Each step has a number, so that one whose answer was lost is not taken twice.
        """
        request = Request(
            f"learn {self._next_step()}%".encode(), slow_line=0, inferences=self._inferences(1)
        )
        return self._ask(request, partial(parse_step, number=self._step))

    def learn_batch(self, samples: Sequence[bytes]) -> LearningBatch:
        """A training step on each sample, in one frame. Damaged on the way, it teaches nothing.

        Args:
            samples: At least one, all of the model's size; together at most
                `Identity.frame_bytes`.
        """
        command = f"learn batch {self._next_step()} {len(samples)}"
        request = self._samples(command, samples, self._inferences(len(samples)))
        return self._ask(request, partial(parse_batch, number=self._step))

    def evaluate(self, samples: Sequence[bytes]) -> Evaluation:
        """Accuracy and mean loss on samples, which teach nothing; as `learn_batch` takes them."""
        request = self._samples(f"learn eval {len(samples)}", samples, len(samples))
        return self._ask(request, parse_evaluation)

    def keep_samples(self, samples: Sequence[bytes], at: int = 0) -> ValidationState:
        """Gives the device samples to judge itself by, from number `at` on; those behind go.

        Raises:
            DeviceError: It keeps fewer (`build --validation`), or `at` leaves a gap.
        """
        request = self._samples(f"learn keep {at} {len(samples)}", samples, 1)
        return self._validation(request)

    def check(self) -> ValidationState:
        """Has the device judge itself by the samples that it keeps; it may go back to the best."""
        request = Request(b"learn check%", slow_line=0, inferences=self._inferences(1))
        return self._validation(request)

    def learning_statistics(self) -> LearningStatistics:
        """What came of all samples since the start, or since the first values."""
        found = self._ask(Request(b"learn statistics%", lines=4), parse_statistics)
        self._kept = found.validation.samples
        return found

    def first_values(self) -> None:
        """Gives all parameters and states the values that they were built with."""
        self._ask(Request(b"learn reset%"), parse_first)

    def save_learnt(self) -> StoredState:
        """Writes the parameters to the device's flash: it starts with them from now on."""
        return self._ask(Request(b"learn save%", slow_line=0), parse_store)

    def load_learnt(self) -> StoredState:
        """Gives the parameters the values of the last save."""
        return self._ask(Request(b"learn load%"), parse_store)

    def forget_learnt(self) -> StoredState:
        """Takes what was saved away; the parameters stay as they are until the next start."""
        return self._ask(Request(b"learn forget%", slow_line=0), parse_store)

    def _next_step(self) -> int:
        self._step = self._step % MOST_STEPS + 1
        return self._step

    def _inferences(self, steps: int) -> int:
        """A step is at most as long as its inference; a check may come before and after all."""
        return 2 * steps + 2 * self._kept

    def _samples(self, command: str, samples: Sequence[bytes], inferences: int) -> Request:
        return Request(frame(command, b"".join(samples)), slow_line=0, inferences=inferences)

    def _validation(self, request: Request) -> ValidationState:
        found = self._ask(request, parse_validation)
        self._kept = found.samples
        return found
