"""Parameters outlive a restart of an emulated board, in its memory in place of flash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.port_program import Compiler, compile_port, run

pytestmark = pytest.mark.emulator

MAIN = r"""
#include "flash_log.h"

enum { SIZE = 5000, SAVES = 30 }; /* more than fit a slot: both are erased */

static uint8_t parameters[SIZE];
static const struct flash_log_part parts[] = {{parameters, 1000}, {parameters + 1000, SIZE - 1000}};

static void fill(uint32_t seed)
{
    for (uint32_t i = 0; i < SIZE; i++) {
        parameters[i] = (uint8_t)(seed * 31u + i * 7u);
    }
}

static void save_many(uint32_t saves)
{
    for (uint32_t seed = 1; seed <= saves; seed++) {
        fill(seed);
        if (flash_log_save(1, parts, 2) != FLASH_LOG_OK) {
            say("a save failed\n");
        }
    }
}

static int same(uint32_t seed)
{
    for (uint32_t i = 0; i < SIZE; i++) {
        if (parameters[i] != (uint8_t)(seed * 31u + i * 7u)) {
            return 0;
        }
    }
    return 1;
}

int main(void)
{
    (void)check_start, (void)check_wait, (void)overflow;
    port_init();
    struct flash_log_info info;
    flash_log_info(1, &info);
    const enum flash_log_status status = flash_log_load(1, parts, 2);
    if (info.sequence == 0) {
        say(status == FLASH_LOG_EMPTY ? "empty at power-on\n" : "not empty\n");
        save_many(SAVES);
        port_reset();
    }
    if (info.sequence == SAVES) {
        say(status == FLASH_LOG_OK && same(SAVES) ? "kept\n" : "lost\n");
        say(info.erases[0] == 2 && info.erases[1] == 1 ? "erases counted\n" : "miscounted\n");
        flash_log_forget(1);
        port_reset();
    }
    say(status == FLASH_LOG_EMPTY ? "forgotten\nend\n" : "still there\nend\n");
    for (;;) {
    }
}
"""
MACHINES = {
    "mps2_an386": ("arm-none-eabi-gcc", "-mthumb -mcpu=cortex-m4", "-mthumb -mcpu=cortex-m4"),
    "mps3_an547": ("arm-none-eabi-gcc", "-mthumb -mcpu=cortex-m55", "-mthumb -mcpu=cortex-m55"),
    "riscv32_virt": (
        "riscv64-unknown-elf-gcc",
        "-march=rv32imc_zicsr -msmall-data-limit=0 -mabi=ilp32 --specs=picolibc.specs",
        "-march=rv32im -mabi=ilp32 --specs=picolibc.specs",
    ),
}
ARM_LIBRARY = ["--specs=nano.specs", "--specs=nosys.specs"]


@pytest.mark.parametrize("board", MACHINES)
def test_parameters_outlive_a_restart(tmp_path: Path, board: str) -> None:
    program, core, link = MACHINES[board]
    library = ARM_LIBRARY if program.startswith("arm") else []
    compiler = Compiler(program, [*core.split(), *library], [*link.split(), *library])
    elf = compile_port(board, MAIN, compiler, tmp_path, stores=True)
    said = run(board, elf).split("\n")
    assert [line for line in said if line] == [
        "empty at power-on",
        "kept",
        "erases counted",
        "forgotten",
        "end",
    ]
