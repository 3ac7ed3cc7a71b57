"""Accuracy of a foreign model at convert time: which classes the samples have."""

import numpy as np
import pytest
from PIL import Image

from tests.unit.convert.float_network import SHAPES, float_network
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.float_graph import write_float
from tinyssl.convert.frameworks.labelled import measure_labelled, read_labelled
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import measure_ranges
from tinyssl.core.config import ConvertConfig
from tinyssl.core.errors import AccuracyDrop, DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.convert_model import convert_model

COUNT = 24


@pytest.fixture(scope="module")
def float32():
    return write_float(float_network())


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(2).random((COUNT, *SHAPES[0][1:]), np.float32)


@pytest.fixture(scope="module")
def answers(float32, samples):
    interpreter = LitertInterpreter(float32, Kernels.OPTIMISED)
    return np.array([interpreter.invoke(x[None]).argmax() for x in samples])


@pytest.mark.parametrize("names", [("x", "y"), ("inputs", "labels"), ("samples", "labels")])
def test_arrays_and_their_classes_are_read(names, float32, samples, answers, tmp_path):
    np.savez(tmp_path / "set.npz", **dict(zip(names, (samples, answers), strict=True)))
    found = read_labelled(tmp_path / "set.npz", float32, None)
    np.testing.assert_array_equal(found.labels, answers)
    np.testing.assert_array_equal(np.concatenate([f["input"] for f in found.feeds]), samples)


def test_int8_and_float_are_measured_and_a_loss_is_refused(float32, samples, answers, tmp_path):
    np.savez(tmp_path / "set.npz", x=samples, y=answers)
    labelled = read_labelled(tmp_path / "set.npz", float32, None)
    ranges = measure_ranges(float32, labelled.feeds)
    oracle = TflmInterpreter(canonicalise(quantise(float32, ranges)))
    quality = measure_labelled(float32, oracle, labelled, Silent())
    assert quality.float32["accuracy"] == 1
    assert quality.samples == COUNT
    quality.gate(25)
    coarse = {name: (8 * low, 8 * high) for name, (low, high) in ranges.items()}
    worse = TflmInterpreter(canonicalise(quantise(float32, coarse)))
    quality = measure_labelled(float32, worse, labelled, Silent())
    assert quality.drop == pytest.approx(100 * (1 - quality.int8["accuracy"]))
    with pytest.raises(AccuracyDrop, match="24 test samples") as caught:
        quality.gate(0)
    assert "--int16-layers" in caught.value.hint


def test_calibration_samples_choose_int16_activations_and_labels_judge(
    float32, samples, answers, tmp_path
):
    (tmp_path / "net.tflite").write_bytes(float32)
    hot = samples.copy()
    hot[-1, 3, 3, 0] = 20  # costs int8 so many codes that other calibration samples change class
    np.savez(tmp_path / "hot.npz", x=hot)
    np.savez(tmp_path / "one.npz", x=samples[:1], y=answers[:1])  # which int8 gets right
    runs = [
        convert_model(
            ConvertConfig(
                model=str(tmp_path / "net.tflite"),
                calibration=tmp_path / "hot.npz",
                test_data=tmp_path / "one.npz",
                int16_layers=most,
                max_drop=0,
            ),
            Workspace(tmp_path),
            Silent(),
        ).results
        for most in (0, 2)
    ]
    assert [run["accuracy_int8"] for run in runs] == [1, 1]
    assert runs[0]["agreement"] < runs[1]["agreement"]
    assert len(runs[1]["int16_activations"]) == 2


@pytest.mark.parametrize(
    ("order", "labels"), [(None, [0, 0, 1, 1, 2, 2]), ("cat\nant\nbee\n", [1, 1, 2, 2, 0, 0])]
)
def test_folders_are_the_classes(order, labels, float32, tmp_path):
    for name, level in (("cat", 0), ("ant", 80), ("bee", 160)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(2):
            picture = Image.new("RGB", (6, 6), (level, level, level + number))
            picture.save(tmp_path / "set" / name / f"{number}.png")
    if order:
        (tmp_path / "order.txt").write_text(order)
    listed = tmp_path / "order.txt" if order else None
    found = read_labelled(tmp_path / "set", float32, "0:255", listed)
    np.testing.assert_array_equal(found.labels, labels)
    levels = [float(feed["input"][0, 0, 0, 0]) for feed in found.feeds]
    assert levels == [80, 80, 160, 160, 0, 0]


def test_samples_without_fitting_classes_are_refused(float32, samples, tmp_path):
    np.savez(tmp_path / "none.npz", x=samples)
    with pytest.raises(DataError, match=r"none\.npz") as caught:
        read_labelled(tmp_path / "none.npz", float32, None)
    assert "`y`" in caught.value.hint
    np.savez(tmp_path / "five.npz", x=samples, y=[5] * COUNT)
    with pytest.raises(UsageError, match="has class 5; the model's first output has 3 scores"):
        read_labelled(tmp_path / "five.npz", float32, None)
