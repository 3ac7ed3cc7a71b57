"""The last layers of a quantised model in float32: what is to learn on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model, Op, Quant, Value, ValueKind
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.dequantize import Dequantize
from tinyssl.ops.quantize import Quantize


def learning_layers(model: Model) -> list[int]:
    """Positions of the layers with weights, in order of execution."""
    return [at for at, op in enumerate(model.ops) if isinstance(op, WeightedOp)]


def float_tail(model: Model, start: int) -> Model:
    """The model with all operators from a position on in float32.

    Quantised constants become their real values; a DEQUANTIZE stands where the quantised part ends,
    and outputs are float32. QUANTIZE and DEQUANTIZE behind it go. Layers get a bias of zeros where
    they have none.

    Args:
        model: A verified model.
        start: Position of the first float32 operator.
    """
    return FloatTail(model, start).converted()


class FloatTail:
    """The model with what follows a position in float32, as it is made."""

    def __init__(self, model: Model, start: int) -> None:
        self._model, self._start = model, start
        self._values = list(model.tensors)
        self._ops = list(model.ops[:start])
        self._floats: dict[int, int] = {}

    def behind(self, value: int, added: Sequence[Op], result: int) -> Model:
        """The whole, where further operators follow and others read their result, not `value`."""
        self._ops += added
        self._floats[value] = result
        return self.converted()

    def converted(self) -> Model:
        """The whole."""
        for op in self._model.ops[self._start :]:
            if isinstance(op, Quantize | Dequantize):
                self._floats[op.output] = self.real(op.input)
            else:
                self._ops.append(self._converted(op))
        ops = tuple(replace(op, index=index) for index, op in enumerate(self._ops))
        outputs = tuple(self._floats.get(index, index) for index in self._model.outputs)
        return replace(
            self._model, tensors=tuple(self._values), ops=ops, outputs=outputs, changes=()
        )

    def _converted(self, op: Op) -> Op:
        sources = {index: self.real(index) for index in op.inputs}
        if isinstance(op, WeightedOp):
            sources |= self._weights(op)
        targets = {index: self._new(index) for index in op.outputs}
        made = op.reading(sources).writing(targets)
        if isinstance(made, WeightedOp) and made.bias is None:
            channels = self._values[made.weight].shape[made.channel_axis]
            made = replace(made, bias=self.constant("bias", np.zeros(channels, np.float32)))
        return made

    def _weights(self, op: WeightedOp) -> dict[int, int]:
        """Weight and bias in real values; a bias has the scale of the sums, whatever it says."""
        weight = self._model.tensor(op.weight)
        if weight.dtype is DType.FLOAT32:
            return {}
        found = {op.weight: self.constant(weight.name, dequantised(weight, weight.quant))}
        if op.bias is not None:
            bias = self._model.tensor(op.bias)
            source, quant = self._model.quant(op.input), self._model.quant(op.weight)
            scales = tuple(source.scale[0] * scale for scale in quant.scale)
            sums = Quant(scales, (0,) * len(scales))
            found[op.bias] = self.constant(bias.name, dequantised(bias, sums))
        return found

    def real(self, index: int) -> int:
        """A value in float32; itself where it is no quantised one."""
        value = self._model.tensor(index)
        if index in self._floats:
            return self._floats[index]
        if value.quant is None or value.dtype in (DType.FLOAT32, DType.BOOL):
            return index
        if value.constant:
            self._floats[index] = self.constant(value.name, dequantised(value, value.quant))
            return self._floats[index]
        real = self._new(index)
        self._ops.append(Dequantize(index=0, input=index, output=real))
        return real

    def _new(self, index: int) -> int:
        """A float32 value in the place of a quantised one."""
        value = self._model.tensor(index)
        if value.quant is None:
            return index
        self._values.append(
            replace(value, dtype=DType.FLOAT32, quant=None, kind=ValueKind.ACTIVATION)
        )
        self._floats[index] = len(self._values) - 1
        return self._floats[index]

    def activation(self, name: str, shape: tuple[int, ...]) -> int:
        """A new float32 value."""
        self._values.append(Value(name, shape, DType.FLOAT32))
        return len(self._values) - 1

    def constant(self, name: str, array: NDArray[np.float32]) -> int:
        """A new float32 constant."""
        data = np.ascontiguousarray(array, np.float32).tobytes()
        self._values.append(Value(name, array.shape, DType.FLOAT32, None, data))
        return len(self._values) - 1


def dequantised(value: Value, quant: Quant | None) -> NDArray[np.float32]:
    """Real values of a constant: scale * (q - zero point), in double and rounded once.

    Raises:
        ValueError: It has no quantisation.
    """
    if quant is None:
        raise ValueError(f"{value.name} has no quantisation")
    array = value.array().astype(np.float64)
    shape = [1] * array.ndim
    if quant.per_channel:
        shape[quant.axis] = len(quant.scale)
    scale = np.array(quant.scale, np.float64).reshape(shape if quant.per_channel else ())
    zero = np.array(quant.zero_point, np.float64).reshape(shape if quant.per_channel else ())
    return ((array - zero) * scale).astype(np.float32)
