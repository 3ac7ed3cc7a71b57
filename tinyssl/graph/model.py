"""The one data type through the whole compiler: `Model`, immutable operators over values.

Read from a flatbuffer (`frontends.tflite.reader`), checked (`graph.verify`), changed by passes that
return a new value, planned (`compiler`), turned into C (`codegen`), or written back as canonical
TFLite (`frontends.tflite.writer`). Layout is NHWC throughout, weights as in TFLite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.changes import Change


class DType(StrEnum):
    """Element types. Values are numpy's names."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    FLOAT32 = "float32"
    BOOL = "bool"
    UINT32 = "uint32"
    UINT64 = "uint64"

    @property
    def bytes(self) -> int:
        """Size of an element."""
        return np.dtype(self.value).itemsize


class ValueKind(StrEnum):
    """Who writes a value, and how long it lives."""

    INPUT = "input"
    """Written by the caller before an inference, which may overwrite it"""
    OUTPUT = "output"
    """Read by the caller after an inference"""
    ACTIVATION = "activation"
    """Made and used up inside one inference"""
    CONSTANT = "constant"
    """Never changes: passes may fold it into tables"""
    PARAMETER = "parameter"
    """Constant for an inference, but the device may write it between two: never folded"""
    STATE = "state"
    """Written by an inference, read by the next; a reset gives it its first value again"""
    TARGET = "target"
    """The right answer, written by the caller before a training step; no inference reads it"""


STORED = (ValueKind.PARAMETER, ValueKind.STATE)
"""Kinds that begin with a first value, and hold another one later"""
LASTING = (*STORED, ValueKind.TARGET)
"""Kinds whose bytes stay from one inference to the next"""


@dataclass(frozen=True)
class Quant:
    """Affine quantisation: real = scale * (q - zero_point)."""

    scale: tuple[float, ...]
    """One value, or one a channel of `axis`; exactly the float32 values of the file"""
    zero_point: tuple[int, ...]
    """As many as scales"""
    axis: int = 0
    """Axis of the channels where there is more than one scale"""

    @property
    def per_channel(self) -> bool:
        return len(self.scale) > 1


@dataclass(frozen=True)
class Value:
    """A value of the graph. Inside a `Model` its kind is right whatever it was made with."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: bytes | None = None
    """Little-endian elements in C order: of a constant; of a parameter or state, its first value"""
    kind: ValueKind = ValueKind.ACTIVATION

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in bytes."""
        return self.elements * self.dtype.bytes

    @property
    def constant(self) -> bool:
        """Known when C is generated, and never written."""
        return self.data is not None and self.kind not in LASTING

    def array(self) -> NDArray[np.generic]:
        """The constant, or the first value of a parameter or state; read-only, of its shape.

        Raises:
            ValueError: There is none.
        """
        if self.data is None:
            raise ValueError(f"{self.name} has no data")
        return np.frombuffer(self.data, dtype=self.dtype.value).reshape(self.shape)


class Role(StrEnum):
    """What may stand at an operand of an operator."""

    ACTIVATION = "activation"
    """Computed in this inference, or given by the caller"""
    CONSTANT = "constant"
    """Known when C is generated"""
    PARAMETER = "parameter"
    """In memory that the device may write between two inferences"""
    STATE = "state"
    """What the last inference left; the operator may write it too"""
    TARGET = "target"
    """The right answer of a training step"""


@dataclass(frozen=True)
class Operand:
    """An input or output of an operator, by the name of its field."""

    name: str
    """Field of the operator's dataclass: an index, an index or None (optional), or a tuple"""
    types: tuple[DType, ...] = (DType.INT8,)
    """Element types that the operator's kernels take"""
    roles: tuple[Role, ...] = (Role.ACTIVATION,)
    any_zero: bool = False
    """Whether an int16 value may have a zero point other than 0"""
    plain: bool = False
    """Whether its elements are only moved, compared or taken as they are stored: they may have any
    quantisation, or none"""
    zero_scale: bool = False
    """Whether the scale of a constant may be 0: its elements stand for 0 then"""


@dataclass(frozen=True, kw_only=True)
class Op:
    """What all operators have. Each is a frozen dataclass in its own file of `tinyssl/ops/`.

    Fields named by `operands` and `results` hold indices into `Model.tensors`; all others are
    attributes.
    """

    kind: ClassVar[str]
    """TFLite's name of the operator"""
    operands: ClassVar[tuple[Operand, ...]]
    """Inputs, in TFLite's order"""
    results: ClassVar[tuple[Operand, ...]] = (Operand("output"),)
    """Outputs, in TFLite's order"""

    index: int
    """Position in the file it was read from: errors name `#index kind`"""

    @property
    def label(self) -> str:
        """`#3 CONV_2D`: how errors and tables name the operator."""
        return f"#{self.index} {self.kind}"

    @property
    def inputs(self) -> tuple[int, ...]:
        """All values that it reads, in TFLite's order, without optional ones that are absent."""
        return tuple(i for operand in self.operands for i in self.values(operand))

    @property
    def outputs(self) -> tuple[int, ...]:
        """All values that it writes, in TFLite's order."""
        return tuple(i for operand in self.results for i in self.values(operand))

    def values(self, operand: Operand) -> tuple[int, ...]:
        """The values at one of its operands or results."""
        found = getattr(self, operand.name)
        if found is None:
            return ()
        return found if isinstance(found, tuple) else (found,)

    def of_role(self, role: Role) -> tuple[int, ...]:
        """Inputs whose operand may have a role."""
        return tuple(
            i for operand in self.operands if role in operand.roles for i in self.values(operand)
        )

    def results_of_role(self, role: Role) -> tuple[int, ...]:
        """Outputs whose place may have a role."""
        return tuple(
            i for operand in self.results if role in operand.roles for i in self.values(operand)
        )

    def reading(self, sources: Mapping[int, int]) -> Self:
        """The operator with other inputs: each value in `sources` replaced by what it maps to."""
        return self._with_values(self.operands, sources)

    def writing(self, targets: Mapping[int, int]) -> Self:
        """The operator with other outputs, as `reading` with inputs."""
        return self._with_values(self.results, targets)

    def _with_values(self, operands: tuple[Operand, ...], by: Mapping[int, int]) -> Self:
        def changed(found: Any) -> Any:
            if isinstance(found, tuple):
                return tuple(by.get(i, i) for i in found)
            return by.get(found, found)

        names = [operand.name for operand in operands]
        return replace(self, **{name: changed(getattr(self, name)) for name in names})


@dataclass(frozen=True)
class Model:
    """A graph in execution order. Operators name values by index into `tensors`."""

    name: str
    tensors: tuple[Value, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    source_sha256: str = ""
    """Hash of the file it was read from; empty for a model made in memory"""
    changes: tuple[Change, ...] = ()
    """What was done to the file's graph, in order"""

    def __post_init__(self) -> None:
        kinds = map(self._kind, range(len(self.tensors)))
        found = tuple(map(_of_kind, self.tensors, kinds))
        object.__setattr__(self, "tensors", found)

    def _kind(self, index: int) -> ValueKind:
        """What a value is in this graph; an end that is read inside too is still an end."""
        value = self.tensors[index]
        if value.kind in LASTING:
            return value.kind
        if value.data is not None:
            return ValueKind.CONSTANT
        if index in self.inputs:
            return ValueKind.INPUT
        return ValueKind.OUTPUT if index in self.outputs else ValueKind.ACTIVATION

    def of_kind(self, kind: ValueKind) -> tuple[int, ...]:
        """Values of a kind; inputs and outputs in the order in which the caller knows them."""
        if kind is ValueKind.INPUT:
            return self.inputs
        if kind is ValueKind.OUTPUT:
            return self.outputs
        return tuple(i for i, value in enumerate(self.tensors) if value.kind is kind)

    @property
    def lasting(self) -> tuple[int, ...]:
        """Values whose bytes stay from one inference to the next, kind by kind."""
        return tuple(index for kind in LASTING for index in self.of_kind(kind))

    @property
    def next_index(self) -> int:
        """Index for an operator that a pass adds."""
        return 1 + max((op.index for op in self.ops), default=-1)

    def tensor(self, index: int) -> Value:
        return self.tensors[index]

    def quant(self, index: int) -> Quant:
        """Quantisation of a tensor; the verifier made sure that every activation has one.

        Raises:
            ValueError: It has none.
        """
        quant = self.tensors[index].quant
        if quant is None:
            raise ValueError(f"tensor {index} ({self.tensors[index].name}) has no quantisation")
        return quant

    def position(self, op: Op) -> int:
        """Where an operator of the model stands in its order of execution."""
        return self.ops.index(op)

    @property
    def input(self) -> Value:
        """The first input, for what takes one alone: pictures, MLPerf Tiny."""
        return self.tensors[self.inputs[0]]

    @property
    def output(self) -> Value:
        """The first output, for what takes one alone: classes, MLPerf Tiny."""
        return self.tensors[self.outputs[0]]


def _of_kind(value: Value, kind: ValueKind) -> Value:
    return value if value.kind is kind else replace(value, kind=kind)
