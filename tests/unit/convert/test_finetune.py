"""Fine-tuning with the rounding of INT8: same graph, same scales, less loss."""

import numpy as np
import pytest
import torch

from tests.unit.convert.float_network import SHAPES, float_network
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.finetune import FinetuneSchedule, RoundedGraph, finetune
from tinyssl.convert.float_graph import activation_indices, stacked, write_float
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
    """Graph, its ranges by name and by index."""
    model = float_network()
    ranges = measure_ranges(write_float(model), [{"input": x} for x in samples])
    return model, ranges, activation_indices(model, ranges)


def test_without_rounding_it_computes_what_litert_computes(network, samples):
    model, _, _ = network
    interpreter = LitertInterpreter(write_float(model), Kernels.OPTIMISED)
    expected = np.concatenate([interpreter.invoke(x) for x in samples[:8]])
    with torch.no_grad():
        found = RoundedGraph(model, {})
        found.rounding = False
        exact = found(torch.from_numpy(np.concatenate(samples[:8]))).numpy()
    np.testing.assert_allclose(exact, expected, rtol=1e-4, atol=1e-4)


def int8_outputs(graph, ranges, samples):
    oracle = TflmInterpreter(canonicalise(quantise(write_float(graph), ranges)))
    feeds = (nearest_feed(oracle.inputs, {"input": x}) for x in samples)
    return np.concatenate(
        [dequantised(oracle.outputs[0], next(iter(oracle.run(feed).values()))) for feed in feeds]
    )


def test_with_rounding_it_computes_nearly_what_int8_computes(network, samples):
    model, ranges, indexed = network
    x = torch.from_numpy(np.concatenate(samples[:32]))
    with torch.no_grad():
        rounded, exact = RoundedGraph(model, indexed)(x), RoundedGraph(model, {})(x)
    int8 = int8_outputs(model, ranges, samples[:32])
    assert np.square(rounded.numpy() - int8).mean() < 0.6 * np.square(exact.numpy() - int8).mean()
    same = np.abs(rounded.numpy() - int8) < 1e-6  # the rest is one code of the MEAN apart
    assert same.mean() > 0.3


def test_tuned_weights_lose_less_in_int8_too(network, samples):
    model, ranges, _ = network
    inner = set(ranges) - {"input", "output"}
    narrow = ranges | {name: (0.8 * ranges[name][0], 0.8 * ranges[name][1]) for name in inner}
    indexed = activation_indices(model, narrow)
    schedule = FinetuneSchedule(30, rate=3e-3)
    tuned = finetune(
        model, indexed, stacked([{"input": x} for x in samples]), len(samples), schedule, Silent()
    )
    assert tuned.after < 0.5 * tuned.before
    interpreter = LitertInterpreter(write_float(model), Kernels.OPTIMISED)
    exact = np.concatenate([interpreter.invoke(x) for x in samples[:64]])
    before, after = (
        np.square(int8_outputs(each, narrow, samples[:64]) - exact).mean()
        for each in (model, tuned.model)
    )
    assert after < 0.5 * before
