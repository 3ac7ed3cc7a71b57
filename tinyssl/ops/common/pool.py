"""What AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules, window
from tinyssl.ops.common.activation import (
    Activation,
    activation_range,
    activation_words,
    float_range,
)
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel, Spacing, pitched
from tinyssl.ops.common.params import Constants, Fields, float_literal, prefix_fields
from tinyssl.ops.common.pool_error import PoolWindow
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
)
from tinyssl.ops.common.unary import reads
from tinyssl.ops.common.window import NO_PADDING, Padding, Size

PoolT = TypeVar("PoolT", bound="Pool2D")


TYPES = {DType.INT8: "s8", DType.INT16: "s16", DType.FLOAT32: "f32"}
"""Element types -> how the names of their kernels end"""

VERSIONS = {DType.FLOAT32: 1, DType.INT8: 2, DType.INT16: 3}
"""Of AVERAGE_POOL_2D and MAX_POOL_2D"""

SCALE_TOLERANCE = 1e-6
"""By which TFLM lets the scales of input and output differ"""


@dataclass(frozen=True, kw_only=True)
class Pool2D(UnaryOp):
    """A window over NHWC images; padded places are left out."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(TYPES)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(TYPES)),)

    size: Size = (1, 1)
    stride: Size = (1, 1)
    padding: Padding = NO_PADDING
    activation: Activation = Activation.NONE


def pool_shapes(model: Model, op: Pool2D) -> tuple[tuple[int, ...], ...]:
    """Shape of the output."""
    shape = model.tensor(op.input).shape
    return ((shape[0], *window.window_shape(shape, op.padding, op.size, op.stride), shape[3]),)


def pool_words(model: Model, op: Pool2D) -> list[str]:
    """`3x3/2`, `pad 0,1,0,1`, `relu`."""
    return [
        window.window_words(op.size, op.stride),
        *window.padding_words(op.padding),
        *activation_words(op.activation),
    ]


def geometry(check: OpCheck[Pool2D]) -> None:
    """NHWC images; numbers that fit the parameters; an element in every window."""
    op = check.op
    window.images(check)
    window.short_sides(check)
    window.check_geometry(check, (*op.stride, *op.size))
    window.check_padding(check, op.padding)
    pad = op.padding
    if max(pad.top, pad.bottom) >= op.size[0] or max(pad.left, pad.right) >= op.size[1]:
        raise check.violation(
            f"paddings {pad.numbers} leave a window of {op.size} without an element"
        )


def same_quant(check: OpCheck[Pool2D]) -> None:
    """Input and output have one type and quantisation, as far as TFLM looks."""
    rules.same_types(check)
    op = check.op
    if check.tensor(op.input).dtype is DType.FLOAT32:
        return
    source, target = check.quant(op.input), check.quant(op.output)
    off = abs(source.scale[0] - target.scale[0])
    if off > SCALE_TOLERANCE or source.zero_point != target.zero_point:
        rules.same_quant(check)


def pool_kernels(name: str) -> tuple[Kernel[Any], ...]:
    """The kernels of a pooling, `average` or `max`: of one int8 image, then of all else."""
    one = Kernel[Any](
        f"{name}_pool2d_s8",
        "tinyssl_pool2d",
        ("pool2d.h",),
        supports=is_plain,
        make_params=pool_params,
        spacing=POOL_SPACING,
    )
    others = (
        Kernel[Any](
            f"{name}_pool2d_any_{ending}",
            "tinyssl_pool2d_any",
            ("pool2d.h",),
            source="pool2d_any",
            supports=partial(reads, dtype),
            make_params=_any_params,
        )
        for dtype, ending in TYPES.items()
    )
    return (one, *others)


def is_plain(model: Model, op: Pool2D) -> bool:
    """One image of int8."""
    source = model.tensor(op.input)
    return source.dtype is DType.INT8 and source.shape[0] == 1


def _any_params(model: Model, op: Pool2D, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_pool2d_any`."""
    dtype = model.tensor(op.input).dtype
    low, high = (0, 0)
    if dtype is not DType.FLOAT32:
        low, high = activation_range(op.activation, model.quant(op.output), dtype)
    window = {**window_fields(model, op), **_side_by_side(model, op)}
    window |= {"out_min": low, "out_max": high}
    least, most = float_range(op.activation)
    return {
        **prefix_fields("window", window),
        "batch": model.tensor(op.input).shape[0],
        "real_min": float_literal(least),
        "real_max": float_literal(most),
    }


def pool_params(model: Model, op: Pool2D, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_pool2d`."""
    low, high = activation_range(op.activation, model.quant(op.output))
    clamp: Fields = {"out_min": low, "out_max": high}
    return {**window_fields(model, op), **_side_by_side(model, op), **clamp}


def _side_by_side(model: Model, op: Pool2D) -> Fields:
    """Pitches of pixels that lie side by side."""
    return dict.fromkeys(("in_pitch", "out_pitch"), model.tensor(op.input).shape[3])


def _pitches(_model: Model, op: Pool2D) -> dict[int, str]:
    return {op.input: "in_pitch", op.output: "out_pitch"}


POOL_SPACING: Spacing[Any] = pitched(pool_params, _pitches)
"""Of the kernels with `struct tinyssl_pool2d`"""


def window_fields(model: Model, op: Pool2D) -> Fields:
    """The members that say where the windows are."""
    _, in_h, in_w, channels = model.tensor(op.input).shape
    return {
        "in_h": in_h,
        "in_w": in_w,
        "channels": channels,
        "out_h": model.tensor(op.output).shape[1],
        "out_w": model.tensor(op.output).shape[2],
        "k_h": op.size[0],
        "k_w": op.size[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        **window.corner_fields(op.padding),
    }


def pool_window(model: Model, op: Pool2D) -> PoolWindow:
    """Where the windows are, for the backward pass."""
    return PoolWindow(
        source=model.tensor(op.input).shape,
        target=model.tensor(op.output).shape,
        size=op.size,
        stride=op.stride,
        corner=(op.padding.top, op.padding.left),
    )


def read_pool(op: OperatorContext, kind: type[PoolT]) -> PoolT:
    """A pooling of the file."""
    options = op.require_options()
    size = (options.filterHeight, options.filterWidth)
    stride = (options.strideH, options.strideW)
    return kind(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        size=size,
        stride=stride,
        padding=window.read_padding(op, size, stride),
        activation=op.activation(),
    )


def write_pool(op: Pool2D, to: Lowering) -> FileOp:
    """A pooling as the file has it.

    Raises:
        UnsupportedModel: Its padding is neither SAME nor VALID.
    """
    scheme = window.padding_scheme(op.padding, to.tensors[op.input].shape, op.size, op.stride)
    if scheme is None:
        raise UnsupportedModel(
            f"{op.label}: {op.padding} is neither SAME nor VALID, and a PAD would be averaged",
            hint="pad the pooling as TensorFlow Lite's SAME does",
        )
    fields = {
        "Padding": scheme,
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "FilterHeight": op.size[0],
        "FilterWidth": op.size[1],
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
    }
    version = VERSIONS[to.tensors[op.input].dtype]
    return FileOp(op.kind, version, (op.input,), op.outputs, "Pool2DOptions", fields)
