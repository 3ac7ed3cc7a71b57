"""Learning is guarded on an emulated board: what it says of itself, the way back, wrong frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.emulator.test_learn import BOARD, colours
from tests.training.learning_oracle import running_mean
from tests.training.test_guard import raw
from tinyssl import compiler
from tinyssl.bench.subject import load_model
from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import GuardEvent, Session, open_link
from tinyssl.graph.interface import Feeds
from tinyssl.project import stop_emulators
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

KEPT = 12


@dataclass(frozen=True)
class Board:
    """A board, our C on this computer, and samples: inputs and targets."""

    device: DeviceModel
    host: HostModel
    samples: Sequence[tuple[Feeds, Feeds]]

    def framed(self, start: int, stop: int, turn: int = 0) -> list[bytes]:
        """Samples as frames hold them, with the label of the class `turn` further."""
        return [
            self.device.sample(x, {"target": (y["target"] + turn) % 3})
            for x, y in self.samples[start:stop]
        ]

    def start(self) -> None:
        """Both have the first values."""
        self.device.session.first_values()
        self.host.restore(self.device.snapshot())

    def same(self) -> list[str]:
        """Names of parameters that differ between board and computer."""
        left, right = self.device.snapshot(), self.host.snapshot()
        return [n for n in left if n != "loss" and left[n].tobytes() != right[n].tobytes()]


@pytest.fixture(scope="module")
def board(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board whose head learns three colours, and our C on this computer."""
    workspace = Workspace(tmp_path_factory.mktemp("guard"))
    images, labels = colours(workspace, tiny_tflite)
    config = BuildConfig(
        board=BOARD, train="head", validation=KEPT, validation_every=15, validation_margin=0.3
    )
    info = build(config, workspace)
    model, _ = load_model(info)
    port = flash(FlashConfig(), workspace).port
    with (
        Session(open_link(port, 115200), timeout=30.0, retries=0) as session,
        HostModel(compiler.compile(model)) as host,
    ):
        session.sync()
        device = DeviceModel(session, model)
        (value,) = device.inputs
        codes = (images ^ 0x80).view(np.int8).reshape(len(images), *value.shape)
        samples = [
            ({value.name: x}, {"target": np.array([label], np.int32)})
            for x, label in zip(codes, labels, strict=True)
        ]
        yield Board(device, host, samples)
    stop_emulators(workspace)


def test_batches_and_statistics_are_this_computers(board: Board) -> None:
    board.start()
    session = board.device.session
    losses = []
    for x, target in board.samples[:30]:
        assert board.host.train(x, target)
        losses.append(float(board.host.snapshot()["loss"][0]))
    first = session.learn_batch(board.framed(0, 20))
    second = session.learn_batch(board.framed(20, 30))
    assert board.same() == []
    assert first.loss == running_mean(losses[:20])
    assert (first.learnt, second.learnt) == (20, 10)
    assert first.training_ticks > first.samples
    found = session.learning_statistics()
    assert (found.samples, found.rejected, found.last_loss) == (30, 0, losses[-1])
    assert found.loss == running_mean(losses)
    assert found.right == first.right + second.right
    judged = session.evaluate(board.framed(30, 50))
    losses = [board.host.loss(x, target) for x, target in board.samples[30:50]]
    assert (judged.judged, judged.loss) == (20, running_mean(losses))
    assert session.learning_statistics().samples == 30
    assert board.same() == []


def test_poisoned_labels_are_rolled_back(board: Board) -> None:
    board.start()
    session = board.device.session
    assert session.keep_samples(board.framed(60, 60 + KEPT)).samples == KEPT
    for at in 8 * (0, 15, 30, 45):
        session.learn_batch(board.framed(at, at + 15))
    best = session.check().best
    assert best >= 0.8
    kept = board.device.snapshot()
    starts = 8 * (0, 15, 30, 45)
    poison = [session.learn_batch(board.framed(at, at + 15, turn=1)) for at in starts]
    assert GuardEvent.BACK in [each.guard for each in poison]
    state = session.learning_statistics().validation
    assert state.returns >= 1
    if poison[-1].guard is not GuardEvent.BACK:
        assert state.last >= best - 0.3
    else:
        found = board.device.snapshot()
        assert all(kept[n].tobytes() == found[n].tobytes() for n in kept if n != "loss")


WRONG = {
    "not a number": ("set head/bias 4", np.float32("nan").tobytes(), None, "no finite number"),
    "infinite": ("set head/weight 0", np.float32("inf").tobytes(), None, "no finite number"),
    "checksum": ("set head/bias 0", bytes(12), 0x12345678, "Frame CRC"),
    "length": ("set head/bias 0", bytes(16), None, "the tensor has 12"),
    "unknown": ("set head/gain 0", bytes(4), None, "not there"),
    "samples": ("learn batch 7 3", bytes(12), None, "3 samples have"),
    "damaged samples": ("learn batch 7 1", bytes(196), 1, "Frame CRC"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_frames_change_nothing(name: str, board: Board) -> None:
    command, data, crc, error = WRONG[name]
    before = board.device.snapshot()
    (line,) = raw(board.device, command, data, crc)
    assert error in line
    after = board.device.snapshot()
    assert all(before[each].tobytes() == after[each].tobytes() for each in before)
