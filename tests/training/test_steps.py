"""Training steps on this computer: NumPy's bits, PyTorch's numbers, finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.networks import (
    autoencoder,
    classifier,
    growing,
    mobile,
    moving,
    normalised,
    sensors,
    sine,
    varied,
)
from tests.training.reference import Reference
from tinyssl.compiler import compile
from tinyssl.core.errors import UnsupportedModel, UsageError
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.training import LOCAL_RATE, LOSS, RATE, RATES, Loss, Training, add_training
from tinyssl.ops.common.gradient import Sgd
from tinyssl.ops.common.welford import STATISTICS
from tinyssl.ops.training.layer_update import LayerUpdate
from tinyssl.runtimes.host import HostModel

Sample = tuple[NDArray[Any], NDArray[Any]]


def sines(count: int, seed: int = 1) -> Iterator[Sample]:
    """Points of 2 sin(x + 0.5)."""
    random = np.random.default_rng(seed)
    for x in random.uniform(-5, 5, count).astype(np.float32):
        yield x.reshape(1, 1), 2 * np.sin(x + np.float32(0.5)).reshape(1, 1)


def readings(count: int, seed: int = 1) -> Iterator[Sample]:
    """Of five sensors with units of their own, and of one that is stuck."""
    random = np.random.default_rng(seed)
    means, spreads = np.array([21, 30, 100, 700, 4e-3, 5]), np.array([1, 4, 90, 200, 1e-3, 0])
    for label in random.integers(0, 2, count):
        x = means + spreads * (random.normal(size=(1, 6)) + label)
        yield x.astype(np.float32), np.array([label], np.int32)


def pictures(count: int, seed: int = 1, classes: int = 5) -> Iterator[Sample]:
    """Noise around the picture of each class."""
    random = np.random.default_rng(seed)
    means = random.normal(size=(classes, 1, 9, 8, 2))
    for label in random.integers(0, classes, count):
        x = means[label] + random.normal(size=means[0].shape) / 2
        yield x.astype(np.float32), np.array([label], np.int32)


def more_pictures(count: int) -> Iterator[Sample]:
    """Of two more classes."""
    return pictures(count, classes=7)


def answers(count: int) -> Iterator[Sample]:
    """The same with 1 for the class and 0 for the others."""
    for x, label in pictures(count):
        yield x, np.eye(5, dtype=np.float32)[label]


CASES = {
    "sine": (lambda: sine().trained(Loss.SQUARED_ERROR, error_clip=5), sines),
    "sine, absolute": (lambda: sine().trained(Loss.ABSOLUTE_ERROR), sines),
    "momentum": (
        lambda: sine().trained(
            Loss.SQUARED_ERROR, 0.003, momentum=0.9, weight_decay=0.001, clip=0.5
        ),
        sines,
    ),
    "classes": (lambda: classifier().trained(Loss.CROSS_ENTROPY, 0.05), pictures),
    "classes, momentum": (
        lambda: classifier().trained(Loss.CROSS_ENTROPY, 0.01, momentum=0.9),
        pictures,
    ),
    "growing": (lambda: growing(momentum=0.5, weight_decay=0.001), more_pictures),
    "varied": (lambda: varied().trained(Loss.SQUARED_ERROR, 0.1), answers),
    "moving": (lambda: moving().trained(Loss.CROSS_ENTROPY, 0.02), pictures),
    "normalised": (lambda: normalised().trained(Loss.CROSS_ENTROPY, 0.001), pictures),
    "readings": (lambda: sensors().trained(Loss.CROSS_ENTROPY, 0.05, normalise=True), readings),
    "mobile": (lambda: mobile().trained(Loss.CROSS_ENTROPY, 0.05), pictures),
}


def test_a_part_with_its_own_rate_stands_still() -> None:
    graph = sine()
    local = frozenset(graph.parameters[-2:])
    plain = graph.trained(Loss.SQUARED_ERROR, 0.02)
    training = Training((*graph.parameters,), Loss.SQUARED_ERROR, 0.02, local=local)
    split = add_training(graph.model(), training)
    names = {split.tensor(index).name for index in local}
    x, target = next(sines(1))
    with HostModel(compile(plain)) as whole, HostModel(compile(split)) as parts:
        first = parts.snapshot()
        whole.train(whole.feed(x), {"target": target})
        moved = whole.snapshot()
        for frozen, still in ((LOCAL_RATE, names), (RATE, {*first} - names)):
            parts.restore(first | {frozen: np.zeros(1, np.float32)})
            parts.train(parts.feed(x), {"target": target})
            found = parts.snapshot()
            for name in {*found} - {LOSS, *RATES}:
                expected = first if name in still else moved
                np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
                assert not np.array_equal(first[name], moved[name])


@pytest.mark.parametrize("name", CASES)
def test_every_step_has_numpys_bits(name: str) -> None:
    make, samples = CASES[name]
    model = make()
    reference, losses = Reference(model), []
    with HostModel(compile(model)) as host:
        for x, target in samples(40):
            assert host.train(host.feed(x), {"target": target})
            losses.append(reference.train(x, target))
            for key, found in host.snapshot().items():
                np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)
    assert len({*losses}) == 40


def test_it_learns() -> None:
    model = classifier().trained(Loss.CROSS_ENTROPY, 0.05)
    losses = []
    with HostModel(compile(model)) as host:
        for x, target in pictures(400):
            host.train(host.feed(x), {"target": target})
            losses.append(float(host.snapshot()["loss"][0]))
    assert np.mean(losses[:40]) > 1.0
    assert np.mean(losses[-40:]) < 0.4


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_finite_differences(name: str) -> None:
    """In float64, where the same graph is exact enough: the C has NumPy's bits in float32."""
    make, samples = CASES[name]
    model, random = make(), np.random.default_rng(3)
    x, target = next(iter(samples(1)))
    reference = Reference(model, np.float64)
    named = [v for v in named_values(model) if v.kind is ValueKind.PARAMETER][:-1]
    plain = [value for value in named if value.name not in STATISTICS]
    for value in named[len(plain) :]:  # of some other samples
        reference.values[value.index] += random.uniform(1, 2, value.shape)
    before = {value.index: reference.values[value.index].copy() for value in named}
    (rate,) = (v.index for v in named_values(model) if v.name == "learning_rate")
    reference.values[rate] = np.ones(1)
    reference.train(x, target)
    after = {value.index: reference.values[value.index].copy() for value in plain}
    for value in plain:
        for other, data in before.items():
            reference.values[other] = data.copy()
        for at in random.choice(value.elements, min(6, value.elements), replace=False):
            slope = _slope(reference, value.index, int(at), x, target)
            found = (before[value.index] - after[value.index]).flat[at]
            expected = _descent(slope, before[value.index].flat[at], model)
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-7), value.name


def _slope(reference: Reference, value: int, at: int, x: Any, target: Any) -> float:
    step, found = 1e-5, []
    for sign in (1, -1):
        reference.values[value].flat[at] += sign * step
        found.append(reference.loss(x, target))
        reference.values[value].flat[at] -= sign * step
    return (found[0] - found[1]) / (2 * step)


def _descent(slope: float, parameter: float, model: Model) -> float:
    sgd = next(op.sgd for op in model.ops if isinstance(op, LayerUpdate))
    return float(np.clip(slope, -sgd.clip, sgd.clip) + sgd.weight_decay * parameter)


def test_a_thousand_steps_follow_pytorch() -> None:
    torch = pytest.importorskip("torch")
    model = sine().trained(Loss.SQUARED_ERROR, 0.01, momentum=0.5, weight_decay=0.0001)
    layers = [torch.nn.Linear(1, 32), torch.nn.Linear(32, 32), torch.nn.Linear(32, 1)]
    named = {value.name: model.tensor(value.index) for value in named_values(model)}
    for number, layer in zip((0, 2, 4), layers, strict=True):
        layer.weight.data = torch.tensor(named[f"w{number}"].array().copy())
        layer.bias.data = torch.tensor(named[f"b{number}"].array().copy())
    net = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1], torch.nn.Tanh(), layers[2])
    descent = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.5, weight_decay=0.0001)
    with HostModel(compile(model)) as host:
        for x, target in sines(1000):
            host.train(host.feed(x), {"target": target})
            descent.zero_grad()
            torch.nn.functional.mse_loss(net(torch.tensor(x)), torch.tensor(target)).backward()
            descent.step()
        found = host.snapshot()
    for number, layer in zip((0, 2, 4), layers, strict=True):
        expected = layer.weight.detach().numpy()
        error = np.abs(found[f"w{number}"] - expected).max() / np.abs(expected).max()
        assert error < 1e-5, (number, error)


def test_a_free_class_never_wins_before_it_is_taught() -> None:
    """Whatever the others' scores; afterwards it does, and the other free one still does not."""
    model, random = growing(), np.random.default_rng(4)
    inputs = [random.normal(size=(1, 9, 8, 2)).astype(np.float32) for _ in range(20)]
    with HostModel(compile(model)) as host:
        scores = [next(iter(host.run(host.feed(x)).values())) for x in inputs]
        assert all(each[0, 5:].max() < each[0, :5].min() for each in scores)
        assert any(each[0, :5].max() < 0 for each in scores)  # rows of zeros alone would win
        weight, bias = (v.name for v in named_values(model) if v.name[0] in "wb")
        before = host.snapshot()
        assert host.train(host.feed(inputs[0]), {"target": np.array([2], np.int32)})
        known = host.snapshot()
        np.testing.assert_array_equal(known[weight][5:], 0)
        np.testing.assert_array_equal(known[bias][5:], before[bias][5:])
        for _ in range(20):
            assert host.train(host.feed(inputs[0]), {"target": np.array([6], np.int32)})
        (found,) = host.run(host.feed(inputs[0])).values()
        assert found.argmax() == 6
        assert host.snapshot()[bias][5] == before[bias][5]


def test_a_full_class_table_teaches_nothing() -> None:
    _teaches_nothing(growing(), next(pictures(1))[0], np.array([7], np.int32))
    bad = np.full((1, 9, 8, 2), np.nan, np.float32)
    _teaches_nothing(growing(), bad, np.array([5], np.int32))


@pytest.mark.parametrize("label", [-1, 5, 2**31 - 1])
def test_a_label_that_is_no_class_teaches_nothing(label: int) -> None:
    model = classifier().trained(Loss.CROSS_ENTROPY)
    _teaches_nothing(model, next(pictures(1))[0], np.array([label], np.int32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_no_number_teaches_nothing(bad: float) -> None:
    model = sine().trained(Loss.SQUARED_ERROR)
    x, target = next(sines(1))
    _teaches_nothing(model, x, np.full_like(target, bad))
    model = classifier().trained(Loss.CROSS_ENTROPY)
    x, label = next(pictures(1))
    if not np.isfinite(bad):
        _teaches_nothing(model, np.full_like(x, bad), label)


def _teaches_nothing(model: Model, x: NDArray[Any], target: NDArray[Any]) -> None:
    with HostModel(compile(model)) as host:
        before = host.snapshot()
        assert not host.train(host.feed(x), {"target": target})
        after = host.snapshot()
    for name in before.keys() - {"loss"}:
        np.testing.assert_array_equal(before[name], after[name])


def test_an_autoencoder_takes_its_input_for_the_target() -> None:
    model = autoencoder().trained(Loss.SQUARED_ERROR, 0.3, autoencoder=True)
    reference, random = Reference(model), np.random.default_rng(5)
    losses = []
    with HostModel(compile(model)) as host:
        for _ in range(150):
            x = np.repeat(random.normal(size=(1, 2)), 4, 1).astype(np.float32)
            assert host.train(host.feed(x), {})
            losses.append(reference.train(x))
        for key, found in host.snapshot().items():
            np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)
    assert np.mean(losses[-30:]) < 0.4 * np.mean(losses[:30])
    with pytest.raises(UsageError, match="needs a label"):
        autoencoder().trained(Loss.CROSS_ENTROPY, autoencoder=True)
    with pytest.raises(UsageError, match="has 144 elements, its output 5"):
        classifier().trained(Loss.SQUARED_ERROR, autoencoder=True)


@pytest.mark.parametrize("chosen", [(0,), (1,), (2, 5), (3, 4)])
def test_any_weights_and_biases_may_learn_alone(chosen: tuple[int, ...]) -> None:
    graph = mobile()
    parameters = tuple(graph.parameters[at] for at in chosen)
    model = add_training(graph.model(), Training(parameters, rate=0.05, sgd=Sgd(momentum=0.5)))
    reference = Reference(model)
    with HostModel(compile(model)) as host:
        for x, target in pictures(2):
            assert host.train(host.feed(x), {"target": target})
            reference.train(x, target)
        for key, found in host.snapshot().items():
            np.testing.assert_array_equal(found, reference.by_name(key), err_msg=key)


def test_what_cannot_learn_is_named() -> None:
    graph = sine()
    with pytest.raises(UsageError, match="no parameter was named"):
        add_training(graph.model(), Training(()))
    with pytest.raises(UsageError, match="x is no constant of a layer"):
        add_training(graph.model(), Training((0,)))
    graph = classifier()
    first = graph.parameters[0]
    graph.function("EXP")
    with pytest.raises(UnsupportedModel, match="#7 EXP: nothing can learn before it"):
        add_training(graph.model(), Training((first, first + 1)))
