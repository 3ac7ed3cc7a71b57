"""SOFTMAX over many classes: the largest sum is the one of equal inputs."""

from dataclasses import replace

import numpy as np
import pytest

from tinyssl.compiler import assemble
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.graph.verify import verify
from tinyssl.ops.softmax import SHALLOW, Softmax
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.targets.kernels import PORTABLE


def softmax_of(depth):
    tensors = (
        Value("logits", (1, depth), DType.INT8, Quant((float(np.float32(0.05)),), (0,))),
        Value("classes", (1, depth), DType.INT8, Quant((1 / 256,), (-128,))),
    )
    return Model("softmax", tensors, (Softmax(index=0, input=0, output=1),), (0,), (1,))


def run(depth, inputs):
    model = softmax_of(depth)
    verify(model)
    with HostModel(assemble(model, plan_arena(model, choose_calls(model, PORTABLE)))) as host:
        return host.invoke(inputs)


def test_equal_inputs_are_equal_to_tflm_as_deep_as_it_can() -> None:
    equal = np.zeros((1, SHALLOW), np.int8)
    oracle = TflmInterpreter(write_model(softmax_of(SHALLOW)))
    np.testing.assert_array_equal(run(SHALLOW, equal), oracle.invoke(equal))


@pytest.mark.parametrize("depth", [SHALLOW + 1, 1000, 5000])
def test_deeper_ones_are_equal_to_tflm_where_classes_differ(depth: int) -> None:
    inputs = np.random.default_rng(depth).integers(-128, 50, (1, depth)).astype(np.int8)
    inputs[0, 7], inputs[0, 9] = 127, 120
    oracle = TflmInterpreter(write_model(softmax_of(depth)))
    found = run(depth, inputs)
    assert len(np.unique(found)) > 2
    np.testing.assert_array_equal(found, oracle.invoke(inputs))


@pytest.mark.parametrize("depth", [SHALLOW + 1, 5000])
def test_all_probabilities_are_zero_where_tflm_ends_its_process(depth: int) -> None:
    """A 512th and less rounds to 0 of 256."""
    assert (run(depth, np.full((1, depth), 5, np.int8)) == -128).all()


def test_sums_that_an_int16_output_cannot_hold_are_refused() -> None:
    model = softmax_of(4096)
    output = replace(model.tensors[1], dtype=DType.INT16, quant=Quant((1 / 65536,), (-32768,)))
    with pytest.raises(UnsupportedModel, match="4096 elements; up to 4095"):
        verify(replace(model, tensors=(model.tensors[0], output)))
