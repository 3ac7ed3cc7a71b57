"""Every operator: generated C on this computer equals TensorFlow Lite Micro to the byte.

The graphs of a family lie in one library: compiled one by one, their kernels took a third of the
time of all tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from tests.ops.cases import CASES
from tests.ops.ends import ENDS
from tests.ops.oracle import check, compare
from tests.ops.own_kernels import has_own_kernels
from tests.ops.packed import Library, pack
from tests.ops.random_cases import RANDOM
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.ops import spec_of
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import kernel_for

ISAS = (Isa.HOST, Isa.CORTEX_M7, Isa.CORTEX_M55, Isa.RV32IMC)
"""Reference kernels, and those of three cores: plain C stands for their own instructions"""
SEEDS = range(40)
FAMILIES = {
    "table": CASES | ENDS,
    **{
        family: {str(seed): partial(make, seed) for seed in SEEDS}
        for family, make in RANDOM.items()
    },
}
"""Family -> name of a graph -> what makes it"""
TABLE = [(isa, name) for isa in ISAS for name, make in FAMILIES["table"].items()
         if has_own_kernels(isa, make)]  # fmt: skip
DRAWN = [(isa, family) for isa in ISAS for family in RANDOM
         if any(has_own_kernels(isa, FAMILIES[family][seed]) for seed in "012")]  # fmt: skip
"""What is compared: a graph without own kernels is the same C for all instruction sets"""


@pytest.fixture(scope="session")
def packed(shared_folder: Path) -> Callable[[str, Isa], Library]:
    """(family, instruction set) -> library, compiled once in a session, whatever its workers."""

    @cache
    def library(family: str, isa: Isa) -> Library:
        path = shared_folder / "host_c" / f"{family}-{isa.value}.so"
        made = FAMILIES[family]
        if family == "table":
            made = {name: made[name] for each, name in TABLE if each is isa}
        # What stands around the calls of an operator's kernels is optimised in the table's graphs.
        return pack(made, isa, path, fast=family != "table")

    return library


@pytest.mark.parametrize(("isa", "name"), TABLE)
def test_case_is_byte_equal_to_tflm(isa, name, packed):
    library = packed("table", isa)
    outputs = check(library.model(name), library.data(name))
    assert len(np.unique(outputs)) > 1, "a case whose output is constant proves nothing"


@pytest.mark.parametrize("isa", ISAS[1:])
def test_graphs_that_are_left_out_have_the_kernels_of_this_computer(isa):
    left_out = FAMILIES["table"].keys() - {name for each, name in TABLE if each is isa}
    assert left_out
    for name in left_out:
        model = run_passes(read_model(FAMILIES["table"][name]()))
        for op in model.ops:
            if spec_of(op).kernels:
                assert kernel_for(model, op, isa) is kernel_for(model, op, Isa.HOST), name


@pytest.mark.parametrize("name", ["pad and conv", "pad and depthwise"])
def test_pads_that_are_not_folded_are_byte_equal_too(name):
    compare(CASES[name](), passes=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("isa", "family"), DRAWN)
def test_random_case_is_byte_equal_to_tflm(isa, family, seed, packed):
    library = packed(family, isa)
    check(library.model(str(seed)), library.data(str(seed)))
