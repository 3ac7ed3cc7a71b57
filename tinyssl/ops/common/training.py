"""What the operators of a training step share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.gradient import Sgd
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Fields, float_literal, prefix_fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import no_file_has

Shape = tuple[int, ...]


def training_spec(
    op: type[Op],
    kernels: Sequence[Kernel[Any]],
    *,
    macs: Callable[[Model, Any], int] = lambda _model, _op: 0,
) -> OpSpec[Any]:
    """The specification of an operator that no file holds; `graph.training` made its shapes."""
    return OpSpec(
        op=op,
        shapes=written_shapes,
        checks=(),
        macs=macs,
        kernels=tuple(kernels),
        training=True,
        tflite=no_file_has("write the model before training is added to it"),
        tflm=TflmNames("", ""),
    )


def written_shapes(model: Model, op: Op) -> tuple[Shape, ...]:
    """Whatever shapes the results have."""
    return tuple(model.tensor(index).shape for index in op.outputs)


def sgd_fields(sgd: Sgd) -> Fields:
    """Members of `struct tinyssl_sgd` as the member `sgd` of another."""
    return prefix_fields(
        "sgd",
        {
            "momentum": float_literal(sgd.momentum),
            "weight_decay": float_literal(sgd.weight_decay),
            "clip": float_literal(sgd.clip),
        },
    )
