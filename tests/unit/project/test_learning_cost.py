"""What learning takes: instructions before anything ran, flash by the linker's map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.test_steps import CASES
from tinyssl import compiler
from tinyssl.project.learning_cost import MAP, learning_cost, learning_flash
from tinyssl.targets.boards import Isa
from tinyssl.targets.training_cost import HARD, SOFT, training_features
from tinyssl.targets.training_cost_table import CONSTANTS, ERRORS

LINKED = """\
Discarded input sections
 .text.tinyssl_dense_update_f32
                0x00000000       0x64 .pio/build/x/lib/kernels/dense_training_f32.o

Linker script and memory map
 .text.learning_check
                0x00001394       0x10 .pio/build/x/src/app/learning_guard.o
 .text.put      0x00001400       0x20 .pio/build/x/src/storage/flash_log.o
 .text.tinyssl_fully_connected
                0x00001500       0x40 .pio/build/x/lib7/libtinyssl_model.a(loss_f32.o)
 .text.tinyssl_dense_update_f32
                0x00001580        0x8 .pio/build/x/lib7/libtinyssl_model.a(dense_training_f32.o)
 .text.tinyssl_dense_layer_f32
                0x00001588      0x900 .pio/build/x/lib7/libtinyssl_model.a(dense_training_f32.o)
 .text.main     0x00001600       0x80 .pio/build/x/src/app/main.o
 .rodata.first12
                0x00001700      0x100 .pio/build/x/lib7/libtinyssl_model.a(model.o)
 .text.tinyssl_model_init
                0x00001800        0x4 .pio/build/x/lib7/libtinyssl_model.a(model.o)
 .bss.kept      0x00000000      0x200 .pio/build/x/src/app/learning_guard.o
"""


@pytest.mark.parametrize(("isa", "core"), [(Isa.CORTEX_M7, HARD), (Isa.CORTEX_M3, SOFT)])
def test_a_step_is_the_sum_of_its_kernels(isa: Isa, core: str) -> None:
    program = compiler.compile(CASES["classes"][0](), isa)
    found = learning_cost(program)
    inference = len(program.inference_calls)
    expected = sum(
        CONSTANTS[core][call.kernel.name].get(name, 0.0) * count
        for call in program.calls[inference:]
        if call.kernel
        for name, count in training_features(program.graph, program.graph.ops[call.first]).items()
    )
    assert found.step == round(expected) > 0
    models, median, worst = ERRORS[core]
    assert (found.models, found.median) == (models, median)
    assert found.error == pytest.approx(worst)
    assert 0 <= median <= worst < 0.5


def test_what_no_model_knows_makes_the_error_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    program = compiler.compile(CASES["classes"][0](), Isa.CORTEX_M7)
    known = learning_cost(program)
    behind = program.calls[len(program.inference_calls) :]
    names = {call.kernel.name for call in behind if call.kernel}
    left = {name: each for name, each in CONSTANTS[HARD].items() if name not in names}
    monkeypatch.setitem(CONSTANTS, HARD, left)
    assert learning_cost(program).error == 1.0 > known.error


def test_momentum_takes_more() -> None:
    plain, other = (CASES[name][0]() for name in ("classes", "momentum"))
    kinds = [
        {name for op in graph.ops for name in training_features(graph, op)}
        for graph in (plain, other)
    ]
    assert not any("momentum" in name for name in kinds[0])
    assert any("momentum" in name for name in kinds[1])


def test_flash_is_read_from_the_linkers_map(tmp_path: Path) -> None:
    program = compiler.compile(CASES["classes"][0](), Isa.CORTEX_M7)
    assert learning_flash(tmp_path / "firmware.elf", program) == {}
    (tmp_path / MAP).write_text(LINKED)
    found = learning_flash(tmp_path / "firmware.elf", program)
    assert found == {"code": 0x10 + 0x20 + 0x40 + 8, "first_values": 0x104}
    bare = replace(program, plan=replace(program.plan, calls=program.inference_calls))
    assert learning_flash(tmp_path / "firmware.elf", bare)["code"] == 0x10 + 0x20
