"""Kernels of the DSP extension that multiply a vector with four rows of weights at a time.

They take layers for which there is no kernel of a form of its own: sums of 64 bits, transposed
convolutions, several images, and layers with a state. Cores with MVE have the extension too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tinyssl.graph.model import DType, Op
from tinyssl.ops.common.conv import conv_sums
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.sums import sum_kernels_dsp
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.fully_connected import FullyConnected, dense_sums
from tinyssl.ops.svdf import Svdf, keeps_type, svdf_params
from tinyssl.ops.transpose_conv import TransposeConv, spread_sums
from tinyssl.ops.unidirectional_sequence_lstm import (
    UnidirectionalSequenceLstm,
    lstm_params,
    reads_type,
    sums_double,
)

FILES = ("rows4_dsp.h", "dsp.h")
UNIT = ("lstm_unit.h", "sigmoid_s16.h")


def _svdf(name: str, dtype: DType) -> Kernel[Svdf]:
    return Kernel(
        name,
        "tinyssl_svdf",
        ("svdf.h", *FILES),
        source="svdf_dsp",
        supports=partial(keeps_type, dtype),
        make_params=svdf_params,
    )


ROWS4: dict[type[Op], tuple[Kernel[Any], ...]] = {
    Conv2D: sum_kernels_dsp(conv_sums),
    FullyConnected: sum_kernels_dsp(dense_sums),
    TransposeConv: sum_kernels_dsp(spread_sums),
    Svdf: (_svdf("svdf_s8_dsp", DType.INT8), _svdf("svdf_s8_s16_dsp", DType.INT16)),
    UnidirectionalSequenceLstm: (
        Kernel(
            "lstm_s8_dsp",
            "tinyssl_lstm",
            (*UNIT, *FILES),
            supports=sums_double,
            make_params=lstm_params,
        ),
    ),
}
"""Operator -> its kernels, after those of a form of its own"""

LSTM_MVE = Kernel(
    "lstm_s8_mve",
    "tinyssl_lstm",
    (*UNIT, "lanes_s16_mve.h", "mve.h"),
    supports=partial(reads_type, DType.INT8),
    make_params=lstm_params,
)
"""Four units at a time, where MVE is"""
