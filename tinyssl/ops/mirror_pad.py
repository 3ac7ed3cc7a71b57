"""MIRROR_PAD: a tensor with its own reflection around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.pads import PadOp, check_amounts, pad_shapes, read_amounts
from tinyssl.ops.common.pick import Pick, fold_pick, pick_axes, pick_kernel
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

MIRROR_TYPES = (DType.INT8, DType.FLOAT32)
REFLECT, SYMMETRIC = 0, 1
"""MirrorPadMode of the schema"""


@dataclass(frozen=True, kw_only=True)
class MirrorPad(PadOp):
    """Elements around the input are those inside, in reverse."""

    kind: ClassVar[str] = "MIRROR_PAD"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", MIRROR_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", MIRROR_TYPES, plain=True),)

    edge: bool
    """The element at the edge is repeated (SYMMETRIC), not left out (REFLECT)"""


def _check_reach(check: OpCheck[MirrorPad]) -> None:
    """The reflection ends inside the input."""
    shape, spare = check.tensor(check.op.input).shape, 0 if check.op.edge else 1
    for length, pair in zip(shape, check.op.amounts, strict=True):
        if max(pair) > length - spare:
            raise check.violation(f"paddings {list(pair)} of {length} elements reach too far")


def _pick(model: Model, op: MirrorPad) -> Pick:
    shape, found = model.tensor(op.input).shape, []
    for length, (before, behind) in zip(shape, op.amounts, strict=True):
        inside = list(range(length))
        spare = 0 if op.edge else 1
        front = inside[spare : spare + before][::-1]
        back = inside[::-1][spare : spare + behind]
        found.append([*front, *inside, *back])
    return pick_axes(shape, found)


def _read(op: OperatorContext) -> MirrorPad:
    mode = op.require_options().mode
    if mode not in (REFLECT, SYMMETRIC):
        raise op.violation(f"there is no mode {mode}")
    return MirrorPad(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        amounts=read_amounts(op),
        edge=mode == SYMMETRIC,
    )


def _write(op: MirrorPad, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("paddings", op.amounts))
    fields = {"Mode": SYMMETRIC if op.edge else REFLECT}
    return FileOp(op.kind, 2, inputs, op.outputs, "MirrorPadOptions", fields)


SPEC = OpSpec(
    op=MirrorPad,
    shapes=pad_shapes,
    checks=(rules.same_types, check_amounts, _check_reach),
    words=lambda _, op: ["symmetric" if op.edge else "reflect"],
    kernels=(pick_kernel(_pick),),
    fold=fold_pick(_pick),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), options="MirrorPadOptions"),
    tflm=TflmNames("AddMirrorPad", "mirror_pad"),
)
