"""The blocked C kernels for RV32IM, which has a 32-bit multiplier and no vectors.

They hold for an operator only where `requantise.requantise_fits` proves it; all other operators get
the reference kernel.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.add import Add
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.kernel import Kernel, KernelTable, output_spacing
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Array, Constants, Fields, prefix_fields
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mul import Mul
from tinyssl.targets import depthwise_any, dsp_elementwise, mve, pairs
from tinyssl.targets.pointwise import pixel_grid
from tinyssl.targets.requantise import channel_table, channels, filter_rows

FEW = 2
"""As `requantise.FEW`: a product costs three instructions here"""


def _layer(
    model: Model, op: WeightedOp, constants: Constants, rows: NDArray[np.int8], sizes: Fields
) -> Fields:
    """Weights in rows, channel table, the layer's sizes, zero point and clamp."""
    name = mve.weights_name("rows", model, op)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "weight": constants.intern(
            Array(name, "int8_t", rows.ravel(), rows.shape, model.tensor(op.weight).name)
        ),
        "channel": channel_table(model, op, constants),
        **sizes,
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
    }


def _product(model: Model, op: WeightedOp, constants: Constants) -> Fields:
    rows = filter_rows(model, op)
    count, depth = rows.shape
    fields = _layer(
        model, op, constants, rows, {"depth": depth, "out_c": count, "out_pitch": count}
    )
    return prefix_fields("product", fields)


def conv_fits(model: Model, op: Convolution) -> bool:
    """A convolution without dilation, in range; a depthwise one of up to 2 channels too."""
    few = op.channel_axis == 0 or model.tensor(op.input).shape[3] <= FEW
    return few and mve.conv_fits(model, op)


def conv_scratch(model: Model, op: Convolution) -> int:
    """Two windows."""
    return mve.conv_scratch(model, op)


def conv(model: Model, op: Convolution, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_rv32`."""
    return {**_product(model, op, constants), **mve.window(model, op)}


def dense_fits(model: Model, op: FullyConnected) -> bool:
    """A fully connected layer of one row, in range."""
    return mve.dense_fits(model, op)


def dense(model: Model, op: FullyConnected, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fully_connected_rv32`."""
    return _product(model, op, constants)


def rows_fit(model: Model, op: FullyConnected) -> bool:
    """A fully connected layer of any rows, in range."""
    return mve.in_range(model, op)


def rows_scratch(_model: Model, _op: FullyConnected) -> int:
    """A byte that stays unused: one tap is read where it lies."""
    return 1


def rows(model: Model, op: FullyConnected, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_rv32`: a 1x1 convolution, which gathers no window."""
    grid = pixel_grid(model, op)
    sizes: Fields = {
        "in_h": 1,
        "in_w": grid.in_w,
        "in_c": grid.in_c,
        "out_h": 1,
        "out_w": grid.out_w,
    }
    steps: Fields = dict.fromkeys(("k_h", "k_w", "stride_h", "stride_w"), 1)
    fields = {**sizes, **steps, "pad_top": 0, "pad_left": 0, "in_zero": 0}
    return {**_product(model, op, constants), **prefix_fields("window", fields)}


def depthwise_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """3x3 taps, no dilation, one output for each input channel, in range."""
    return (
        model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.dilation == (1, 1)
        and op.multiplier == 1
        and mve.in_range(model, op)
    )


def depthwise_scratch(model: Model, op: DepthwiseConv2D) -> int:
    """A pixel of padding."""
    return mve.depthwise_scratch(model, op)


def depthwise(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_rv32`."""
    return _layer(model, op, constants, channels(model, op).rows, mve.image(model, op))


PRODUCT_RV32 = ("product_s8_rv32.c", "product_s8_rv32.h", "rows4_rv32.h", "rows4.h")

WINDOWS_RV32: Kernel[Any] = Kernel(
    "conv2d_s8_rv32",
    "tinyssl_conv2d_rv32",
    (*PRODUCT_RV32, "window_s8.h", "fast_copy.h"),
    supports=conv_fits,
    make_params=conv,
    scratch=conv_scratch,
    spacing=output_spacing(conv, "product.out_pitch"),
)

RV32: KernelTable = {
    Conv2D: (WINDOWS_RV32,),
    DepthwiseConv2D: (
        Kernel(
            "depthwise_3x3_s8_rv32",
            "tinyssl_depthwise_rv32",
            ("product_s8_rv32.h",),
            supports=depthwise_fits,
            make_params=depthwise,
            scratch=depthwise_scratch,
        ),
        Kernel(
            "depthwise_any_s8_rv32",
            "tinyssl_depthwise_any",
            ("depthwise_any.h", "product_s8_rv32.h"),
            supports=depthwise_any.steep_fits,
            make_params=depthwise_any.word_fields,
        ),
        WINDOWS_RV32,
    ),
    FullyConnected: (
        Kernel(
            "fully_connected_s8_rv32",
            "tinyssl_fully_connected_rv32",
            PRODUCT_RV32,
            supports=dense_fits,
            make_params=dense,
        ),
        replace(
            WINDOWS_RV32,
            supports=rows_fit,
            make_params=rows,
            scratch=rows_scratch,
            spacing=output_spacing(rows, "product.out_pitch"),
        ),
    ),
    Add: (
        Kernel(
            "add_s8_rv32",
            "tinyssl_add_dsp",
            ("add_s8_dsp.h",),
            supports=dsp_elementwise.add_fits,
            make_params=dsp_elementwise.add,
            overlaps=elementwise,
        ),
        pairs.ADD_RV32,
    ),
    Mul: pairs.mul_kernels("rv32", "mul_loops.h", "product_s8_rv32.h"),
}
"""Blocked C for cores with a 32-bit multiplier whose high word is one instruction"""
