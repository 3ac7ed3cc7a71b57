"""How good the answers of device and reference are, by the metrics of the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyssl.data.class_order import BINARY, both_scores
from tinyssl.graph.interface import Outputs, ValueInfo
from tinyssl.learn.tasks import TASKS, Answers, Task, confusion_matrix
from tinyssl.runtimes.base import Array
from tinyssl.verify.sqnr import dequantised


@dataclass(frozen=True)
class Mistake:
    """A sample that the device classified wrongly."""

    position: int
    """In the order in which samples were judged"""
    label: int
    answer: int
    margin: float
    """By how much the answer's score is above that of the right class, in real units; at least 0"""


@dataclass
class Judge:
    """Collects the answers of both, sample by sample."""

    task: Task
    outputs: Sequence[ValueInfo]
    """Of the model: what their bytes mean"""
    class_names: tuple[str, ...] = ()
    _right: list[Any] = field(default_factory=list)
    _device: list[Any] = field(default_factory=list)
    _reference: list[Any] = field(default_factory=list)
    _mistakes: list[Mistake] = field(default_factory=list)

    def add(self, device: Outputs, reference: Outputs, right: Any) -> Any:
        """One sample's outputs by name, and its right answer; returns the device's answer."""
        scores = self._scores(device)
        answer = self._decode(scores)
        self._note_mistake(scores, answer, right)
        self._right.append(right)
        self._device.append(answer)
        self._reference.append(self._decode(self._scores(reference)))
        return self.task.as_json(answer)

    def results(self) -> dict[str, Any]:
        """Every metric of device and host; none where nothing was judged."""
        if not self._right:
            return {}
        right = np.stack(self._right)
        device = self.task.score(np.stack(self._device), right)
        host = self.task.score(np.stack(self._reference), right)
        return {f"{name}_device": value for name, value in device.items()} | {
            f"{name}_host": value for name, value in host.items()
        }

    def confusion(self) -> dict[str, Any] | None:
        """Rows are labels, columns what the device answered; None where no classes are told."""
        if self.task is not TASKS["classification"] or not self._right:
            return None
        classes = len(self.class_names)
        pairs = np.array([self._right, self._device], np.int64)
        known = pairs[:, pairs.max(axis=0) < classes]  # a model may know more classes
        matrix = confusion_matrix(known[0], known[1], classes)
        return {"class_names": self.class_names, "matrix": matrix.tolist()}

    def mistakes(self, most: int) -> list[Mistake]:
        """The clearest wrong answers of the device, the worst first; of other tasks none."""
        return sorted(self._mistakes, key=lambda mistake: -mistake.margin)[:most]

    def _note_mistake(self, scores: tuple[Array, ...], answer: Any, right: Any) -> None:
        if self.task is not TASKS["classification"] or answer == right:
            return
        row = scores[0].ravel()
        if right < len(row):
            margin = float(row[answer] - row[right])
            self._mistakes.append(Mistake(len(self._right), int(right), int(answer), margin))

    def _decode(self, scores: tuple[Array, ...]) -> Answers:
        answer: Answers = self.task.decode(scores)[0]
        return answer

    def _scores(self, found: Outputs) -> tuple[Array, ...]:
        """Outputs as reals. One probability for two classes, as of a sigmoid, is two scores."""
        reals = tuple(
            dequantised(value, found[value.name]).reshape(1, *value.shape[1:])
            for value in self.outputs
        )
        if len(self.class_names) != BINARY or len(reals) > 1 or reals[0].size > 1:
            return reals
        return (both_scores(reals[0]),)
