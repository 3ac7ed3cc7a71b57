"""Training steps of INT8 layers on this computer: NumPy's bits, float32's gradients, scaling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training import quantised_networks as networks
from tests.training.reference import Reference
from tinyssl.compiler import compile
from tinyssl.core.errors import UnsupportedModel, UsageError
from tinyssl.graph.model import Model, Quant
from tinyssl.graph.passes.float_tail import float_tail
from tinyssl.graph.training import Loss, Training, add_training
from tinyssl.ops.common.gradient import Sgd
from tinyssl.runtimes.host import HostModel

HALF = Quant((1 / 256,), (-128,))
Sample = tuple[NDArray[Any], NDArray[Any]]


def samples(shape: tuple[int, ...], count: int, seed: int = 1) -> Iterator[Sample]:
    """Noise around the picture of each of five classes, in INT8."""
    random = np.random.default_rng(seed)
    means = random.normal(size=(5, *shape)) * 40
    for label in random.integers(0, 5, count):
        x = means[label] + random.normal(size=shape) * 20
        yield np.clip(x, -128, 127).astype(np.int8), np.array([label], np.int32)


RATES = {"dense": 0.002, "residual": 0.002, "mobile": 0.02, "pools": 0.005}


def _case(name: str) -> tuple[Callable[[], Model], Callable[[int], Iterator[Sample]]]:
    graph = getattr(networks, name)
    return (lambda: graph().trained(RATES[name])), partial(samples, graph().shape)


CASES = {f"int8 {name}": _case(name) for name in RATES}


@pytest.mark.parametrize("name", CASES)
def test_every_step_has_numpys_bits(name: str) -> None:
    make, draw = CASES[name]
    model = make()
    reference, losses = Reference(model), []
    with HostModel(compile(model)) as host:
        for x, target in draw(12):
            assert host.train(host.feed(x), {"target": target})
            losses.append(reference.train(x, target))
            for key, found in host.snapshot().items():
                np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)
    assert len({*losses}) > 6


@pytest.mark.parametrize("name", CASES)
def test_the_forward_pass_has_the_bytes_of_the_layers_in_flash(name: str) -> None:
    make, draw = CASES[name]
    plain, learner = getattr(networks, name.removeprefix("int8 "))().model(), make()
    with HostModel(compile(plain)) as frozen, HostModel(compile(learner)) as learnt:
        for x, _ in draw(5):
            before, after = frozen.run(frozen.feed(x)), learnt.run(learnt.feed(x))
            assert all(before[key].tobytes() == after[key].tobytes() for key in before)


def test_biases_alone_keep_bits_in_place_of_activations() -> None:
    graph = networks.mobile()
    biases = Training(tuple(graph.parameters[1::2]), rate=0.02)
    model = add_training(graph.model(), biases)
    masks = [op for op in model.ops if op.kind == "CLAMP_MASK"]
    assert len(masks) == 4
    reference = Reference(model)
    with HostModel(compile(model)) as host:
        for x, target in samples(graph.shape, 8):
            assert host.train(host.feed(x), {"target": target})
            reference.train(x, target)
        for key, found in host.snapshot().items():
            np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)


@pytest.mark.parametrize("name", CASES)
def test_it_learns(name: str) -> None:
    make, draw = CASES[name]
    model, losses = make(), []
    with HostModel(compile(model)) as host:
        for x, target in draw(500):
            host.train(host.feed(x), {"target": target})
            losses.append(float(host.snapshot()["loss"][0]))
    assert np.mean(losses[-50:]) < 0.5 * np.mean(losses[:25])


def test_a_step_is_right_on_average() -> None:
    """Steps below one, rounded at random from many states, are a large step together."""
    states, larger = 2000, 50
    model = networks.dense().trained(1e-2)
    x, target = next(samples(model.input.shape, 1))
    with HostModel(compile(model)) as host:
        first = host.snapshot()

        def moved(**values: NDArray[Any]) -> NDArray[Any]:
            host.restore(first | values)
            host.train(host.feed(x), {"target": target})
            return np.asarray(host.snapshot()["w0"].astype(float) - first["w0"])

        steps = [moved(rounding=np.array([n], np.int32)) for n in range(states)]
        large = moved(learning_rate=np.array([1e-2 * larger], np.float32))
    inside = np.abs(first["w0"] + large) < 127
    assert np.abs(large[inside]).max() > 20
    small = np.mean(steps, axis=0)
    assert np.abs(small).max() < 1
    np.testing.assert_allclose((small * larger)[inside], large[inside], atol=2.5)


def test_steps_are_those_of_the_float32_twin() -> None:
    """Of one dense layer, whose gradient is an outer product: INT8 rounds the error alone."""
    graph = networks.dense()
    model, plain = graph.trained(0.05), graph.model()
    tail = float_tail(plain, 0)
    parameters = tuple(tail.ops[-1].inputs[1:])
    twin = add_training(tail, Training(parameters, rate=0.05))
    scale = plain.quant(graph.parameters[0]).scale[0]
    with HostModel(compile(model)) as int8, HostModel(compile(twin)) as real:
        first = int8.snapshot(), real.snapshot()
        for x, target in samples(plain.input.shape, 20):
            int8.restore(first[0])
            real.restore(first[1])
            assert int8.train(int8.feed(x), {"target": target})
            assert real.train(real.feed(x), {"target": target})
            moved = (int8.snapshot()["w0"] - first[0]["w0"].astype(float)) * scale
            step = real.snapshot()["w0"] - first[1]["w0"]
            free = np.abs(int8.snapshot()["w0"].astype(int)) < 127
            limit = 1.5 * scale + 0.02 * np.abs(step).max()
            np.testing.assert_allclose(moved[free], step[free], atol=limit)


def test_without_scaling_a_step_is_too_small() -> None:
    graph, rate = networks.dense(), 0.5
    x, target = next(samples(graph.shape, 1))
    for aware, moves in ((True, True), (False, False)):
        with HostModel(compile(graph.trained(rate, aware=aware))) as host:
            before = host.snapshot()["w0"].astype(int)
            host.train(host.feed(x), {"target": target})
            most = np.abs(host.snapshot()["w0"] - before).max()
        assert (most > 20) == moves


def test_what_int8_cannot_learn_is_named() -> None:
    graph = networks.dense()
    with pytest.raises(UsageError, match="learn by plain steps"):
        add_training(graph.model(), Training(tuple(graph.parameters), sgd=Sgd(momentum=0.5)))
    graph = networks.residual()
    graph.operator("LOGISTIC", graph.values[graph.last].shape, input=graph.last, quant=HALF)
    with pytest.raises(UnsupportedModel, match="no backward pass in INT8"):
        graph.trained(0.1, Loss.SQUARED_ERROR)


def test_one_output_learns_a_number() -> None:
    graph = networks.QuantisedBuilder((1, 8))
    graph.dense(1)
    model, losses = graph.trained(0.01, Loss.SQUARED_ERROR), []
    random = np.random.default_rng(1)
    with HostModel(compile(model)) as host:
        for _ in range(300):
            x = random.integers(-60, 60, (1, 8)).astype(np.int8)
            target = np.array([[x[0, 0] / 64 - 0.3]], np.float32)
            assert host.train(host.feed(x), {"target": target})
            losses.append(float(host.snapshot()["loss"][0]))
    assert np.mean(losses[-50:]) < 0.2 * np.mean(losses[:20])
