"""The int8 error in front of an INT8 pooling, and its kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyssl.graph.model import Model
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.pool_error import PoolWindow, window_fields
from tinyssl.ops.common.scaled_error import ScaledErrorOp
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class QuantisedPoolError(ScaledErrorOp):
    """From the error of the outputs to that of the inputs."""

    window: PoolWindow
    spare: int = 0
    """Bits that an error gives up, so that those of several windows have room in one place"""


def _params(_model: Model, op: QuantisedPoolError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_pool_error_s8`."""
    return {
        **prefix_fields("window", window_fields(op.window)),
        "exponent_step": op.exponent_step,
        "spare": op.spare,
    }


def quantised_pool_spec(op: type[QuantisedPoolError], name: str) -> OpSpec[Any]:
    """The specification: kernel `tinyssl_<name>_pool_error_s8` in `pool_error_s8.c`."""
    kernel: Kernel[Any] = Kernel(
        f"{name}_pool_error_s8",
        "tinyssl_pool_error_s8",
        ("pool_error_f32.h", "pool2d.h", "error_s8.h"),
        source="pool_error_s8",
        make_params=_params,
    )
    return training_spec(op, (kernel,))
