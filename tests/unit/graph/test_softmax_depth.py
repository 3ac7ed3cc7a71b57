"""SOFTMAX over many classes: the largest sum is the one of equal inputs."""

import numpy as np
import pytest

from tinyssl.compiler import assemble
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.graph.verify import verify
from tinyssl.ops.softmax import DEPTH_MAX, Softmax
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.targets.kernels import PORTABLE


def softmax_of(depth):
    tensors = (
        Value("logits", (1, depth), DType.INT8, Quant((float(np.float32(0.05)),), (0,))),
        Value("classes", (1, depth), DType.INT8, Quant((1 / 256,), (-128,))),
    )
    return Model("softmax", tensors, (Softmax(index=0, input=0, output=1),), (0,), (1,))


def test_the_deepest_softmax_is_equal_to_tflm_where_all_inputs_are_equal() -> None:
    model = softmax_of(DEPTH_MAX)
    equal = np.zeros(model.input.shape, np.int8)
    with HostModel(assemble(model, plan_arena(model, choose_calls(model, PORTABLE)))) as host:
        ours = host.invoke(equal)
    np.testing.assert_array_equal(ours, TflmInterpreter(write_model(model)).invoke(equal))


def test_one_more_is_refused() -> None:
    """TFLM aborts the process for 512 equal inputs, so it cannot be the oracle there."""
    with pytest.raises(UnsupportedModel, match="512 elements"):
        verify(softmax_of(DEPTH_MAX + 1))
