"""Float graphs that are evened out and corrected before they are quantised."""

from dataclasses import replace

import numpy as np
import pytest

from tinyssl.convert.bias_correction import correct_biases, rounded
from tinyssl.convert.equalise import equalise, find_pairs
from tinyssl.convert.float_graph import (
    channel_statistics,
    constant,
    read_float,
    with_constants,
    write_float,
)
from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.runtimes.litert import Kernels, LitertInterpreter

SHAPES = {
    0: (1, 6, 6, 2), 1: (1, 6, 6, 4), 2: (1, 6, 6, 4), 3: (1, 6, 6, 5), 4: (1, 5), 5: (1, 3),
    10: (4, 1, 1, 2), 11: (4,), 12: (1, 3, 3, 4), 13: (4,), 14: (5, 1, 1, 4), 15: (5,),
    16: (3, 5), 17: (3,),
}  # fmt: skip
SAME = Padding(1, 1, 1, 1)


def float_network(activation: Activation = Activation.RELU) -> Model:
    """Pointwise, depthwise, pointwise, MEAN and dense layer; channels of very different sizes."""
    rng = np.random.default_rng(0)
    data = {index: rng.normal(size=SHAPES[index]) for index in SHAPES if index >= 10}
    data[11] = 0.01 * np.abs(data[11])
    data[10] = np.abs(data[10]) * np.array([0.02, 1, 5, 0.3])[:, None, None, None]
    data[12] *= np.array([1, 0.05, 1, 4])
    order = list(SHAPES)
    place = {index: at for at, index in enumerate(order)}
    tensors = tuple(
        Value(
            f"v{index}", SHAPES[index], DType.FLOAT32,
            data=data[index].astype(np.float32).tobytes() if index in data else None,
        )
        for index in order
    )  # fmt: skip

    def layer(kind, index, weight, **given):
        ends = {"input": index, "output": index + 1}
        values = {"weight": place[weight], "bias": place[weight + 1]}
        return kind(index=index, activation=activation, **ends, **values, **given)

    ops = (
        layer(Conv2D, 0, 10),
        layer(DepthwiseConv2D, 1, 12, padding=SAME),
        layer(Conv2D, 2, 14),
        Mean(index=3, input=3, output=4),
        replace(layer(FullyConnected, 4, 16), activation=Activation.NONE),
    )
    return read_float(write_float(Model("net", tensors, ops, (0,), (5,))))


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
    exact, wrong, right = (
        outputs(each, feeds).mean(axis=0)
        for each in (
            model,
            _rounded_head(model, last),
            _rounded_head(with_constants(model, {last.bias: constant(corrected, last.bias)}), last),
        )
    )
    assert np.abs(wrong - exact).max() > 1e-4
    np.testing.assert_allclose(right, exact, atol=1e-5)


def _rounded_head(model, op):
    return with_constants(model, {op.weight: rounded(constant(model, op.weight), 0)})


def test_rounded_weights_are_codes_of_eight_bits():
    weights = np.array([[0.3, -1.27], [0.0, 0.0], [2.54, 0.011]])
    expected = [[0.3, -1.27], [0, 0], [2.54, 0.02]]
    np.testing.assert_allclose(rounded(weights, 0), expected, atol=1e-12)


def test_a_graph_that_cannot_be_followed_says_without_what_it_converts(monkeypatch):
    def refuse(_):
        raise UnsupportedModel("no such operator")

    monkeypatch.setattr("tinyssl.convert.float_graph.read_model", refuse)
    with pytest.raises(UnsupportedModel, match="no such operator") as caught:
        read_float(b"")
    assert "--equalise" in caught.value.hint
