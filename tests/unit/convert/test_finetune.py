"""Fine-tuning with the rounding of INT8: same graph, same scales, less loss."""

import numpy as np
import pytest
import torch

from tests.ops.flatfile import Flatfile
from tests.unit.convert.float_network import SHAPES, float_network
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.finetune import FinetuneSchedule, finetune
from tinyssl.convert.float_graph import int8_quants, read_float, stacked, write_float
from tinyssl.convert.gradients.graph import TorchGraph
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import measure_ranges
from tinyssl.core.progress import Silent
from tinyssl.runtimes.inputs import nearest_feed
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.sqnr import dequantised


@pytest.fixture(scope="module")
def samples():
    return list(np.random.default_rng(4).random((192, *SHAPES[0]), np.float32))


@pytest.fixture(scope="module")
def network(samples):
    """Graph, its ranges by name, its quantisation by index."""
    model = float_network()
    ranges = measure_ranges(write_float(model), [{"input": x} for x in samples])
    return model, ranges, quants_of(model, ranges)


def quants_of(model, ranges):
    return int8_quants(model, quantise(write_float(model), ranges))


def outputs(model, quants, samples):
    graph = TorchGraph(model, model.outputs, quants)
    with torch.no_grad():
        (found,) = graph([torch.from_numpy(np.stack(samples))])
    return found.numpy()[:, 0]


def int8_outputs(graph, ranges, samples):
    oracle = TflmInterpreter(canonicalise(quantise(write_float(graph), ranges)))
    feeds = (nearest_feed(oracle.inputs, {"input": x}) for x in samples)
    return np.concatenate(
        [dequantised(oracle.outputs[0], next(iter(oracle.run(feed).values()))) for feed in feeds]
    )


def test_with_rounding_it_computes_nearly_what_int8_computes(network, samples):
    model, ranges, quants = network
    rounded = outputs(model, quants, samples[:32])
    exact = outputs(model, {}, samples[:32])
    int8 = int8_outputs(model, ranges, samples[:32])
    assert np.square(rounded - int8).mean() < 0.2 * np.square(exact - int8).mean()
    assert (np.abs(rounded - int8) < 1e-6).mean() > 0.5


def two_ends():
    """Two inputs, two outputs, and operators that no backbone of ours has."""
    rng = np.random.default_rng(0)
    file = Flatfile()
    left, right = (file.activation((1, 16), dtype="float32", name=name) for name in "ab")
    scaled, shifted, gate, first, sums, second = (
        file.activation(shape, dtype="float32") for shape in [(1, 16)] * 4 + [(1, 8), (1, 8)]
    )
    file.operator("MUL", [left, file.constant(rng.normal(size=16).astype(np.float32))], [scaled])
    file.operator("SUB", [scaled, right], [shifted])
    file.operator("LOGISTIC", [shifted], [gate])
    file.operator("MUL", [gate, left], [first])
    weights = rng.normal(size=(8, 16)).astype(np.float32)
    file.operator("FULLY_CONNECTED", [first, file.constant(weights), -1], [sums])
    file.operator("TANH", [sums], [second])
    return file.data([left, right], [first, second])


def test_any_number_of_inputs_and_outputs_learns():
    rng = np.random.default_rng(1)
    feeds = [
        {name: rng.normal(size=(1, 16)).astype(np.float32) for name in "ab"} for _ in range(64)
    ]
    data = write_float(read_float(two_ends()))
    model, ranges = read_float(data), measure_ranges(data, feeds)
    quants = int8_quants(model, quantise(data, ranges))
    schedule = FinetuneSchedule(20, rate=3e-3)
    tuned = finetune(model, quants, stacked(feeds), len(feeds), schedule, Silent())
    assert tuned.after < 0.9 * tuned.before


def test_tuned_weights_lose_less_in_int8_too(network, samples):
    model, ranges, _ = network
    inner = set(ranges) - {"input", "output"}
    narrow = ranges | {name: (0.8 * ranges[name][0], 0.8 * ranges[name][1]) for name in inner}
    schedule = FinetuneSchedule(30, rate=3e-3)
    tuned = finetune(
        model,
        quants_of(model, narrow),
        stacked([{"input": x} for x in samples]),
        len(samples),
        schedule,
        Silent(),
    )
    assert tuned.after < 0.5 * tuned.before
    interpreter = LitertInterpreter(write_float(model), Kernels.OPTIMISED)
    exact = np.concatenate([interpreter.invoke(x) for x in samples[:64]])
    before, after = (
        np.square(int8_outputs(each, narrow, samples[:64]) - exact).mean()
        for each in (model, tuned.model)
    )
    assert after < 0.5 * before
