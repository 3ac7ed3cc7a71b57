"""Kernels of AVERAGE_POOL_2D and MAX_POOL_2D: DSP and MVE."""

from __future__ import annotations

from tinyssl.graph.model import Model
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.pool import POOL_SPACING, Pool2D, is_plain, pool_params
from tinyssl.ops.max_pool_2d import MaxPool2D
from tinyssl.targets import mve_streaming

LANES = 4
"""Channels of a word"""

PLACES_MAX = 256
"""Places of a window whose sum fits int16"""

DSP_FILES = ("pool2d.h", "lanes_dsp.h", "dsp.h")


def max_fits(model: Model, op: Pool2D) -> bool:
    """One int8 image of at least four channels."""
    return is_plain(model, op) and model.tensor(op.output).shape[-1] >= LANES


def average_fits(model: Model, op: AveragePool2D) -> bool:
    """The same, of windows whose sums fit int16."""
    return max_fits(model, op) and op.size[0] * op.size[1] <= PLACES_MAX


AVERAGE_DSP: Kernel[AveragePool2D] = Kernel(
    "average_pool2d_s8_dsp",
    "tinyssl_pool2d",
    DSP_FILES,
    supports=average_fits,
    make_params=pool_params,
    spacing=POOL_SPACING,
)

MAX_DSP: Kernel[MaxPool2D] = Kernel(
    "max_pool2d_s8_dsp",
    "tinyssl_pool2d",
    DSP_FILES,
    supports=max_fits,
    make_params=pool_params,
    spacing=POOL_SPACING,
)

AVERAGE_MVE: Kernel[AveragePool2D] = Kernel(
    "average_pool2d_s8_mve",
    "tinyssl_pool2d",
    ("pool2d.h", "mve.h"),
    supports=is_plain,
    make_params=pool_params,
    spacing=POOL_SPACING,
    overlaps=mve_streaming.average_pool,
)

MAX_MVE: Kernel[MaxPool2D] = Kernel(
    "max_pool2d_s8_mve",
    "tinyssl_pool2d",
    ("pool2d.h", "lanes_mve.h", "mve.h"),
    supports=is_plain,
    make_params=pool_params,
    spacing=POOL_SPACING,
)
