"""Tasks against numbers worked out by hand, and one that only a test knows."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tinyssl.core.errors import UsageError
from tinyssl.learn.tasks import TASKS, Metric, Task, find_task, task_of
from tinyssl.learn.tasks.regression import standard


@dataclass(frozen=True)
class Answers:
    labels: Any = None
    class_names: tuple[str, ...] = ()
    targets: Any = None
    target_names: tuple[str, ...] = ()


CLASSES = Answers(np.array([0, 2, 1]), ("a", "b", "c"))
NUMBERS = Answers(targets=np.array([[1.0], [3.0], [5.0]], np.float32), target_names=("y",))


def test_data_says_its_task() -> None:
    assert task_of(CLASSES) is TASKS["classification"]
    assert task_of(NUMBERS) is TASKS["regression"]
    assert task_of(Answers()) is None
    with pytest.raises(UsageError, match="classifikation"):
        find_task("classifikation")


def test_classification() -> None:
    task = TASKS["classification"]
    assert task.output_size(CLASSES) == 3
    outputs = np.array([[3.0, 3.0, 1.0], [0.0, 0.0, 9.0], [5.0, 1.0, 1.0]])
    predicted = task.decode((outputs,))
    assert predicted.tolist() == [0, 2, 0]  # of equals the first
    assert task.score(predicted, task.answers(CLASSES)) == {"accuracy": 2 / 3}
    assert task.drop(0.9, 0.87, predicted) == pytest.approx(3)
    assert task.metric.text(0.875) == "87.50 %"


def test_regression() -> None:
    task, right = TASKS["regression"], TASKS["regression"].answers(NUMBERS)
    predicted = task.decode((np.array([[1.0], [4.0], [5.0]]),))
    assert task.score(predicted, right) == {
        "mae": pytest.approx(1 / 3),
        "rmse": pytest.approx(3**-0.5),
        "r2": pytest.approx(1 - 1 / 8),
    }
    mean = np.full((3, 1), 3.0, np.float32)
    assert task.score(mean, right)["r2"] == 0
    deviation = float(standard(right)[1][0])
    assert task.drop(0.5, 0.5 + deviation / 10, right) == pytest.approx(10)
    scaled = task.training_answers(NUMBERS, np.arange(3))
    assert (scaled.mean(), scaled.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1))
    loss = task.loss(torch.tensor([[1.0], [2.0]]), torch.tensor([[0.0], [0.0]]))
    assert loss.item() == 2.5


def test_a_number_that_never_changes_is_no_division_by_zero() -> None:
    still = Answers(targets=np.full((4, 1), 7.0, np.float32), target_names=("y",))
    task = TASKS["regression"]
    assert task.training_answers(still, np.arange(4)).tolist() == [[0.0]] * 4
    assert np.isnan(task.score(task.answers(still), task.answers(still))["r2"])


class Boxes(Task):
    """Two outputs, boxes and scores; an answer is a list of boxes: what detection will be."""

    name = "boxes"
    metric = Metric("recall", "Recall", percent=True, higher_is_better=True)
    lead = "Share of boxes found."
    drop_unit = "points"

    def fits(self, data: Any) -> bool:
        return False

    def output_size(self, data: Any) -> int:
        return 5

    def answers(self, data: Any) -> Any:
        return data

    def loss(self, outputs: Any, answers: Any, smoothing: float = 0.0) -> Any:
        raise NotImplementedError

    def progress_metric(self, outputs: Any, answers: Any) -> Any:
        raise NotImplementedError

    def decode(self, outputs: Any) -> Any:
        boxes, scores = outputs
        found = np.empty(len(boxes), object)
        for index, keep in enumerate(scores > 0.5):
            found[index] = boxes[index][keep].tolist()
        return found

    def score(self, predicted: Any, right: Any) -> dict[str, float]:
        hits = [
            box in found for found, boxes in zip(predicted, right, strict=True) for box in boxes
        ]
        return {"recall": float(np.mean(hits))}

    def drop(self, exact: float, int8: float, right: Any) -> float:
        return 100 * (exact - int8)

    def as_json(self, answer: Any) -> Any:
        return answer


def test_the_interface_holds_tasks_with_several_outputs() -> None:
    task = Boxes()
    boxes = np.array([[[0, 0, 2, 2], [1, 1, 3, 3]], [[4, 4, 5, 5], [0, 1, 1, 2]]], np.float32)
    predicted = task.decode((boxes, np.array([[0.9, 0.1], [0.8, 0.7]])))
    assert [len(found) for found in predicted] == [1, 2]
    right = [[[0, 0, 2, 2]], [[4, 4, 5, 5], [9, 9, 9, 9]]]
    assert task.score(predicted, right) == {"recall": pytest.approx(2 / 3)}


def test_boards_are_measured_without_torch() -> None:
    code = "import sys, tinyssl.learn.tasks, tinyssl.bench.judge; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
