"""Kernels of MUL and ADD with broadcasting and constants: DSP, MVE and RV32."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from tinyssl.graph.model import DType, Model
from tinyssl.ops.add import Add
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.pair import side_fields
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.scaled import scaled_pair, sum_scaling
from tinyssl.ops.mul import Mul, mul_multiplier, mul_params
from tinyssl.targets.dsp_elementwise import add_factors, add_scales, factor_fields
from tinyssl.targets.requantise import channel_fits


def mul_fits(constant: bool, model: Model, op: Mul) -> bool:
    """int8, in range of the requantisation of sums; `constant`: the right input is one."""
    left, right = model.tensor(op.left), model.tensor(op.right)
    if left.dtype is not DType.INT8 or right.constant is not constant or left.constant:
        return False
    reach = 1
    for index in (op.left, op.right):
        zero = model.quant(index).zero_point[0]
        reach *= max(zero - INT8_MIN, INT8_MAX - zero)
    return channel_fits(reach, mul_multiplier(model, op), model.quant(op.output).zero_point[0])


def mul_kernels(ending: str, *headers: str) -> tuple[Kernel[Mul], ...]:
    """MUL of two activations, and of one and a constant."""
    return tuple(
        Kernel(
            f"{name}_s8_{ending}",
            "tinyssl_mul",
            ("mul.h", "broadcast.h", *headers),
            source=f"mul_s8_{ending}",
            supports=partial(mul_fits, constant),
            make_params=mul_params,
            overlaps=elementwise,
        )
        for name, constant in (("mul", False), ("mul_constant", True))
    )


def _add_fits(model: Model, op: Add) -> bool:
    return (
        model.tensor(op.left).dtype is DType.INT8 and add_factors(add_scales(model, op)) is not None
    )


def _add_params(model: Model, op: Add, constants: Constants) -> Fields:
    """Members of `struct tinyssl_add_any_dsp`."""
    return {
        **side_fields(model, op, constants),
        **prefix_fields("sum", factor_fields(model, op)),
    }


ADD_DSP: Kernel[Any] = Kernel(
    "add_any_s8_dsp",
    "tinyssl_add_any_dsp",
    ("add_s8_dsp.h", "add_s8_dsp.c", "broadcast.h", "lanes_dsp.h", "dsp.h"),
    supports=_add_fits,
    make_params=_add_params,
    variadic=True,
    overlaps=elementwise,
)

ADD_RV32: Kernel[Any] = replace(
    ADD_DSP,
    name="add_any_s8_rv32",
    headers=("add_any_s8_dsp.h", "add_s8_rv32.h", "add_s8_dsp.h", "broadcast.h"),
)

ADD_MVE: Kernel[Any] = replace(
    scaled_pair(sum_scaling).kernel("add", DType.INT8),
    name="scaled_add_s8_mve",
    source="",
    headers=("scaled_pair.h", "broadcast.h", "mve.h"),
)
