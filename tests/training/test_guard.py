"""Learning is guarded: batches, judging, statistics, the way back; this computer's firmware."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.host_firmware import HostFirmware, compile_program
from tests.training.learning_oracle import PageHinkley, running_mean
from tests.training.networks import classifier, sine
from tests.training.reference import Reference
from tests.training.test_steps import Sample, pictures, sines
from tinyssl.compiler import compile
from tinyssl.core.errors import DeviceError
from tinyssl.device import GuardEvent, Session, open_link
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss
from tinyssl.project.guard import Guard, sample_bytes
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel

KEPT, MARGIN = 20, 0.45
GUARD = Guard(validation=KEPT, every=10, margin=MARGIN)


def learner() -> Model:
    """A small convolutional network of five classes."""
    return classifier().trained(Loss.CROSS_ENTROPY, 0.05)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Model, Path]]:
    """Firmware of this computer under the sanitizers: its model, its file."""
    made = {
        "guarded": (learner(), GUARD),
        "plain": (learner(), Guard(drift=False)),
        "numbers": (sine().trained(Loss.SQUARED_ERROR, 0.02), Guard(8, every=5, margin=0.5)),
    }
    found = {}
    for name, (model, guard) in made.items():
        folder = tmp_path_factory.mktemp(name)
        elf = compile_program(compile(model), folder, "0" * 16, guard=guard)
        found[name] = (model, elf)
    return found


@contextmanager
def running(model: Model, elf: Path, flash: Path | None = None) -> Iterator[DeviceModel]:
    """The firmware, just started."""
    firmware = HostFirmware(elf, {"TINYSSL_HOST_FLASH": str(flash)} if flash else None)
    try:
        with Session(open_link(firmware.port, 115200), timeout=5.0, retries=0) as session:
            session.sync()
            yield DeviceModel(session, model)
    finally:
        report = firmware.stop()
    assert report == ""


def framed(device: DeviceModel, samples: list[Sample]) -> list[bytes]:
    """As frames hold them."""
    return [device.sample(device.feed(x), {"target": target}) for x, target in samples]


def same(left: dict[str, NDArray[Any]], right: dict[str, NDArray[Any]]) -> bool:
    return all(left[name].tobytes() == right[name].tobytes() for name in left)


def answered(reference: Reference, x: NDArray[Any]) -> int:
    """The class that NumPy answers."""
    return int(np.argmax(reference.run(x)))


def answer(host: HostModel, x: NDArray[Any]) -> int:
    """The class that our C answers."""
    (scores,) = host.run(host.feed(x)).values()
    return int(np.argmax(scores))


def test_a_batch_teaches_what_its_samples_teach(programs: dict[str, tuple[Model, Path]]) -> None:
    samples = list(islice(pictures(30), 30))
    samples[7] = (samples[7][0], np.array([5], np.int32))  # no class
    model, elf = programs["plain"]
    reference, losses, right = Reference(model), [], 0
    for at, (x, target) in enumerate(samples):
        if at != 7:
            right += answered(reference, x) == target[0]
            losses.append(reference.train(x, target))
    with running(model, elf) as device:
        assert device.batch_limit == 65536 // sample_bytes(model)
        batch = device.session.learn_batch(framed(device, samples))
        found = device.snapshot()
        for name in (n for n in found if n != "loss"):
            np.testing.assert_array_equal(found[name], reference.by_name(name), err_msg=name)
        assert (batch.samples, batch.learnt, batch.right) == (30, 29, right)
        assert batch.loss == running_mean(losses)
        assert batch.guard is GuardEvent.NONE
        assert min(batch.inference_ticks, batch.training_ticks) > 0
        device.session._step -= 1  # as where the answer was lost
        assert device.session.learn_batch(framed(device, samples)) == batch
        assert same(found, device.snapshot())
        with pytest.raises(DeviceError, match="0 of 4 bytes"):
            device.session.learn()  # the target that the host sent is no longer there


def test_judging_teaches_nothing(programs: dict[str, tuple[Model, Path]]) -> None:
    model, elf = programs["plain"]
    samples = list(islice(pictures(25, seed=4), 25))
    samples[3] = (samples[3][0], np.array([-1], np.int32))
    with running(model, elf) as device, HostModel(compile(model)) as host:
        device.session.learn_batch(framed(device, list(pictures(10))))
        before = device.snapshot()
        found = device.session.evaluate(framed(device, samples))
        assert same(before, device.snapshot())
        host.restore(before)
        losses = [host.loss(host.feed(x), {"target": target}) for x, target in samples]
        answers = [answer(host, x) for x, _ in samples]
        right = [a == t[0] for a, (_, t) in zip(answers, samples, strict=True)]
        assert not np.isfinite(losses[3])
        assert (found.samples, found.judged, found.right) == (25, 24, sum(right))
        assert found.loss == running_mean(losses[:3] + losses[4:])
        reset = device.session.learning_statistics()
        assert (reset.samples, reset.steps) == (10, 10)


def test_statistics_are_those_of_numpy(
    programs: dict[str, tuple[Model, Path]], tmp_path: Path
) -> None:
    model, elf = programs["guarded"]
    reference, losses, right, drift = Reference(model), [], 0, PageHinkley()
    with running(model, elf, tmp_path / "flash.bin") as device:
        for at, (x, target) in enumerate(pictures(30)):
            if at == 12:
                step = device.train(device.feed(x), {"target": np.array([9], np.int32)})
                assert not step.learnt
                continue
            right += answered(reference, x) == target[0]
            losses.append(reference.train(x, target))
            drift.add(losses[-1])
            assert device.train(device.feed(x), {"target": target}).learnt
        found = device.session.learning_statistics()
        assert (found.samples, found.steps, found.rejected) == (30, 29, 1)
        assert (found.judged, found.right) == (29, right)
        assert found.accuracy == right / 29
        assert (found.loss, found.last_loss) == (running_mean(losses), losses[-1])
        assert found.drift.on
        assert (found.drift.found, found.drift.sum) == (0, float(drift.sum))
        assert (found.validation.samples, found.validation.room) == (0, KEPT)
        assert (found.store.length, found.store.sequence) == (0, 0)
        device.session.save_learnt()
        assert device.session.learning_statistics().store.sequence == 1
        device.session.first_values()
        assert device.session.learning_statistics().samples == 0


def poisoned(samples: list[Sample]) -> list[Sample]:
    """With the label of the next class."""
    return [(x, (label + 1) % 5) for x, label in samples]


def score(host: HostModel, kept: list[Sample]) -> float:
    """Share of kept samples that are answered by their label."""
    answers = [answer(host, x) for x, _ in kept]
    right = sum(a == label[0] for a, (_, label) in zip(answers, kept, strict=True))
    return float(np.float32(right) / np.float32(len(kept)))


def test_poisoned_labels_are_rolled_back(programs: dict[str, tuple[Model, Path]]) -> None:
    """And each check is what this computer finds with the same parameters."""
    model, elf = programs["guarded"]
    samples = list(pictures(480))
    kept, right, wrong = samples[:KEPT], samples[KEPT:420], poisoned(samples[420:])
    events = []
    with running(model, elf) as device, HostModel(compile(model)) as host:
        device.session.keep_samples(framed(device, kept[:15]))
        assert device.session.keep_samples(framed(device, kept[15:]), at=15).samples == KEPT
        best, best_values = score(host, kept), host.snapshot()  # the device checks before it learns
        for at, (x, target) in enumerate([*right, *wrong]):
            step = device.train(device.feed(x), {"target": target})
            host.train(host.feed(x), {"target": target})
            if at % 10 == 9:
                now = score(host, kept)
                if now >= best:
                    best, best_values, expected = now, host.snapshot(), GuardEvent.BEST
                elif np.float32(best) - np.float32(now) > np.float32(MARGIN):
                    host.restore(best_values)
                    expected = GuardEvent.BACK
                else:
                    expected = GuardEvent.NONE
                assert step.guard is expected, at
                events.append(step.guard)
            else:
                assert step.guard is GuardEvent.NONE
            if at == len(right) - 1:
                learnt = score(host, kept)
        found, expected_values = device.snapshot(), host.snapshot()
        assert all(same({n: found[n]}, {n: expected_values[n]}) for n in found if n != "loss")
        state = device.session.learning_statistics().validation
        assert learnt > 0.6, (learnt, best, [e.value for e in events])
        assert GuardEvent.BACK not in events[:40]
        assert GuardEvent.BACK in events[40:]
        assert state.returns == events.count(GuardEvent.BACK)
        assert state.best == best
        assert state.checks == 1 + len(events)
        again = device.session.check()
        assert again.checks == state.checks + 1
        assert score(host, kept) == again.last


def test_numbers_are_judged_by_their_loss(programs: dict[str, tuple[Model, Path]]) -> None:
    model, elf = programs["numbers"]
    kept = list(sines(8, seed=3))
    with running(model, elf) as device:
        device.session.keep_samples(framed(device, kept))
        device.session.learn_batch(framed(device, list(sines(100))))
        best = device.session.check()
        assert -0.9 < best.best < 0
        spoiled = [(x, 10 + 0 * y) for x, y in sines(40, seed=9)]
        back = device.session.learn_batch(framed(device, spoiled))
        assert back.guard is GuardEvent.BACK
        loss = device.session.evaluate(framed(device, kept)).loss
        assert -loss == device.session.check().last
        assert -loss >= best.best - 0.5
        assert device.session.learning_statistics().accuracy is None


def test_written_parameters_have_no_best_copy_yet(programs: dict[str, tuple[Model, Path]]) -> None:
    """A host that sends other parameters starts anew; a learning rate is no such thing."""
    model, elf = programs["guarded"]
    samples = list(pictures(420))
    with running(model, elf) as device:
        kept = [sample for sample in samples[400:] if sample[1] != 4]
        device.session.keep_samples(framed(device, kept))
        for start in range(0, 400, 100):
            device.session.learn_batch(framed(device, samples[start : start + 100]))
        rate = next(v for v in device.lasting if v.name == "learning_rate")
        device.session.write_lasting(rate.id, np.float32(0.01).tobytes())
        before = device.session.check()
        assert before.best > MARGIN
        device.assign({"b6": np.array([0, 0, 0, 0, 100], np.float32)})
        after = device.session.check()
        assert (after.last, after.best, after.returns) == (0, 0, before.returns)
        assert after.guard is GuardEvent.BEST


def next_line(device: DeviceModel) -> str:
    return device.session._reader.next(time.monotonic() + 10)


def raw(device: DeviceModel, command: str, data: bytes, crc: int | None = None) -> list[str]:
    """The reply to a frame, whatever it says."""
    number = zlib.crc32(data) if crc is None else crc
    device.session.link.write(f"{command} {len(data)} {number:08x}%".encode() + data)
    lines = []
    while (line := next_line(device)) != "m-ready":
        lines.append(line)
    return lines


NAN, INFINITE = np.float32("nan").tobytes(), np.float32("-inf").tobytes()
ONE = np.float32(1).tobytes()
WRONG_PARAMETERS = {
    "not a number": ("set b6 4", NAN, None, "no finite number"),
    "infinite": ("set b6 0", ONE + INFINITE, None, "no finite number"),
    "checksum": ("set b6 0", 5 * ONE, 0x12345678, "Frame CRC"),
    "too long": ("set b6 0", 6 * ONE, None, "has 20"),
    "behind the end": ("set b6 20", ONE, None, "has 20"),
    "half an element": ("set b6 2", ONE, None, "element"),
    "unknown": ("set b7 0", ONE, None, "not there"),
    "rate": ("set learning_rate 0", INFINITE, None, "no finite number"),
}


@pytest.mark.parametrize("name", WRONG_PARAMETERS)
def test_wrong_parameters_change_nothing(
    name: str, programs: dict[str, tuple[Model, Path]]
) -> None:
    command, data, crc, error = WRONG_PARAMETERS[name]
    with running(*programs["plain"]) as device:
        before = device.snapshot()
        (line,) = raw(device, command, data, crc)
        assert line.startswith("e-[")
        assert error in line
        assert same(before, device.snapshot())
        x, target = next(pictures(1))
        assert device.train(device.feed(x), {"target": target}).learnt


def test_a_frame_that_stops_changes_no_parameter(programs: dict[str, tuple[Model, Path]]) -> None:
    with running(*programs["plain"]) as device:
        before = device.snapshot()
        device.session.link.write(b"set b6 0 20 00000000%" + 19 * b"\1")
        assert next_line(device) == "e-[Frame ended after 19 of 20 bytes]"
        assert next_line(device) == "m-ready"
        assert same(before, device.snapshot())


def test_wrong_samples_teach_nothing(programs: dict[str, tuple[Model, Path]]) -> None:
    with running(*programs["guarded"]) as device:
        (sample,) = framed(device, list(pictures(1)))
        before = device.snapshot()
        cases = [
            ("learn batch 1 1", sample, 1, "Frame CRC"),
            ("learn batch 1 2", sample, None, f"2 samples have {2 * len(sample)}"),
            ("learn eval 1", sample[:-1], None, f"1 samples have {len(sample)}"),
            ("learn batch 1 120", 120 * sample, None, "takes 65536 at once"),
            ("learn keep 1 1", sample, None, f"keeps {KEPT}"),
            (f"learn keep 0 {KEPT + 1}", (KEPT + 1) * sample, None, f"keeps {KEPT}"),
            ("learn keep 0 1", sample, 2, "Frame CRC"),
        ]
        for command, data, crc, error in cases:
            (line,) = raw(device, command, data, crc)
            assert error in line, command
        for command in ("learn batch 1 0", "learn batch 1", "learn eval x"):
            device.session.link.write(f"{command} 4 00000000%".encode())
            line = next_line(device)
            assert line.startswith("e-[Command 'learn ")
            assert next_line(device) == "m-ready"
        assert same(before, device.snapshot())
        statistics = device.session.learning_statistics()
        assert (statistics.samples, statistics.validation.samples) == (0, 0)


def test_a_device_with_no_spare_ram_takes_small_frames(tmp_path: Path) -> None:
    model = sine().trained(Loss.SQUARED_ERROR, 0.02)
    elf = compile_program(compile(model), tmp_path, "0" * 16, spare="")
    with running(model, elf) as device, HostModel(compile(model)) as host:
        assert device._identity.frame_bytes == 128
        assert device.batch_limit == 16
        samples = list(sines(16))
        device.session.learn_batch(framed(device, samples))
        for x, target in samples:
            host.train(host.feed(x), {"target": target})
        learnt = host.snapshot()
        assert same(learnt, device.snapshot())
        device.session.first_values()
        device.restore(learnt)
        assert same(learnt, device.snapshot())
