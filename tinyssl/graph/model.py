"""The one data type through the whole compiler: `Model`, immutable operators over tensors.

Read from a flatbuffer (`frontends.tflite.reader`), checked (`graph.verify`), changed by passes that
return a new value, planned (`compiler`), turned into C (`codegen`), or written back as canonical
TFLite (`frontends.tflite.writer`). Layout is NHWC throughout, weights as in TFLite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tinyssl.ops.operators import Op


class DType(StrEnum):
    """Element types. Values are numpy's names."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"


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
class Tensor:
    """A value of the graph: an activation, or a constant where `data` is set."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: bytes | None = None
    """Little-endian elements in C order; None for activations"""

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in bytes."""
        return self.elements * np.dtype(self.dtype.value).itemsize

    @property
    def constant(self) -> bool:
        return self.data is not None

    def array(self) -> NDArray[np.generic]:
        """The constant as a read-only array of its shape.

        Raises:
            ValueError: The tensor is an activation.
        """
        if self.data is None:
            raise ValueError(f"{self.name} is not a constant")
        return np.frombuffer(self.data, dtype=self.dtype.value).reshape(self.shape)


@dataclass(frozen=True)
class Model:
    """A graph in execution order. Operators name tensors by index into `tensors`."""

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    source_sha256: str = ""
    """Hash of the file it was read from; empty for a model made in memory"""

    def tensor(self, index: int) -> Tensor:
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

    @property
    def input(self) -> Tensor:
        """The one input (the verifier admits exactly one)."""
        return self.tensors[self.inputs[0]]

    @property
    def output(self) -> Tensor:
        """The one output (the verifier admits exactly one)."""
        return self.tensors[self.outputs[0]]
