"""RELU and RELU6 become the clamp of the operator before: where they may, and where not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ops.flatfile import NONE, RELU, VALID, Flatfile
from tests.ops.oracle import compare
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import fuse_activations, run_passes

SHAPE = (1, 5, 6, 4)


def chain(
    kind: str = "RELU", after: tuple[float, int] = (0.05, -20), activation: int = NONE
) -> bytes:
    """A sum of two inputs, pooled, and RELU of each."""
    file = Flatfile()
    quant = (0.05, -20)
    left = file.activation(SHAPE, 0.04, 3, name="left")
    right = file.activation(SHAPE, 0.03, -9, name="right")
    total, clamped = file.activation(SHAPE, *quant), file.activation(SHAPE, *after)
    file.operator("ADD", [left, right], [total], 2, fusedActivationFunction=activation)
    file.operator(kind, [total], [clamped])
    pooled, last = (file.activation((1, 4, 5, 4), *after) for _ in range(2))
    window = {"strideH": 1, "strideW": 1, "filterHeight": 2, "filterWidth": 2}
    file.operator("MAX_POOL_2D", [clamped], [pooled], 2, padding=VALID, **window)
    file.operator("RELU6", [pooled], [last])
    return file.data(inputs=(left, right))


@pytest.mark.parametrize("kind", ["RELU", "RELU6"])
def test_a_clamp_becomes_the_activation_before_it_and_the_bytes_stay_tflms(kind: str) -> None:
    data = chain(kind)
    model = run_passes(read_model(data))
    assert [op.kind for op in model.ops] == ["ADD", "MAX_POOL_2D"]
    compare(data)


def test_a_clamp_to_another_quantisation_stays() -> None:
    data = chain(after=(0.05, -21))
    model = run_passes(read_model(data))
    assert [op.kind for op in model.ops] == ["ADD", "RELU", "MAX_POOL_2D"]
    compare(data)


def test_a_clamp_after_a_fused_activation_stays() -> None:
    model = fuse_activations(read_model(chain(activation=RELU)))
    assert [op.kind for op in model.ops] == ["ADD", "RELU", "MAX_POOL_2D"]


def test_a_clamp_of_what_others_read_stays() -> None:
    model = read_model(chain())
    seen = replace(model, outputs=(model.ops[0].outputs[0], *model.outputs))
    assert "RELU" in [op.kind for op in fuse_activations(seen).ops]
