"""The error in front of a pooling: where its windows are, and its kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.common.window import Size


@dataclass(frozen=True, kw_only=True)
class PoolWindow:
    """Windows over NHWC images."""

    source: tuple[int, ...]
    """Shape of what the pooling reads"""
    target: tuple[int, ...]
    """Shape of what it gives"""
    size: Size
    stride: Size
    corner: Size = (0, 0)
    """Padding above and to the left"""


@dataclass(frozen=True, kw_only=True)
class PoolError(Op):
    """From the error of the outputs to that of the inputs."""

    error: int
    output: int
    window: PoolWindow


def _params(_model: Model, op: PoolError, _constants: Constants) -> Fields:
    return window_fields(op.window)


def window_fields(window: PoolWindow) -> Fields:
    """Members of `struct tinyssl_pool_error`."""
    pairs: dict[str, tuple[int, ...]] = {
        "in": window.source[1:3],
        "out": window.target[1:3],
        "k": window.size,
        "stride": window.stride,
    }
    sizes: Fields = {
        f"{name}_{at}": size
        for name, pair in pairs.items()
        for at, size in zip("hw", pair, strict=True)
    }
    corner = dict(zip(("pad_top", "pad_left"), window.corner, strict=True))
    batch, _, _, channels = window.source
    return {"batch": batch, "channels": channels, **sizes, **corner}


def pool_error_spec(op: type[PoolError], name: str) -> OpSpec[Any]:
    """The specification: kernel `tinyssl_<name>_pool_error_f32` in `pool_error_f32.c`."""
    kernel: Kernel[Any] = Kernel(
        f"{name}_pool_error_f32",
        "tinyssl_pool_error",
        ("pool2d.h",),
        source="pool_error_f32",
        make_params=_params,
    )
    return training_spec(op, (kernel,))
