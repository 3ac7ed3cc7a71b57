"""Running statistics of features: Welford's, equal to those of all samples at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.training.networks import Builder, autoencoder, classifier, sensors
from tests.training.reference import Reference
from tests.training.test_steps import pictures, readings
from tinyssl.compiler import compile
from tinyssl.core.errors import UsageError
from tinyssl.graph.interface import Outputs, named_values
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss, Training, add_training, takes_normalised
from tinyssl.ops.common.welford import COUNT, MEAN, VARIANCE, normalised
from tinyssl.runtimes.host import HostModel

SPECIFIED = (2, 4, 4, 4, 5, 5, 7, 9)
"""Mean 5, variance 4: section (d) of the specification"""


def one_feature() -> Model:
    """Whose output is the normalised input."""
    graph = Builder((1, 1))
    graph.layer("FULLY_CONNECTED", graph.constant("w", np.ones((1, 1))), (1, 1), bias=None)
    return graph.trained(Loss.SQUARED_ERROR, 1e-30, normalise=True)


def sample(*numbers: float) -> np.ndarray:
    return np.array([numbers], np.float32)


def test_in_float64_statistics_are_those_of_the_batch_at_any_point() -> None:
    reference = Reference(one_feature(), np.float64)
    for count, number in enumerate(SPECIFIED, 1):
        reference.train(sample(number), np.zeros((1, 1)))
        seen = SPECIFIED[:count]
        assert reference.by_name(MEAN).item() == pytest.approx(np.mean(seen), abs=1e-9)
        assert reference.by_name(VARIANCE).item() == pytest.approx(np.var(seen), abs=1e-9)
    assert reference.by_name(MEAN).item() == pytest.approx(5, abs=1e-9)
    assert reference.by_name(VARIANCE).item() == pytest.approx(4, abs=1e-9)
    assert reference.by_name(COUNT).item() == len(SPECIFIED)


def test_the_device_has_what_float32_gives() -> None:
    target = np.zeros((1, 1), np.float32)
    with HostModel(compile(one_feature())) as host:
        for count, number in enumerate(SPECIFIED, 1):
            assert host.train(host.feed(sample(number)), {"target": target})
            found = host.snapshot()
            assert found[MEAN].item() == pytest.approx(np.mean(SPECIFIED[:count]), rel=1e-6)
            assert found[VARIANCE].item() == pytest.approx(np.var(SPECIFIED[:count]), rel=1e-6)
        (output,) = host.run(host.feed(sample(5))).values()
        assert host.snapshot()[COUNT].item() == len(SPECIFIED)
    assert abs(output.item()) < 1e-6


def test_many_samples_keep_float32s_precision() -> None:
    random = np.random.default_rng(0)
    numbers = (400 + 20 * random.normal(size=20_000)).astype(np.float32)
    target = {"target": np.zeros((1, 1), np.float32)}
    with HostModel(compile(one_feature())) as host:
        for number in numbers:
            host.train(host.feed(sample(number)), target)
        found = host.snapshot()
    assert found[MEAN].item() == pytest.approx(numbers.mean(dtype=np.float64), rel=1e-5)
    assert found[VARIANCE].item() == pytest.approx(numbers.var(dtype=np.float64), rel=1e-3)


def test_the_count_ends_where_float32_ends_to_count() -> None:
    most = np.array([2.0**24], np.float32)
    target = {"target": np.zeros((1, 1), np.float32)}
    with HostModel(compile(one_feature())) as host:
        for start in (most - 1, most, most):
            host.restore({**host.snapshot(), COUNT: start, MEAN: sample(1), VARIANCE: sample(4)})
            assert host.train(host.feed(sample(2.0**20)), target)
            found = host.snapshot()
            assert found[COUNT] == most
            assert found[MEAN].item() == pytest.approx(1 + 2.0**-4, rel=1e-5)


def test_an_inference_changes_no_statistic() -> None:
    model = sensors().trained(Loss.CROSS_ENTROPY, normalise=True)
    with HostModel(compile(model)) as host:
        before = _taught(host)
        host.run(host.feed(np.full((1, 6), 1e6, np.float32)))
        host.reset()
        after = host.snapshot()
    assert all(np.array_equal(before[name], after[name]) for name in (MEAN, VARIANCE, COUNT))
    assert before[COUNT].item() == 10


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_no_number_teaches_nothing(bad: float) -> None:
    """3e38 is one, but its square is none."""
    model = sensors().trained(Loss.CROSS_ENTROPY, normalise=True)
    with HostModel(compile(model)) as host:
        before = _taught(host)
        x, label = next(readings(1))
        x[0, 2] = bad
        assert not host.train(host.feed(x), {"target": label})
        after = host.snapshot()
        assert host.train(host.feed(next(readings(1))[0]), {"target": label})
    assert all(np.array_equal(before[n], after[n]) for n in before if n != "loss")


def _taught(host: HostModel) -> Outputs:
    for x, label in readings(10, seed=3):
        assert host.train(host.feed(x), {"target": label})
    return host.snapshot()


def test_what_never_changed_is_zero_and_nothing_is_far_from_it() -> None:
    graph = Builder((1, 6))
    graph.layer("FULLY_CONNECTED", graph.constant("w", np.eye(6)), (1, 6), bias=None)
    model = graph.trained(Loss.SQUARED_ERROR, 1e-30, normalise=True)
    with HostModel(compile(model)) as host:
        for count, (x, _) in enumerate(readings(30), 1):
            (found,) = host.run(host.feed(x)).values()
            assert found[0, 5] == 0
            assert np.abs(found).max() <= np.sqrt(count)
            expected = normalised(x, host.snapshot())
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
            assert host.train(host.feed(x), {"target": np.zeros((1, 6), np.float32)})


def test_readings_are_learnt_as_they_are() -> None:
    def wrong(**more: Any) -> int:
        model = sensors().trained(Loss.CROSS_ENTROPY, 0.05, **more)
        with HostModel(compile(model)) as host:
            for x, label in readings(300):
                host.train(host.feed(x), {"target": label})
            answers = [next(iter(host.run(host.feed(x)).values())).argmax() for x, _ in test]
        return sum(answer != label for answer, (_, label) in zip(answers, test, strict=True))

    test = [(x, label.item()) for x, label in readings(200, seed=2)]
    assert wrong(normalise=True) < 40
    assert wrong() > 60


def test_frozen_features_may_be_normalised() -> None:
    graph = classifier()
    head = tuple(graph.parameters[-2:])
    model = add_training(graph.model(), Training(head, rate=0.1, normalise=True))
    reference = Reference(model)
    with HostModel(compile(model)) as host:
        for x, label in pictures(20):
            assert host.train(host.feed(x), {"target": label})
            reference.train(x, label)
        for key, found in host.snapshot().items():
            np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)
    shapes = {value.name: value.shape for value in named_values(model)}
    assert (shapes[MEAN], shapes[COUNT]) == ((1, 36), (1,))
    graph = Builder((1, 6))
    graph.dense(4)
    side = graph.last
    graph.dense(4)
    graph.dense(4)
    graph.add(graph.last, side)
    with pytest.raises(UsageError, match=r"what learns reads 2 values \(y1, y0\)"):
        add_training(graph.model(), Training(tuple(graph.parameters[4:]), normalise=True))


def test_an_autoencoder_gives_back_normalised_inputs() -> None:
    model = autoencoder().trained(Loss.SQUARED_ERROR, 0.3, autoencoder=True, normalise=True)
    assert takes_normalised(model)
    reference, random, losses = Reference(model), np.random.default_rng(5), []
    with HostModel(compile(model)) as host:
        for _ in range(150):
            x = (500 + 90 * np.repeat(random.normal(size=(1, 2)), 4, 1)).astype(np.float32)
            assert host.train(host.feed(x), {})
            losses.append(reference.train(x))
        for key, found in host.snapshot().items():
            np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)
    assert np.mean(losses[-30:]) < 0.4 * np.mean(losses[:30])
