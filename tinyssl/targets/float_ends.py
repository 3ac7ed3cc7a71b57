"""Kernels of QUANTIZE and DEQUANTIZE where floats are computed with integers: RV32."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyssl.ops.common.kernel import Kernel, KernelTable
from tinyssl.ops.dequantize import SPEC as DEQUANTIZE
from tinyssl.ops.dequantize import Dequantize
from tinyssl.ops.quantize import SPEC as QUANTIZE
from tinyssl.ops.quantize import Quantize

NAMES = ("quantize_s8", "quantize_u8", "quantize_s16", "dequantize_s8", "dequantize_u8")


def _integer(kernels: tuple[Kernel[Any], ...], *headers: str) -> tuple[Kernel[Any], ...]:
    """Those of float ends, of the same parameters."""
    return tuple(
        replace(
            kernel,
            name=f"{kernel.name}_rv32",
            source=f"{kernel.source}_rv32",
            headers=(f"{kernel.source}.h", "float_bits.h", *headers),
        )
        for kernel in kernels
        if kernel.name in NAMES
    )


FLOATS_RV32: KernelTable = {
    Quantize: _integer(QUANTIZE.kernels, "quantize_f32.h"),
    Dequantize: _integer(DEQUANTIZE.kernels),
}
"""Operator -> its kernels"""
