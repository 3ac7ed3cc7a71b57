"""`--data` for readings: rows and windows of a CSV file or an .npz become a model's inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinyssl.bench.own_data import own_data
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.data.spec import FeatureSpec
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.graph.training import Loss, Training, add_training
from tinyssl.learn.tasks import TASKS
from tinyssl.ops import OPS
from tinyssl.verify import subject

ROOMS = """time,co2,light,occupied
08:00,400,0,no
08:01,420,0,no
08:02,700,300,yes
08:03,690,310,yes
"""


class Noted(Silent):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def network(*shape: int, outputs: int = 2, trained: bool = False) -> Model:
    stack = LayerStack((1, *shape))
    stack.dense(outputs)
    loss = Loss.CROSS_ENTROPY if outputs > 1 else Loss.SQUARED_ERROR
    model = stack.model()
    return add_training(model, Training(tuple(stack.parameters), loss)) if trained else model


def quantised(scale: float, zero: int) -> Model:
    """An int8 input that DEQUANTIZE reads."""
    quant = Quant((scale,), (zero,))
    values = (
        Value("x", (1, 2), DType.INT8, quant),
        Value("y", (1, 2), DType.FLOAT32),
    )
    return Model("codes", values, (OPS["DEQUANTIZE"].op(index=0, input=0, output=1),), (0,), (1,))


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    path = tmp_path / "rooms.csv"
    path.write_text(ROOMS)
    return path


def read(
    path: Path, model: Model, target: str | None = None, before: subject.TestSplit | None = None
):
    return own_data(BenchConfig(data=path, target=target), model, Silent(), None, before).samples


def test_rows_go_in_as_they_are(rooms: Path) -> None:
    found = read(rooms, network(2), "occupied")
    assert found.split is not None
    np.testing.assert_array_equal(found.inputs[2]["x"], np.array([[700, 300]], np.float32))
    assert found.split.class_names == ("no", "yes")
    assert found.split.labels.tolist() == [0, 0, 1, 1]
    assert read(rooms, network(2)).split is None


def test_a_number_is_the_class_that_it_says(tmp_path: Path) -> None:
    """Though a day without anybody holds one class alone."""
    path = tmp_path / "x.csv"
    path.write_text("a,b,occupied\n1,2,1\n3,4,1\n")
    split = read(path, network(2), "occupied").split
    assert split is not None
    assert (split.labels.tolist(), split.class_names) == ([1, 1], ("0", "1"))
    path.write_text("a,b,occupied\n1,2,1\n3,4,2\n")
    with pytest.raises(DataError, match="has a class 2; the model tells 2 apart"):
        read(path, network(2), "occupied")


def test_numbers_are_learnt_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b,watts\n1,2,1\n3,4,2\n")
    split = read(path, network(2, outputs=1, trained=True), "watts").split
    assert split is not None
    assert split.task is TASKS["regression"]
    assert split.answers.tolist() == [[1], [2]]


@pytest.mark.parametrize("shape", [(2, 2), (2, 1, 2), (1, 2, 2)])
def test_windows_are_cut_from_rows(rooms: Path, shape: tuple[int, ...]) -> None:
    found = read(rooms, network(*shape), "occupied")
    assert found.split is not None
    expected = np.array([700, 300, 690, 310], np.float32).reshape(1, *shape)
    np.testing.assert_array_equal(found.inputs[1]["x"], expected)
    assert found.split.labels.tolist() == [0, 1]
    with pytest.raises(DataError, match="holds 4 rows; a window of this model takes 5"):
        read(rooms, network(5, 2), "occupied")


def test_a_converted_model_gets_its_own_scaling(rooms: Path) -> None:
    """Columns by name, whatever their order in the file."""
    spec = FeatureSpec("table", (2,), "float32", (0, 400), (400, 800), ("light", "co2"))
    before = subject.TestSplit(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("a",), spec)
    found = read(rooms, quantised(1 / 255, -128), None, before)
    assert [feeds["x"].ravel().tolist() for feeds in found.inputs[:3]] == [
        [-128, -128],
        [-128, 13 - 128],
        [191 - 128, 191 - 128],
    ]
    rooms.write_text(ROOMS.replace("420", ""))
    with pytest.raises(DataError, match="has no number in line 3 of column co2"):
        read(rooms, quantised(1 / 255, -128), None, before)
    rooms.write_text(ROOMS.replace("light", "lux"))
    with pytest.raises(DataError, match="lacks column light"):
        read(rooms, quantised(1 / 255, -128), None, before)


def test_other_int8_models_get_the_nearest_codes(rooms: Path) -> None:
    model, progress = quantised(4.0, -100), Noted()
    found = own_data(BenchConfig(data=rooms), model, progress)
    assert found.samples.inputs[2]["x"].tolist() == [[75, -25]]
    assert progress.notes == []
    model = quantised(2.0, -128)
    found = own_data(BenchConfig(data=rooms), model, progress)
    assert found.samples.inputs[2]["x"].tolist() == [[127, 22]]
    assert progress.notes[0].startswith("25 % of the values lie outside the range")


def test_arrays_hold_rows_or_windows(tmp_path: Path) -> None:
    path, random = tmp_path / "x.npz", np.random.default_rng(0)
    np.savez(path, windows=random.random((4, 3, 2)), labels=[0, 1, 1, 0], class_names=["a", "b"])
    found = read(path, network(3, 2))
    assert found.split is not None
    assert (len(found.inputs), found.split.class_names) == (4, ("a", "b"))
    np.savez(path, rows=random.random((4, 3)))
    with pytest.raises(DataError, match=r"rows of shape \[4, 3\] and 0 names; the model takes \[2"):
        read(path, network(2))
    np.savez(path, rows=np.array([[1, 2], [np.nan, 1], [3, np.inf]]))
    with pytest.raises(DataError, match=r"2 of 3 samples .* no finite numbers, first sample 2"):
        read(path, network(2))


def test_what_does_not_fit_is_told(rooms: Path) -> None:
    with pytest.raises(DataError, match=r"2 columns of numbers .* \(co2, light; text in time"):
        read(rooms, network(3), "occupied")
    with pytest.raises(DataError, match="has no column seated"):
        read(rooms, network(2), "seated")
    with pytest.raises(UsageError, match="no row and no window of readings"):
        read(rooms, network(8, 8, 3), "occupied")
