"""Kernels that multiply a vector with four rows of weights at a time: DSP extension and RV32.

They take layers for which there is no kernel of a form of its own: sums of 64 bits, transposed
convolutions, several images, and layers with a state. Cores with MVE have the extension too.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.conv import conv_sums
from tinyssl.ops.common.kernel import Kernel, KernelTable
from tinyssl.ops.common.params import Constants, Fields, prefix_fields, zero_point
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

FILES = {"dsp": ("rows4_dsp.h", "rows4.h", "dsp.h"), "rv32": ("rows4_rv32.h", "rows4.h")}
UNIT = ("lstm_unit.h", "sigmoid_s16.h")


def _svdf(name: str, dtype: DType, isa: str) -> Kernel[Svdf]:
    return Kernel(
        f"{name}_{isa}",
        "tinyssl_svdf",
        ("svdf.h", "svdf_rows4.h", *FILES[isa]),
        source=f"svdf_{isa}",
        supports=partial(keeps_type, dtype),
        make_params=svdf_params,
    )


def _with_state(isa: str) -> KernelTable:
    """Layers that remember."""
    return {
        Svdf: (_svdf("svdf_s8", DType.INT8, isa), _svdf("svdf_s8_s16", DType.INT16, isa)),
        UnidirectionalSequenceLstm: (
            Kernel(
                f"lstm_s8_{isa}",
                "tinyssl_lstm",
                tuple(dict.fromkeys((*UNIT, "lstm_rows4_dsp_rv32.h", *FILES[isa], "dsp.h"))),
                supports=sums_double,
                make_params=lstm_params,
            ),
        ),
    }


ROWS4: KernelTable = {
    Conv2D: sum_kernels_dsp(conv_sums),
    FullyConnected: sum_kernels_dsp(dense_sums),
    TransposeConv: sum_kernels_dsp(spread_sums),
    **_with_state("dsp"),
}
"""Operator -> its kernels on the DSP extension, after those of a form of its own"""

ROWS4_RV32 = _with_state("rv32")
"""The same on RV32"""


def _svdf_mve_params(model: Model, op: Svdf, constants: Constants) -> Fields:
    """Members of `struct tinyssl_svdf_mve`."""
    sums = np.asarray(model.tensor(op.feature).array(), np.int64).sum(axis=1)
    start = constants.table(
        "feature_start", op, "int32_t", (-zero_point(model, op.input) * sums).tolist()
    )
    return {**prefix_fields("svdf", svdf_params(model, op, constants)), "start": start}


SVDF_MVE = Kernel(
    "svdf_s8_mve",
    "tinyssl_svdf_mve",
    ("svdf.h", "lanes_s16_mve.h", "mve.h"),
    supports=partial(keeps_type, DType.INT8),
    make_params=_svdf_mve_params,
)
"""Four filters at a time, where MVE is"""

LSTM_MVE = Kernel(
    "lstm_s8_mve",
    "tinyssl_lstm",
    (*UNIT, "lanes_s16_mve.h", "mve.h"),
    supports=partial(reads_type, DType.INT8),
    make_params=lstm_params,
)
"""Four units at a time, where MVE is"""
