"""Reptile, TinyReptile and TinyMetaFed: the checks of the specification (d), on our C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tinyssl.compiler import compile
from tinyssl.core.errors import DataError
from tinyssl.federated.client import Node
from tinyssl.federated.grid import DeviceGrid, from_bytes
from tinyssl.federated.guard import GuardedGrid
from tinyssl.federated.learners import HostLearner
from tinyssl.federated.records import ARRAYS, RoundTask, to_arrays
from tinyssl.federated.rounds import Checkpoint, RoundServer
from tinyssl.federated.samples import NodeSample
from tinyssl.federated.schedules import constant, cosine, linear
from tinyssl.federated.sparse import INDEX, VALUE, Sparse, change, check_change, flat, largest
from tinyssl.federated.strategies import Reptile, TinyMetaFed, TinyReptile
from tinyssl.federated.twins import Twins
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.training import LOCAL_RATE, RATE, Loss, Training, add_training

Arrays = dict[str, NDArray[Any]]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@dataclass(frozen=True)
class Points:
    """The same points in every round."""

    points: Sequence[tuple[float, float]]

    def stream(self, number: int, count: int) -> Iterator[NodeSample]:
        for x, y in self.points[:count]:
            x_, y_ = (np.array([[each]], np.float32) for each in (x, y))
            yield NodeSample({"x": x_}, {"target": y_})

    def held_out(self, number: int) -> Iterator[NodeSample]:
        return self.stream(number, len(self.points))


def line() -> Model:
    """o = w x with w = 0; the bias does not learn."""
    stack = LayerStack((1, 1))
    stack.dense(1, gain=0)
    weight, _ = stack.parameters
    return add_training(stack.model("line"), Training((weight,), Loss.SQUARED_ERROR, 0.1))


def layers() -> tuple[Model, frozenset[str]]:
    """1-4-1 with tanh, and the names of its last layer, which has a rate for itself."""
    stack = LayerStack((1, 1), 3)
    stack.dense(4)
    stack.function("TANH")
    stack.dense(1)
    local = frozenset(stack.parameters[-2:])
    model = stack.model("layers")
    training = Training((*stack.parameters,), Loss.SQUARED_ERROR, 0.1, local=local)
    return add_training(model, training), frozenset(model.tensor(at).name for at in local)


def ran(
    strategy: Any,
    model: Model,
    points: Sequence[Sequence[tuple[float, float]]],
    rounds: int = 1,
    watch: Any = None,
    **first: NDArray[Any],
) -> Arrays:
    """The parameters after some rounds over nodes with these points."""
    program = compile(model)
    nodes = [Node(lambda: HostLearner(program), Points(each)) for each in points]
    learner = HostLearner(program)
    start = learner.learnt({value.name for value in learner.parameters}) | first
    with DeviceGrid(nodes, watch=watch) as devices:
        grid = GuardedGrid(devices, check_change)
        server = RoundServer(strategy, grid, RoundTask(), 0, lambda _checkpoint: None)
        found = server.run(Checkpoint(0, start), rounds)
        assert not [each.reason for each in grid.exchanges if each.reason]
    return found


def weight(arrays: Arrays) -> float:
    (only,) = arrays.values()
    return float(only.item())


ONES = ((1.0, 1.0), (1.0, 1.0))


def test_reptiles_toy() -> None:
    task = RoundTask(rate=0.1, samples=2)
    model = line()
    learner = HostLearner(compile(model))
    learner.set_rate(0.1)
    seen = []
    for sample in Points(ONES).stream(1, 2):
        learner.step(sample.feeds, sample.target)
        seen.append(weight(learner.learnt({v.name for v in learner.parameters})))
    assert seen == pytest.approx([0.2, 0.36], abs=1e-7)
    found = ran(Reptile(task, 1, constant(0.5)), model, [ONES])
    assert weight(found) == pytest.approx(0.18, abs=1e-7)


def test_the_mean_of_several_devices() -> None:
    task = RoundTask(rate=0.1, samples=1)
    found = ran(Reptile(task, 2, constant(1.0)), line(), [((1.0, 1.0),), ((1.0, 3.0),)])
    assert weight(found) == pytest.approx((0.2 + 0.6) / 2, abs=1e-7)


def test_one_sample_is_plain_gradient_descent() -> None:
    """theta -= alpha beta gradient, with a gradient of 2 (w x - y) x."""
    task = RoundTask(rate=0.1, samples=1)
    found = ran(TinyReptile(task, 10, 0.7), line(), [((2.0, 1.5),)])
    assert weight(found) == pytest.approx(0.7 * 0.1 * 2 * 1.5 * 2, abs=1e-7)


def test_alpha_of_one_takes_the_devices_parameters() -> None:
    task = RoundTask(rate=0.1, samples=2)
    found = ran(TinyReptile(task, 10), line(), [ONES])
    assert weight(found) == np.float32(np.float32(0.2) + np.float32(0.1) * 2 * np.float32(0.8))


def test_tinyreptile_is_serial_and_streams() -> None:
    strategy = TinyReptile(RoundTask(rate=0.1, samples=2, passes=5), 10)
    assert strategy.min_train_nodes == 1
    assert strategy.assigned(1).passes == 1
    steps = [strategy.step(number) for number in range(1, 12)]
    assert steps == pytest.approx(np.linspace(1, 0, 11))
    seen: list[int] = []

    def watch(data: bytes, down: bool) -> None:
        if down:
            seen.append(from_bytes(data).metadata.dst_node_id)

    ran(strategy, line(), [ONES] * 4, rounds=6, watch=watch)
    assert len(seen) == 6
    assert len({*seen}) > 1


def test_schedules() -> None:
    assert [linear(2, 4)(number) for number in range(1, 6)] == [2, 1.5, 1, 0.5, 0]
    assert [cosine(2, 2)(number) for number in (1, 2, 3)] == pytest.approx([2, 1, 0])


def test_the_sparse_message_of_the_specification() -> None:
    d = np.array([0.5, -0.1, 0.05, -0.7], np.float32)
    half = largest(d, 0.5)
    assert dict(zip(half.indices.tolist(), half.values.tolist(), strict=True)) == pytest.approx(
        {0: 0.5, 3: -0.7}
    )
    assert half.indices.dtype == np.uint16
    assert half.nbytes == 2 * (2 + 4)
    np.testing.assert_array_equal(largest(d, 1).dense(4), d)
    assert largest(d, 0.26).indices.size == 2  # the ceiling
    assert largest(np.ones(2**16, np.float32), 0.5).indices.dtype == np.uint32


@pytest.mark.parametrize(
    ("indices", "values", "why"),
    [
        (np.array([4], np.uint16), np.ones(1, np.float32), "index 4 of 4"),
        (np.array([1, 2], np.uint16), np.ones(1, np.float32), "2 indices for 1 values"),
        (np.array([-1], np.int16), np.ones(1, np.float32), "int16 indices"),
        (np.array([1], np.uint16), np.ones(1), "float64 values"),
    ],
)
def test_changes_that_fit_nothing(indices: Any, values: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        change({"w": np.zeros(4, np.float32)}, {INDEX: indices, VALUE: values})


def test_sparse_of_everything_is_dense() -> None:
    model, local = layers()
    task = RoundTask(rate=0.1, samples=2, local_rate=0.1, local_samples=1)
    found = [
        ran(TinyMetaFed(replace(task, share=share), 2, 4, local), model, [ONES] * 3, rounds=3)
        for share in (1.0, 0.999)
    ]
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, rtol=1e-6, atol=1e-7)


def test_what_is_local_is_never_sent_and_never_matters() -> None:
    model, local = layers()
    task = RoundTask(rate=0.1, samples=2, local_rate=0.2, local_samples=1, share=0.4)
    traffic: list[tuple[bytes, bool]] = []

    def watch(data: bytes, down: bool) -> None:
        traffic.append((data, down))

    strategy = TinyMetaFed(task, 2, 4, local)
    found = ran(strategy, model, [ONES] * 3, rounds=2, watch=watch)
    common = [each for name, each in found.items() if name not in local]
    size = sum(each.size for each in common)
    for data, down in traffic:
        arrays = from_bytes(data).content.array_records[ARRAYS]
        held = {name: each.numpy() for name, each in arrays.items()}
        assert {*held} == ({*found} - local if down else {INDEX, VALUE})
        sent = sum(each.nbytes for each in held.values())
        assert sent == (4 * size if down else -(-4 * size // 10) * (2 + 4))
        assert down or int(held[INDEX].max()) < size
    # Other values of l on the server: g is the same to the bit.
    others = {name: found[name] + 7 for name in local}
    again = ran(TinyMetaFed(task, 2, 4, local), model, [ONES] * 3, rounds=2, **others)
    for name in {*found} - local:
        assert again[name].tobytes() == found[name].tobytes()
        assert np.abs(found[name]).max() > 0
    for name in local:
        np.testing.assert_array_equal(again[name], others[name])


def test_a_device_fits_l_then_g() -> None:
    """By hand: steps with one part frozen, from the device's own first values of l."""
    model, local = layers()
    task = RoundTask(rate=0.1, samples=3, local_rate=0.2, local_samples=2)
    points = ((1.0, 1.0), (0.5, -1.0), (-1.0, 0.3))
    found = ran(TinyMetaFed(task, 1, 1, local), model, [points])
    learner = HostLearner(compile(model))
    names = {value.name for value in learner.parameters}
    first = learner.learnt(names)
    for number, sample in enumerate(Points(points).stream(1, 3)):
        rates = {RATE: 0.0, LOCAL_RATE: 0.2} if number < 2 else {RATE: 0.1, LOCAL_RATE: 0.0}
        for name, rate in rates.items():
            learner.set_rate(rate, local=name == LOCAL_RATE)
        learner.step(sample.feeds, sample.target)
    by_hand = learner.learnt(names)
    for name in names - local:
        np.testing.assert_allclose(found[name], by_hand[name], rtol=1e-6)
        assert not np.array_equal(found[name], first[name])
    for name in local:
        np.testing.assert_array_equal(found[name], first[name])
        assert not np.array_equal(by_hand[name], first[name])


def test_flat_keeps_the_order() -> None:
    arrays = {"b": np.arange(3, dtype=np.float32), "a": np.full((2, 2), 7, np.float32)}
    assert flat(arrays).tolist() == [0, 1, 2, 7, 7, 7, 7]
    assert Sparse(np.array([1], np.uint16), np.array([2], np.float32)).dense(3).tolist() == [
        0,
        2,
        0,
    ]
    record = to_arrays(arrays)
    assert [*record] == ["b", "a"]


def test_a_board_with_other_bits_is_left_out_and_told() -> None:
    model = line()
    program = compile(model)
    honest = Node(lambda: HostLearner(program), Points(ONES))
    other = Node(lambda: HostLearner(program), Points(((1.0, 1.0), (1.0, 1.5))))
    twins = Twins({0: Node(lambda: HostLearner(program), Points(ONES)), 1: other})
    nodes = [honest, Node(lambda: HostLearner(program), Points(ONES))]
    strategy = Reptile(RoundTask(rate=0.1, samples=2), 2, constant(1.0))
    learner = HostLearner(program)
    start = learner.learnt({value.name for value in learner.parameters})
    with DeviceGrid(nodes, [twins]) as devices:
        grid = GuardedGrid(devices)
        server = RoundServer(strategy, grid, RoundTask(), 0, lambda _checkpoint: None)
        found = server.run(Checkpoint(0, start), 1)
        reasons = [each.reason for each in grid.exchanges]
    assert weight(found) == pytest.approx(0.36, abs=1e-7)  # of the honest one alone
    assert twins.compared == 1
    (told,) = twins.differences
    assert told.startswith("round 1: w")
    assert sorted(map(bool, reasons)) == [False, True]
    assert any("is not what this computer learns" in reason for reason in reasons)
