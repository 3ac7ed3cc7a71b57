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
