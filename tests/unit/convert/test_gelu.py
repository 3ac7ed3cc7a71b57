"""GELU in operators that TFLM has: how near it is, in float and in INT8."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.ops.flatfile import Flatfile
from tinyssl import compiler
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.gelu import lower_gelus
from tinyssl.convert.prepare import prepare
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import measure_ranges
from tinyssl.core.config import ConvertConfig
from tinyssl.core.progress import Silent
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Quant
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.targets.kernels import PORTABLE
from tinyssl.verify.host import check_host


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def one_gelu(elements: int) -> bytes:
    file = Flatfile()
    source = file.activation((1, elements), dtype="float32")
    end = file.activation((1, elements), dtype="float32")
    file.operator("GELU", [source], [end])
    return file.data([source], [end])


def computed(data: bytes, x: np.ndarray) -> np.ndarray:
    return LitertInterpreter(data, Kernels.OPTIMISED).invoke(x)


def test_it_is_gelu_within_three_thousandths() -> None:
    x = np.linspace(-12, 12, 4801, dtype=np.float32)[None]
    given = one_gelu(x.size)
    lowered, count = lower_gelus(given)
    assert count == 1
    expected = gelu(x.astype(np.float64))
    np.testing.assert_allclose(computed(given, x), expected, atol=1e-5)  # LiteRT knows GELU
    error = np.abs(computed(lowered, x) - expected)
    assert 0.002 < error.max() < 0.003
    assert error[np.abs(x) < 1].max() < 3e-4
    assert error[np.abs(x) > 8].max() < 1e-5


def test_a_file_without_it_stays_as_it_is() -> None:
    lowered, _ = lower_gelus(one_gelu(8))
    assert lower_gelus(lowered) == (lowered, 0)


@pytest.mark.parametrize("reach", [2.0, 6.0])
def test_in_int8_it_is_one_table_and_within_two_steps_of_the_exact_value(reach: float) -> None:
    x = np.linspace(-reach, reach, 256, dtype=np.float32)[None]
    feeds = [{"tensor0": x}]
    prepared = prepare(one_gelu(x.size), feeds, ConvertConfig(), Silent())
    assert prepared.results["lowered_gelus"] == 1
    assert 0 < prepared.results["gelu_change"] < 0.002
    data = canonicalise(quantise(prepared.tuned, measure_ranges(prepared.tuned, feeds)))
    model = read_model(data)
    calls = compiler.compile(model, PORTABLE).graph.ops
    assert [op.kind for op in calls] == ["TABLE"]
    check_host(data, make_inputs(model, 8, 0))
    codes = np.arange(-128, 128, dtype=np.int8)[None]
    (found,) = TflmInterpreter(data).run({model.input.name: codes}).values()
    taken, given = real(codes, model.input.quant), real(found, model.output.quant)
    step = real(np.array([1]), model.output.quant) - real(np.array([0]), model.output.quant)
    assert np.abs(given - gelu(taken)).max() < 2 * step


def real(codes: np.ndarray, quant: Quant | None) -> np.ndarray:
    assert quant is not None
    return (codes.astype(np.float64) - quant.zero_point[0]) * quant.scale[0]
