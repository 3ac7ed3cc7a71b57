"""What outlives an inference: its place in the arena, its first value, its reset.

No operator of these graphs writes a state, so it changes only where a test changes it; what matters
here is that no other value ever lies over it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.host_firmware import HostFirmware, compile_program
from tests.ops.ends import inner_output, two_inputs
from tinyssl.compiler import Program, assemble
from tinyssl.compiler.arena import overlaps, plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.device import Session, open_link
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import DType, Model, Value, ValueKind
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.targets.boards import Isa


def lasting(data: bytes, kind: ValueKind, first: bytes | None = None) -> Model:
    """The second input of a graph as a parameter or state."""
    model = read_model(data)
    values = list(model.tensors)
    values[1] = replace(values[1], kind=kind, data=first)
    return replace(model, tensors=tuple(values), inputs=(0,))


def compiled(model: Model) -> Program:
    """Without the verifier: no operator here knows that its operand lasts."""
    return assemble(model, plan_arena(model, choose_calls(model, Isa.HOST)), Isa.HOST)


FIRST = np.arange(120, dtype=np.int8).reshape(1, 5, 6, 4)
STATE = lasting(inner_output(), ValueKind.STATE)
KEPT = lasting(inner_output(), ValueKind.STATE, FIRST.tobytes())
PARAMETER = lasting(inner_output(), ValueKind.PARAMETER, FIRST.tobytes())


@pytest.mark.parametrize("model", [STATE, PARAMETER], ids=["state", "parameter"])
def test_nothing_lies_over_what_lasts(model: Model) -> None:
    plan = plan_arena(model, choose_calls(model, Isa.HOST))
    assert overlaps(plan) == []
    mine = next(place for place in plan.placements if place.tensor == 1)
    assert (mine.first, mine.last) == (-1, len(model.ops))
    for place in plan.placements:
        if place is not mine:
            assert place.end <= mine.offset or mine.end <= place.offset


def test_a_state_starts_at_the_zero_point_and_a_reset_brings_it_back() -> None:
    x = np.full((1, 5, 6, 4), 7, np.int8)
    with HostModel(compiled(STATE)) as host:
        first = host.run(host.feed(x))
        np.testing.assert_array_equal(host.snapshot()["right"], 3)
        host.restore({"right": FIRST})
        second = host.run(host.feed(x))
        assert any(not np.array_equal(first[name], second[name]) for name in first)
        np.testing.assert_array_equal(host.snapshot()["right"], FIRST)
        for name, output in host.run(host.feed(x)).items():
            np.testing.assert_array_equal(output, second[name])
        host.reset()
        for name, output in host.run(host.feed(x)).items():
            np.testing.assert_array_equal(output, first[name])


def test_a_first_value_of_its_own_comes_back_too() -> None:
    with HostModel(compiled(KEPT)) as host:
        np.testing.assert_array_equal(host.snapshot()["right"], FIRST)
        host.restore({"right": np.zeros_like(FIRST)})
        host.reset()
        np.testing.assert_array_equal(host.snapshot()["right"], FIRST)


def test_a_reset_leaves_parameters_as_they_are() -> None:
    written = np.full_like(FIRST, -9)
    with HostModel(compiled(PARAMETER)) as host:
        np.testing.assert_array_equal(host.snapshot()["right"], FIRST)
        host.restore({"right": written})
        host.reset()
        np.testing.assert_array_equal(host.snapshot()["right"], written)


def test_a_parameter_computes_as_the_input_that_it_was() -> None:
    x = np.random.default_rng(0).integers(-128, 128, (1, 5, 6, 4)).astype(np.int8)
    whole = read_model(inner_output())
    with HostModel(compiled(PARAMETER)) as host, HostModel(compiled(whole)) as both:
        found, expected = host.run({"left": x}), both.run({"left": x, "right": FIRST})
    for name, output in expected.items():
        np.testing.assert_array_equal(found[name], output)


def test_floats_are_filled_with_zero() -> None:
    memory = Value("memory", (1, 3), DType.FLOAT32, kind=ValueKind.STATE)
    model = replace(STATE, tensors=(*STATE.tensors, memory))
    with HostModel(compiled(model)) as host:
        assert host.snapshot()["memory"].tolist() == [[0.0, 0.0, 0.0]]


def test_a_state_is_a_variable_in_the_file() -> None:
    again = read_model(write_model(lasting(two_inputs(), ValueKind.STATE)))
    assert [value.kind for value in named_values(again)] == ["input", "output", "state"]


def test_states_and_parameters_over_the_line(tmp_path) -> None:
    elf = compile_program(compiled(STATE), tmp_path, "0" * 16)
    firmware = HostFirmware(elf)
    x = np.full((1, 5, 6, 4), 7, np.int8)
    with Session(open_link(firmware.port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, STATE)
        first = device.run(device.feed(x))
        np.testing.assert_array_equal(device.snapshot()["right"], 3)
        device.restore({"right": FIRST})
        second = device.run(device.feed(x))
        np.testing.assert_array_equal(device.snapshot()["right"], FIRST)
        device.reset()
        third = device.run(device.feed(x))
        np.testing.assert_array_equal(device.snapshot()["right"], 3)
    assert firmware.stop() == ""
    assert [x.tobytes() for x in first.values()] == [x.tobytes() for x in third.values()]
    assert [x.tobytes() for x in first.values()] != [x.tobytes() for x in second.values()]
