"""Fuzz of the protocol on an emulated Cortex-M4: the whole firmware, over its UART.

Oracles: how many answers a burst is owed (tests/fuzz.py), and TensorFlow Lite Micro's output.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz import READY, Framing, Lines, check_answers
from tinyssl.build import Flashed, build, flash, stop_emulators
from tinyssl.config import BuildConfig, FlashConfig
from tinyssl.device import Link, Session, open_link
from tinyssl.records import Workspace
from tinyssl.verify import TflmInterpreter

pytestmark = pytest.mark.emulator

BOARD = "mps2_an386"
INPUT_BYTES = 192
LARGEST_FRAME = 2000
LINES = 100_000
SECONDS = float(os.environ.get("TINYSSL_FUZZ_SECONDS", "10"))
"""As many of the lines as fit"""
SILENCE = 60.0
"""Seconds without a byte that are a hang. An emulator that got hardly any time was silent for 10"""
MOST = 20
BURSTS = 20
"""At least, however slow this computer is"""
NAME = f"m-name-dut-[{BOARD}]\r\n".encode() + READY


@pytest.fixture(scope="module")
def port(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    build(BuildConfig(board=BOARD, model=tiny_tflite, check=False), workspace)
    flash(FlashConfig(), workspace)
    yield Flashed.load(workspace.builds / BOARD).port
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


def fuzz(port: str) -> None:
    """Sends lines; each burst must be answered as it is owed."""
    lines = Lines(INPUT_BYTES, 2, allowed)
    end = time.monotonic() + SECONDS
    link = open_link(port, 115200)
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
        assert receive(link, 1) == NAME
        lines.framing = Framing(INPUT_BYTES)
    link.close()


def check_memory(port: str, model: Path) -> None:
    """Stack within its bounds; the next outputs are TFLM's."""
    oracle = TflmInterpreter(model.read_bytes())
    images = np.random.default_rng(4).integers(0, 256, (8, INPUT_BYTES), dtype=np.uint8)
    with Session(open_link(port, 115200), retries=0) as session:
        memory = session.memory()
        assert 0 < memory.stack_used < memory.stack_bytes
        assert memory.arena_used <= memory.arena_bytes
        for image in images:
            x = (image.astype(np.int16) - 128).astype(np.int8).reshape(1, 8, 8, 3)
            assert session.infer(image.tobytes()).output == oracle.invoke(x).tobytes()


@pytest.mark.timeout(SECONDS + 300)
def test_as_many_lines_as_fit(port: str, tiny_tflite: Path) -> None:
    fuzz(port)
    check_memory(port, tiny_tflite)


def test_a_burst_of_eight_names_gets_eight_answers(port: str) -> None:
    """EEMBC's test of the receive buffer, here on the slowest core that we emulate."""
    link = open_link(port, 115200)
    link.write(b"name%" * 8)
    assert receive(link, 8) == NAME * 8
    link.close()
