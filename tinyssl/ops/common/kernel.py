"""A C kernel as the compiler sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.common.params import Constants, Fields

OpT = TypeVar("OpT", bound=Op)


@dataclass(frozen=True)
class Placing:
    """Where the planner put what a call reads and writes, as far as it is out of the ordinary."""

    pitches: Mapping[int, int]
    """Value -> bytes from one pixel to the next, where others' channels lie between"""
    laid: Collection[int] = ()
    """Parts that lie inside the whole, and need not be moved"""


ORDINARY = Placing({})
"""No value is spaced, no part is laid"""


@dataclass(frozen=True)
class Spacing(Generic[OpT]):
    """What a kernel can do with values whose pixels do not lie side by side."""

    values: Callable[[Model, OpT], Collection[int]]
    """Those that may lie so. A pixel is what the last dimension counts"""
    params: Callable[[Model, OpT, Constants, Placing], Fields]
    """Members of the struct, in place of what `make_params` gives"""
    partial: bool = False
    """Whether it can leave out parts that are laid already"""


def pitched(
    make_params: Callable[[Model, OpT, Constants], Fields],
    members: Callable[[Model, OpT], Mapping[int, str]],
) -> Spacing[OpT]:
    """The spacing of a kernel whose struct has members for the elements from pixel to pixel.

    Args:
        make_params: Of the kernel.
        members: The values that may be spaced, and the member of each.
    """

    def params(model: Model, op: OpT, constants: Constants, placing: Placing) -> Fields:
        names = members(model, op)
        fields: Fields = {
            names[value]: pitch // model.tensor(value).dtype.bytes
            for value, pitch in placing.pitches.items()
        }
        return make_params(model, op, constants) | fields

    return Spacing(members, params)


def output_spacing(
    make_params: Callable[[Model, OpT, Constants], Fields], member: str = "out_pitch"
) -> Spacing[OpT]:
    """The spacing of a kernel whose struct has a member for the distance between output pixels."""
    return pitched(make_params, lambda _model, op: {op.outputs[0]: member})


@dataclass(frozen=True)
class Kernel(Generic[OpT]):
    """A C function of firmware/kernels/, in `<name>.h` and `<name>.c` or those of `source`."""

    name: str
    """The function is `tinyssl_<name>`"""
    struct: str
    """Type of its parameters"""
    headers: tuple[str, ...] = ()
    """Further files it needs"""
    source: str = ""
    """File name without ending, where it is not `name`: a file may hold several kernels"""
    folder: Path | None = None
    """Folder of its files, where that is not firmware/kernels/; it may use files of both"""
    make_params: Callable[[Model, OpT, Constants], Fields] = lambda _model, _op, _constants: {}
    """Members of the struct for an operator, in the struct's order. A kernel of several operators
    gets them from `targets.fusing`"""
    supports: Callable[[Model, OpT], bool] = lambda _model, _op: True
    """Whether it computes this operator to the byte"""
    scratch: Callable[[Model, OpT], int] | None = None
    """Bytes of working memory; a kernel with this takes a pointer to it as last argument"""
    variadic: bool = False
    """For operators of any number of operands: takes `const int8_t *const *in` and
    `int8_t *const *out`"""
    learns: bool = False
    """Takes weights and biases that are parameters: others have them in flash, or rearranged"""
    any_type: bool = False
    """Takes operands of any element type, as `const int8_t *` and `int8_t *`"""
    overlaps: Callable[[Model, OpT], tuple[Overlap, ...]] = lambda _model, _op: ()
    """Inputs that the output may lie over: only what the C guarantees"""
    outputs: Callable[[Model, OpT], Sequence[int]] | None = None
    """Of a kernel that is a table: what TFLM gives for each int8, from -128 on"""
    spacing: Spacing[OpT] | None = None

    @property
    def function(self) -> str:
        return f"tinyssl_{self.name}"

    @property
    def header(self) -> str:
        """The header that declares it."""
        return f"{self.source or self.name}.h"

    @property
    def files(self) -> tuple[str, ...]:
        """Its header and source, and what they need."""
        return (self.header, f"{self.source or self.name}.c", *self.headers)


KernelTable = dict[type[Op], tuple[Kernel[Any], ...]]
"""Operator -> its kernels, the first that supports it wins"""
