"""Fuzz of the protocol on emulated boards: the whole firmware, over its UART.

As many of the 100,000 lines as fit: 30 s on RISC-V, whose UART takes 14 bytes at a time from the
emulator, 10 s on a Cortex-M4, whose UART takes one (TINYSSL_FUZZ_SECONDS: other limits, for both).
What a byte costs is two changes of thread in the emulator, not instructions of the firmware: 410
lines a second on RISC-V where other work took most of two cores; all 100,000 took 244 s.

Oracles: how many answers a burst is owed (tests/fuzz.py), and TensorFlow Lite Micro's output.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz import READY, Framing, Lines, check_answers
from tests.networks import network
from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import Link, Session, open_link
from tinyssl.frontends.tflite import write_model
from tinyssl.project import Flashed, stop_emulators
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

SIDE = 4
"""Pixels; a small input, because most of the bytes are those of frames"""
INPUT_BYTES = SIDE * SIDE * 3
LARGEST_FRAME = 2000
LINES = 100_000
SILENCE = 60.0
"""Seconds without a byte that are a hang. An emulator that got hardly any time was silent for 10"""
MOST = 20
BURSTS = 20
"""At least, however slow this computer is"""
LIMITS = {
    board: float(os.environ.get("TINYSSL_FUZZ_SECONDS", seconds))
    for board, seconds in (("riscv32_virt", "30"), ("mps2_an386", "10"))
}
"""Board -> seconds after which no further burst is sent"""


@dataclass(frozen=True)
class Target:
    """Firmware that runs."""

    board: str
    port: str
    model: Path

    @property
    def name(self) -> bytes:
        """Its answer to `name%`."""
        return f"m-name-dut-[{self.board}]\r\n".encode() + READY


@pytest.fixture(scope="module", params=LIMITS)
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    model = workspace.root / "small.tflite"
    model.write_bytes(write_model(network(size=SIDE)))
    build(BuildConfig(board=request.param, model=model, check=False), workspace)
    flash(FlashConfig(), workspace)
    yield Target(request.param, Flashed.load(workspace.builds / request.param).port, model)
    stop_emulators(workspace)


def allowed(parts: list[bytes]) -> bool:
    """What follows `reset` in a burst may come before or after the start; frames cost time."""
    sizes = [int(part) for part in parts[1:2] if part.isdigit()]
    return parts[0] != b"reset" and max(sizes, default=0) <= LARGEST_FRAME


def receive(link: Link, count: int) -> bytes:
    """All up to the count-th `m-ready`."""
    received = b""
    while received.count(READY) < count:
        data = link.read(SILENCE)
        assert data, f"{received.count(READY)} of {count} answers: {received[-200:]!r}"
        received += data
    return received


def fuzz(target: Target) -> None:
    """Sends lines; each burst must be answered as it is owed."""
    lines = Lines(INPUT_BYTES, 2, allowed)
    end = time.monotonic() + LIMITS[target.board]
    link = open_link(target.port, 115200)
    link.write(b"%name%")
    receive(link, 2)
    for done, burst in enumerate(lines.bursts(LINES, MOST)):
        if done >= BURSTS and time.monotonic() > end:
            break
        rest = bytes(lines.framing.left)  # ends an open frame, which is then wrong
        for data in (rest, b"%"):
            lines.framing.feed(data)
        rest += b"%" + bytes(lines.framing.left)
        lines.framing.feed(bytes(lines.framing.left))
        link.write(burst + rest)
        check_answers(receive(link, lines.framing.answers), lines.framing)
        link.write(b"name%")
        assert receive(link, 1) == target.name
        lines.framing = Framing(INPUT_BYTES)
    link.close()


def check_memory(target: Target) -> None:
    """Stack within its bounds; the next outputs are TFLM's."""
    oracle = TflmInterpreter(target.model.read_bytes())
    images = np.random.default_rng(4).integers(0, 256, (8, INPUT_BYTES), dtype=np.uint8)
    with Session(open_link(target.port, 115200), retries=0) as session:
        memory = session.memory()
        assert 0 < memory.stack_used < memory.stack_bytes
        assert memory.arena_used <= memory.arena_bytes
        for image in images:
            x = (image.astype(np.int16) - 128).astype(np.int8).reshape(1, SIDE, SIDE, 3)
            assert session.infer(image.tobytes()).output == oracle.invoke(x).tobytes()


@pytest.mark.timeout(max(LIMITS.values()) + 300)
def test_as_many_lines_as_fit(target: Target) -> None:
    fuzz(target)
    check_memory(target)


def test_a_burst_of_eight_names_gets_eight_answers(target: Target) -> None:
    """EEMBC's test of the receive buffer, here on the slowest core that we emulate too."""
    link = open_link(target.port, 115200)
    link.write(b"name%" * 8)
    assert receive(link, 8) == target.name * 8
    link.close()
