"""Float graphs that are evened out and corrected before they are quantised."""

import numpy as np
import pytest

from tests.unit.convert.float_network import SHAPES, float_network
from tinyssl.convert.float_graph import channel_statistics, read_float, write_float
from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.passes.bias_correction import correct_biases, rounded
from tinyssl.graph.passes.equalise import equalise, find_pairs
from tinyssl.graph.passes.float_weights import constant, with_constants
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.runtimes.litert import Kernels, LitertInterpreter


@pytest.fixture(scope="module")
def feeds():
    rng = np.random.default_rng(1)
    return [{"input": rng.random(SHAPES[0], np.float32)} for _ in range(20)]


def outputs(model, feeds):
    interpreter = LitertInterpreter(write_float(model), Kernels.OPTIMISED)
    return np.stack([interpreter.run(interpreter.named(feed))["output"] for feed in feeds])


def test_equalised_layers_compute_the_same_with_evener_channels(feeds):
    model = float_network()
    before = channel_statistics(model, feeds)
    evened, count = equalise(model, before)
    after = channel_statistics(evened, feeds)
    assert count == 3
    np.testing.assert_allclose(outputs(evened, feeds), outputs(model, feeds), rtol=1e-4, atol=1e-4)
    first = model.ops[0].outputs[0]
    assert np.ptp(np.log(before[first].largest)) > 3
    assert np.ptp(np.log(after[first].largest)) < 1e-5  # the reader is depthwise


def test_the_factors_between_two_layers_are_those_of_equation_11(feeds):
    model = float_network()
    evened, _ = equalise(model, channel_statistics(model, feeds))
    after = channel_statistics(evened, feeds)
    read = evened.ops[2].inputs
    weights = np.abs(constant(evened, read[1])).reshape(5, 4).max(axis=0)
    ratio = after[read[0]].largest / weights
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_relu6_is_not_scaled():
    assert len(list(find_pairs(float_network(Activation.RELU)))) == 3
    assert list(find_pairs(float_network(Activation.RELU6))) == []


def test_a_channel_that_is_always_zero_stays(feeds):
    model = float_network()
    weight, bias = model.ops[0].inputs[1:]
    dead = constant(model, weight), constant(model, bias)
    dead[0][1], dead[1][1] = 0, -1
    model = with_constants(model, {weight: dead[0], bias: dead[1]})
    evened, _ = equalise(model, channel_statistics(model, feeds))
    np.testing.assert_array_equal(constant(evened, weight)[1], dead[0][1])
    assert constant(evened, bias)[1] == -1


def test_corrected_biases_give_the_mean_of_the_float_model_back(feeds):
    model = float_network(Activation.NONE)
    corrected, count = correct_biases(model, channel_statistics(model, feeds))
    assert count == 4
    last = model.ops[-1]
    assert isinstance(last, FullyConnected)
    assert last.bias is not None
    moved = with_constants(model, {last.bias: constant(corrected, last.bias)})
    exact = outputs(model, feeds).mean(axis=0)
    wrong = outputs(_rounded_head(model, last), feeds).mean(axis=0)
    right = outputs(_rounded_head(moved, last), feeds).mean(axis=0)
    assert np.abs(wrong - exact).max() > 1e-4
    np.testing.assert_allclose(right, exact, atol=1e-5)


def _rounded_head(model, op):
    return with_constants(model, {op.weight: rounded(constant(model, op.weight), 0)})


def test_rounded_weights_are_codes_of_eight_bits():
    weights = np.array([[0.3, -1.27], [0.0, 0.0], [2.54, 0.011]])
    expected = np.array([[0.3, -1.27], [0, 0], [2.54, 0.02]])
    np.testing.assert_allclose(rounded(weights, 0), expected, atol=1e-12)


def test_a_graph_that_cannot_be_followed_says_without_what_it_converts(monkeypatch):
    def refuse(_):
        raise UnsupportedModel("no such operator")

    monkeypatch.setattr("tinyssl.convert.float_graph.read_model", refuse)
    with pytest.raises(UnsupportedModel, match="no such operator") as caught:
        read_float(b"")
    assert "--equalise" in caught.value.hint
