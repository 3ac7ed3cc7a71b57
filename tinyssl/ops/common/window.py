"""Windows that move over an image: padding, sizes, rules, TFLite's SAME and VALID.

Paddings are explicit (top, bottom, left, right), so TFLite's SAME and VALID, PyTorch's symmetric
padding and a fused PAD are one thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.params import Fields
from tinyssl.ops.common.tflite import OperatorContext

Size = tuple[int, int]
"""Height and width"""

SAME, VALID = 0, 1
"""Padding of the schema"""

GEOMETRY_MAX = 2**15 - 1
"""Sizes, strides and paddings are int16 in the generated C"""


@dataclass(frozen=True)
class Padding:
    """Rows and columns added around the input, filled with its zero point."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        return (self.top, self.bottom, self.left, self.right)

    def __add__(self, other: Padding) -> Padding:
        return Padding(*(a + b for a, b in zip(self.numbers, other.numbers, strict=True)))


NO_PADDING = Padding()


def window_output(length: int, pad: int, extent: int, stride: int) -> int:
    """Places of a window of `extent` on `length + pad` elements."""
    return (length + pad - extent) // stride + 1


def window_shape(shape: tuple[int, ...], padding: Padding, extent: Size, stride: Size) -> Size:
    """Height and width of what windows give on an NHWC input.

    Args:
        shape: Of the input.
        padding: Around it.
        extent: Height and width of the (dilated) window.
        stride: Steps down and right.
    """
    return (
        window_output(shape[1], padding.top + padding.bottom, extent[0], stride[0]),
        window_output(shape[2], padding.left + padding.right, extent[1], stride[1]),
    )


# Words for the comment of a kernel call.


def window_words(size: Size, stride: Size) -> str:
    """`3x3/2`: size and stride."""
    step = str(stride[0]) if stride[0] == stride[1] else f"{stride[0]}x{stride[1]}"
    return f"{size[0]}x{size[1]}/{step}"


def padding_words(padding: Padding) -> list[str]:
    """`pad 0,1,0,1`; nothing where there is no padding."""
    return [] if padding == NO_PADDING else [f"pad {','.join(map(str, padding.numbers))}"]


# Members of the parameter structs.


def corner_fields(padding: Padding) -> Fields:
    """Padding above and to the left: what is below and to the right follows from the sizes."""
    return {"pad_top": padding.top, "pad_left": padding.left}


# Rules.


def images(check: OpCheck[UnaryOp]) -> None:
    """The input is NHWC images."""
    shape = check.tensor(check.op.input).shape
    if len(shape) != 4:
        raise check.unsupported(f"input has shape {list(shape)}; four dimensions are supported")


def image(check: OpCheck[UnaryOp]) -> None:
    """The input is one NHWC image."""
    images(check)
    batch = check.tensor(check.op.input).shape[0]
    if batch != 1:
        raise check.unsupported(
            f"the batch must be 1; it is {batch}", "convert the model with a batch of one"
        )


def has_short_sides(model: Model, op: UnaryOp) -> bool:
    """Whether all dimensions of input and output fit the int16 of most kernels' parameters."""
    return max(*model.tensor(op.input).shape, *model.tensor(op.output).shape) <= GEOMETRY_MAX


def short_sides(check: OpCheck[UnaryOp]) -> None:
    """The same, where no kernel takes longer ones."""
    if not has_short_sides(check.model, check.op):
        shape = list(check.tensor(check.op.input).shape)
        raise check.unsupported(f"input has shape {shape}; a dimension ends at {GEOMETRY_MAX}")


def check_geometry(check: OpCheck[Op], numbers: tuple[int, ...]) -> None:
    """Strides, dilations and sizes are positive and fit the kernel's parameters."""
    if min(numbers) < 1 or max(numbers) > GEOMETRY_MAX:
        raise check.violation(f"strides and windows {numbers} must be 1 to {GEOMETRY_MAX}")


def check_padding(check: OpCheck[Op], padding: Padding) -> None:
    """Paddings are not negative and fit the kernel's parameters."""
    numbers = padding.numbers
    if min(numbers) < 0 or max(numbers) > GEOMETRY_MAX:
        raise check.violation(f"paddings {numbers} must be 0 to {GEOMETRY_MAX}")


# The file format.


def same_padding(size: Size, extent: Size, stride: Size) -> Padding:
    """TFLite's SAME: ceil(size / stride) outputs.

    The odd row or column goes to the bottom or right.

    Args:
        size: Height and width of the input.
        extent: Height and width of the (dilated) window.
        stride: Steps down and right.
    """
    vertical, horizontal = (
        max((-(-length // step) - 1) * step + window - length, 0)
        for length, window, step in zip(size, extent, stride, strict=True)
    )
    return Padding(
        vertical // 2, vertical - vertical // 2, horizontal // 2, horizontal - horizontal // 2
    )


def read_padding(op: OperatorContext, extent: Size, stride: Size) -> Padding:
    """SAME or VALID of an operator of the file, as numbers."""
    scheme = op.require_options().padding
    if scheme not in (SAME, VALID):
        raise op.violation(f"padding {scheme} is neither SAME nor VALID")
    if min(*extent, *stride) < 1:
        raise op.violation(f"window {extent}, stride {stride}; both must be positive")
    _, height, width, _ = op.require_rank(0, 4)
    return NO_PADDING if scheme == VALID else same_padding((height, width), extent, stride)


def padding_scheme(
    padding: Padding, shape: tuple[int, ...], extent: Size, stride: Size
) -> int | None:
    """Number of VALID or SAME; None where a padding is neither.

    Args:
        padding: Around the input.
        shape: Of the input, NHWC.
        extent: Height and width of the (dilated) window.
        stride: Steps down and right.
    """
    if padding == NO_PADDING:
        return VALID
    same = same_padding((shape[1], shape[2]), extent, stride)
    return SAME if padding == same else None
