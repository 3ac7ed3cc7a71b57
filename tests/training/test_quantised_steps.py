"""Training steps of INT8 layers on this computer: NumPy's bits, float32's gradients, scaling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training import quantised_networks as networks
from tests.training.reference import Reference
from tinyssl.compiler import compile
from tinyssl.graph.model import Model
from tinyssl.runtimes.host import HostModel

Sample = tuple[NDArray[Any], NDArray[Any]]


def samples(model: Model, count: int, seed: int = 1) -> Iterator[Sample]:
    """Noise around the picture of each of five classes, in INT8."""
    random, shape = np.random.default_rng(seed), model.input.shape
    means = random.normal(size=(5, *shape)) * 40
    for label in random.integers(0, 5, count):
        x = means[label] + random.normal(size=shape) * 20
        yield np.clip(x, -128, 127).astype(np.int8), np.array([label], np.int32)


CASES = {name: getattr(networks, name) for name in ("dense", "residual", "mobile", "pools")}
RATE = {"dense": 0.002, "residual": 0.002, "mobile": 0.02, "pools": 0.005}


@pytest.mark.parametrize("name", CASES)
def test_every_step_has_numpys_bits(name: str) -> None:
    model = CASES[name]().trained(RATE[name])
    reference, losses = Reference(model), []
    with HostModel(compile(model)) as host:
        for x, target in samples(model, 12):
            assert host.train(host.feed(x), {"target": target})
            losses.append(reference.train(x, target))
            for key, found in host.snapshot().items():
                np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)
    assert len({*losses}) > 6


@pytest.mark.parametrize("name", CASES)
def test_the_forward_pass_has_the_bytes_of_the_layers_in_flash(name: str) -> None:
    graph = CASES[name]()
    plain, learner = graph.model(), graph.trained(RATE[name])
    with HostModel(compile(plain)) as frozen, HostModel(compile(learner)) as learnt:
        for x, _ in samples(plain, 5):
            before, after = frozen.run(frozen.feed(x)), learnt.run(learnt.feed(x))
            assert all(before[key].tobytes() == after[key].tobytes() for key in before)


@pytest.mark.parametrize("name", CASES)
def test_it_learns(name: str) -> None:
    model, losses = CASES[name]().trained(RATE[name]), []
    with HostModel(compile(model)) as host:
        for x, target in samples(model, 500):
            host.train(host.feed(x), {"target": target})
            losses.append(float(host.snapshot()["loss"][0]))
    assert np.mean(losses[-50:]) < 0.5 * np.mean(losses[:25])


def test_a_step_is_right_on_average() -> None:
    """Steps below one, rounded at random from many states, are a large step together."""
    states, larger = 2000, 50
    model = networks.dense().trained(1e-2)
    x, target = next(samples(model, 1))
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
