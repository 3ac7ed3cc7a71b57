"""The MLPerf Tiny models: every intermediate tensor of our C equals TensorFlow Lite Micro's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ops.oracle import compare

SHARED = Path(__file__).parents[2].parent / "shared" / "models"
MODELS = ("vww_96_int8", "pretrainedResnet_quant", "kws_ref_model")


def check(name: str, count: int) -> None:
    path = SHARED / f"{name}.tflite"
    if not path.exists():
        pytest.skip("needs ../shared/models")
    outputs = compare(path.read_bytes(), count, name=name)
    assert len(outputs) == count
    assert len(np.unique(outputs)) > 2, "outputs that never change prove nothing"


@pytest.mark.parametrize("name", MODELS)
def test_reference_model_is_byte_equal_to_tflm(name):
    check(name, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_reference_model_is_byte_equal_to_tflm_on_256_inputs(name):
    check(name, 256)
