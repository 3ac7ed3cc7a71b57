"""How good the float and the INT8 model are on the same samples, and the gate between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyssl.core.errors import AccuracyDrop
from tinyssl.core.progress import Progress, Silent
from tinyssl.data.spec import to_unit
from tinyssl.learn.tasks import Scores, Task
from tinyssl.runtimes.inputs import wire_to_model
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.oracle import Oracle
from tinyssl.verify.sqnr import dequantised
from tinyssl.verify.subject import TestSplit


@dataclass(frozen=True)
class Quality:
    """Metrics of both models over the same samples."""

    task: Task
    float32: Scores
    """Float model, LiteRT"""
    int8: Scores
    """INT8 model, TFLM"""
    drop: float
    """Loss of the main metric from float to INT8, in the task's unit; negative where INT8 wins"""
    samples: int

    def as_results(self) -> dict[str, Any]:
        """For a record: every metric of both, and the drop."""
        return {
            **{f"{name}_float": value for name, value in self.float32.items()},
            **{f"{name}_int8": value for name, value in self.int8.items()},
            "drop_points": round(self.drop, 4),
        }

    def gate(self, max_drop: float) -> None:
        """Refuses a loss above `max_drop`.

        Raises:
            AccuracyDrop: With all figures.
        """
        if self.drop > max_drop:
            metric = self.task.metric
            float32, int8 = (
                metric.text(scores[metric.name]) for scores in (self.float32, self.int8)
            )
            raise AccuracyDrop(
                f"INT8 loses {self.drop:.2f} {self.task.drop_unit} ({float32} to {int8} on "
                f"{self.samples} test samples); {max_drop:g} are allowed",
                hint="calibrate on more samples (`tinyssl convert --calibration-images`), try "
                "--ranges mse, --equalise or --int16-layers, or allow more (--max-drop, of convert "
                "and verify): `tinyssl verify` then shows what each layer loses",
            )


def measure_quality(
    float_data: bytes,
    oracle: Oracle,
    split: TestSplit,
    progress: Progress | None = None,
) -> Quality:
    """Metrics of both models; ties go to the lower class, as on the device.

    Args:
        float_data: Float .tflite; takes samples in [0, 1], channels last.
        oracle: The INT8 model.
        split: Samples with their answers.
        progress: Told of every sample.
    """
    float32 = LitertInterpreter(float_data, Kernels.OPTIMISED)
    shape = oracle.model.input.shape
    answers: list[np.ndarray] = []
    found: list[np.ndarray] = []
    with (progress or Silent()).track(split.task.metric.name, len(split.samples), "sample") as task:
        for sample, x in zip(
            split.samples, wire_to_model(oracle.model, split.samples), strict=True
        ):
            answers.append(float32.invoke(to_unit(sample).reshape(shape)).ravel())
            found.append(dequantised(oracle.model.output, oracle.invoke(x)).ravel())
            task.advance()
    right = split.answers
    scores = [split.task.score(_decoded(split.task, rows), right) for rows in (answers, found)]
    main = split.task.metric.name
    drop = split.task.drop(scores[0][main], scores[1][main], right)
    return Quality(split.task, scores[0], scores[1], drop, len(split.samples))


def _decoded(task: Task, rows: list[np.ndarray]) -> np.ndarray:
    outputs = np.stack(rows) if rows else np.empty((0, 1))
    return task.decode((outputs,))
