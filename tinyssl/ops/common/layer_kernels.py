"""Kernels of layers of weighted sums that learn: dense ones of one row, and all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinyssl.graph.model import Model, ValueKind
from tinyssl.ops.common.activation import Activation, float_range
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.sums import LayerGeometry, Sums, geometry_fields
from tinyssl.ops.common.weights import WeightedOp

FILES = ("layer_f32.h", "product_f32.h", "sgd_f32.h", "float_bits.h")


@dataclass(frozen=True, kw_only=True)
class LearntGeometry(LayerGeometry):
    """The same, and where the weights lie in their tensor, in elements."""

    first: int
    """Before the first tap of channel 0: the filters may be turned round"""
    steps: tuple[int, ...]
    """From channel to channel, row to row, column to column of the taps"""

    @property
    def groups(self) -> int:
        """Groups of channels."""
        return self.source[3] // self.taps[3]

    @property
    def is_dense(self) -> bool:
        """One row, whose elements all meet all channels."""
        one = self.source[:3] == self.target[:3] == (*self.taps[1:3], 1) == (1, 1, 1)
        return one and self.corner == (0, 0) and self.groups == 1

    @property
    def is_joined(self) -> bool:
        """Whether the taps of a row lie side by side, as the inputs do that they meet."""
        side_by_side = self.steps[2] == self.taps[3] and self.dilation[1] == self.spread[1] == 1
        return self.groups == 1 and side_by_side


def learnt_geometry(sums: Sums) -> LearntGeometry:
    """Of a layer whose filters are a view of its weights."""
    size = sums.filters.itemsize
    strides = [step // size for step in sums.filters.strides]
    back = (step * (count - 1) for step, count in zip(strides, sums.filters.shape, strict=True))
    return LearntGeometry(
        taps=sums.taps,
        source=sums.source,
        target=sums.target,
        stride=sums.stride,
        dilation=sums.dilation,
        spread=sums.spread,
        corner=sums.corner,
        first=-sum(step for step in back if step < 0),
        steps=tuple(strides[:3]),
    )


def layer_kernels(
    name: str,
    struct: str,
    layer_of: Callable[[Model, Any], LearntGeometry],
    make_params: Callable[[Model, Any, Constants], Fields],
    supports: Callable[[Model, Any], bool] = lambda _model, _op: True,
) -> tuple[Kernel[Any], ...]:
    """`tinyssl_dense_<name>_f32` and `tinyssl_convolution_<name>_f32`."""

    def kernel(form: str, *files: str, dense: bool) -> Kernel[Any]:
        return Kernel(
            f"{form}_{name}_f32",
            struct,
            (*FILES, *files),
            source=f"{form}_training_f32",
            supports=lambda model, op: (
                supports(model, op) and (not dense or layer_of(model, op).is_dense)
            ),
            make_params=make_params,
            variadic=True,
            learns=True,
        )

    return kernel("dense", dense=True), kernel("convolution", "spread.h", "tap_line.h", dense=False)


def place_fields(layer: LearntGeometry) -> Fields:
    """Members `batch` to `step_w` of `struct tinyssl_layer`: pixels lie side by side."""
    places = geometry_fields(layer)
    del places["out_pitch"]
    steps = dict(zip(("step_c", "step_h", "step_w"), layer.steps, strict=True))
    return {**places, "first": layer.first, **steps}


def learns(model: Model, value: int | None) -> bool:
    """Whether a value is a parameter."""
    return value is not None and model.tensor(value).kind is ValueKind.PARAMETER


def forward_fields(
    model: Model, op: WeightedOp, layer: LearntGeometry, constants: Constants
) -> Fields:
    """Members of `struct tinyssl_layer` for the forward pass."""
    return _fields(
        layer,
        (_constant(model, "weight", op.weight, constants), learns(model, op.weight)),
        (_constant(model, "bias", op.bias, constants), learns(model, op.bias)),
        op.activation,
    )


def error_fields(model: Model, weight: int, layer: LearntGeometry, constants: Constants) -> Fields:
    """Members of `struct tinyssl_layer` for the error of its inputs."""
    found = _constant(model, "weight", weight, constants)
    return _fields(layer, (found, learns(model, weight)), ("NULL", False))


def update_fields(layer: LearntGeometry, *, weight: bool, bias: bool) -> Fields:
    """Members of `struct tinyssl_layer` for an update of weights, biases or both."""
    return _fields(layer, ("NULL", weight), ("NULL", bias))


def _constant(model: Model, role: str, value: int | None, constants: Constants) -> str:
    frozen = value is not None and model.tensor(value).constant
    return constants.tensor(role, value) if frozen and value is not None else "NULL"


def _fields(
    layer: LearntGeometry,
    weight: tuple[str, bool],
    bias: tuple[str, bool],
    activation: Activation = Activation.NONE,
) -> Fields:
    low, high = float_range(activation)
    return {
        "weight": weight[0],
        "bias": bias[0],
        "weight_learns": int(weight[1]),
        "bias_learns": int(bias[1]),
        "joined": int(layer.is_joined),
        **place_fields(layer),
        "low": float_literal(low),
        "high": float_literal(high),
    }
