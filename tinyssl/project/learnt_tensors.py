"""Weights and biases by name: what `--train` may list, and what it lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from tinyssl.core.errors import UsageError
from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_tail import learning_layers
from tinyssl.project.learner import WHAT_HINT, parse_learning

NEAR = 4
"""Names that an error suggests"""
SHARE = 0.5
"""Of the letters that such a name has in common, from `difflib`"""
WORDS = ("head", "last:2", "bias", "all")
"""What else `--train` takes"""


@dataclass(frozen=True)
class LearntTensor:
    """A weight or bias that may learn."""

    name: str
    """`layer12/weight`: by the number among the layers with weights, from 1"""
    names: tuple[str, ...]
    """The same, the file's name, and `head/…` for the last layer"""
    layer: int
    """Position among the layers with weights, from 0"""
    index: int
    """Of the value in the model"""

    @property
    def is_bias(self) -> bool:
        return self.name.endswith("/bias")

    @property
    def head_name(self) -> str:
        """Of the last layer, where no other learns."""
        return f"head/{self.name.partition('/')[2]}"


def learnt_tensors(model: Model) -> tuple[LearntTensor, ...]:
    """All weights and biases of layers, in order of execution."""
    return tuple(_tensors(model))


def _tensors(model: Model) -> Iterator[LearntTensor]:
    layers = learning_layers(model)
    for number, at in enumerate(layers):
        for index, role in zip(model.ops[at].inputs[1:], ("weight", "bias"), strict=False):
            name = f"layer{number + 1}/{role}"
            names = [name, model.tensor(index).name]
            if at == layers[-1]:
                names.append(f"head/{role}")
            yield LearntTensor(name, tuple(names), number, index)


def named_tensors(model: Model, patterns: Sequence[str]) -> tuple[LearntTensor, ...]:
    """Those that patterns name, in order of execution.

    Args:
        model: Whose weights and biases are named.
        patterns: Names, or patterns as of a shell: `*/bias`, `layer5?/*`.

    Raises:
        UsageError: A pattern names none.
    """
    tensors = learnt_tensors(model)
    for pattern in patterns:
        if not any(_matches(tensor, pattern) for tensor in tensors):
            raise _unknown(model, tensors, pattern)
    return tuple(
        tensor for tensor in tensors if any(_matches(tensor, pattern) for pattern in patterns)
    )


def chosen_tensors(model: Model, what: str) -> tuple[LearntTensor, ...]:
    """What `--train` names, in order of execution.

    Raises:
        UsageError: The model has fewer layers, or nothing of a name.
    """
    learning, layers = parse_learning(what), len(learning_layers(model))
    if learning.tensors:
        return named_tensors(model, learning.tensors)
    count = layers if learning.layers is None else learning.layers
    if not 1 <= count <= layers:
        raise UsageError(
            f"--train {what}: the model has {layers} layers with weights", hint=WHAT_HINT
        )
    return tuple(
        tensor
        for tensor in learnt_tensors(model)
        if tensor.layer >= layers - count and (tensor.is_bias or not learning.biases_alone)
    )


def _matches(tensor: LearntTensor, pattern: str) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for name in tensor.names)


def _unknown(model: Model, tensors: Sequence[LearntTensor], pattern: str) -> UsageError:
    known = [*WORDS, *dict.fromkeys(name for tensor in tensors for name in tensor.names)]
    near = get_close_matches(pattern, known, NEAR, SHARE)
    close = f"did you mean {', '.join(near)}? " if near else ""
    return UsageError(
        f"--train {pattern}: {_what(model, pattern)}",
        hint=f"{close}Weights and biases are called {tensors[0].name} to {tensors[-1].name}, or as "
        "in the file; commas part several, `*/bias` names all biases",
    )


def _what(model: Model, name: str) -> str:
    """Why a name is none of a weight or bias."""
    readers = [op.label for op in model.ops if name in (model.tensor(i).name for i in op.inputs)]
    if readers:
        return f"{readers[0]} reads it, but it is no weight or bias of a layer"
    return "no weight or bias has this name"
