"""The log on chips that `labwired` simulates, with its models of their flash controllers.

The simulator restarts nothing: after a power cut a new chip gets the flash of the one before.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.port_program import Compiler, compile_port
from tests.simulated import change, system_file
from tinyssl.core.paths import boards_folder
from tinyssl.targets.boards import find_board

pytestmark = pytest.mark.emulator

MAIN = r"""
#include "flash_log.h"
#include "restart.h"

enum { SIZE = 300 };

volatile uint32_t saved, found; /* number of the last save; of that which the start found, or 99 */

static uint8_t parameters[SIZE];
static const struct flash_log_part part = {parameters, SIZE};

static void fill(uint32_t number)
{
    for (uint32_t i = 0; i < SIZE; i++) {
        parameters[i] = (uint8_t)(number * 31u + i * 7u);
    }
}

static uint32_t stored(void)
{
    const enum flash_log_status status = flash_log_load(1, &part, 1);
    if (status != FLASH_LOG_OK) {
        return status == FLASH_LOG_EMPTY ? 0u : 99u;
    }
    const uint32_t number = (uint8_t)(parameters[0] * 223u); /* 31 * 223 = 1 (mod 256) */
    for (uint32_t i = 0; i < SIZE; i++) {
        if (parameters[i] != (uint8_t)(number * 31u + i * 7u)) {
            return 99;
        }
    }
    return number;
}

int main(void)
{
    (void)check_start, (void)check_wait, (void)overflow;
    found = stored() + 1000u;
    for (uint32_t number = found - 1000u + 1u;; number++) {
        fill(number);
        if (flash_log_save(1, &part, 1) != FLASH_LOG_OK) {
            saved = 9999;
            break;
        }
        saved = number;
    }
    for (;;) {
    }
}
"""
THUMB = ("-mthumb", "-mcpu=cortex-m3", "--specs=nano.specs", "--specs=nosys.specs")
PINS = ("-DTINYSSL_TX_PIN=6u", "-DTINYSSL_RX_PIN=8u")
CHIPS = {
    "nrf52840_dk": ("nrf52840", {}, "10ms"),
    "nucleo_f446re": ("stm32f405", {}, "1ms"),
    "nucleo_l4r5zi": ("stm32l476", {'size: "1024KB"': 'size: "2048KB"'}, "1ms"),
}
"""Board -> the simulator's chip, what its file says otherwise, and simulated time between cuts"""
CUTS, STEPS_OF_A_START = 6, 40


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards whose store has two sectors: the simulator needs seconds to look through more."""
    for board in CHIPS:
        content = json.loads((boards_folder() / f"{board}.json").read_text())
        content["tinyssl"]["override"] = True
        first = content["tinyssl"]["store"]["sectors"][0]
        content["tinyssl"]["store"]["sectors"] = [first | {"count": 2}]
        (tmp_path / f"{board}.json").write_text(json.dumps(content))
    monkeypatch.setenv("TINYSSL_BOARDS", str(tmp_path))


class Chip:
    """A simulated chip whose power can be cut."""

    def __init__(self, elf: Path, system: Path, board: str) -> None:
        self._labwired = pytest.importorskip("labwired")
        self._elf, self._system = elf, system
        store = find_board(board).tinyssl.store
        assert store is not None
        self._store = store
        self._start({})

    def _start(self, flash: dict[int, int]) -> None:
        self.sim: Any = self._labwired.Sim(self._elf, system=self._system)
        for address, word in flash.items():
            self.sim.write_u32(address, word)

    def cut_power(self) -> None:
        data = self.sim.read_memory(self._store.origin, self._store.size)
        self.sim.close()
        words = struct.unpack(f"<{len(data) // 4}I", data)
        self._start({self._store.origin + 4 * index: word for index, word in enumerate(words)})

    def read(self, name: str) -> int:
        return int(self.sim.read_u32(self.sim.symbol(name)))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("board", CHIPS)
def test_after_each_power_cut_the_last_save_is_there(tmp_path: Path, board: str) -> None:
    name, changes, step = CHIPS[board]
    compiler = Compiler("arm-none-eabi-gcc", (*THUMB, *PINS), THUMB)
    elf = compile_port(board, MAIN, compiler, tmp_path, stores=True)
    chip = Chip(elf, change(system_file(name, tmp_path), **changes), board)
    last = 0
    for cut in range(CUTS):
        for _ in range(STEPS_OF_A_START):
            chip.sim.run_for(step)
            if chip.read("saved") > last:
                break
        chip.sim.run_for(f"{137 * cut + 1}us")  # into the next save
        assert last < chip.read("saved") < 9999
        assert chip.read("found") in (1000 + last, 1000 + last + 1)
        last = chip.read("saved")
        chip.cut_power()
    chip.sim.close()
