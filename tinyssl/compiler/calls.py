"""One call of a C kernel: the operators it computes, its working memory, its permitted overlaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinyssl.graph.model import Model, Op
from tinyssl.graph.uses import inner_values, is_read_outside
from tinyssl.ops.common.kernel import Kernel, Placing
from tinyssl.ops.common.overlap import Overlap, SubValue
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.targets.fused import FusedBlock

MakeParams = Callable[[Model, Constants], Fields]
PlaceParams = Callable[[Model, Constants, Placing], Fields]


@dataclass(frozen=True)
class KernelCall:
    """One or more consecutive operators that one kernel call computes.

    Values that only its own operators read have no storage. The planner needs no kernel; code
    generation does.
    """

    first: int
    """Position of its first operator"""
    last: int
    """Position of its last operator, whose output is the call's"""
    scratch: int = 0
    """Bytes of working memory"""
    overlaps: tuple[Overlap, ...] = ()
    kernel: Kernel[Any] | None = None
    """None for a view (RESHAPE), whose output is the input's storage, and for a call in place"""
    block: FusedBlock | None = None
    """The operators as parts of a fused kernel; None for one operator by itself"""
    cache_taps: bool = False
    """Variant of a fused kernel: it prepares the taps of all channels once, for more scratch"""
    make_params: MakeParams | None = field(default=None, compare=False, repr=False)
    """Members of the kernel's parameter struct"""
    parts: tuple[SubValue, ...] = ()
    """Values that the planner lays inside others (`layout`): the call does not move them"""
    spaced: frozenset[int] = frozenset()
    """Values whose pixels need not lie side by side"""
    partial: bool = False
    """Whether its kernel can leave out some parts that are laid"""
    place_params: PlaceParams | None = field(default=None, compare=False, repr=False)
    """As `make_params`, where values are spaced or parts laid"""

    @property
    def in_place(self) -> bool:
        """All parts are laid, so it moves nothing."""
        return bool(self.parts) and self.kernel is None

    @property
    def positions(self) -> range:
        return range(self.first, self.last + 1)


def call_ops(model: Model, call: KernelCall) -> tuple[Op, ...]:
    """The operators of a call, in execution order."""
    return model.ops[call.first : call.last + 1]


def call_inputs(model: Model, call: KernelCall) -> list[int]:
    """Activations that a call reads from outside: once each, but for one that its first operator
    reads twice.
    """
    ops = call_ops(model, call)
    inside = {index for op in ops for index in op.outputs}
    first = [index for index in ops[0].inputs if not model.tensor(index).constant]
    others = dict.fromkeys(index for op in ops[1:] for index in op.inputs)
    return first + [
        index
        for index in others
        if index not in inside and index not in first and not model.tensor(index).constant
    ]


def call_outputs(model: Model, call: KernelCall) -> tuple[int, ...]:
    """The values that a call writes."""
    return model.ops[call.last].outputs


def single_calls(model: Model) -> tuple[KernelCall, ...]:
    """One operator a call, no working memory, no overlap: a plan for these suits any kernels."""
    return tuple(KernelCall(position, position) for position in range(len(model.ops)))


def check_calls(model: Model, calls: Sequence[KernelCall]) -> None:
    """Calls must cover the operators in order, and hide no value that others read.

    Raises:
        ValueError: They do not.
    """
    covered = [position for call in calls for position in call.positions]
    if covered != list(range(len(model.ops))):
        raise ValueError(f"kernel calls cover operators {covered} of {len(model.ops)}")
    for call in calls:
        for tensor in sorted(hidden(model, call)):
            if is_read_outside(model, tensor, call.positions):
                name = model.tensor(tensor).name
                raise ValueError(f"{name} is inside a kernel call, but others read it")


def hidden(model: Model, call: KernelCall) -> set[int]:
    """Values inside a call: written and read there alone."""
    return inner_values(model, call.positions)
