"""What ai-edge-quantizer writes is made whole."""

import numpy as np

from tests.ops.flatfile import NONE, Flatfile
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import measure_ranges
from tinyssl.frontends.tflite import read_skeleton
from tinyssl.runtimes.tflm import TflmInterpreter


def test_a_part_that_nothing_reads_is_int8_as_the_others():
    file = Flatfile()
    start = file.activation((1, 6), dtype="float32", name="x")
    parts = [file.activation((1, 2), dtype="float32") for _ in range(3)]
    total = file.activation((1, 2), dtype="float32", name="y")
    axis = file.constant(np.array(1, np.int32))
    file.operator("SPLIT", [axis, start], parts, numSplits=3)
    file.operator("ADD", [parts[0], parts[2]], [total], fusedActivationFunction=NONE)
    data = file.data()
    rng = np.random.default_rng(0)
    feeds = [{"x": rng.random((1, 6), np.float32)} for _ in range(8)]
    found = quantise(data, measure_ranges(data, feeds))
    assert [each.type for each in read_skeleton(found).ops[0].outputs] == ["INT8"] * 3
    oracle = TflmInterpreter(canonicalise(found))
    codes = np.arange(-6, 0, dtype=np.int8).reshape(1, 6)
    assert np.ptp(oracle.invoke(codes)) == 1
