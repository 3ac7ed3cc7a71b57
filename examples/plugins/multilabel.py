"""Several labels a sample, each of which holds or not, as a task of a plug-in.

tinyssl pretrain --dataset table --data-path tags.npz --task multilabel.py:MultiLabel

`tags.npz` holds `rows` and `targets` (n, labels) of 0 and 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyssl.learn.tasks import Answered, Answers, Metric, Outputs, Scores, Task


class MultiLabel(Task):
    """Answers are (n, labels) float32 of 0 and 1; outputs are logits, and above 0 means 1."""

    metric = Metric("exact", "Exact match", percent=True, higher_is_better=True)
    lead = "Share of test samples whose labels are all right."
    drop_unit = "points"

    def fits(self, data: Answered) -> bool:
        return data.targets is not None and bool(np.isin(data.targets, (0, 1)).all())

    def output_size(self, data: Answered) -> int:
        return len(data.target_names)

    def answers(self, data: Answered) -> Answers:
        assert data.targets is not None
        return data.targets

    def loss(self, outputs: Any, answers: Any, smoothing: float = 0.0) -> Any:
        import torch.nn.functional as F  # here, as boards are measured without torch

        return F.binary_cross_entropy_with_logits(outputs.float(), answers)

    def progress_metric(self, outputs: Any, answers: Any) -> tuple[str, Any]:
        return "right", ((outputs.detach() > 0) == (answers > 0)).float().mean()

    def decode(self, outputs: Outputs) -> Answers:
        (logits,) = outputs
        return (logits.reshape(len(logits), -1) > 0).astype(np.float32)

    def score(self, predicted: Answers, right: Answers) -> Scores:
        hits, marked = float((predicted * right).sum()), float(predicted.sum() + right.sum())
        exact = float((predicted == right).all(axis=1).mean()) if len(right) else float("nan")
        return {"exact": exact, "f1": 2 * hits / marked if marked else float("nan")}

    def drop(self, exact: float, int8: float, right: Answers) -> float:
        return 100 * (exact - int8)

    def as_json(self, answer: Any) -> Any:
        return [int(value) for value in np.ravel(answer)]
