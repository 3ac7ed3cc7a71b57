"""Drivers of the chips' flash against models of their controllers, with power cuts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.flash.build import FLAGS, HERE, Layout, chip_sources, compile_log, run_power

CHIPS: dict[str, tuple[Layout, str, *tuple[str, ...]]] = {
    "nucleo_f446re": (Layout((0x4000, 0x4000), 4, 0x08004000), "model_stm32.c", "CHIP_F4"),
    "nucleo_l4r5zi": (Layout((0x1000, 0x1000), 8, 0x081FE000), "model_stm32.c", "CHIP_L4", "TELLS"),
    "nucleo_h743zi": (
        Layout((0x20000, 0x20000), 32, 0x081C0000),
        "model_stm32.c",
        "CHIP_H7",
        "TELLS",
    ),
    "nrf52840_dk": (Layout((0x1000, 0x1000), 4, 0xFE000), "model_nrf52840.c", "CHIP_NRF"),
    "esp32-c3-devkitm-1": (Layout((0x1000, 0x1000), 4, 0x423FE000), "model_esp32c3.c", "CHIP_C3"),
}
SIZES = {
    "nucleo_f446re": (101, 142, 145, 1),
    "nucleo_l4r5zi": (101, 33, 36, 1),
    "nucleo_h743zi": (1000, 160, 163, 9),
    "nrf52840_dk": (101, 34, 37, 1),
    "esp32-c3-devkitm-1": (101, 34, 37, 3),
}
"""Bytes of parameters; steps before the first cut, and all; of the writes, each n-th is cut"""


@pytest.mark.parametrize("board", CHIPS)
def test_driver_keeps_to_the_manual_and_survives_power_cuts(tmp_path: Path, board: str) -> None:
    layout, model, *about = CHIPS[board]
    size, prepared, steps, stride = SIZES[board]
    driver = chip_sources(board, tmp_path)
    sources = [*driver, HERE / "power.c", HERE / "chip.c", HERE / model]
    values = {"LENGTH": size, "PREPARED": prepared, "STEPS": steps, "STRIDE": stride}
    flags = [f"-D{name}={value}u" for name, value in values.items()]
    flags += [f"-D{name}" for name in ("FAULTS", *about)]
    program = compile_log(tmp_path, layout, sources, [*FLAGS, "-O2", *flags])
    operations, erases, cuts = run_power(program, dict(os.environ))
    assert erases == 1
    assert cuts >= 4 * (operations // stride)
