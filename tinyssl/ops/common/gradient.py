"""What the backward pass of an operator may ask of the graph that grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tinyssl.core.errors import Blocker
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import DType, Model, Op
from tinyssl.ops.common.kernel import OpT
from tinyssl.ops.common.scaled_error import ScaledError


@dataclass(frozen=True)
class Sgd:
    """How parameters descend: `torch.optim.SGD` without dampening and Nesterov's momentum."""

    momentum: float = 0.0
    """In [0, 1); 0: no velocities are kept"""
    weight_decay: float = 0.0
    """Share of each parameter that joins its gradient; 0 or more"""
    clip: float = math.inf
    """Largest size of a gradient's element, above 0"""


class Backward(Protocol):
    """A graph to which backward passes are added, from the last operator to the first."""

    model: Model
    """As it was before: shapes, kinds and element types of its values"""
    sgd: Sgd
    aware: bool
    """Whether steps of INT8 parameters are scaled to their quantisation"""

    @property
    def rounding(self) -> int:
        """State of the random numbers with which steps of INT8 parameters are rounded."""

    @property
    def next_index(self) -> int:
        """Number for the operator that is added next."""

    def error(self, value: int) -> int:
        """The error of a value: the sum over all that read it."""

    def has_error(self, value: int) -> bool:
        """Whether the loss depends on a value."""

    def wants_error(self, value: int) -> bool:
        """Whether a parameter learns by way of a value."""

    def pass_back(self, value: int, make: Callable[[int], Op]) -> None:
        """Adds an operator that writes an error of a value, if it wants one.

        Args:
            value: What the operator of the forward pass reads.
            make: Makes the operator of the backward pass; gets the error's index.
        """

    def share_error(self, value: int, error: int) -> None:
        """An error that another value has is one of this value too, element by element."""

    def append(self, op: Op) -> None:
        """Adds an operator."""

    def temporary(self, like: int) -> int:
        """A float32 activation of a value's shape."""

    def rate_of(self, parameters: Sequence[int]) -> int:
        """The learning rate of a layer's parameters: itself a parameter of one float32."""

    def scaled_error(self, value: int, factor: float) -> ScaledError:
        """An int8 error of an INT8 value, yet to be written.

        Args:
            value: Whose error it is.
            factor: Real value of an element, but for the exponent that the step will find.
        """

    def sharing_exponent(self, value: int, error: int) -> int:
        """An int8 error of a value, with the scale and the exponent of another error."""

    def exponent(self, error: int) -> int:
        """The exponent of an int8 error."""

    def scale(self, error: int) -> float:
        """The scale of an int8 error."""

    def velocity(self, parameter: int) -> int:
        """A state of zeros for a parameter's momentum."""


Gradient: TypeAlias = Callable[[Backward, OpT], None]
"""Adds the backward pass of one operator: errors of the inputs that want one, then updates"""

FLOAT = (DType.FLOAT32,)
"""Element types of all that learns"""


def require_whole(graph: Backward, op: Op, value: int) -> None:
    """Refuses an input that wants an error and is repeated to the output's shape.

    Raises:
        UnsupportedModel: It is.
    """
    shape = graph.model.tensor(op.outputs[0]).shape
    if graph.wants_error(value) and graph.model.tensor(value).shape != shape:
        what = "nothing can learn before it, as it repeats what it reads"
        raise blocked([Blocker(op.label, what, "let only layers behind it learn")])
