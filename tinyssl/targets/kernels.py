"""Operator and instruction set -> C kernel. Chosen here; nothing is chosen at run time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.model import Model
from tinyssl.ops.operators import (
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
from tinyssl.ops.params import Constants, Fields, parameters
from tinyssl.targets import dsp, dsp_depthwise, dsp_elementwise, mve, mve_streaming, rv32, streaming
from tinyssl.targets.boards import Isa
from tinyssl.targets.overlap import Overlap

KERNEL_ABI = 2
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
    """Further files it needs"""
    fits: Callable[[Model, Op], bool] = lambda _model, _op: True
    """Whether it computes this operator to the byte; the reference always does"""
    build: Callable[[Model, int, Constants], Fields] = parameters
    """Members of the struct for the operator at a position"""
    scratch: Callable[[Model, Op], int] | None = None
    """Bytes of working memory; a kernel with this takes a pointer to it as last argument"""
    overlaps: Callable[[Model, Op], tuple[Overlap, ...]] = lambda _model, _op: ()
    """Inputs that the output may lie over: only what the C guarantees"""

    variadic: bool = False
    """For operators of any number of operands: takes `const int8_t *const *in` and
    `int8_t *const *out`"""

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
    Add: Kernel("add_s8", "tinyssl_add", overlaps=streaming.elementwise),
    Pad: Kernel("pad_s8", "tinyssl_pad"),
    Mean: Kernel("mean_s8", "tinyssl_mean"),
    AveragePool2D: Kernel("average_pool2d_s8", "tinyssl_pool2d", ("pool2d.h",)),
    MaxPool2D: Kernel("max_pool2d_s8", "tinyssl_pool2d", ("pool2d.h",)),
    Softmax: Kernel("softmax_s8", "tinyssl_softmax"),
}
"""Plain C11 for every instruction set. RESHAPE has none: its output is its input's storage"""

PRODUCT4 = ("product4_s8_dsp.c", "product4_s8_dsp.h", "product4_body_dsp.h", "dsp.h")

LANES = ("lanes_dsp.h", "dsp.h")

LINES = ("depthwise_lines_dsp.c", "depthwise_lines_dsp.h", *LANES)

DENSE = Kernel(
    "fully_connected_s8_dsp",
    "tinyssl_fully_connected_dsp",
    PRODUCT4,
    fits=dsp.dense_fits,
    build=dsp.dense,
    scratch=dsp.dense_scratch,
)

DIRECT = Kernel(
    "depthwise_s8_dsp",
    "tinyssl_depthwise_dsp",
    ("pool2d.h", *LANES),
    fits=dsp_depthwise.direct_fits,
    build=dsp_depthwise.direct_fields,
)

DSP = {
    Conv2D: (
        DENSE,
        Kernel(
            "conv2d_1x1_s8_dsp",
            "tinyssl_conv2d_1x1_dsp",
            PRODUCT4,
            fits=dsp.pointwise_fits,
            build=dsp.pointwise,
            scratch=dsp.pointwise_scratch,
            overlaps=streaming.pointwise,
        ),
        Kernel(
            "conv2d_s8_dsp",
            "tinyssl_conv2d_dsp",
            (*PRODUCT4, "lanes_dsp.h"),
            fits=dsp.conv_fits,
            build=dsp.conv,
            scratch=dsp.conv_scratch,
            overlaps=streaming.conv,
        ),
    ),
    DepthwiseConv2D: (
        replace(DIRECT, fits=dsp_depthwise.tiny_fits),
        Kernel(
            "depthwise_image_s8_dsp",
            "tinyssl_depthwise_image_dsp",
            LANES,
            fits=dsp_depthwise.image_fits,
            build=dsp_depthwise.image_fields,
            scratch=dsp_depthwise.image_scratch,
            overlaps=dsp_depthwise.image_overlaps,
        ),
        Kernel(
            "depthwise_3x3_s8_dsp",
            "tinyssl_depthwise_3x3_dsp",
            LINES,
            fits=dsp_depthwise.fits,
            build=dsp_depthwise.fields,
            scratch=dsp_depthwise.scratch,
            overlaps=dsp_depthwise.overlaps,
        ),
        DIRECT,
    ),
    FullyConnected: (DENSE,),
    Add: (
        Kernel(
            "add_s8_dsp",
            "tinyssl_add_dsp",
            LANES,
            fits=dsp_elementwise.add_fits,
            build=dsp_elementwise.add,
            overlaps=streaming.elementwise,
        ),
    ),
    Mean: (
        Kernel(
            "mean_s8_dsp",
            "tinyssl_mean_dsp",
            LANES,
            fits=dsp_elementwise.mean_fits,
            build=dsp_elementwise.mean,
        ),
    ),
    AveragePool2D: (
        Kernel(
            "average_pool2d_s8_dsp",
            "tinyssl_pool2d",
            ("pool2d.h", *LANES),
            fits=dsp_elementwise.average_fits,
        ),
    ),
}
"""For cores with the DSP extension of Armv7E-M"""

FUSED_BLOCK = Kernel(
    "fused_block_s8_dsp",
    "tinyssl_fused_block_dsp",
    ("block_rows_dsp.h", *PRODUCT4, *LINES, "add_s8_dsp.h", "add_s8_dsp.c", "fixed_point.h"),
    scratch=lambda _model, _op: 0,
)
"""For the blocks of `fused`; the kernel call makes its parameters"""

STEM_BLOCK = Kernel(
    "stem_block_s8_dsp",
    "tinyssl_stem_block_dsp",
    (*FUSED_BLOCK.files, "conv2d_s8_dsp.h", "conv2d_s8_dsp.c", "abi.h"),
    scratch=lambda _model, _op: 0,
)
"""For those that begin with a convolution"""

PRODUCT_MVE = ("product_s8_mve.c", "product_s8_mve.h", "mve.h")

MVE = {
    Conv2D: (
        Kernel(
            "conv2d_1x1_s8_mve",
            "tinyssl_conv2d_1x1_mve",
            PRODUCT_MVE,
            fits=mve.pointwise_fits,
            build=mve.pointwise,
            overlaps=mve_streaming.pointwise,
        ),
        Kernel(
            "conv2d_s8_mve",
            "tinyssl_conv2d_mve",
            (*PRODUCT_MVE, "window_s8.h"),
            fits=mve.conv_fits,
            build=mve.conv,
            scratch=mve.conv_scratch,
            overlaps=mve_streaming.conv,
        ),
    ),
    DepthwiseConv2D: (
        Kernel(
            "depthwise_conv2d_s8_mve",
            "tinyssl_depthwise_mve",
            ("mve.h",),
            fits=mve.depthwise_fits,
            build=mve.depthwise,
            scratch=mve.depthwise_scratch,
            overlaps=mve_streaming.depthwise,
        ),
    ),
    FullyConnected: (
        Kernel(
            "fully_connected_s8_mve",
            "tinyssl_fully_connected_mve",
            PRODUCT_MVE,
            fits=mve.dense_fits,
            build=mve.dense,
            overlaps=mve_streaming.dense,
        ),
    ),
    Add: (
        Kernel("add_s8_mve", "tinyssl_add", ("add_s8.h", "mve.h"), overlaps=streaming.elementwise),
    ),
    Mean: (
        Kernel(
            "mean_s8_mve",
            "tinyssl_mean",
            ("mean_s8.h", "mve.h"),
            overlaps=mve_streaming.mean,
        ),
    ),
    AveragePool2D: (
        Kernel(
            "average_pool2d_s8_mve",
            "tinyssl_pool2d",
            ("pool2d.h", "mve.h"),
            overlaps=mve_streaming.average_pool,
        ),
    ),
}
"""For cores with the M-profile Vector Extension"""

FUSED_BLOCK_MVE = Kernel(
    "fused_block_s8_mve",
    "tinyssl_fused_block_mve",
    (
        "block_rows_mve.h",
        *PRODUCT_MVE,
        *("depthwise_conv2d_s8_mve.c", "depthwise_conv2d_s8_mve.h"),
        *("add_s8_mve.c", "add_s8_mve.h", "add_s8.h"),
    ),
    scratch=lambda _model, _op: 0,
)
"""For the blocks of `mve_fused`; the kernel call makes its parameters"""

STEM_BLOCK_MVE = Kernel(
    "stem_block_s8_mve",
    "tinyssl_stem_block_mve",
    (*FUSED_BLOCK_MVE.files, "conv2d_s8_mve.h", "conv2d_s8_mve.c", "window_s8.h"),
    scratch=lambda _model, _op: 0,
)
"""For those that begin with a convolution"""

PRODUCT_RV32 = ("product_s8_rv32.c", "product_s8_rv32.h")

RV32: dict[type[Op], tuple[Kernel, ...]] = {
    Conv2D: (
        Kernel(
            "conv2d_s8_rv32",
            "tinyssl_conv2d_rv32",
            (*PRODUCT_RV32, "window_s8.h"),
            fits=rv32.conv_fits,
            build=rv32.conv,
            scratch=rv32.conv_scratch,
        ),
    ),
    DepthwiseConv2D: (
        Kernel(
            "depthwise_3x3_s8_rv32",
            "tinyssl_depthwise_rv32",
            ("product_s8_rv32.h",),
            fits=rv32.depthwise_fits,
            build=rv32.depthwise,
            scratch=rv32.depthwise_scratch,
        ),
    ),
    FullyConnected: (
        Kernel(
            "fully_connected_s8_rv32",
            "tinyssl_fully_connected_rv32",
            PRODUCT_RV32,
            fits=rv32.dense_fits,
            build=rv32.dense,
        ),
    ),
    Add: (
        Kernel(
            "add_s8_rv32",
            "tinyssl_add_dsp",
            ("add_s8_dsp.h",),
            fits=dsp_elementwise.add_fits,
            build=dsp_elementwise.add,
            overlaps=streaming.elementwise,
        ),
    ),
}
"""Blocked C for cores with a 32-bit multiplier whose high word is one instruction"""

OPTIMISED: dict[Isa, dict[type[Op], tuple[Kernel, ...]]] = {
    Isa.CORTEX_M4: DSP,
    Isa.CORTEX_M7: DSP,
    Isa.CORTEX_M55: MVE,
    Isa.RV32IMC: RV32,
}
"""Kernels that take the place of the reference where an instruction set has them: the first that
fits the operator"""

PORTABLE = Isa.HOST
"""Instruction set whose kernels are the reference ones: C for any core"""


def kernel_for(model: Model, op: Op, isa: Isa) -> Kernel:
    """The kernel that computes `op` on `isa`.

    Raises:
        UnsupportedModel: There is none.
    """
    for candidate in OPTIMISED.get(isa, {}).get(type(op), ()):
        if candidate.fits(model, op):
            return candidate
    kernel = REFERENCE.get(type(op))
    if kernel is None:
        raise UnsupportedModel(f"{op.label}: no kernel for this operator")
    return kernel
