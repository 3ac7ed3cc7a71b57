"""Rules on shapes, geometry and quantisation of activations; one function a rule."""

from __future__ import annotations

import math

from tinyssl.graph.check import Check
from tinyssl.graph.model import Model, Quant
from tinyssl.graph.shapes import output_shape
from tinyssl.ops.fixed_point import SUM_MAX, add_parameters, mean_multiplier, softmax_parameters
from tinyssl.ops.operators import (
    Add,
    Conv2D,
    DepthwiseConv2D,
    Mean,
    Op,
    Pad,
    Pool2D,
    Softmax,
    UnaryOp,
    WeightedOp,
)

GEOMETRY_MAX = 2**15 - 1
"""Sizes, strides and paddings are int16 in the generated C"""

ELEMENTS_MAX = 2**28
"""Offsets in the generated C are int32; microcontrollers end far below"""
TOO_MANY = f"up to {ELEMENTS_MAX} are supported"

SOFTMAX_DEPTH_MAX = 2**9 - 1
"""The sum of equal exponentials stays below 2^28 in Q12.19, and the last shift below 32: with 512
equal inputs TFLM's own kernel ends the process, and on a microcontroller gives nonsense"""

SOFTMAX_OUTPUT = Quant((1 / 256,), (-128,))


def activations(check: Check[Op]) -> None:
    """Inputs and output are int8 activations with a batch of one and one legal scale."""
    op = check.op
    weights = len(op.inputs) - 1 if isinstance(op, WeightedOp) else 0
    for index in (*op.inputs[: len(op.inputs) - weights], op.output):
        _one_row(check, index)
        legal_quant(check, index)
        tensor = check.tensor(index)
        if len(check.quant(index).scale) != 1:
            raise check.broken(f"{tensor.name} is an activation with more than one scale")
        if tensor.elements > ELEMENTS_MAX:
            raise check.unsupported(f"{tensor.name} has {tensor.elements} elements; {TOO_MANY}")
        if len(tensor.shape) == 4 and max(tensor.shape) > GEOMETRY_MAX:
            raise check.unsupported(
                f"{tensor.name} has shape {list(tensor.shape)}; a dimension ends at {GEOMETRY_MAX}"
            )


def batch(model: Model) -> int:
    """First dimension of the model's input; 0 where it has none."""
    return model.input.shape[0] if model.input.shape else 0


def _one_row(check: Check[Op], index: int) -> None:
    """An activation whose first dimension is 1."""
    tensor = check.tensor(index)
    if tensor.constant:
        raise check.unsupported(
            f"{tensor.name} is a constant where an activation is expected",
            hint="tinyssl adds two computed tensors; fold the constant into the bias of the layer "
            "before",
        )
    if tensor.shape and tensor.shape[0] in (1, batch(check.model)):
        return  # a batch is told at the input, once
    rows = tensor.shape[0] if tensor.shape else 0
    raise check.unsupported(
        f"{tensor.name} has shape {list(tensor.shape)}: {rows} rows; the first dimension must be 1",
        hint="keep the first dimension at 1 in RESHAPE: tinyssl computes one image or vector at a "
        "time",
    )


def legal_quant(check: Check[Op], index: int) -> None:
    """Scales are positive and finite, zero points int8, as many of one as of the other."""
    name, quant = check.tensor(index).name, check.quant(index)
    if len(quant.scale) != len(quant.zero_point):
        raise check.broken(
            f"{name} has {len(quant.scale)} scales and {len(quant.zero_point)} zero points"
        )
    for scale, zero in zip(quant.scale, quant.zero_point, strict=True):
        if not (math.isfinite(scale) and scale > 0):
            raise check.broken(f"{name} has scale {scale}; it must be positive")
        if not -128 <= zero <= 127:
            raise check.broken(f"{name} has zero point {zero}; int8 has -128 to 127")


def image(check: Check[UnaryOp]) -> None:
    """The input is NHWC."""
    shape = check.tensor(check.op.input).shape
    if len(shape) != 4:
        raise check.unsupported(f"input has shape {list(shape)}; four dimensions are supported")


def window(check: Check[Conv2D | DepthwiseConv2D | Pool2D]) -> None:
    """Strides, dilations and sizes are positive and fit the kernel's parameters."""
    op = check.op
    other = op.size if isinstance(op, Pool2D) else op.dilation
    numbers = (*op.stride, *other)
    if min(numbers) < 1 or max(numbers) > GEOMETRY_MAX:
        raise check.broken(f"strides and windows {numbers} must be 1 to {GEOMETRY_MAX}")


def padding(check: Check[Conv2D | DepthwiseConv2D | Pool2D | Pad]) -> None:
    """Paddings are not negative, and leave every pooling window an element."""
    op, pad = check.op, check.op.padding
    numbers = (pad.top, pad.bottom, pad.left, pad.right)
    if min(numbers) < 0 or max(numbers) > GEOMETRY_MAX:
        raise check.broken(f"paddings {numbers} must be 0 to {GEOMETRY_MAX}")
    if isinstance(op, Pool2D) and (
        max(pad.top, pad.bottom) >= op.size[0] or max(pad.left, pad.right) >= op.size[1]
    ):
        raise check.broken(f"paddings {numbers} leave a window of {op.size} without an element")


def shape(check: Check[Op]) -> None:
    """The output has the shape that follows from the inputs."""
    found = check.tensor(check.op.output).shape
    expected = output_shape(check.model, check.op)
    if found != expected or min(expected) < 1:
        raise check.broken(f"output has shape {list(found)}, the inputs give {list(expected)}")


def same_quant(check: Check[UnaryOp]) -> None:
    """Input and output have one quantisation: the operator only moves or compares numbers."""
    source, target = check.quant(check.op.input), check.quant(check.op.output)
    if source != target:
        raise check.broken(
            f"input (scale {source.scale[0]:g}, zero point {source.zero_point[0]}) and output "
            f"(scale {target.scale[0]:g}, zero point {target.zero_point[0]}) must have the same "
            "quantisation"
        )


def same_elements(check: Check[UnaryOp]) -> None:
    """A reshaped tensor has as many elements as before."""
    source, target = check.tensor(check.op.input), check.tensor(check.op.output)
    if source.elements != target.elements:
        raise check.broken(f"{source.elements} elements cannot become {target.elements}")


def add(check: Check[Add]) -> None:
    """One shape on both sides, and a factor below one to the output."""
    left, right = check.tensor(check.op.left).shape, check.tensor(check.op.right).shape
    if left != right:
        raise check.unsupported(
            f"shapes {list(left)} and {list(right)}: broadcasting is not supported"
        )
    if add_parameters(check.model, check.op).output.shift > 0:
        raise check.broken("the output scale is 2^-19 of the inputs' or less")


def mean(check: Check[Mean]) -> None:
    """The sum of all places, shifted by its multiplier, fits int32."""
    _, height, width, _ = check.tensor(check.op.input).shape
    bound = 255 * height * width << max(mean_multiplier(check.model, check.op).shift, 0)
    if bound > SUM_MAX:
        raise check.unsupported(f"the sum can reach {bound}; the limit is {SUM_MAX}")


def softmax(check: Check[Softmax]) -> None:
    """Output 1/256 and -128; depth and scale inside the fixed-point formats."""
    op = check.op
    quant = check.quant(op.output)
    if quant != SOFTMAX_OUTPUT:
        raise check.broken(
            f"output has scale {quant.scale[0]:g}, zero point {quant.zero_point[0]}; "
            "they must be 1/256 and -128"
        )
    depth = check.tensor(op.input).shape[-1]
    if depth > SOFTMAX_DEPTH_MAX:
        raise check.unsupported(f"{depth} elements; up to {SOFTMAX_DEPTH_MAX} are supported")
    if not op.beta > 0 or softmax_parameters(check.model, op).multiplier.shift < 1:
        raise check.unsupported(f"beta {op.beta:g} times the input scale is below 2^-26")
