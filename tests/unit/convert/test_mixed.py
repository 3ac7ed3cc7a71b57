"""int16 activations where int8 loses most."""

import numpy as np
import pytest

from tests.unit.convert.float_network import SHAPES, float_network
from tinyssl.convert.compare import FloatAnswers, compare
from tinyssl.convert.float_graph import write_float
from tinyssl.convert.mixed import Search, noisiest, quantise_within
from tinyssl.convert.ranges import measure_ranges
from tinyssl.core.progress import Silent
from tinyssl.frontends.tflite import is_canonical, read_skeleton
from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.host import check_host


@pytest.fixture(scope="module")
def float32():
    return write_float(float_network())


@pytest.fixture(scope="module")
def feeds():
    rng = np.random.default_rng(3)
    return [{"input": rng.random(SHAPES[0], np.float32)} for _ in range(24)]


def searched(float32, feeds, tmp_path, most: int, max_drop: float, drop):
    ranges = measure_ranges(float32, feeds)
    search = Search(most, max_drop, drop)
    return quantise_within(float32, ranges, feeds, search, tmp_path / "log", Silent())


def test_wide_activations_cost_less_and_our_c_gives_their_bytes(float32, feeds, tmp_path):
    def drop(oracle: TflmInterpreter) -> float:
        return -compare(float32, oracle, feeds, Silent()).output_db

    narrow = searched(float32, feeds, tmp_path, 0, 0, drop)
    wide = searched(float32, feeds, tmp_path, 2, -200, drop)
    assert len(wide.wide) in (1, 2)
    assert wide.drop < drop(narrow.oracle)
    types = {tensor.dtype.value for tensor in wide.oracle.model.tensors}
    assert "int16" in types
    assert wide.oracle.model.input.dtype.value == "int8"
    assert is_canonical(wide.canonical) == []
    assert check_host(wide.canonical, make_inputs(wide.oracle.model, 10, 0)).inputs >= 10


def test_the_search_ends_where_the_loss_is_small_enough(float32, feeds, tmp_path):
    losses = iter([9.0, 5.0, 1.0, 0.0])
    found = searched(float32, feeds, tmp_path, 4, 2.0, lambda _: next(losses))
    assert (found.drop, len(found.wide)) == (1.0, 2)


def test_of_tries_that_gain_nothing_the_first_counts(float32, feeds, tmp_path):
    losses = iter([5.0, 6.0, 5.0])
    found = searched(float32, feeds, tmp_path, 2, 2.0, lambda _: next(losses))
    assert (found.drop, found.wide) == (5.0, ())


def test_the_noisiest_is_the_one_whose_range_is_too_wide(float32, feeds):
    ranges = measure_ranges(float32, feeds)
    name = read_skeleton(float32).ops[2].outputs[0].name
    low, high = ranges[name]
    assert noisiest(float32, ranges | {name: (50 * low, 50 * high)}, feeds)[0] == name


def test_without_labels_another_answer_counts_as_lost(float32, feeds, tmp_path):
    agreement = FloatAnswers(float32, feeds)
    found = searched(float32, feeds, tmp_path, 0, 0, agreement.drop)
    assert agreement.drop(found.oracle) < 50
    agreement.answers[:] = [answer + 1 for answer in agreement.answers]
    assert agreement.drop(found.oracle) > 50


def test_a_lone_score_tells_two_classes_apart(tmp_path):
    weight, bias = np.full((1, 4), 0.25, np.float32), np.zeros(1, np.float32)
    tensors = (
        Value("x", (1, 4), DType.FLOAT32),
        Value("w", weight.shape, DType.FLOAT32, data=weight.tobytes()),
        Value("b", bias.shape, DType.FLOAT32, data=bias.tobytes()),
        Value("y", (1, 1), DType.FLOAT32),
    )
    dense = FullyConnected(index=0, input=0, output=3, weight=1, bias=2, activation=Activation.NONE)
    float32 = write_float(Model("lone", tensors, (dense,), (0,), (3,)))
    feeds = [{"x": np.full((1, 4), level, np.float32)} for level in (0.1, 0.4, 0.6, 0.9)]
    agreement = FloatAnswers(float32, feeds)
    assert agreement.answers == [0, 0, 1, 1]
    found = searched(float32, feeds, tmp_path, 0, 0, agreement.drop)
    assert agreement.drop(found.oracle) == 0
    agreement.answers[:] = [0, 0, 0, 1]
    assert agreement.drop(found.oracle) == 25
