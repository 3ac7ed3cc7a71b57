"""Every operator: generated C on this computer equals TensorFlow Lite Micro to the byte."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.cases import CASES
from tests.ops.oracle import compare
from tests.ops.random_cases import RANDOM
from tinyssl.boards import Isa

ISAS = (Isa.HOST, Isa.CORTEX_M7, Isa.CORTEX_M55, Isa.RV32IMC)
"""Reference kernels, and those of three cores: plain C stands for their own instructions"""


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", CASES)
def test_case_is_byte_equal_to_tflm(name, isa):
    outputs = compare(CASES[name](), isa=isa)
    assert len(np.unique(outputs)) > 1, "a case whose output is constant proves nothing"


@pytest.mark.parametrize("name", ["pad and conv", "pad and depthwise"])
def test_pads_that_are_not_folded_are_byte_equal_too(name):
    compare(CASES[name](), passes=False)


@pytest.mark.slow
@pytest.mark.parametrize("family", RANDOM)
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("isa", ISAS)
def test_random_case_is_byte_equal_to_tflm(family, seed, isa):
    compare(RANDOM[family](seed), isa=isa)
