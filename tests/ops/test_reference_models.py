"""The MLPerf Tiny models: every intermediate tensor of our C equals TensorFlow Lite Micro's.

On 64 inputs, with TINYSSL_ALL_INPUTS=1 on 256. Their last tensor on more: test_many_inputs.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.ops.oracle import compare
from tinyssl.targets.boards import Isa

SHARED = Path(__file__).parents[2].parent / "shared" / "models"
INPUTS = 256 if os.environ.get("TINYSSL_ALL_INPUTS") else 64
ISAS = (Isa.HOST, Isa.CORTEX_M7)
MODELS = ("vww_96_int8", "pretrainedResnet_quant", "kws_ref_model")


def check(name: str, count: int, isa: Isa) -> None:
    path = SHARED / f"{name}.tflite"
    if not path.exists():
        pytest.skip("needs ../shared/models")
    outputs = compare(path.read_bytes(), count, name=name, isa=isa)
    assert len(outputs) == count
    assert len(np.unique(outputs)) > 2, "outputs that never change prove nothing"


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", MODELS)
def test_reference_model_is_byte_equal_to_tflm(name, isa):
    check(name, 6, isa)


@pytest.mark.slow
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", MODELS)
def test_reference_model_is_byte_equal_to_tflm_on_more_inputs(name, isa):
    check(name, INPUTS, isa)
