"""Kernels of many operators that an instruction set has in another form, with the same struct."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyssl.ops.common.kernel import Kernel, OpT
from tinyssl.targets.boards import Isa

BYTES_MVE = ("bytes_mve.h", "mve.h")

TWINS: dict[Isa, dict[str, Kernel[Any]]] = {
    Isa.CORTEX_M55: {
        "lookup_s8": Kernel("lookup_s8_mve", "", ("lookup_s8.h", *BYTES_MVE)),
        "flip": Kernel("flip_mve", "", ("quantize.h", *BYTES_MVE)),
    }
}
"""Name of a reference kernel -> name and files of what takes its place"""


def twin_of(kernel: Kernel[OpT], isa: Isa) -> Kernel[OpT]:
    """What an instruction set has in a kernel's place; the kernel itself where it has nothing."""
    twin = TWINS.get(isa, {}).get(kernel.name)
    if twin is None:
        return kernel
    return replace(kernel, name=twin.name, headers=twin.headers, source="")
