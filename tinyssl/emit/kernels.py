"""Operator and instruction set -> C kernel. Chosen here; nothing is chosen at run time."""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.boards import Isa
from tinyssl.errors import UnsupportedModel
from tinyssl.ir.ops import (
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    MaxPool2D,
    Mean,
    Op,
    Pad,
    Softmax,
)

KERNEL_ABI = 1
"""Version of the parameter structs; firmware/kernels/abi.h holds the same number"""

COMMON_FILES = ("abi.h", "fixed_point.h")
"""Files of firmware/kernels/ that every model needs"""


@dataclass(frozen=True)
class Kernel:
    """A C function of firmware/kernels/. `<name>.h` and `<name>.c` hold it."""

    name: str
    """File name without ending; the function is `tinyssl_<name>`"""
    struct: str
    """Type of its parameters"""
    headers: tuple[str, ...] = ()
    """Further files it includes"""

    @property
    def function(self) -> str:
        return f"tinyssl_{self.name}"

    @property
    def files(self) -> tuple[str, ...]:
        return (f"{self.name}.h", f"{self.name}.c", *self.headers)


REFERENCE: dict[type[Op], Kernel] = {
    Conv2D: Kernel("conv2d_s8", "tinyssl_conv2d"),
    DepthwiseConv2D: Kernel("depthwise_conv2d_s8", "tinyssl_depthwise_conv2d"),
    FullyConnected: Kernel("fully_connected_s8", "tinyssl_fully_connected"),
    Add: Kernel("add_s8", "tinyssl_add"),
    Pad: Kernel("pad_s8", "tinyssl_pad"),
    Mean: Kernel("mean_s8", "tinyssl_mean"),
    AveragePool2D: Kernel("average_pool2d_s8", "tinyssl_pool2d", ("pool2d.h",)),
    MaxPool2D: Kernel("max_pool2d_s8", "tinyssl_pool2d", ("pool2d.h",)),
    Softmax: Kernel("softmax_s8", "tinyssl_softmax"),
}
"""Plain C11 for every instruction set. RESHAPE has none: its output is its input's storage"""

OPTIMISED: dict[Isa, dict[type[Op], Kernel]] = {}
"""Kernels that take the place of the reference where an instruction set has them"""


def kernel_for(op: Op, isa: Isa) -> Kernel:
    """The kernel that computes `op` on `isa`.

    Raises:
        UnsupportedModel: There is none.
    """
    kernel = OPTIMISED.get(isa, {}).get(type(op)) or REFERENCE.get(type(op))
    if kernel is None:
        raise UnsupportedModel(f"{op.label}: no kernel for this operator")
    return kernel
