"""A training step behind an inference: loss, errors on their way back, updates of parameters.

One graph and one plan hold both, so what the backward pass needs of the inference stays in the
arena until it was used. Reverse-mode differentiation, operator by operator (`OpSpec.gradient`); a
layer is updated as soon as the error of its outputs is known, and after it has passed it on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from tinyssl.core.errors import Blocker, UsageError
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import DType, Model, Op, Quant, Value, ValueKind
from tinyssl.graph.normaliser import Normaliser, learning_values, with_normaliser
from tinyssl.graph.passes.masks import with_masks
from tinyssl.graph.prediction import smoothed, with_real_prediction
from tinyssl.ops import OPS, spec_of
from tinyssl.ops.common.gradient import Sgd
from tinyssl.ops.common.scaled_error import ScaledError, normalised
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.common.welford import STATISTICS


class Loss(StrEnum):
    """What a training step lowers."""

    CROSS_ENTROPY = "cross-entropy"
    """Of softmax of the last layer's outputs and a label"""
    SQUARED_ERROR = "squared-error"
    """Mean over the outputs"""
    ABSOLUTE_ERROR = "absolute-error"
    """Mean over the outputs"""


LOSS_OPS = {
    Loss.CROSS_ENTROPY: "SOFTMAX_CROSS_ENTROPY",
    Loss.SQUARED_ERROR: "MEAN_SQUARED_ERROR",
    Loss.ABSOLUTE_ERROR: "MEAN_ABSOLUTE_ERROR",
}

RATE, LOCAL_RATE, LOSS, TARGET = "learning_rate", "local_rate", "loss", "target"
ROUNDING = "rounding"
"""Names of the tensors that training adds"""
RATES = (RATE, LOCAL_RATE)
"""Parameters that no step changes"""


@dataclass(frozen=True)
class Training:
    """What a device learns, and how."""

    parameters: tuple[int, ...]
    """Weights and biases of the model that learn, in any order: float32, or those of INT8 layers"""
    loss: Loss = Loss.CROSS_ENTROPY
    rate: float = 0.01
    """First learning rate; the device may be given another"""
    sgd: Sgd = field(default_factory=Sgd)
    error_clip: float = float("inf")
    """Largest difference between prediction and target that the error of a squared one takes"""
    autoencoder: bool = False
    """The prediction is to be the model's input: there is no target to send"""
    local: frozenset[int] = frozenset()
    """Those of the parameters that have a learning rate for themselves, so that either part can
    stand still; weights and bias of a layer go together"""
    growing: int | None = None
    """Bias of the last classes, some of which may be free (`OpenClass`); with cross-entropy"""
    aware: bool = True
    """Whether steps of INT8 parameters are scaled to their quantisation; False to see what that
    is worth"""
    normalise: bool = False
    """Bring what the learning layers read to mean 0 and variance 1, by running statistics"""


def add_training(model: Model, training: Training) -> Model:
    """A model whose inference is followed by a training step.

    Adds the parameter `learning_rate`, float32 [1] (with local ones `local_rate`, too), the state
    `loss`, float32 [1], and the target `target`: a label, int32 [1], or float32 of the prediction's
    shape; an autoencoder has none. Where INT8 layers learn, the state `rounding`, int32 [1], of the
    random numbers too. `normaliser.with_normaliser` says what normalising adds; the target of an
    autoencoder that reads normalised inputs is these.

    Args:
        model: A verified model with one output that is float32, or INT8, from the trained layers
            on.
        training: Its parameters.

    Raises:
        UsageError: Nothing learns, or what should is no constant of a float32 or INT8 layer, or
            INT8 parameters are to have momentum, decay or clipping.
        UnsupportedModel: An operator between a parameter and the loss has no backward pass.
    """
    _check(model, training)
    smooth, prediction = with_real_prediction(
        smoothed(model), scores=training.loss is Loss.CROSS_ENTROPY
    )
    graph = _Graph(_learning(smooth, training.parameters), training, prediction).finished()
    return with_masks(graph, training_start(graph))


def _check(model: Model, training: Training) -> None:
    values = [model.tensor(index) for index in training.parameters]
    known = {index for op in model.ops for index in _int8_constants(model, op)}
    wrong = [
        value.name
        for index, value in zip(training.parameters, values, strict=True)
        if value.data is None or (value.dtype is not DType.FLOAT32 and index not in known)
    ]
    if not values or wrong:
        what = f"{wrong[0]} is no constant of a layer" if wrong else "no parameter was named"
        raise UsageError(f"nothing can learn: {what}", hint="name weights or biases of a layer")
    if training.sgd != Sgd() and not known.isdisjoint(training.parameters):
        raise UsageError(
            "INT8 weights learn by plain steps: momentum, decay and clipping need float32 ones",
            hint="leave out --momentum, --weight-decay and --gradient-clip",
        )


def _int8_constants(model: Model, op: Op) -> tuple[int, ...]:
    """Weights and bias of a layer whose activations are INT8."""
    layer = isinstance(op, WeightedOp) and model.tensor(op.inputs[0]).dtype is DType.INT8
    return op.inputs[1:] if layer else ()


def _learning(model: Model, parameters: Sequence[int]) -> Model:
    """With the parameters where the device can write them."""
    values = list(model.tensors)
    for index in parameters:
        values[index] = replace(values[index], kind=ValueKind.PARAMETER)
    return replace(model, tensors=tuple(values))


class _Graph:
    """The graph as it grows: `ops.common.gradient.Backward`."""

    def __init__(self, model: Model, training: Training, prediction: int) -> None:
        self._normaliser: Normaliser | None = None
        if training.normalise:
            model, self._normaliser = with_normaliser(model, training.parameters)
        self.model = model
        self.sgd, self.aware = training.sgd, training.aware
        self._values = list(model.tensors)
        self._ops = list(model.ops)
        self._errors: dict[int, list[int]] = {}
        self._velocities: dict[int, int] = {}
        self._exponents: dict[int, int] = {}
        self._rounding: int | None = None
        self._learns = learning_values(model, training.parameters)
        rate = np.float32(training.rate).tobytes()
        self._rate = self._add(Value(RATE, (1,), DType.FLOAT32, None, rate, ValueKind.PARAMETER))
        self._local = training.local
        if self._local:
            local = Value(LOCAL_RATE, (1,), DType.FLOAT32, None, rate, ValueKind.PARAMETER)
            self._local_rate = self._add(local)
        self._add_loss(training, prediction)
        if self._normaliser is not None:
            self.append(self._normaliser.update(self.next_index))

    @property
    def next_index(self) -> int:
        return 1 + max(op.index for op in self._ops)

    def finished(self) -> Model:
        """The whole graph."""
        for op in reversed(self.model.ops):
            if any(value in self._errors for value in op.outputs) and self._matters(op):
                spec, quantised = spec_of(op), self._is_int8(op.outputs[0])
                gradient = spec.quantised_gradient if quantised else spec.gradient
                if gradient is None:
                    form = " in INT8" if quantised else ""
                    what = f"nothing can learn before it: it has no backward pass{form}"
                    raise blocked([Blocker(op.label, what, "let only layers behind it learn")])
                gradient(self, op)
        return replace(self.model, tensors=tuple(self._values), ops=tuple(self._ops))

    def _matters(self, op: Op) -> bool:
        return any(map(self.wants_error, op.inputs))

    def error(self, value: int) -> int:
        found = self._errors[value]
        while len(found) > 1:
            left, right = found.pop(), found.pop()
            add = self._int8_sum if self._is_int8(value) else self._sum
            found.append(add(value, left, right))
        return found[0]

    def has_error(self, value: int) -> bool:
        return value in self._errors

    def _sum(self, value: int, left: int, right: int) -> int:
        total = self.temporary(value)
        self.append(OPS["ADD"].op(index=self.next_index, left=left, right=right, output=total))
        return total

    def _int8_sum(self, value: int, left: int, right: int) -> int:
        total = self.scaled_error(value, 1.0)
        made: Op = OPS["QUANTISED_ERROR_SUM"].op(
            index=self.next_index,
            left=left,
            left_exponent=self.exponent(left),
            right=right,
            right_exponent=self.exponent(right),
            output=total.error,
            exponent=total.exponent,
        )
        self.append(made)
        return total.error

    def _is_int8(self, value: int) -> bool:
        return self.model.tensor(value).dtype is DType.INT8

    def wants_error(self, value: int) -> bool:
        return value in self._learns

    def pass_back(self, value: int, make: Callable[[int], Op]) -> None:
        if self.wants_error(value) and self.model.tensor(value).kind is not ValueKind.PARAMETER:
            error = self.temporary(value)
            self.append(make(error))
            self._errors.setdefault(value, []).append(error)

    def share_error(self, value: int, error: int) -> None:
        if self.wants_error(value):
            self._errors.setdefault(value, []).append(error)

    def append(self, op: Op) -> None:
        self._ops.append(op)

    def temporary(self, like: int) -> int:
        value = self._values[like]
        name = f"error of {value.name}"
        return self._add(Value(name, value.shape, DType.FLOAT32))

    def rate_of(self, parameters: Sequence[int]) -> int:
        return self._local_rate if self._local.intersection(parameters) else self._rate

    def scaled_error(self, value: int, factor: float) -> ScaledError:
        scale, step = (1.0, 0) if factor == 1.0 else normalised(factor)
        name, shape = f"error of {self._values[value].name}", self._values[value].shape
        error = self._add(Value(name, shape, DType.INT8, Quant((scale,), (0,))))
        self._exponents[error] = self._add(Value(f"exponent of {name}", (1,), DType.INT32))
        return ScaledError(error, self._exponents[error], step)

    def sharing_exponent(self, value: int, error: int) -> int:
        like, shape = self._values[error], self._values[value].shape
        found = self._add(replace(like, shape=shape, name=f"error of {self._values[value].name}"))
        self._exponents[found] = self._exponents[error]
        return found

    def exponent(self, error: int) -> int:
        return self._exponents[error]

    def scale(self, error: int) -> float:
        quant = self._values[error].quant
        assert quant is not None  # `scaled_error` made it
        return quant.scale[0]

    @property
    def rounding(self) -> int:
        if self._rounding is None:
            self._rounding = self._add(Value(ROUNDING, (1,), DType.INT32, kind=ValueKind.STATE))
        return self._rounding

    def velocity(self, parameter: int) -> int:
        if parameter not in self._velocities:
            value = self._values[parameter]
            name = f"velocity of {value.name}"
            state = Value(name, value.shape, DType.FLOAT32, kind=ValueKind.STATE)
            self._velocities[parameter] = self._add(state)
        return self._velocities[parameter]

    def _add(self, value: Value) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _add_loss(self, training: Training, prediction: int) -> None:
        value = self.model.tensor(prediction)
        if training.autoencoder:
            target = self._input_target(training.loss, value)
        else:
            labels = training.loss is Loss.CROSS_ENTROPY
            shape, dtype = ((1,), DType.INT32) if labels else (value.shape, DType.FLOAT32)
            target = self._add(Value(TARGET, shape, dtype, kind=ValueKind.TARGET))
        if training.growing is not None:
            self._growing_loss(prediction, target, training.growing)
            return
        loss, error = self._loss(), self.temporary(prediction)
        made: Op = OPS[LOSS_OPS[training.loss]].op(
            index=self.next_index,
            prediction=prediction,
            target=target,
            error=error,
            loss=loss,
            clip=training.error_clip,
        )
        self._errors[prediction] = [error]
        self.append(made)

    def _growing_loss(self, prediction: int, target: int, bias: int) -> None:
        """Cross-entropy where classes may be free; behind it, the label's class is open."""
        loss, error = self._loss(), self.temporary(prediction)
        made: Op = OPS["GROWING_CROSS_ENTROPY"].op(
            index=self.next_index,
            prediction=prediction,
            target=target,
            bias=bias,
            error=error,
            loss=loss,
        )
        self._errors[prediction] = [error]
        self.append(made)
        made = OPS["OPEN_CLASS"].op(
            index=self.next_index,
            target=target,
            bias=bias,
            velocity=self.velocity(bias) if self.sgd.momentum else None,
            classes=self.model.tensor(prediction).elements,
        )
        self.append(made)

    def _loss(self) -> int:
        return self._add(Value(LOSS, (1,), DType.FLOAT32, kind=ValueKind.STATE))

    def _input_target(self, loss: Loss, prediction: Value) -> int:
        """The model's input, in real values, in place of a target.

        Raises:
            UsageError: The prediction cannot be one.
        """
        source = self.model.inputs[0]
        found = self.model.tensor(source)
        if loss is Loss.CROSS_ENTROPY or found.elements != prediction.elements:
            what = (
                "its loss needs a label"
                if loss is Loss.CROSS_ENTROPY
                else (f"its input has {found.elements} elements, its output {prediction.elements}")
            )
            raise UsageError(
                f"the model is no autoencoder: {what}",
                hint="an autoencoder gives back its input, by squared or absolute error",
            )
        real = self._real_input(source)
        normaliser = self._normaliser
        return normaliser.output if normaliser and normaliser.source == real else real

    def _real_input(self, source: int) -> int:
        """The input in real values."""
        if self.model.tensor(source).dtype is DType.FLOAT32:
            return source
        readers = (op for op in self.model.ops if source in op.inputs and op.kind == "DEQUANTIZE")
        reader = next(readers, None)
        if reader is not None:
            return reader.outputs[0]
        real = self.temporary(source)
        self.append(OPS["DEQUANTIZE"].op(index=self.next_index, input=source, output=real))
        return real


def training_start(model: Model) -> int:
    """Position of the first operator of the training step; the number of operators without one."""
    known = ((at, OPS.get(op.kind)) for at, op in enumerate(model.ops))
    positions = (at for at, spec in known if spec is not None and spec.training)
    return next(positions, len(model.ops))


def has_training(model: Model) -> bool:
    """Whether a training step follows the inference."""
    return training_start(model) < len(model.ops)


def is_autoencoder(model: Model) -> bool:
    """Whether a training step takes the model's own input for the target."""
    return has_training(model) and not model.of_kind(ValueKind.TARGET)


def takes_normalised(model: Model) -> bool:
    """Whether the target of an autoencoder is its input with mean 0 and variance 1."""
    outputs = {op.outputs[0] for op in model.ops if op.kind == "NORMALISE"}
    return has_training(model) and bool(outputs & {*model.ops[training_start(model)].inputs})


def learnt_elements(model: Model) -> int:
    """How many numbers descend: parameters, but for learning rates and statistics."""
    values = map(model.tensor, model.of_kind(ValueKind.PARAMETER))
    return sum(value.elements for value in values if value.name not in (*RATES, *STATISTICS))


def local_parameters(model: Model) -> frozenset[str]:
    """Names of the parameters that learn at `local_rate`."""
    parameters = model.of_kind(ValueKind.PARAMETER)
    rates = {index for index in parameters if model.tensor(index).name == LOCAL_RATE}
    updates = (op for op in model.ops if not rates.isdisjoint(op.inputs))
    found = {index for op in updates for index in op.outputs if index in parameters}
    return frozenset(model.tensor(index).name for index in found)
