"""PAD of height and width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import rules, window
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, image_fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.common.window import NO_PADDING, Padding


@dataclass(frozen=True, kw_only=True)
class Pad(UnaryOp):
    """Rows and columns of the zero point around an NHWC activation."""

    kind: ClassVar[str] = "PAD"

    padding: Padding = NO_PADDING


def _shapes(model: Model, op: Pad) -> tuple[tuple[int, ...], ...]:
    shape = model.tensor(op.input).shape
    return ((shape[0], *window.window_shape(shape, op.padding, (1, 1), (1, 1)), shape[3]),)


def _check_padding(check: OpCheck[Pad]) -> None:
    window.check_padding(check, check.op.padding)


def _params(model: Model, op: Pad, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_pad`."""
    return {
        **image_fields("in", model.tensor(op.input).shape),
        "top": op.padding.top,
        "bottom": op.padding.bottom,
        "left": op.padding.left,
        "right": op.padding.right,
        "value": zero_point(model, op.output),
    }


def _read(op: OperatorContext) -> Pad:
    op.require_rank(0, 4)
    amounts = op.constant(1)
    if len(amounts) != 8 or any(amounts[:2] + amounts[6:]):
        raise op.unsupported(f"paddings {amounts}; only height and width of NHWC can be padded")
    top, bottom, left, right = amounts[2:6]
    if min(amounts) < 0:
        raise op.violation(f"paddings {amounts} must not be negative")
    return Pad(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        padding=Padding(top, bottom, left, right),
    )


def write_pad(op: Pad, to: Lowering) -> FileOp:
    """As the file has it: the amounts are a constant input."""
    pad = op.padding
    rows = [[0, 0], [pad.top, pad.bottom], [pad.left, pad.right], [0, 0]]
    amounts = to.constant("paddings", rows)
    return FileOp(op.kind, 2, (op.input, amounts), op.outputs, "PadOptions", {})


SPEC = OpSpec(
    op=Pad,
    shapes=_shapes,
    checks=(window.image, _check_padding, rules.same_quant),
    words=lambda _, op: [f"pad {','.join(map(str, op.padding.numbers))}"],
    kernels=(Kernel("pad_s8", "tinyssl_pad", make_params=_params),),
    tflite=TfliteFormat(
        read=_read, write=write_pad, max_version=4, inputs=(2, 2), int32_inputs=(1,)
    ),
    tflm=TflmNames("AddPad", "pad"),
)
