"""What goes into the C parameter structs: numbers, and names of constant arrays of weights.c."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model, Op, ValueKind

Fields = dict[str, int | str]


@dataclass(frozen=True)
class Array:
    """A constant of weights.c."""

    name: str
    ctype: str
    values: NDArray[Any]
    shape: tuple[int, ...]
    comment: str
    alignment: int = 0
    """Bytes, where the kernel needs more than the type has; 0 elsewhere"""

    @property
    def bytes(self) -> int:
        """Size in bytes."""
        kind = "float32" if self.ctype == "float" else self.ctype.removesuffix("_t")
        return self.values.size * np.dtype(kind).itemsize


@dataclass
class Constants:
    """Arrays by name, each once, however many operators use it."""

    model: Model
    arrays: dict[str, Array] = field(default_factory=dict)

    def tensor(self, role: str, index: int) -> str:
        """Name of the array that holds a constant tensor; NULL of a parameter, which is in RAM."""
        tensor = self.model.tensor(index)
        if tensor.kind is ValueKind.PARAMETER:
            return "NULL"
        name = f"{role}_{index}"
        values = np.asarray(tensor.array(), dtype=tensor.dtype.value)
        return self.intern(
            Array(name, c_type(tensor.dtype), values.ravel(), tensor.shape, tensor.name)
        )

    def bytes(self, role: str, index: int) -> str:
        """Name of the array that holds a constant tensor of any element type, byte by byte."""
        tensor = self.model.tensor(index)
        values = np.frombuffer(tensor.data or b"", np.int8)
        name, shape = f"{role}_{index}", (tensor.bytes,)
        return self.intern(Array(name, "int8_t", values, shape, tensor.name, tensor.dtype.bytes))

    def name(self, role: str, op: Op) -> str:
        """Name of an array that one operator has to itself."""
        return f"{role}_{self.model.position(op)}"

    def table(self, role: str, op: Op, ctype: str, values: list[int]) -> str:
        """Name of an array that one operator has to itself, made here."""
        shape = (len(values),)
        return self.intern(Array(self.name(role, op), ctype, np.array(values), shape, op.label))

    def intern(self, array: Array) -> str:
        """Name of the array.

        Raises:
            ValueError: Another array has this name already.
        """
        kept = self.arrays.setdefault(array.name, array)
        if kept is not array and not np.array_equal(kept.values, array.values, equal_nan=True):
            raise ValueError(f"two arrays are called {array.name}: {kept.comment}, {array.comment}")
        return array.name


def c_type(dtype: DType) -> str:
    """`int8_t`, `float`, `uint8_t` for bool."""
    return {DType.FLOAT32: "float", DType.BOOL: "uint8_t"}.get(dtype, f"{dtype.value}_t")


def prefix_fields(name: str, fields: Fields) -> Fields:
    """Members of a struct that is the member `name` of another."""
    return {f"{name}.{key}": value for key, value in fields.items()}


def zero_point(model: Model, index: int) -> int:
    """Zero point of an activation; 0 where it has no quantisation."""
    quant = model.tensor(index).quant
    return 0 if quant is None else quant.zero_point[0]


def number_list(numbers: Iterable[int]) -> str:
    """Initialiser of an array: `{1, 2}`."""
    return f"{{{', '.join(map(str, numbers))}}}"


def image_fields(prefix: str, shape: tuple[int, ...]) -> Fields:
    """`in_h`, `in_w`, `in_c` of an NHWC shape, where the prefix is `in`."""
    return {f"{prefix}_h": shape[1], f"{prefix}_w": shape[2], f"{prefix}_c": shape[3]}


def float_literal(value: float) -> str:
    """The shortest C expression that gives back this float32; GCC's and Clang's for infinities."""
    if math.isnan(value):
        return '__builtin_nanf("")'
    if math.isinf(value):
        return "__builtin_inff()" if value > 0 else "-__builtin_inff()"
    text = repr(float(str(np.float32(value))))
    return f"{text}f"
