"""Requantisation of the DSP kernels: its proof, and its C against the definition.

The C is dsp.h as it compiles here; the instructions that it stands for run in tests/emulator.
"""

from __future__ import annotations

import ctypes
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.flatfile import NONE, RELU6, Flatfile
from tinyssl.codegen.render import kernel_text
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.add import Add
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.fixed_point import Multiplier, requantise
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.targets.requantise import (
    START_LIMIT,
    SUM_LIMIT,
    channel_fits,
    channels,
    clamp,
    needs_sign,
    requantise_fits,
    smaller_start,
    sum_bounds,
)

FORMS = """
#include "dsp.h"

void forms(int32_t count, const int32_t *sum, int32_t multiplier, int32_t shift, int32_t zero,
           int8_t *relu, int8_t *with_sign)
{
    const struct tinyssl_channel channel = {3 * 256 + shift - 1, multiplier};
    const int32_t rounding = tinyssl_rounding(zero, channel);
    for (int32_t i = 0; i < count; i++) {
        relu[i] = tinyssl_requantise_relu(2 * sum[i], channel, rounding);
        with_sign[i] = tinyssl_requantise_signed(2 * sum[i], channel, rounding);
    }
}
"""


def read(name: str) -> Model:
    return run_passes(read_model(cases.CASES[name](), name))


def first(model: Model) -> WeightedOp:
    op = model.ops[0]
    assert isinstance(op, WeightedOp)
    return op


def with_bias(model: Model, value: int, channel: int | slice = 0) -> Model:
    """The first operator with one bias replaced, or several."""
    index = model.ops[0].inputs[2]
    values = np.array(model.tensor(index).array(), np.int32)
    values[channel] = value
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], data=values.tobytes())
    return replace(model, tensors=tuple(tensors))


def test_sums_are_those_of_inputs_that_the_operator_before_can_give() -> None:
    """80,000 products of 127 and up to 255 pass 2^30; behind a ReLU6 of 30 steps they do not."""
    file, count = Flatfile(), 80_000
    start, clamped = file.activation((1, count)), file.activation((1, count), 0.2, -128)
    output = file.activation((1, 1), 2000.0, 0)
    values = np.tile(np.array([127, -127], np.int8), count // 2)
    weight = file.constant(values[None], [0.01])
    file.operator("ADD", [start, start], [clamped], 2, fusedActivationFunction=RELU6)
    file.operator(
        "FULLY_CONNECTED", [clamped, weight, -1], [output], 4, fusedActivationFunction=NONE
    )
    add, dense = (model := read_model(file.data())).ops
    assert isinstance(add, Add)
    assert isinstance(dense, WeightedOp)
    assert requantise_fits(model, dense)
    free = replace(add, activation=Activation.NONE)
    assert not requantise_fits(replace(model, ops=(free, dense)), dense)


@pytest.mark.parametrize(
    ("reach", "shift", "zero", "fits"),
    [
        (2**30 - 1, -1, 127, True),
        (2**30, -1, 127, False),  # the doubled sum leaves int32
        (1000, 0, 0, False),  # no rounding shift: nothing to add the half to
        (1000, 1, 0, False),
        (2**30 - 1, -31, 0, False),  # product and half leave int32
        (1000, -31, 0, True),
        (1000, -24, 127, True),
        (1000, -25, 127, False),  # the zero point leaves int32
        (1000, -32, 0, False),
    ],
)
def test_ranges_in_which_requantisation_is_exact(reach, shift, zero, fits):
    assert channel_fits(reach, Multiplier(2**31 - 1, shift), zero) is fits


def test_sum_bounds_are_reached() -> None:
    rows = np.array([[3, -5, 127], [-128, 0, 1]], np.int8)
    extremes = np.array(np.meshgrid(*[[-128, 127]] * 3)).reshape(3, -1)
    sums = rows.astype(int) @ extremes + np.array([[7], [-9]])
    assert sum_bounds([7, -9], rows) == list(zip(sums.min(1), sums.max(1), strict=True))


def test_channel_that_no_input_changes_becomes_its_value() -> None:
    """A bias that saturates the output: weights 0, and a start that gives 127 again."""
    model = with_bias(read("conv 1x1"), 2**30)
    layer = channels(model, first(model))
    zero = model.output.quant.zero_point[0] if model.output.quant else 0
    assert layer.constant
    assert not layer.rows[0].any()
    assert layer.rows[1:].any(axis=1).all()
    assert requantise(layer.starts[0], layer.multipliers[0]) + zero == 127


def test_requantisation_in_python_follows_the_definition() -> None:
    source = random.Random(0)
    for _ in range(2000):
        x = source.randrange(-(2**30), 2**30)
        multiplier = Multiplier(source.randrange(2**30, 2**31), -source.randrange(0, 32))
        first = (x * multiplier.value * 2 + 2**31) >> 32
        size = 2**-multiplier.shift
        nearest = (abs(first) * 2 + size) // (2 * size)  # halves away from zero
        assert requantise(x, multiplier) == (nearest if first >= 0 else -nearest)


Forms = Callable[[list[int], Multiplier, int], tuple[list[int], list[int]]]


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    """Both forms in C: sums, multiplier, zero point -> outputs of `relu` and of `signed`."""
    folder: Path = tmp_path_factory.mktemp("forms")
    (folder / "dsp.h").write_text(kernel_text("dsp.h"))
    (folder / "forms.c").write_text(FORMS)
    command = ["gcc", "-O2", "-shared", "-fPIC", "-fsanitize=undefined"]
    command += ["-fno-sanitize-recover=all", "-o", "forms.so", "forms.c"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    library = ctypes.CDLL(str(folder / "forms.so"))

    def run(sums: list[int], multiplier: Multiplier, zero: int) -> tuple[list[int], list[int]]:
        count = len(sums)
        relu, signed = (ctypes.c_int8 * count)(), (ctypes.c_int8 * count)()
        library.forms(
            count,
            (ctypes.c_int32 * count)(*sums),
            multiplier.value,
            -multiplier.shift,
            zero,
            relu,
            signed,
        )
        return list(relu), list(signed)

    return run


def thresholds(multiplier: Multiplier, reach: int) -> Iterator[int]:
    """Sums at which the output of 9 bits changes, and both ends, with their neighbours."""
    for target in range(-256, 257):
        middle = ((2 * target - 1) << (30 - multiplier.shift)) // multiplier.value
        if abs(middle) + 3 <= reach:
            low, high = requantise(middle - 3, multiplier), requantise(middle + 3, multiplier)
            assert low < target <= high
            yield from range(middle - 3, middle + 4)
    yield from (-reach, -reach + 1, -2, -1, 0, 1, 2, reach - 1, reach)


def largest_reach(multiplier: Multiplier, zero: int) -> int:
    low, high = 0, SUM_LIMIT
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if channel_fits(middle, multiplier, zero) else (low, middle)
    return low - 1


def test_both_forms_are_equal_to_the_reference_around_every_threshold(forms: Forms) -> None:
    """Multipliers at an end and between, all shifts, up to the largest sums that are let in."""
    source = random.Random(0)
    for shift in range(1, 32):
        for value in (source.choice((2**30, 2**31 - 1)), source.randrange(2**30, 2**31)):
            multiplier = Multiplier(value, -shift)
            reach = largest_reach(multiplier, 0)
            if reach < 0:
                continue
            around = {x for x in thresholds(multiplier, reach) if abs(x) <= reach}
            reference = {x: requantise(x, multiplier) for x in around}
            for zero in (source.choice((-128, 127)), source.randrange(-128, 128)):
                most = largest_reach(multiplier, zero)
                sums = [x for x in around if abs(x) <= most]
                relu, signed = forms(sums, multiplier, zero)
                exact = [min(max(reference[x] + zero, -128), 127) for x in sums]
                assert signed == exact, (multiplier, zero)
                clamped = [max(y, zero) for y in relu]
                assert clamped == [max(y, zero) for y in exact], (multiplier, zero)


def test_relu_form_is_for_layers_whose_clamp_begins_at_the_zero_point() -> None:
    assert needs_sign(read("conv"), first(read("conv")))
    for name in ("conv relu", "conv relu6", "conv relu, zero in the middle"):
        assert not needs_sign(read(name), first(read(name)))


def with_output_scale(model: Model, factor: float) -> Model:
    """The first operator with outputs that much smaller."""
    index = first(model).output
    quant = model.quant(index)
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], quant=replace(quant, scale=(quant.scale[0] * factor,)))
    return replace(model, tensors=tuple(tensors))


def test_start_must_fit_24_bits() -> None:
    model = with_output_scale(read("conv 1x1"), 300.0)  # so that no channel saturates
    op = first(model)
    rows, zero = channels(model, op).rows, model.quant(op.input).zero_point[0]
    folded = -zero * int(rows[0].sum(dtype=np.int64))
    for start, fits in ((2**23 - 1, True), (2**23, False)):
        moved = with_bias(model, start - folded)
        assert channels(moved, op).starts[0] == start
        assert requantise_fits(moved, op) is fits


def test_clamp_that_no_sum_reaches_is_left_out() -> None:
    model = read("conv relu, zero in the middle")
    positive = with_output_scale(with_bias(model, 2**20, slice(None)), 300.0)
    assert clamp(model, first(model)) == (20, 127)
    assert clamp(positive, first(positive)) == (-128, 127)
    assert not needs_sign(positive, first(positive))


def test_large_start_of_a_channel_with_two_outputs_is_exchanged() -> None:
    """A channel of vww_96 that training has left almost dead: its start needs 26 bits."""
    multiplier, start, bounds = Multiplier(1565063334, -20), 26558476, (26480370, 26636685)
    outputs = [requantise(value, multiplier) for value in range(bounds[0], bounds[1] + 1)]
    assert set(outputs) == {18, 19}
    found = smaller_start(start, bounds, multiplier, 19)
    assert found is not None
    smaller, steeper = found
    assert abs(smaller) < START_LIMIT
    moved = range(bounds[0] + smaller - start, bounds[1] + smaller - start + 1)
    assert [requantise(value, steeper) for value in moved] == outputs


def test_large_start_stays_where_a_steeper_channel_has_more_outputs() -> None:
    multiplier, start = Multiplier(2**30, -20), 2**26
    reach = 2**20  # all of one output's sums and half of the next's
    assert smaller_start(start, (start - reach, start + reach), multiplier, 33) is None
