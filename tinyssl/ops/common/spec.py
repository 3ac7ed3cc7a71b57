"""`OpSpec`: everything that tinyssl knows about an operator, in one value.

Each module of `tinyssl/ops/` holds one operator: its dataclass and its `SPEC`. Nothing else names
an operator but the optimised kernels of `targets/` and the patterns of `graph/passes/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common.constants import Codes, Fold, always_folded
from tinyssl.ops.common.gradient import Gradient
from tinyssl.ops.common.kernel import Kernel, OpT
from tinyssl.ops.common.overlap import SubValue
from tinyssl.ops.common.tflite import TfliteFormat

Shape = tuple[int, ...]


TFLM_KERNELS = "tensorflow/lite/micro/kernels"


@dataclass(frozen=True)
class TflmNames(Generic[OpT]):
    """What TensorFlow Lite Micro calls an operator, and what its optimised kernels take."""

    adder: str
    """Method of `MicroMutableOpResolver` that registers its kernel; empty where it has none"""
    source: str
    """Its reference kernel: `<source>.cc` and, where there is one, `<source>_common.cc`"""
    scratch: Callable[[Model, OpT], int] = lambda _model, _op: 0
    """Bytes that CMSIS-NN's kernel asks for while it runs, in any of its variants"""
    sums: Callable[[Model, OpT], int] = lambda _model, _op: 0
    """Bytes that it keeps from one inference to the next"""
    folder: str = TFLM_KERNELS
    """Of a tree of TFLM, where its source lies"""


@dataclass(frozen=True, kw_only=True)
class OpSpec(Generic[OpT]):
    """An operator: all that the rest of tinyssl asks about it."""

    op: type[OpT]
    shapes: Callable[[Model, OpT], tuple[Shape, ...]]
    """Shapes that the outputs must have; inputs have passed the checks before `rules.shape`"""
    checks: tuple[Callable[[OpCheck[OpT]], None], ...]
    """What must hold besides `rules.values`, in the order in which it is checked"""
    tflite: TfliteFormat[OpT]
    tflm: TflmNames[OpT]
    kernels: tuple[Kernel[OpT], ...] = ()
    """Plain C that runs on any core; the first that supports an operator computes it. None: the
    operator is a view, its output is its input's storage"""
    fold: Fold | None = None
    """Computes it where all that it reads is constant"""
    codes: Codes | None = None
    """Of an elementwise operator: computes it for integers, so that a table may take its place"""
    moves: bool = False
    """It only moves elements of its first input, of any type in `fold`; others are whole numbers"""
    parts: Callable[[Model, OpT], tuple[SubValue, ...]] = lambda _model, _op: ()
    """Values that may lie inside others: where all do, the operator needs no kernel"""
    index_ends: Callable[[Model, OpT], dict[int, int]] = lambda _model, _op: {}
    """Values that it takes for indices -> the number that all must be below"""
    macs: Callable[[Model, OpT], int] = lambda _model, _op: 0
    """Multiply-accumulates of one inference; 0 for operators that only move or compare. Places on
    the padding count, as is the custom in published figures"""
    ulps: int = 0
    """Units in the last place by which float32 outputs may differ from TFLM's where the two run on
    different C libraries; 0: every target gives TFLM's bits"""
    training: bool = False
    """It is part of a training step, not of an inference"""
    gradient: Gradient[OpT] | None = None
    """Adds the operators of its backward pass; None: nothing before it can learn"""
    quantised_gradient: Gradient[OpT] | None = None
    """The same where what it writes is int8"""
    words: Callable[[Model, OpT], list[str]] = lambda _model, _op: []
    """What the comment of a kernel call says after the operator's name"""

    @property
    def kind(self) -> str:
        """TFLite's name."""
        return self.op.kind

    @property
    def is_view(self) -> bool:
        """Whether the output is the input's storage under another shape."""
        return not self.kernels and always_folded not in self.checks

    def text(self, model: Model, op: OpT) -> str:
        """`CONV_2D 3x3/2 relu`: kind, window and stride, dilation, fused activation."""
        return " ".join([self.kind, *self.words(model, op)])
