"""All cases of the table on this computer under the address and undefined behaviour sanitizers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.ops.cases import CASES
from tests.ops.image import TARGETS, compile_program, make_program, run_graph
from tests.ops.own_kernels import has_own_kernels
from tinyssl.core.locks import Lock
from tinyssl.targets.boards import Isa

SETS = {Isa.HOST: "host", Isa.CORTEX_M7: "host-dsp"}
"""Kernels that a program holds -> its target"""

UNDER_SANITIZERS = {
    isa: {
        name.replace(" ", "_"): make
        for name, make in CASES.items()
        if "boundary" not in name and has_own_kernels(isa, make)
    }
    for isa in SETS
}
"""Instruction set -> names as `tests.ops.image` prints them -> what makes the graph"""
NAMES = [(isa, name) for isa, made in UNDER_SANITIZERS.items() for name in made]


@pytest.fixture(scope="session")
def program_of_cases(shared_folder: Path) -> Callable[[Isa], Path]:
    """Instruction set -> all cases under the sanitizers, compiled by one worker of the session."""

    @cache
    def compiled_once(isa: Isa) -> Path:
        folder = shared_folder / "sanitized" / SETS[isa]
        folder.mkdir(parents=True, exist_ok=True)
        lock = Lock(folder.with_suffix(".lock"))
        lock.take(wait=True)
        try:
            elf, tried = folder / "cases.elf", folder / "tried"
            if not tried.exists():
                tried.touch()
                graphs = {name: make() for name, make in UNDER_SANITIZERS[isa].items()}
                program = make_program(graphs, isa, fast=True)
                elf = compile_program(program, TARGETS[SETS[isa]], folder)
            assert elf.exists(), "another test says why it does not compile"
        finally:
            lock.release()
        return elf

    return compiled_once


@pytest.mark.parametrize(("isa", "name"), NAMES)
@pytest.mark.slow
def test_sanitizers_find_nothing(
    isa: Isa, name: str, program_of_cases: Callable[[Isa], Path]
) -> None:
    assert run_graph(program_of_cases(isa), list(UNDER_SANITIZERS[isa]), name) == []
