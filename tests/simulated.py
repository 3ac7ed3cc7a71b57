"""Real boards' images on the chips that `labwired` simulates: start-up, clocks, UART and protocol.

The simulator's limits decide how it is used. It runs Armv7E-M's DSP instructions wrongly and does
not know SSAT, so images are compiled for a Cortex-M3 with the reference kernels. What is copied to
address 0, an STM32H7's ITCM, it writes over the flash, so the kernels stay there. It knows the
nRF52840's UARTE as a sender alone, so the link does what EasyDMA does on receiving: it puts bytes
into the ring and counts them in TIMER1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.config import BuildConfig
from tinyssl.core.paths import boards_folder
from tinyssl.core.records import Workspace
from tinyssl.device import Session
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build
from tinyssl.targets.boards import find_board

STEP = "1ms"
"""Simulated time between two looks at the line"""
BOOT_STEPS, ANSWER_STEPS, QUIET_STEPS = 800, 30, 3
"""Steps until the first byte after start-up, until an answer begins, and that end one"""
AT_ONCE = 256
"""Bytes written between two steps; less than a port's ring"""


def for_cortex_m3(board: str, folder: Path) -> Path:
    """A folder of board files in which `board` is compiled for a Cortex-M3."""
    content = json.loads((boards_folder() / f"{board}.json").read_text())
    content["tinyssl"] |= {"isa": "cortex-m3", "override": True}
    content["build"]["cpu"] = "cortex-m3"
    content["tinyssl"].get("fast", {}).pop("kernels", None)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{board}.json").write_text(json.dumps(content))
    return folder


def system_file(chip: str, folder: Path, *, regions: str = "", peripherals: str = "") -> Path:
    """A system of the simulator: one of its chips, with what that chip's file lacks."""
    labwired = pytest.importorskip("labwired", reason="needs labwired (pip install -e '.[dev]')")
    configs = Path(labwired.__file__).parent / "configs"
    text = (configs / "chips" / f"{chip}.yaml").read_text()
    if regions:
        before, after = text.split("peripherals:\n", 1)
        head = "" if "memory_regions:" in before else "memory_regions:\n"
        text = f"{before}{head}{regions}peripherals:\n{after}"
    text = text.replace("peripherals:\n", f"peripherals:\n{peripherals}", 1)
    (folder / "peripherals").symlink_to(configs / "peripherals")  # named by ../peripherals
    (folder / "chips").mkdir()
    (folder / "chips" / "chip.yaml").write_text(text)
    system = folder / "chips" / "system.yaml"
    system.write_text('name: "tinyssl"\nchip: "chip.yaml"\nexternal_devices: []\nboard_io: []\n')
    return system


class SimulatedLink:
    """`tinyssl.device.Link` to a simulated chip.

    The chip runs while bytes are written to it, until it has said all it has to say: a slow
    computer is not a slow device.
    """

    uart: str | None = None
    """The simulator's name of the UART that is listened to; None leaves the choice to it"""
    first: tuple[tuple[int, int], ...] = ()
    """Registers and what they hold when the chip starts"""
    boot_steps = BOOT_STEPS
    """Fewer where it has nothing to say"""
    quiet_steps = QUIET_STEPS
    """More where an inference takes longer than that after what is said before it"""

    def __init__(self, elf: Path, system: Path, board: str) -> None:
        labwired = pytest.importorskip("labwired")
        self.name = f"simulated {board}"
        self.baud = find_board(board).tinyssl.serial.baud
        self.sim: Any = labwired.Sim(elf, system=system, uart=self.uart)
        for address, value in self.first:
            self.sim.write_u32(address, value)
        self._said = b""
        self._listen(self.boot_steps)

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), AT_ONCE):
            self.feed(data[start : start + AT_ONCE])
            self.advance()
        self._listen(ANSWER_STEPS)

    def read(self, timeout: float) -> bytes:
        said, self._said = self._said, b""
        return said

    def close(self) -> None:
        self.sim.close()

    def advance(self) -> None:
        """One step of simulated time."""
        self.sim.run_for(STEP)

    def feed(self, data: bytes) -> None:
        """Bytes on the chip's receiving pin."""
        self.sim.send_bytes(data)

    def _listen(self, steps: int) -> None:
        """Runs until an answer has ended, at most so many steps until it begins."""
        silent = 0
        while silent < (self.quiet_steps if self._said else steps):
            self.advance()
            heard: bytes = self.sim.read_uart_bytes()
            self._said += heard
            silent = 0 if heard else silent + 1


class EasyDmaLink(SimulatedLink):
    """nRF52840: bytes appear in the ring, and the PPI channel counts each in TIMER1."""

    RING = 4096
    TIMER1_TASKS_COUNT = 0x40009008

    sent = 0

    def feed(self, data: bytes) -> None:
        ring = self.sim.symbol("ring")
        for byte in data:
            place = ring + self.sent % self.RING
            word, shift = place & ~3, 8 * (place & 3)
            value = self.sim.read_u32(word) & ~(0xFF << shift)
            self.sim.write_u32(word, value | byte << shift)
            self.sim.write_u32(self.TIMER1_TASKS_COUNT, 1)
            self.sent += 1


class Stm32Link(SimulatedLink):
    """STM32: the simulator has no timer that captures another clock's edges. The timer is memory,
    and each capture comes `capture_ticks` after the one before (0: none ever comes)."""

    timer: int
    capture_ticks = 0
    pending: tuple[int, int] | None = None
    """Register and bit that ask for the UART's interrupt, where the simulated one does not"""

    def advance(self) -> None:
        sim = self.sim
        captures = self.capture_ticks and sim.read_u32(self.timer)  # CR1: the timer runs
        sim.run_for("1us" if captures else "200us")
        state, captured = self.timer + 0x10, self.timer + 0x34
        if captures and not sim.read_u32(state):
            sim.write_u32(captured, (sim.read_u32(captured) + self.capture_ticks) & 0xFFFF)
            sim.write_u32(state, 2)

    def feed(self, data: bytes) -> None:
        super().feed(data)
        if self.pending is not None:
            self.sim.write_u32(*self.pending)


def memory_regions(**places: tuple[int, str]) -> str:
    """Lines of a chip's file: name -> (address, size) of registers that are plain memory."""
    return "".join(
        f'  - name: "{name}"\n    base: {address:#x}\n    size: "{size}"\n'
        for name, (address, size) in places.items()
    )


def change(system: Path, *, without: str | None = None, **texts: str) -> Path:
    """A system whose chip lacks a peripheral, and has other texts in place of those in its file."""
    chip = system.parent / "chip.yaml"
    content = chip.read_text()
    if without is not None:
        before, after = content.split(f'  - id: "{without}"', 1)
        content = before + '  - id: "' + after.split('  - id: "', 1)[1]
    for old, new in texts.items():
        assert content.count(old) == 1, old
        content = content.replace(old, new)
    chip.write_text(content)
    return system


def build_for_simulator(board: str, model: Path, root: Path) -> Path:
    """The model's image, compiled for what the simulator executes."""
    made = Workspace(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYSSL_BOARDS", str(for_cortex_m3(board, root / "boards")))
        build(BuildConfig(board=board, model=model, kernels="reference"), made)
    assert "warning:" not in (made.builds / board / "pio.log").read_text()
    return made.builds / board / ".pio" / "build" / board / "firmware.elf"


def check_inferences(device: Session, model: Path, count: int = 2) -> None:
    """Noise through the tiny model: the same bytes as from TFLM."""
    oracle = TflmInterpreter(model.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8, 3), dtype=np.uint8)
    for image in pixels:
        expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
        assert device.infer(image.tobytes()).output == expected.tobytes()
