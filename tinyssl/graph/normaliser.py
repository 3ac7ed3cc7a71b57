"""Puts NORMALISE in front of what learns on the device: of the inputs, or of frozen features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tinyssl.core.errors import UsageError
from tinyssl.graph.model import DType, Model, Op, Value, ValueKind
from tinyssl.ops import OPS
from tinyssl.ops.common.welford import COUNT, MEAN, VARIANCE


@dataclass(frozen=True)
class Normaliser:
    """What was put in."""

    source: int
    """What it reads"""
    output: int
    """The same with mean 0 and variance 1"""
    mean: int
    variance: int
    count: int

    def update(self, index: int) -> Op:
        """The operator by which what it read joins the statistics."""
        made: Op = OPS["STATISTICS_UPDATE"].op(
            index=index,
            input=self.source,
            mean=self.mean,
            variance=self.variance,
            count=self.count,
        )
        return made


def learning_values(model: Model, parameters: Sequence[int]) -> set[int]:
    """Parameters, and all values that depend on one."""
    found = {*parameters}
    for op in model.ops:
        if not found.isdisjoint(op.inputs):
            found.update(op.outputs)
    return found


def with_normaliser(model: Model, parameters: Sequence[int]) -> tuple[Model, Normaliser]:
    """The model with the value in front of all that learns normalised.

    Statistics are parameters: they are named, sent and saved as weights are.

    Args:
        model: Whose operators behind the first parameter compute in float32.
        parameters: What learns.

    Raises:
        UsageError: More than one value goes into what learns.
    """
    learns = learning_values(model, parameters)
    behind = [at for at, op in enumerate(model.ops) if not learns.isdisjoint(op.inputs)]
    read = (index for at in behind for index in model.ops[at].inputs if index not in learns)
    sources = dict.fromkeys(index for index in read if not model.tensor(index).constant)
    source = _only(model, sources)
    values, first = list(model.tensors), len(model.tensors)
    found = Normaliser(source, first, first + 1, first + 2, first + 3)
    shape = values[source].shape
    values.append(Value(f"normalised {values[source].name}", shape, DType.FLOAT32))
    for name, size in ((MEAN, shape), (VARIANCE, shape), (COUNT, (1,))):
        zeros = bytes(Value(name, size, DType.FLOAT32).bytes)
        values.append(Value(name, size, DType.FLOAT32, None, zeros, ValueKind.PARAMETER))
    normalise: Op = OPS["NORMALISE"].op(
        index=model.next_index,
        input=source,
        mean=found.mean,
        variance=found.variance,
        count=found.count,
        output=found.output,
    )
    ops = [
        op.reading({source: found.output}) if at in behind else op
        for at, op in enumerate(model.ops)
    ]
    ops.insert(behind[0], normalise)
    return replace(model, tensors=tuple(values), ops=tuple(ops)), found


def _only(model: Model, sources: Iterable[int]) -> int:
    """The one value that goes into what learns."""
    values = [model.tensor(index) for index in sources]
    if len(values) == 1 and values[0].dtype is DType.FLOAT32:
        return next(iter(sources))
    what = f"{len(values)} values ({', '.join(value.name for value in values)})"
    if len(values) == 1:
        what = f"{values[0].name}, which is {values[0].dtype.value}"
    raise UsageError(
        f"--normalise: what learns reads {what}; one float32 value can be normalised",
        hint="let another part learn, in float32: head, or all layers of a model without branches",
    )
