"""A TinyNeXt from torch to INT8: the same function, no operators for batch norms, TFLM's bytes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.gelu import lower_gelus
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import activation_ranges
from tinyssl.convert.trace import Classifier, trace
from tinyssl.frontends.tflite import read_model
from tinyssl.learn.backbones.tinynext import (
    Stage,
    TinyNeXt,
    TinyNeXtShape,
    _excite,
    _former,
    _mobile,
)
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.verify.host import check_host

pytestmark = pytest.mark.nightly  # one real conversion

SIDE = 32


def tiny_tinynext() -> TinyNeXt:
    """Every kind of layer of the real one, once."""
    return TinyNeXt(
        TinyNeXtShape((
            Stage(_mobile, 8, 1),
            Stage(_mobile, 8, 1),
            Stage(_former, 16, 1),
            Stage(_excite, 24, 1, 2, 1),
        ))
    )  # fmt: skip


@pytest.fixture(scope="module")
def converted() -> tuple[Classifier, bytes, bytes]:
    """A network with statistics, its float file and its INT8 file."""
    torch.manual_seed(0)
    network = tiny_tinynext()
    images = np.random.default_rng(0).integers(0, 256, (48, SIDE, SIDE, 3), dtype=np.uint8)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                module.weight.mul_(10)
            if isinstance(module, nn.BatchNorm2d):
                module.bias.normal_()
                module.momentum = None
        network.train()(torch.from_numpy(images).permute(0, 3, 1, 2) / 255)
    model = Classifier(network, torch.randn(4, 24), torch.zeros(4), softmax=False).eval()
    exact = trace(model, (SIDE, SIDE, 3))
    lowered, _ = lower_gelus(exact)
    return model, exact, canonicalise(quantise(lowered, activation_ranges(lowered, images)))


def test_a_tinynext_converts_to_what_torch_computes(converted) -> None:
    model, exact, _ = converted
    x = np.random.default_rng(1).random((1, SIDE, SIDE, 3), np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    found = LitertInterpreter(exact, Kernels.OPTIMISED).invoke(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_batch_norms_cost_a_tinynext_no_operator_but_one_for_each_gate(converted) -> None:
    _, exact, _ = converted
    lowered, _ = lower_gelus(exact)
    kinds = [op.kind for op in read_model(lowered).ops]
    assert "TRANSPOSE" not in kinds
    assert "SUB" not in kinds
    assert kinds.count("GELU") == 0
    assert kinds.count("MUL") == 2 * 4 + 2  # of two GELUs, a sixth and the gate's own


def test_our_c_gives_the_bytes_of_tflm_for_a_tinynext(converted) -> None:
    *_, data = converted
    inputs = make_inputs(read_model(data), 24, 0)
    found = check_host(data, inputs)
    assert found.inputs == 24
    assert any("MUL" in line and "table" in line for line in found.changes)
