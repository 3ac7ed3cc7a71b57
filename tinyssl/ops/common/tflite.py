"""The TFLite file format as the operators see it: how one is read, and how it is written.

The tables are those of tensorflow/compiler/mlir/lite/schema/schema.fbs. `frontends.tflite` reads
and writes the files; here is what it gives to an operator, and what it gets back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.graph.blockers import blocked
from tinyssl.graph.check import CONTRADICTION_HINT
from tinyssl.graph.model import DType, Model, Op, Value, ValueKind
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.kernel import OpT

# ActivationFunctionType of the schema.
ACTIVATIONS = {
    0: Activation.NONE,
    1: Activation.RELU,
    2: Activation.RELU_N1_TO_1,
    3: Activation.RELU6,
}
ACTIVATION_NAMES = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
ACTIVATION_NUMBERS = {activation: number for number, activation in ACTIVATIONS.items()}
RANK_HINT = (
    "use the 2D layer with a height of 1 in place of the 1D layer: the weights stay the same"
)


Shapes = tuple[tuple[int, ...], ...]
"""Of the outputs of an operator"""


@dataclass(frozen=True)
class OperatorContext:
    """An operator of the file, before it becomes an `Op`."""

    index: int
    label: str
    """`#3 CONV_2D`"""
    inputs: tuple[int, ...]
    """Tensor indices; -1 where an optional input is absent"""
    outputs: tuple[int, ...]
    tensors: Sequence[Value]
    options: Any
    """The table of the schema, or None"""
    custom: bytes = b""
    """Options of a custom operator"""
    add_value: Callable[[Value], int] | None = None
    """Adds a value that the file does not list, as a state inside TFLM's kernel; its index"""

    @property
    def output(self) -> int:
        """The one output."""
        return self.outputs[0]

    def optional(self, position: int) -> int | None:
        """Index of an input that may be left out."""
        found = self.inputs[position] if position < len(self.inputs) else -1
        return None if found == -1 else found

    def input(self, position: int) -> Value:
        """The tensor at this place of the inputs."""
        return self.tensors[self.inputs[position]]

    def state(self, shape: tuple[int, ...], dtype: DType) -> int:
        """Index of a new state of zeros, which the file does not list."""
        name = f"state of {self.label}"
        return self.new_value(Value(name, shape, dtype, kind=ValueKind.STATE))

    def new_value(self, value: Value) -> int:
        """Index of a value that the file does not list."""
        assert self.add_value is not None, "this file takes no further values"
        return self.add_value(value)

    def numbers(self, names: Sequence[str]) -> dict[str, int]:
        """Options of a custom operator: numbers by name, in a map of FlexBuffers.

        Raises:
            ModelError: One is missing, or they are no such map.
        """
        if not names:
            return {}
        from flatbuffers import flexbuffers

        try:
            found = flexbuffers.GetRoot(self.custom).AsMap
            return {name: int(found[name].AsInt) for name in names}
        except Exception as error:  # damaged options end its code in any way
            raise self.violation(f"its options hold no {', '.join(names)}: {error}") from error

    def unsupported(self, what: str, hint: str = "") -> UnsupportedModel:
        """The error for a sound operator that tinyssl does not do."""
        return blocked([Blocker(self.label, what, hint)])

    def violation(self, what: str) -> ModelError:
        """The error for an operator that contradicts itself."""
        return ModelError(f"{self.label}: {what}", hint=CONTRADICTION_HINT)

    def require_options(self) -> Any:
        """The options table.

        Raises:
            ModelError: The file has none where the operator needs one.
        """
        if self.options is None:
            raise self.violation("no options")
        return self.options

    def require_rank(self, position: int, rank: int) -> tuple[int, ...]:
        """Shape of an input that must have so many dimensions."""
        shape = self.input(position).shape
        if len(shape) != rank:
            raise self.unsupported(
                f"input {position} has shape {list(shape)}; {rank} dimensions are supported",
                RANK_HINT if len(shape) == rank - 1 else "",
            )
        return shape

    def activation(self) -> Activation:
        """The fused activation; TANH and SIGN_BIT change nothing in TensorFlow Lite Micro."""
        number = self.require_options().fusedActivationFunction
        if number not in range(len(ACTIVATION_NAMES)):
            raise self.violation(f"there is no fused activation {number}")
        return ACTIVATIONS.get(number, Activation.NONE)

    def constant(self, position: int) -> list[int]:
        """Elements of a constant integer input."""
        tensor = self.input(position)
        if not tensor.constant:
            raise self.unsupported(f"input {position} ({tensor.name}) must be a constant")
        if tensor.dtype not in (DType.INT32, DType.INT64):
            raise self.violation(
                f"input {position} ({tensor.name}) is {tensor.dtype.value}; "
                "it must be int32 or int64"
            )
        return [int(value) for value in tensor.array().ravel()]


@dataclass(frozen=True)
class FileOp:
    """One operator of the file."""

    kind: str
    version: int
    """Lowest version that holds its types: tensorflow/compiler/mlir/lite/tools/versioning/
    op_version.cc"""
    inputs: tuple[int, ...]
    """Tensors; -1 for an optional input that is absent"""
    outputs: tuple[int, ...]
    options: str
    """Table of the schema; empty for none"""
    fields: dict[str, Any]
    """Its fields, by the schema's accessor names; lists become vectors"""
    custom: bytes = b""
    """Options of a custom operator"""


@dataclass
class Lowering:
    """Grows while the operators of a model are turned into those of a file."""

    model: Model
    tensors: list[Value] = field(init=False)
    ops: list[FileOp] = field(init=False, default_factory=list)
    handles: list[int] = field(init=False, default_factory=list)
    """States that are resource variables: in the file each is its handle"""

    def __post_init__(self) -> None:
        self.tensors = list(self.model.tensors)

    def handle(self, state: int) -> int:
        """Index of the handle of a resource variable."""
        if state not in self.handles:
            self.handles.append(state)
        return state

    def add(self, tensor: Value) -> int:
        """Index of a tensor that the model does not have."""
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, name: str, values: Sequence[object] | int) -> int:
        """Index of an int32 constant; equal ones are one tensor."""
        array = np.array(values, dtype="<i4")
        tensor = Value(name, array.shape, DType.INT32, data=array.tobytes())
        return self.tensors.index(tensor) if tensor in self.tensors else self.add(tensor)


@dataclass(frozen=True)
class FileEdit:
    """An operator of a file that is completed, in the schema's object API."""

    operator: Any
    """OperatorT"""
    tensors: list[Any]
    """TensorT of the graph"""
    add_constant: Callable[[Any], Any]
    """Appends an int32 tensor with these values to `tensors` and returns it"""
    content: Callable[[Any], NDArray[np.int32] | None]
    """Values of an int32 constant by its index; None where the tensor is none"""
    schema: Any
    insert: Callable[[str, list[int], list[int]], None]
    """Puts an operator of a kind, with its inputs and outputs, before this one"""


@dataclass(frozen=True, kw_only=True)
class TfliteFormat(Generic[OpT]):
    """How an operator is read and written.

    Its version in the file says nothing that its options and types do not say: as TensorFlow Lite
    Micro, the reader ignores it.
    """

    read: Callable[[OperatorContext], OpT]
    """Refuses what the dataclass cannot hold; `OpSpec.checks` check the rest"""
    write: Callable[[OpT, Lowering], FileOp]
    """Raises UnsupportedModel for what TFLite cannot say"""
    litert_version: int | None = None
    """Newest version that LiteRT's kernel goes by, where converters write newer ones"""
    inputs: tuple[int, int]
    """Fewest and most inputs"""
    outputs: tuple[int, int] = (1, 1)
    """Fewest and most outputs"""
    options: str = ""
    """Table of the schema; empty where the operator reads none"""
    int32_inputs: tuple[int, ...] = ()
    """Constant inputs that TFLM reads as int32 whatever their type"""
    open_shapes: Callable[[OperatorContext], Shapes] | None = None
    """Shapes of outputs that the file leaves open, where the dataclass does not tell them to
    `OpSpec.shapes`"""
    complete: Callable[[FileEdit], list[str]] | None = None
    """Writes in what the file may leave out but interpreters need; says what it added"""
    insert: Callable[[FileEdit], list[str]] | None = None
    """Puts operators before it that TFLM needs; says what it did"""


def no_file_has(hint: str) -> TfliteFormat[Any]:
    """The format of an operator that only a pass makes.

    Args:
        hint: What to do where a graph that holds it is to be written.
    """

    def read(op: OperatorContext) -> Any:
        raise op.unsupported("no file has this operator")

    def write(op: Op, _: Lowering) -> FileOp:
        raise UnsupportedModel(f"{op.label}: no file has this operator", hint)

    return TfliteFormat(read=read, write=write, inputs=(1, 1))
