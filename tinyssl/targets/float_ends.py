"""Kernels of QUANTIZE from float32 and of DEQUANTIZE: RV32, which has no floats, and MVE."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyssl.ops.common.kernel import Kernel, KernelTable
from tinyssl.ops.dequantize import SPEC as DEQUANTIZE
from tinyssl.ops.dequantize import Dequantize
from tinyssl.ops.quantize import SPEC as QUANTIZE
from tinyssl.ops.quantize import Quantize

NAMES = ("quantize_s8", "quantize_u8", "quantize_s16", "dequantize_s8", "dequantize_u8")


def _twins(kernels: tuple[Kernel[Any], ...], isa: str, *headers: str) -> tuple[Kernel[Any], ...]:
    """Those of float ends for an instruction set, of the same parameters."""
    return tuple(
        replace(
            kernel,
            name=f"{kernel.name}_{isa}",
            source=f"{kernel.source}_{isa}",
            headers=(f"{kernel.source}.h", *headers),
        )
        for kernel in kernels
        if kernel.name in NAMES
    )


def _table(isa: str, *headers: str) -> KernelTable:
    return {
        Quantize: _twins(QUANTIZE.kernels, isa, "quantize_f32.h", *headers),
        Dequantize: _twins(DEQUANTIZE.kernels, isa, *headers),
    }


FLOATS_RV32 = _table("rv32", "float_bits.h")
"""Operator -> its kernels, which compute floats with integers"""

FLOATS_MVE = _table("mve", "floats_mve.h", "mve.h")
"""The same with four floats at a time"""
