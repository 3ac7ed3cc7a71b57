"""Rows of sound with more than 32,767 samples: most kernels count them in 16 bits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.flatfile import NONE, SAME, Flatfile
from tests.ops.oracle import compare
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.verify import verify
from tinyssl.targets.boards import Isa

LENGTH, STEP = 40_000, 100


def sound(kind: str, taps: int = 5) -> bytes:
    """One layer that leaves one sample of a hundred."""
    file = Flatfile()
    start = file.activation((1, LENGTH), 0.05, 3)
    shape = file.constant(np.array([1, 1, LENGTH, 1], np.int32))
    image = file.activation((1, 1, LENGTH, 1), 0.05, 3)
    file.operator("RESHAPE", [start, shape], [image])
    options = {"padding": SAME, "strideH": 1, "strideW": STEP, "fusedActivationFunction": NONE}
    inputs = [image]
    if kind == "MAX_POOL_2D":
        output = file.activation((1, 1, LENGTH // STEP, 1), 0.05, 3)
        options |= {"filterHeight": 1, "filterWidth": taps}
    else:
        source = np.random.default_rng(0)
        filters = (2, 1, taps, 1) if kind == "CONV_2D" else (1, 1, taps, 2)
        weights = source.integers(-127, 128, filters).astype(np.int8)
        axis = filters.index(2)
        inputs += [file.constant(weights, [0.01, 0.02], [0, 0], axis)]
        inputs += [file.constant(np.array([500, -900], np.int32), [5e-4, 1e-3], [0, 0])]
        output = file.activation((1, 1, LENGTH // STEP, 2), 0.1, -4)
        options |= {"dilationWFactor": 1, "dilationHFactor": 1}
        options |= {"depthMultiplier": 2} if kind == "DEPTHWISE_CONV_2D" else {}
    file.operator(kind, inputs, [output], **options)
    return file.data()


@pytest.mark.parametrize("isa", [Isa.HOST, Isa.CORTEX_M7, Isa.CORTEX_M55, Isa.RV32IMC])
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions_take_them(kind: str, isa: Isa) -> None:
    compare(sound(kind), count=2, isa=isa)


def test_poolings_do_not() -> None:
    with pytest.raises(UnsupportedModel, match=r"\[1, 1, 40000, 1\]; a dimension ends at 32767"):
        verify(read_model(sound("MAX_POOL_2D")))
