"""What the operators of TFLM's audio front end share: custom operators named `Signal…`.

Their options are numbers in a map of FlexBuffers; their elements have no quantisation. Source:
tflite-micro `signal/micro/kernels` and `signal/src`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

FOLDER = "signal/micro/kernels"
"""Of TFLM's tree: their reference kernels"""

State = Callable[[OperatorContext], Shape]


@dataclass(frozen=True, kw_only=True)
class SignalOp(Op):
    """Inputs, outputs and options of the file have fields of their names."""

    options: ClassVar[tuple[str, ...]] = ()
    """Numbers, by the names of the file and of the fields"""


SignalT = TypeVar("SignalT", bound=SignalOp)


def numbers(name: str, dtype: DType) -> Operand:
    """An input or output whose elements stand for nothing but themselves."""
    return Operand(name, (dtype,), plain=True)


def table(name: str, dtype: DType = DType.INT16) -> Operand:
    """A constant input."""
    return Operand(name, (dtype,), (Role.CONSTANT,), plain=True)


def signal_format(kind: type[SignalT], state: State | None = None) -> TfliteFormat[SignalT]:
    """How the file holds an operator.

    Args:
        kind: Its class. A state is its last operand, `state`, which the file does not list.
        state: Shape of the state.
    """
    count = len(kind.operands) - (state is not None)
    return TfliteFormat(
        read=partial(_read, kind, state),
        write=_write,
        inputs=(count, count),
        outputs=(len(kind.results), len(kind.results)),
    )


def _read(kind: type[SignalT], state: State | None, op: OperatorContext) -> SignalT:
    fields: dict[str, Any] = dict(op.numbers(kind.options))
    listed = kind.operands if state is None else kind.operands[:-1]
    fields |= {operand.name: index for operand, index in zip(listed, op.inputs, strict=True)}
    fields |= {result.name: index for result, index in zip(kind.results, op.outputs, strict=True)}
    if state is not None:
        fields["state"] = op.state(state(op), kind.operands[-1].types[0])
    return kind(index=op.index, **fields)


def _write(op: SignalOp, to: Lowering) -> FileOp:
    from flatbuffers import flexbuffers

    states = (Role.STATE,)
    inputs = tuple(i for o in op.operands if o.roles != states for i in op.values(o))
    options = {name: getattr(op, name) for name in op.options}
    custom = bytes(flexbuffers.Dumps(options)) if options else b""
    return FileOp(op.kind, 1, inputs, op.outputs, "", {}, custom)


def check_tables(check: OpCheck[SignalOp]) -> None:
    """Tables are constants of their types."""
    for operand in check.op.operands:
        for index in check.op.values(operand) if operand.roles == (Role.CONSTANT,) else ():
            value = check.tensor(index)
            if not value.constant or value.dtype not in operand.types:
                types = " or ".join(dtype.value for dtype in operand.types)
                raise check.unsupported(f"{value.name} must be a constant of {types}")


def limited(**limits: tuple[int, int]) -> Callable[[OpCheck[SignalOp]], None]:
    """The rule that options lie in the range that the C takes: least and greatest by name."""

    def check_options(check: OpCheck[SignalOp]) -> None:
        for name, (least, most) in limits.items():
            value = getattr(check.op, name)
            if not least <= value <= most:
                raise check.violation(f"{name} is {value}; it must be {least} to {most}")

    return check_options


def rows_of(model: Model, index: int) -> tuple[int, int]:
    """Rows and length of the last axis."""
    value = model.tensor(index)
    return value.elements // value.shape[-1], value.shape[-1]


def signal_spec(
    kind: type[SignalT],
    names: tuple[str, str],
    kernel: Kernel[SignalT],
    *,
    shapes: Callable[[Model, SignalT], tuple[Shape, ...]],
    checks: tuple[Callable[[OpCheck[SignalT]], None], ...] = (),
    state: State | None = None,
) -> OpSpec[SignalT]:
    """An operator of one kernel.

    Args:
        kind: Its class.
        names: Method of TFLM that registers it, and its source in `FOLDER`.
        kernel: Plain C.
        shapes: Of the outputs.
        checks: What must hold besides.
        state: As for `signal_format`.
    """
    return OpSpec(
        op=kind,
        shapes=shapes,
        checks=(check_tables, *checks),
        kernels=(kernel,),
        tflite=signal_format(kind, state),
        tflm=TflmNames(*names, folder=FOLDER),
    )


Params = Callable[[Model, Any, Constants], Fields]


def signal_kernel(name: str, source: str, make_params: Params, struct: str = "") -> Kernel[Any]:
    """A function of firmware/kernels/<source>.c, with a struct of its own name or another."""
    struct = f"tinyssl_{struct or name}"
    return Kernel(name, struct, ("bits.h",), source=source, make_params=make_params)
