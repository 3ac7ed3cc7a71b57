"""LAYER_UPDATE: a step of weights and biases down their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from tinyssl.graph.model import Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT, Sgd
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.sums import LayerGeometry, layer_fields
from tinyssl.ops.common.training import sgd_fields, training_spec
from tinyssl.ops.training.layer_error import FILES


@dataclass(frozen=True, kw_only=True)
class LayerUpdate(Op):
    """Of both, or of the biases alone. No gradient is stored: each sum is used at once."""

    kind: ClassVar[str] = "LAYER_UPDATE"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", FLOAT),
        Operand("error", FLOAT),
        Operand("rate", FLOAT, (Role.PARAMETER,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("weight", FLOAT, (Role.PARAMETER,)),
        Operand("bias", FLOAT, (Role.PARAMETER,)),
        Operand("velocities", FLOAT, (Role.STATE,)),
    )

    input: int | None
    """What the layer read; None where the biases alone learn"""
    error: int
    """Of the layer's sums"""
    rate: int
    weight: int | None
    bias: int
    velocities: tuple[int, ...] = ()
    """Of each parameter, in order, with momentum"""
    layer: LayerGeometry
    sgd: Sgd


def _params(_model: Model, op: LayerUpdate, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_convolution_update`."""
    return prefix_fields("layer", layer_fields(op.layer)) | sgd_fields(op.sgd)


def _macs(model: Model, op: LayerUpdate) -> int:
    pixels = model.tensor(op.error).elements
    return pixels * (prod(op.layer.taps[1:]) if op.weight is not None else 1)


def _kernel(name: str, *, weight: bool, momentum: bool) -> Kernel[Any]:
    return Kernel(
        f"convolution_{name}_f32",
        "tinyssl_convolution_update",
        FILES,
        source="convolution_training_f32",
        supports=lambda _model, op: (
            (op.weight is not None) == weight and bool(op.velocities) == momentum
        ),
        make_params=_params,
    )


SPEC = training_spec(
    LayerUpdate,
    (
        _kernel("update", weight=True, momentum=False),
        _kernel("momentum", weight=True, momentum=True),
        _kernel("bias_update", weight=False, momentum=False),
        _kernel("bias_momentum", weight=False, momentum=True),
    ),
    macs=_macs,
)
