"""A training graph in NumPy: the same operations in the same order as the C, so the same bits."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.training import reference_layers as layers
from tests.training.reference_operators import OPERATORS
from tests.training.reference_quantised import INT8_FORWARD, QUANTISED
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import DType, Model, Op, ValueKind
from tinyssl.graph.training import training_start
from tinyssl.ops import OPS
from tinyssl.ops.common.activation import float_range
from tinyssl.ops.common.new_classes import FREE_BELOW
from tinyssl.ops.common.welford import EPSILON

Array = NDArray[Any]


class Reference:
    """A model with a training step.

    Args:
        model: From `add_training`.
        real: Element type; float64 for what float32 is to be compared with.
    """

    def __init__(self, model: Model, real: type[np.floating[Any]] = np.float32) -> None:
        self.model, self.real = model, real
        self.values: dict[int, Array] = {}
        for index, value in enumerate(model.tensors):
            if value.data is not None:
                self.values[index] = self._real(value.array().copy())
            elif value.kind is ValueKind.STATE:
                self.values[index] = self._real(np.zeros(value.shape, value.dtype.value))
        self.start = training_start(model)

    def run(self, x: Array) -> Array:
        """One inference of a model with one input and one output."""
        self.values[self.model.inputs[0]] = self._real(x)
        for op in self.model.ops[: self.start]:
            self._compute(op)
        return self.values[self.model.outputs[0]]

    def train(self, x: Array, target: Array | None = None) -> float:
        """One inference and one step; the loss. An autoencoder takes no target."""
        if target is not None:
            (index,) = self.model.of_kind(ValueKind.TARGET)
            self.values[index] = self._real(target)
        self.run(x)
        for op in self.model.ops[self.start :]:
            self._compute(op)
        return float(self.by_name("loss")[0])

    def loss(self, x: Array, target: Array) -> float:
        """The loss alone: nothing is learnt."""
        (index,) = self.model.of_kind(ValueKind.TARGET)
        self.values[index] = self._real(target)
        self.run(x)
        self._compute(self.model.ops[self.start])
        return float(self.by_name("loss")[0])

    def by_name(self, name: str) -> Array:
        """A parameter or state."""
        return self.values[next(v.index for v in named_values(self.model) if v.name == name)]

    def checksum(self) -> int:
        """CRC-32 of all parameters and states in the order of their ids."""
        kept = (ValueKind.PARAMETER, ValueKind.STATE)
        found = 0
        for value in named_values(self.model):
            if value.kind in kept:
                stored = self.values[value.index].astype(value.dtype.value)
                found = zlib.crc32(stored.tobytes(), found)
        return found

    def _real(self, x: Array) -> Array:
        return x.astype(self.real) if x.dtype.kind == "f" else x

    def _compute(self, op: Op) -> None:
        ends = (*op.inputs[:1], *op.outputs[:1])
        int8 = any(self.model.tensor(index).dtype is DType.INT8 for index in ends)
        (INT8_FORWARD if int8 and op.kind in INT8_FORWARD else COMPUTE)[op.kind](self, op)

    def smooth_exp(self, x: Array) -> Array:
        """`tinyssl_smooth_exp`."""
        if self.real is np.float64:
            return np.asarray(np.exp(x))
        f = np.float32
        inside = np.clip(x, f(-87), f(88))
        steps = inside * f(1.44269504)
        power = np.trunc(steps + np.where(steps < 0, f(-0.5), f(0.5))).astype(np.int32)
        rest = inside - power.astype(f) * f(0.693359375)
        rest -= power.astype(f) * f(-2.12194440e-4)
        factors = [1, 1, *(f(1) / f(n) for n in (2, 6, 24, 120, 720, 5040))]
        scale = ((power + 127).astype(np.uint32) << 23).view(f)
        found = _polynomial(rest, factors) * scale
        return np.where(x < f(-87), f(0), found)

    def smooth_log(self, x: Array) -> Array:
        """`tinyssl_smooth_log`."""
        if self.real is np.float64:
            return np.asarray(np.log(x))
        f = np.float32
        mantissa, power = np.frexp(x.astype(f))
        mantissa, power = mantissa * f(2), power - 1
        high = mantissa > f(1.41421356)
        mantissa = np.where(high, mantissa * f(0.5), mantissa)
        power = (power + high).astype(f)
        t = (mantissa - f(1)) / (mantissa + f(1))
        factors = [f(2), *(f(2) / f(n) for n in (3, 5, 7, 9))]
        small = t * _polynomial(t * t, factors) + power * f(-2.12194440e-4)
        return np.asarray(power * f(0.693359375) + small)


def _polynomial(x: Array, factors: list[Any]) -> Array:
    total = np.full_like(x, factors[-1])
    for factor in factors[-2::-1]:
        total = total * x + x.dtype.type(factor)
    return total


def _layer(ref: Reference, op: Any) -> None:
    layer = layers.geometry(ref.model, op)
    weight = layers.kernel_order(op, ref.values[op.weight], layer)
    out = layers.weighted_sums(ref.values[op.input].reshape(layer.source), weight, layer)
    if op.bias is not None:
        out = out + ref.values[op.bias]
    low, high = float_range(op.activation)
    ref.values[op.output] = np.clip(out, low, high).reshape(ref.model.tensor(op.output).shape)


def _layer_error(ref: Reference, op: Any) -> None:
    weight = layers.filters(ref.values[op.weight], op.layer)
    out = layers.input_error(ref.values[op.error].reshape(op.layer.target), weight, op.layer)
    ref.values[op.output] = out.reshape(ref.model.tensor(op.output).shape)


def _layer_update(ref: Reference, op: Any) -> None:
    rate = ref.values[op.rate][0]
    error = ref.values[op.error].reshape(op.layer.target)
    velocities = iter(op.velocities)
    if op.weight is not None:
        source = ref.values[op.input].reshape(op.layer.source)
        gradient = np.zeros_like(ref.values[op.weight])
        layers.filters(gradient, op.layer)[:] = layers.weight_gradient(source, error, op.layer)
        _descend(ref, op, op.weight, gradient, rate, next(velocities, None))
    if op.bias is not None:
        gradient = layers.bias_gradient(error, op.layer)
        _descend(ref, op, op.bias, gradient, rate, next(velocities, None))


def _descend(
    ref: Reference, op: Any, parameter: int, gradient: Array, rate: Any, velocity: int | None
) -> None:
    real, sgd = ref.real, op.sgd
    old = ref.values[parameter]
    step = np.clip(gradient.reshape(old.shape), -real(sgd.clip), real(sgd.clip))
    step = step + real(sgd.weight_decay) * old
    if velocity is not None:
        step = step + real(sgd.momentum) * ref.values[velocity]
    new = old - rate * step
    finite = np.isfinite(new)
    ref.values[parameter] = np.where(finite, new, old)
    if velocity is not None:
        ref.values[velocity] = np.where(finite, step, ref.values[velocity])


def _cross_entropy(ref: Reference, op: Any) -> None:
    scores, right = ref.values[op.prediction].ravel(), int(ref.values[op.target].ravel()[0])
    if op.kind == "GROWING_CROSS_ENTROPY" and scores[right] < FREE_BELOW:
        scores = np.where(np.arange(scores.size) == right, ref.real(0), scores)
    powers = ref.smooth_exp(scores - scores.max())
    total = ref.real(0)
    for power in powers:
        total += power
    ref.values[op.loss] = ref.smooth_log(np.array([total])) + (scores.max() - scores[right])
    error = powers / total
    error[right] -= ref.real(1)
    ref.values[op.error] = error.reshape(ref.values[op.prediction].shape)


def _differences(ref: Reference, op: Any, size: Callable[[Array], Array]) -> tuple[Array, Any]:
    difference = ref.values[op.prediction] - ref.values[op.target]
    total = ref.real(0)
    for each in size(difference).ravel():
        total += each
    share = ref.real(1 / difference.size)
    ref.values[op.loss] = np.array([total * share], ref.real)
    return difference, share


def _squared_error(ref: Reference, op: Any) -> None:
    difference, share = _differences(ref, op, np.square)
    ref.values[op.error] = ref.real(2) * np.clip(difference, -op.clip, op.clip) * share


def _absolute_error(ref: Reference, op: Any) -> None:
    difference, share = _differences(ref, op, np.abs)
    ref.values[op.error] = np.sign(difference) * share


def _joined(ref: Reference, op: Any) -> tuple[Array, Array, Any]:
    """Mean, variance and number of samples with this one."""
    x, old = ref.values[op.input], ref.values[op.mean]
    number = ref.values[op.count][0] + ref.real(1)
    mean = old + (x - old) / number
    spread = ref.values[op.variance]
    return mean, spread + ((x - old) * (x - mean) - spread) / number, number


def _normalise(ref: Reference, op: Any) -> None:
    mean, variance, _ = _joined(ref, op)
    root = np.sqrt(variance + ref.real(EPSILON))
    distance = np.where(np.isfinite(variance), ref.values[op.input] - mean, ref.real(np.nan))
    ref.values[op.output] = distance / root


def _statistics_update(ref: Reference, op: Any) -> None:
    mean, variance, number = _joined(ref, op)
    if np.isfinite(mean).all() and np.isfinite(variance).all():
        ref.values[op.mean], ref.values[op.variance] = mean, variance
        ref.values[op.count] = np.array([number], ref.real)


def _smooth_tanh(ref: Reference, op: Any) -> None:
    x, f = ref.values[op.input], ref.real
    power = ref.smooth_exp(f(-2) * np.abs(x))
    large = np.copysign((f(1) - power) / (f(1) + power), x)
    factors = [f(1), f(-1) / f(3), f(2) / f(15), f(-17) / f(315), f(62) / f(2835)]
    ref.values[op.output] = np.where(np.abs(x) < f(0.25), x * _polynomial(x * x, factors), large)


def _smooth_logistic(ref: Reference, op: Any) -> None:
    x, f = ref.values[op.input], ref.real
    power = ref.smooth_exp(-np.abs(x))
    ref.values[op.output] = np.where(x < 0, power, f(1)) / (f(1) + power)


def _clamp_error(ref: Reference, op: Any) -> None:
    y = ref.values[op.value]
    low, high = float_range(op.activation)
    inside = (y > low) & (y < high)
    ref.values[op.output] = np.where(inside, ref.values[op.error], ref.real(0))


def _tanh_error(ref: Reference, op: Any) -> None:
    y = ref.values[op.value]
    ref.values[op.output] = ref.values[op.error] * (ref.real(1) - y * y)


def _logistic_error(ref: Reference, op: Any) -> None:
    y = ref.values[op.value]
    ref.values[op.output] = ref.values[op.error] * (y * (ref.real(1) - y))


def _reshape(ref: Reference, op: Any) -> None:
    ref.values[op.output] = ref.values[op.input].reshape(ref.model.tensor(op.output).shape)


COMPUTE: dict[str, Callable[[Reference, Any], None]] = {
    "FULLY_CONNECTED": _layer,
    "CONV_2D": _layer,
    "DEPTHWISE_CONV_2D": _layer,
    "TRANSPOSE_CONV": _layer,
    "LAYER_ERROR": _layer_error,
    "LAYER_UPDATE": _layer_update,
    "SOFTMAX_CROSS_ENTROPY": _cross_entropy,
    "GROWING_CROSS_ENTROPY": _cross_entropy,
    "MEAN_SQUARED_ERROR": _squared_error,
    "MEAN_ABSOLUTE_ERROR": _absolute_error,
    "NORMALISE": _normalise,
    "STATISTICS_UPDATE": _statistics_update,
    "SMOOTH_TANH": _smooth_tanh,
    "SMOOTH_LOGISTIC": _smooth_logistic,
    "CLAMP_ERROR": _clamp_error,
    "TANH_ERROR": _tanh_error,
    "LOGISTIC_ERROR": _logistic_error,
    "RESHAPE": _reshape,
    **OPERATORS,
    **QUANTISED,
}
TRAINING_KINDS = {kind for kind, spec in OPS.items() if spec.training}
