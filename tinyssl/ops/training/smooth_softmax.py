"""SMOOTH_SOFTMAX: SOFTMAX of a network that learns on the device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.smooth import ULPS, SmoothOp
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.common.unary import same_shape
from tinyssl.ops.training.softmax_error import SoftmaxError, softmax_kernel


@dataclass(frozen=True, kw_only=True)
class SmoothSoftmax(SmoothOp):
    """The same bits on every target; over the last axis."""

    kind: ClassVar[str] = "SMOOTH_SOFTMAX"

    beta: float = 1.0


def _gradient(graph: Backward, op: SmoothSoftmax) -> None:
    error = graph.error(op.output)
    graph.pass_back(
        op.input,
        lambda found: SoftmaxError(
            index=graph.next_index, error=error, value=op.output, output=found, beta=op.beta
        ),
    )


_FUNCTION: OpSpec[Any] = training_spec(SmoothSoftmax, (softmax_kernel("smooth_softmax"),))
SPEC = replace(_FUNCTION, shapes=same_shape, training=False, ulps=ULPS, gradient=_gradient)
