"""Sizes against an ELF whose sizes are known, and the budget gate."""

import shutil
import subprocess

import pytest

from tinyssl.core.errors import EXIT_GATE, BudgetExceeded, BuildError
from tinyssl.project.project import linker_script
from tinyssl.project.size import Size, check_budget, measure
from tinyssl.targets.boards import find_board

SOURCE = """
__attribute__((section(".vectors"), used)) const unsigned vectors[4] = {1, 2, 3, 4};
__attribute__((section(".tinyssl_weights"), used)) const signed char weights[1000] = {1};
__attribute__((section(".tinyssl_arena"), used)) unsigned char arena[4096];
__attribute__((used)) const int constants[50] = {1};
__attribute__((used)) int initialised[20] = {1};
__attribute__((used)) int zeroed[300];
int kernel(int x);
__attribute__((used)) void reset_handler(void) { for (;;) { zeroed[0] = kernel(1); } }
"""
KERNEL = "int kernel(int x) { return x + 1; }"
STACK = 8192 + 8
"""The note of restart.h lies above it"""
COMPILE = "arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -Os"


@pytest.fixture(scope="module")
def arm_elf(tmp_path_factory):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    folder = tmp_path_factory.mktemp("size")
    (folder / "main.c").write_text(SOURCE)
    (folder / "kernel.c").write_text(KERNEL)
    (folder / "linker.ld").write_text(linker_script(find_board("nucleo_h743zi"), 200_000))
    for command in (
        f"{COMPILE} -c kernel.c -o kernel.o",
        "arm-none-eabi-ar rcs libtinyssl_model.a kernel.o",
        f"{COMPILE} -nostdlib -T linker.ld main.c libtinyssl_model.a -o main.elf",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, timeout=60)
    return folder / "main.elf"


def test_every_kind_is_counted_once(arm_elf):
    sizes = measure(arm_elf, find_board("nucleo_h743zi")).sizes
    assert sizes["weights"] == 1008  # 1000, rounded up to 16 as all of flash
    assert sizes["arena"] == 4096
    assert sizes["data"] == 20 * 4
    assert sizes["bss"] == 300 * 4
    assert sizes["stack"] == STACK
    assert sizes["rodata"] == 240  # 50 int, the 8 words of the start-up tables, rounded up to 16
    # Vectors, a kernel, one function and the way from it to the kernel, which is far away.
    assert sizes["text"] == 64 + 64 + 32
    assert sizes["flash"] == sum(sizes[kind] for kind in ("text", "rodata", "weights", "data"))
    assert sizes["ram"] == 80 + 1200 + 4096 + STACK


def test_regions_count_what_lies_in_them_and_flash_the_first_values_of_data(arm_elf):
    size = measure(arm_elf, find_board("nucleo_h743zi"))
    assert size.regions["axi_sram"] == {"size": 512 * 1024, "used": 4096}
    assert size.regions["dtcm"] == {"size": 128 * 1024, "used": 80 + 1200 + STACK}
    assert size.regions["flash"] == {"size": 2048 * 1024, "used": size.sizes["flash"]}
    assert size.regions["itcm"] == {"size": 64 * 1024, "used": 64}
    assert "sram1" not in size.regions


def test_a_native_program_is_measured_too(tmp_path):
    (tmp_path / "main.c").write_text("int main(void) { return 0; }")
    subprocess.run(["gcc", "main.c", "-o", "main.elf"], cwd=tmp_path, check=True, timeout=60)
    size = measure(tmp_path / "main.elf", find_board("host"))
    assert size.sizes["text"] > 0
    assert size.regions == {}


@pytest.mark.parametrize("content", [b"", b"no ELF", b"\x7fELF" + bytes(40)])
def test_a_damaged_image_is_an_error(tmp_path, content):
    (tmp_path / "main.elf").write_bytes(content)
    with pytest.raises(BuildError, match="not a readable ELF"):
        measure(tmp_path / "main.elf", find_board("host"))


PARTS = {
    "text": 10_000,
    "rodata": 2_000,
    "weights": 80_000,
    "data": 0,
    "bss": 4_000,
    "arena": 49_152,
    "stack": 8_192,
    "flash": 92_000,
    "ram": 61_344,
}


def test_the_gate_passes_what_just_fits() -> None:
    check_budget(Size(PARTS, {}), 92_000, 61_344)


@pytest.mark.parametrize(
    ("flash", "ram", "text", "flag"),
    [
        (91_999, 61_344, "flash: 92,000 bytes used, budget 91,999, 1 too many", "--flash-budget"),
        (92_000, 60_000, "ram: 61,344 bytes used, budget 60,000, 1,344 too many", "--ram-budget"),
    ],
)
def test_the_gate_says_how_much_is_too_much_and_what_to_do(flash, ram, text, flag):
    with pytest.raises(BudgetExceeded, match=text) as caught:
        check_budget(Size(PARTS, {}), flash, ram)
    assert caught.value.exit_code == EXIT_GATE
    assert flag in caught.value.hint
    assert "--image-size" in caught.value.hint
