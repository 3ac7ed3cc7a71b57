"""What is learnt and measured, as a value: `Task`.

A task says what the right answer of a sample is, which loss trains it, what a model's outputs mean,
and how good they are. Training, probes, convert, verify, bench and the report ask it; none of them
assumes classes. torch is imported in `loss` alone, so a board is measured without it.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.plugins import Origin

if TYPE_CHECKING:
    from torch import Tensor

Outputs = tuple[NDArray[np.floating[Any]], ...]
"""One array (n, …) for every output of the model, as real numbers: dequantised"""
Answers = NDArray[Any]
"""What is right, or what a model says, of n samples: (n, …), in a form of the task's own"""
Scores = dict[str, float]
"""Metric -> value, the main one first"""


class Answered(Protocol):
    """What holds the right answers: a `Dataset` or a stored test split."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,)"""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the labels."""

    @property
    def targets(self) -> NDArray[np.float32] | None:
        """(n, numbers), where there are some."""

    @property
    def target_names(self) -> tuple[str, ...]:
        """Of the targets."""


@dataclass(frozen=True)
class Metric:
    """One figure of merit."""

    name: str
    """In records: accuracy, mae"""
    title: str
    """In reports: Accuracy"""
    percent: bool
    """A share in [0, 1], shown in percent"""
    higher_is_better: bool

    def text(self, value: float) -> str:
        """`91.25 %` or `0.0312`."""
        return f"{100 * value:.2f} %" if self.percent else f"{value:.4g}"


class Task(abc.ABC):
    """One kind of answer. Tasks have no state; `find_task` gives one by its name.

    A model may have several outputs (boxes and scores): `decode` gets all of them, and `Answers`
    may be of any dtype and rank, objects included.
    """

    name: str
    """In records, where it finds the task again: `find_task` sets a plug-in's"""
    origin: Origin | None = None
    """Of a plug-in; `find_task` sets it"""
    metric: ClassVar[Metric]
    """The main one: chooses learning rates, gates the loss of INT8, heads the tables"""
    lead: ClassVar[str]
    """One sentence for the report: what the main figure is"""
    drop_unit: ClassVar[str]
    """What a loss of quality is measured in, in words"""
    ends_in_softmax: ClassVar[bool] = False
    """Whether a converted model may give probabilities in place of a head's outputs"""

    @abc.abstractmethod
    def fits(self, data: Answered) -> bool:
        """Whether the data holds the answers that this task needs."""

    @abc.abstractmethod
    def output_size(self, data: Answered) -> int:
        """Numbers that a linear head gives of every sample."""

    @abc.abstractmethod
    def answers(self, data: Answered) -> Answers:
        """The right answers of all samples."""

    def training_answers(self, data: Answered, indices: NDArray[np.int64]) -> Answers:
        """The right answers of some samples as `loss` takes them: scaled, where that helps."""
        found: Answers = self.answers(data)[indices]
        return found

    @abc.abstractmethod
    def loss(self, outputs: Tensor, answers: Tensor, smoothing: float = 0.0) -> Tensor:
        """Scalar to minimise, of (b, output_size) outputs and the batch's answers, in float32."""

    @abc.abstractmethod
    def progress_metric(self, outputs: Tensor, answers: Tensor) -> tuple[str, Tensor]:
        """Name and value of a figure of one batch, to be shown while it trains."""

    @abc.abstractmethod
    def decode(self, outputs: Outputs) -> Answers:
        """What the outputs say of each sample."""

    @abc.abstractmethod
    def score(self, predicted: Answers, right: Answers) -> Scores:
        """All metrics over n samples; of none, NaN."""

    @abc.abstractmethod
    def drop(self, exact: float, int8: float, right: Answers) -> float:
        """Loss of the main metric from float to INT8 in `drop_unit`; negative where INT8 wins."""

    @abc.abstractmethod
    def as_json(self, answer: Any) -> Any:
        """One answer for a log."""
