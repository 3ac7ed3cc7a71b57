"""One class of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.learn.tasks.base import Answered, Answers, Metric, Outputs, Scores, Task

if TYPE_CHECKING:
    from torch import Tensor


class Classification(Task):
    """Answers are class numbers, (n,) int64; outputs are a score for every class."""

    name = "classification"
    metric: ClassVar[Metric] = Metric("accuracy", "Accuracy", percent=True, higher_is_better=True)
    lead: ClassVar[str] = "Share of test samples whose most probable class is the right one."
    drop_unit: ClassVar[str] = "points"
    ends_in_softmax: ClassVar[bool] = True

    def fits(self, data: Answered) -> bool:
        return bool(data.class_names)

    def output_size(self, data: Answered) -> int:
        return len(data.class_names)

    def answers(self, data: Answered) -> Answers:
        return data.labels

    def loss(self, outputs: Tensor, answers: Tensor, smoothing: float = 0.0) -> Tensor:
        """Softmax cross-entropy: log(classes) where all logits are equal.

        `smoothing` is the share of the target that is spread evenly over all classes, in [0, 1).
        """
        import torch
        import torch.nn.functional as F

        with torch.autocast(outputs.device.type, enabled=False):
            return F.cross_entropy(outputs.float(), answers, label_smoothing=smoothing)

    def progress_metric(self, outputs: Tensor, answers: Tensor) -> tuple[str, Tensor]:
        return "accuracy", (outputs.detach().argmax(dim=1) == answers).float().mean()

    def decode(self, outputs: Outputs) -> Answers:
        """The class with the largest score; of equals the first, as on a device."""
        (scores,) = outputs
        return np.asarray(np.argmax(scores.reshape(len(scores), -1), axis=1), np.int64)

    def score(self, predicted: Answers, right: Answers) -> Scores:
        share = float((predicted == right).mean()) if len(right) else float("nan")
        return {"accuracy": share}

    def drop(self, exact: float, int8: float, right: Answers) -> float:
        return 100 * (exact - int8)

    def as_json(self, answer: Any) -> Any:
        return int(answer)


def confusion_matrix(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(classes, classes) counts: row is the label, column the prediction."""
    flat = np.bincount(labels * classes + predictions, minlength=classes * classes)
    return flat.reshape(classes, classes)


TASKS: dict[str, type[Task]] = {"classification": Classification}
