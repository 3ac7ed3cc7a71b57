"""Training over the serial protocol: the firmware of this computer, under the sanitizers."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.host_firmware import HostFirmware, compile_program
from tests.ops.ends import two_inputs
from tests.training.networks import classifier
from tests.training.reference import Reference
from tests.training.test_steps import pictures
from tinyssl.compiler import compile
from tinyssl.core.errors import DeviceError
from tinyssl.device import Session, open_link
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.training import Loss
from tinyssl.runtimes.device import DeviceModel


def test_a_device_learns_what_numpy_learns(tmp_path: Path) -> None:
    model = classifier().trained(Loss.CROSS_ENTROPY, 0.05)
    firmware = HostFirmware(compile_program(compile(model), tmp_path, "0" * 16))
    reference = Reference(model)
    with Session(open_link(firmware.port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, model)
        first = device.snapshot()
        for x, target in islice(pictures(20), 20):
            step = device.train(device.feed(x), {"target": target})
            reference.train(x, target)
            assert step.learnt
            assert step.training_ticks > 0
        for name, found in device.snapshot().items():
            np.testing.assert_array_equal(found, reference.by_name(name), err_msg=name)
        _refuses(device, next(pictures(1))[0])
        _takes_no_step_twice(session, device)
        session.first_values()
        again = device.snapshot()
        assert all(np.array_equal(first[name], again[name]) for name in first)
    assert firmware.stop() == ""


def _refuses(device: DeviceModel, x: np.ndarray) -> None:
    before = device.snapshot()
    step = device.train(device.feed(x), {"target": np.array([5], np.int32)})
    assert not step.learnt
    after = device.snapshot()
    assert all(np.array_equal(before[n], after[n]) for n in before if n != "loss")


def _takes_no_step_twice(session: Session, device: DeviceModel) -> None:
    """As where the answer was lost."""
    x, target = next(pictures(1, seed=9))
    device.train(device.feed(x), {"target": target})
    before = device.snapshot()
    session._step -= 1
    assert session.learn().learnt
    after = device.snapshot()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_what_was_learnt_outlives_a_restart(tmp_path: Path) -> None:
    model = classifier().trained(Loss.CROSS_ENTROPY, 0.05)
    elf = compile_program(compile(model), tmp_path, "0" * 16)
    flash = {"TINYSSL_HOST_FLASH": str(tmp_path / "flash.bin")}
    firmware = HostFirmware(elf, flash)
    with Session(open_link(firmware.port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, model)
        with pytest.raises(DeviceError, match="Nothing that this model learnt"):
            session.load_learnt()
        for x, target in pictures(5):
            device.train(device.feed(x), {"target": target})
        learnt = device.snapshot()
        stored = session.save_learnt()
        assert stored.length == sum(v.nbytes for n, v in learnt.items() if n != "loss")
        assert stored.sequence == 1
    assert firmware.stop() == ""
    firmware = HostFirmware(elf, flash)
    with Session(open_link(firmware.port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, model)
        again = device.snapshot()
        assert all(np.array_equal(learnt[n], again[n]) for n in learnt if n != "loss")
        session.first_values()
        assert not np.array_equal(device.snapshot()["w6"], learnt["w6"])
        session.load_learnt()
        np.testing.assert_array_equal(device.snapshot()["w6"], learnt["w6"])
        assert session.forget_learnt().length == 0
        with pytest.raises(DeviceError, match="Nothing that this model learnt"):
            session.load_learnt()
    assert firmware.stop() == ""


def test_without_a_target_there_is_no_step(tmp_path: Path) -> None:
    model = classifier().trained(Loss.CROSS_ENTROPY)
    firmware = HostFirmware(compile_program(compile(model), tmp_path, "0" * 16))
    with Session(open_link(firmware.port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, model)
        device.load(device.feed(next(pictures(1))[0]))
        with pytest.raises(DeviceError, match="0 of 4 bytes"):
            session.learn()
        assert len(device.repeat()) == 1
    assert firmware.stop() == ""


def test_other_firmware_says_that_it_does_not_learn(tmp_path: Path) -> None:
    model = read_model(two_inputs())
    firmware = HostFirmware(compile_program(compile(model), tmp_path, "0" * 16))
    with Session(open_link(firmware.port, 115200), timeout=5.0) as session:
        session.sync()
        with pytest.raises(DeviceError, match="does not learn"):
            session.learn()
    assert firmware.stop() == ""
