"""One or more numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.learn.tasks.base import Answered, Answers, Metric, Outputs, Scores, Task

if TYPE_CHECKING:
    from torch import Tensor


class Regression(Task):
    """Answers are numbers in the units of the data, (n, numbers) float32; so are the outputs."""

    name = "regression"
    metric: ClassVar[Metric] = Metric(
        "mae", "Mean absolute error", percent=False, higher_is_better=False
    )
    lead: ClassVar[str] = "Mean absolute error over the test samples, in the units of the data."
    drop_unit: ClassVar[str] = "percent of the targets' standard deviation"

    def fits(self, data: Answered) -> bool:
        return data.targets is not None

    def output_size(self, data: Answered) -> int:
        return int(self._targets(data).shape[1])

    def answers(self, data: Answered) -> Answers:
        return self._targets(data)

    def training_answers(self, data: Answered, indices: NDArray[np.int64]) -> Answers:
        """Standardised by the samples' own mean and deviation, so that a loss of 1 is chance."""
        chosen = self._targets(data)[indices]
        mean, deviation = standard(chosen)
        return ((chosen - mean) / deviation).astype(np.float32)

    def loss(self, outputs: Tensor, answers: Tensor, smoothing: float = 0.0) -> Tensor:
        """Mean squared error; there is nothing to smooth."""
        import torch
        import torch.nn.functional as F

        with torch.autocast(outputs.device.type, enabled=False):
            return F.mse_loss(outputs.float(), answers)

    def progress_metric(self, outputs: Tensor, answers: Tensor) -> tuple[str, Tensor]:
        return "mae", (outputs.detach().float() - answers).abs().mean()

    def decode(self, outputs: Outputs) -> Answers:
        (numbers,) = outputs
        return numbers.reshape(len(numbers), -1).astype(np.float32)

    def score(self, predicted: Answers, right: Answers) -> Scores:
        """`mae`, `rmse`, and `r2`: 0 is as good as the mean, 1 perfect."""
        if not len(right):
            return {name: float("nan") for name in ("mae", "rmse", "r2")}
        errors = predicted.astype(np.float64) - right
        spread = right.astype(np.float64) - right.mean(axis=0, dtype=np.float64)
        total = float((spread**2).sum())
        return {
            "mae": float(np.abs(errors).mean()),
            "rmse": float(np.sqrt((errors**2).mean())),
            "r2": 1 - float((errors**2).sum()) / total if total > 0 else float("nan"),
        }

    def drop(self, exact: float, int8: float, right: Answers) -> float:
        deviation = float(standard(right)[1].mean())
        return 100 * (int8 - exact) / deviation

    def as_json(self, answer: Any) -> Any:
        return [round(float(value), 6) for value in np.ravel(answer)]

    @staticmethod
    def _targets(data: Answered) -> NDArray[np.float32]:
        if data.targets is None:
            raise ValueError("the data holds no numbers to predict")
        return data.targets


def standard(
    targets: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of every number; a deviation of 1 where it never changes."""
    deviation = targets.std(axis=0, dtype=np.float64)
    return targets.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0)


TASKS: dict[str, type[Task]] = {"regression": Regression}
