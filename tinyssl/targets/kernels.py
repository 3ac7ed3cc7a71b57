"""Operator and instruction set -> C kernel. Chosen here; nothing is chosen at run time."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.model import Model, Op
from tinyssl.ops import spec_of
from tinyssl.ops.add import Add, add_params, same_shape_int8
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.kernel import (
    Kernel,
    KernelTable,
    OpT,
    Spacing,
    output_spacing,
    pitched,
)
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.weights import has_learnt
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.max_pool_2d import MaxPool2D
from tinyssl.ops.mean import Mean, image_mean, mean_params
from tinyssl.ops.mul import Mul
from tinyssl.ops.svdf import Svdf
from tinyssl.ops.unidirectional_sequence_lstm import UnidirectionalSequenceLstm
from tinyssl.targets import (
    depthwise_any,
    dsp,
    dsp_depthwise,
    dsp_elementwise,
    gates,
    mve,
    mve_streaming,
    pairs,
    pools,
    streaming,
)
from tinyssl.targets.boards import Isa
from tinyssl.targets.float_ends import FLOATS_MVE, FLOATS_RV32
from tinyssl.targets.rows4 import LSTM_MVE, ROWS4, ROWS4_RV32, SVDF_MVE
from tinyssl.targets.rv32 import RV32
from tinyssl.targets.transposed import TRANSPOSED_MVE
from tinyssl.targets.twins import twin_of
from tinyssl.targets.wide import WIDE_DSP, WIDE_MVE

KERNEL_ABI = 4
"""Version of the parameter structs; firmware/kernels/abi.h holds the same number"""

COMMON_FILES = ("abi.h", "fixed_point.h")
"""Files of firmware/kernels/ that every model needs"""

SIZE_FIRST = (
    "model.c",
    "kernels/conv2d_1x1_s8_dsp.c",
    "kernels/conv2d_s8_dsp.c",
    "kernels/depthwise_3x3_s8_dsp.c",
    "kernels/fully_connected_s8_dsp.c",
    "kernels/product4_s8_dsp.c",
    "kernels/softmax_s8.c",
)
"""Sources that a build compiles with -Os: their loops are assembler or take little of the time, and
-O2 would inline and unroll what is around. Each was measured (docs/engine.md). Arduino's build
systems have no flags for a single file, so there the whole library has one."""


PRODUCT4 = (
    "product4_s8_dsp.c",
    "product4_s8_dsp.h",
    "product4_body_dsp.h",
    "product4_types_dsp.h",
    "dsp.h",
)

LANES = ("lanes_dsp.h", "dsp.h")

LINES = ("depthwise_lines_dsp.c", "depthwise_lines_dsp.h", "in_bytes.h", *LANES)

DENSE = Kernel(
    "fully_connected_s8_dsp",
    "tinyssl_fully_connected_dsp",
    PRODUCT4,
    supports=dsp.dense_fits,
    make_params=dsp.dense,
    scratch=dsp.dense_scratch,
)

POINTWISE = Kernel(
    "conv2d_1x1_s8_dsp",
    "tinyssl_conv2d_1x1_dsp",
    PRODUCT4,
    supports=dsp.pointwise_fits,
    make_params=dsp.pointwise,
    scratch=dsp.pointwise_scratch,
    overlaps=streaming.pointwise,
    spacing=Spacing(dsp.pointwise_values, dsp.pointwise_spaced),
)

WINDOWS = Kernel(
    "conv2d_s8_dsp",
    "tinyssl_conv2d_dsp",
    (*PRODUCT4, "lanes_dsp.h"),
    supports=dsp.conv_fits,
    make_params=dsp.conv,
    scratch=dsp.conv_scratch,
    overlaps=streaming.conv,
    spacing=output_spacing(dsp.conv, "product.out_pitch"),
)
"""A depthwise convolution of few input channels is one of filters that read them all"""

DIRECT = Kernel(
    "depthwise_s8_dsp",
    "tinyssl_depthwise_dsp",
    ("pool2d.h", *LANES),
    supports=dsp_depthwise.direct_fits,
    make_params=dsp_depthwise.direct_fields,
)

DSP: KernelTable = {
    Conv2D: (
        DENSE,
        POINTWISE,
        WINDOWS,
    ),
    DepthwiseConv2D: (
        replace(DIRECT, supports=dsp_depthwise.tiny_fits),
        Kernel(
            "depthwise_image_s8_dsp",
            "tinyssl_depthwise_image_dsp",
            LANES,
            supports=dsp_depthwise.image_fits,
            make_params=dsp_depthwise.image_fields,
            scratch=dsp_depthwise.image_scratch,
            overlaps=dsp_depthwise.image_overlaps,
        ),
        Kernel(
            "depthwise_3x3_s8_dsp",
            "tinyssl_depthwise_3x3_dsp",
            LINES,
            supports=dsp_depthwise.fits,
            make_params=dsp_depthwise.fields,
            scratch=dsp_depthwise.scratch,
            overlaps=dsp_depthwise.overlaps,
        ),
        DIRECT,
        Kernel(
            "depthwise_any_s8_dsp",
            "tinyssl_depthwise_any",
            ("depthwise_any.h", *LANES),
            supports=depthwise_any.fits,
            make_params=depthwise_any.word_fields,
        ),
        WINDOWS,
    ),
    FullyConnected: (DENSE, POINTWISE),
    Add: (
        Kernel(
            "add_s8_dsp",
            "tinyssl_add_dsp",
            LANES,
            supports=dsp_elementwise.add_fits,
            make_params=dsp_elementwise.add,
            overlaps=elementwise,
        ),
        pairs.ADD_DSP,
    ),
    Mul: (*gates.gate_kernels("dsp", *LANES), *pairs.mul_kernels("dsp", *LANES)),
    Mean: (
        Kernel(
            "mean_s8_dsp",
            "tinyssl_mean_dsp",
            LANES,
            supports=dsp_elementwise.mean_fits,
            make_params=dsp_elementwise.mean,
        ),
    ),
    AveragePool2D: (pools.AVERAGE_DSP,),
    MaxPool2D: (pools.MAX_DSP,),
}
"""For cores with the DSP extension of Armv7E-M"""

BLOCK_DSP = ("fused_block_dsp.h", "block_rows_dsp.h", "block_rows_dsp.c")

FUSED_BLOCK: Kernel[Op] = Kernel(
    "fused_block_s8_dsp",
    "tinyssl_fused_block_dsp",
    (*BLOCK_DSP, *PRODUCT4, *LINES, "add_s8_dsp.h", "add_s8_dsp.c", "fixed_point.h"),
    scratch=lambda _model, _op: 0,
)
"""For the blocks of `fused`; the kernel call makes its parameters"""

STEM_BLOCK: Kernel[Op] = Kernel(
    "stem_block_s8_dsp",
    "tinyssl_stem_block_dsp",
    (*FUSED_BLOCK.files, "conv2d_s8_dsp.h", "conv2d_s8_dsp.c"),
    scratch=lambda _model, _op: 0,
)
"""For those that begin with a convolution"""

LANES_MVE = ("lanes_mve.h", "mve.h")

PRODUCT_MVE = ("product_s8_mve.c", "product_s8_mve.h", "mve.h")

POINTWISE_MVE = Kernel(
    "conv2d_1x1_s8_mve",
    "tinyssl_conv2d_1x1_mve",
    PRODUCT_MVE,
    supports=mve.pointwise_fits,
    make_params=mve.pointwise,
    overlaps=mve_streaming.pointwise,
    spacing=pitched(mve.pointwise, mve.pointwise_pitches),
)

WINDOWS_MVE = Kernel(
    "conv2d_s8_mve",
    "tinyssl_conv2d_mve",
    (*PRODUCT_MVE, "window_s8.h"),
    supports=mve.conv_fits,
    make_params=mve.conv,
    scratch=mve.conv_scratch,
    overlaps=mve_streaming.conv,
    spacing=output_spacing(mve.conv, "product.out_pitch"),
)

MVE: KernelTable = {
    Conv2D: (
        POINTWISE_MVE,
        WINDOWS_MVE,
    ),
    DepthwiseConv2D: (
        Kernel(
            "depthwise_conv2d_s8_mve",
            "tinyssl_depthwise_mve",
            ("mve.h",),
            supports=mve.depthwise_fits,
            make_params=mve.depthwise,
            scratch=mve.depthwise_scratch,
            overlaps=mve_streaming.depthwise,
        ),
        Kernel(
            "depthwise_any_s8_mve",
            "tinyssl_depthwise_any",
            ("depthwise_any.h", "mve.h"),
            supports=depthwise_any.steep_fits,
            make_params=depthwise_any.mve_fields,
        ),
        WINDOWS_MVE,
    ),
    FullyConnected: (
        Kernel(
            "fully_connected_s8_mve",
            "tinyssl_fully_connected_mve",
            PRODUCT_MVE,
            supports=mve.dense_fits,
            make_params=mve.dense,
            overlaps=mve_streaming.dense,
        ),
        POINTWISE_MVE,
    ),
    Add: (
        Kernel(
            "add_s8_mve",
            "tinyssl_add",
            ("add_s8.h", "mve.h"),
            supports=same_shape_int8,
            make_params=add_params,
            overlaps=elementwise,
        ),
        pairs.ADD_MVE,
    ),
    Mul: (*gates.gate_kernels("mve", *LANES_MVE), *pairs.mul_kernels("mve", *LANES_MVE)),
    Mean: (
        Kernel(
            "mean_s8_mve",
            "tinyssl_mean",
            ("mean_s8.h", "mve.h"),
            supports=image_mean,
            make_params=mean_params,
            overlaps=mve_streaming.mean,
        ),
    ),
    AveragePool2D: (pools.AVERAGE_MVE,),
    MaxPool2D: (pools.MAX_MVE,),
    Svdf: (SVDF_MVE,),
    UnidirectionalSequenceLstm: (LSTM_MVE,),
}
"""For cores with the M-profile Vector Extension"""

BLOCK_MVE = ("fused_block_mve.h", "block_rows_mve.h", "block_rows_mve.c")

FUSED_BLOCK_MVE: Kernel[Op] = Kernel(
    "fused_block_s8_mve",
    "tinyssl_fused_block_mve",
    (
        *BLOCK_MVE,
        *PRODUCT_MVE,
        *("depthwise_conv2d_s8_mve.c", "depthwise_conv2d_s8_mve.h"),
        *("add_s8_mve.c", "add_s8_mve.h", "add_s8.h"),
    ),
    scratch=lambda _model, _op: 0,
)
"""For the blocks of `mve_fused`; the kernel call makes its parameters"""

STEM_BLOCK_MVE: Kernel[Op] = Kernel(
    "stem_block_s8_mve",
    "tinyssl_stem_block_mve",
    (*FUSED_BLOCK_MVE.files, "conv2d_s8_mve.h", "conv2d_s8_mve.c", "window_s8.h"),
    scratch=lambda _model, _op: 0,
)
"""For those that begin with a convolution"""


def _with(*tables: KernelTable) -> KernelTable:
    """Of each operator the kernels of the first table, then those of the next."""
    kinds = dict.fromkeys(kind for table in tables for kind in table)
    return {kind: tuple(k for table in tables for k in table.get(kind, ())) for kind in kinds}


OPTIMISED: dict[Isa, KernelTable] = {
    Isa.CORTEX_M4: _with(DSP, WIDE_DSP, ROWS4),
    Isa.CORTEX_M7: _with(DSP, WIDE_DSP, ROWS4),
    Isa.CORTEX_M55: _with(MVE, WIDE_MVE, TRANSPOSED_MVE, FLOATS_MVE, ROWS4),
    Isa.RV32IMC: _with(RV32, FLOATS_RV32, ROWS4_RV32),
}
"""Kernels that take the place of the reference where an instruction set has them: the first that
fits the operator"""

PORTABLE = Isa.HOST
"""Instruction set whose kernels are the reference ones: C for any core"""


def kernel_for(model: Model, op: OpT, isa: Isa) -> Kernel[OpT]:
    """The kernel that computes `op` on `isa`.

    Raises:
        UnsupportedModel: There is none.
    """
    kernels = [*OPTIMISED.get(isa, {}).get(type(op), ()), *spec_of(op).kernels]
    if has_learnt(model, op):
        kernels = [kernel for kernel in kernels if kernel.learns]
    found = next((kernel for kernel in kernels if kernel.supports(model, op)), None)
    if found is None:
        raise UnsupportedModel(f"{op.label}: no kernel for this operator")
    return twin_of(found, isa)


def has_own_kernels(isa: Isa) -> bool:
    """Whether an instruction set has kernels besides the plain C ones."""
    return isa in OPTIMISED
