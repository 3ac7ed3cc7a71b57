"""The case table on emulated cores, all graphs in one image: the real instructions, not their C.

A program of its own, without the firmware: it prints through semihosting which case differs.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ops.cases import CASES, inputs_for
from tests.ops.oracle import Tflm
from tinyssl.boards import Isa
from tinyssl.emit import Sources, choose_steps, render_aot, write_sources
from tinyssl.emit.context import rows
from tinyssl.ir.passes import run_passes
from tinyssl.plan import plan_arena
from tinyssl.tflite import read_model

pytestmark = pytest.mark.emulator

MACHINES = {Isa.CORTEX_M4: "mps2-an386", Isa.CORTEX_M7: "mps2-an500"}
INPUTS = 4

MAIN = """\
#include <stdint.h>
#include <stdio.h>
#include <string.h>
{includes}
extern void _start(void);
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[] = {{
    0x20400000, (uintptr_t)_start }};
static _Alignas(16) uint8_t arena[{arena}];
static int failures;

static void check(const char *name, void (*invoke)(uint8_t *), int8_t *(*input)(uint8_t *),
                  const int8_t *(*output)(const uint8_t *), const int8_t *in, size_t in_size,
                  const int8_t *expected, size_t out_size)
{{
    memset(arena, 0xa5, sizeof arena);
    memcpy(input(arena), in, in_size);
    invoke(arena);
    const int equal = memcmp(output(arena), expected, out_size) == 0;
    printf("%s: %s\\n", equal ? "equal" : "differs", name);
    failures += !equal;
}}

int main(void)
{{
{calls}
    return failures != 0;
}}
"""


def case_sources(name: str, number: int, isa: Isa) -> tuple[Sources, str, int]:
    """Renamed sources of one case in a folder of its own, its calls, and its arena's bytes."""
    data = CASES[name]()
    model = run_passes(read_model(data, name))
    plan = plan_arena(model, choose_steps(model, isa))
    prefix, oracle = f"case{number}", Tflm(data)
    assert model.input.quant is not None
    arrays, calls = [], []
    zero = model.input.quant.zero_point[0]
    for index, x in enumerate(inputs_for(model.input.shape, zero, INPUTS)):
        y = oracle.invoke(x)
        for role, values in (("in", x), ("out", y)):
            text = "\n".join(rows(values.ravel()))
            arrays.append(f"static const int8_t {prefix}_{role}{index}[] = {{\n{text}\n}};")
        calls.append(
            f'    check("{name}", {prefix}_invoke, {prefix}_input, {prefix}_output, '
            f"{prefix}_in{index}, sizeof {prefix}_in{index}, "
            f"{prefix}_out{index}, sizeof {prefix}_out{index});"
        )
    sources = {
        path if path.startswith("kernels/") else f"{prefix}/{path}": text.replace(
            "tinyssl_model_", f"{prefix}_"
        )
        for path, text in render_aot(model, plan, isa=isa).items()
    }
    header = sources[f"{prefix}/model.h"].replace("TINYSSL_MODEL_", f"{prefix.upper()}_")
    sources[f"{prefix}/golden.h"] = "\n".join([header, *arrays])
    return sources, "\n".join(calls), plan.peak


@pytest.mark.parametrize("isa", MACHINES)
def test_all_cases_are_byte_equal_to_tflm(isa: Isa, tmp_path: Path) -> None:
    for program in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    sources: Sources = {}
    calls, peak = [], 0
    for number, name in enumerate(CASES):
        found, call, arena = case_sources(name, number, isa)
        sources |= found
        calls.append(call)
        peak = max(peak, arena)
    includes = "\n".join(
        f'#undef TINYSSL_MODEL_H\n#include "case{number}/golden.h"' for number in range(len(CASES))
    )
    sources["main.c"] = MAIN.format(includes=includes, arena=peak, calls="\n".join(calls))
    elf = compile_image(sources, tmp_path, isa)
    assert uses_dual_mac(elf), "the plain C of dsp.h was compiled, not its instructions"
    command = ["qemu-system-arm", "-M", MACHINES[isa], "-nographic", "-monitor", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("equal: ")] == [], done.stderr
    assert len(lines) == INPUTS * len(CASES)
    assert done.returncode == 0


def compile_image(sources: Sources, folder: Path, isa: Isa) -> Path:
    """One ELF of everything; the cases' own headers are found beside their files."""
    files = [str(path) for path in write_sources(sources, folder)]
    elf = folder / "cases.elf"
    command = ["arm-none-eabi-gcc", f"-mcpu={isa.value}", "-mthumb", "-O2", "-std=gnu11", "-g"]
    command += ["--specs=rdimon.specs", "-Wl,--section-start=.vectors=0", "-I", str(folder)]
    subprocess.run([*command, "-o", str(elf), *files], check=True, timeout=240)
    return elf


def uses_dual_mac(elf: Path) -> bool:
    command = ["arm-none-eabi-objdump", "-d", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return "smlad" in done.stdout
