"""What kind of model it is that tinyssl does not support, and what its owner can do about it.

Blockers of one cause become one line with the way out: twenty float16 tensors, each with its own
DEQUANTIZE, are one model whose weights are float16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tinyssl.core.errors import Blocker
from tinyssl.graph.blockers import places_text
from tinyssl.graph.types import FLOAT_HINT
from tinyssl.ops import OPS, OWN_OPERATOR_HINT


@dataclass(frozen=True)
class RawOp:
    """An operator as the file has it."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def label(self) -> str:
        return f"#{self.index} {self.kind}"


@dataclass(frozen=True)
class RawTensor:
    """A tensor as the file has it."""

    name: str
    type: str
    """Name in the schema's TensorType"""
    constant: bool


@dataclass(frozen=True)
class RawGraph:
    """The graph as the file has it."""

    ops: tuple[RawOp, ...]
    tensors: dict[int, RawTensor]
    """Those that are used"""
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def of_kind(self, kinds: Sequence[str]) -> list[RawOp]:
        return [op for op in self.ops if op.kind in kinds]

    def place(self, index: int) -> str:
        """As the reader names a tensor in its blockers."""
        return f"tensor {index} ({self.tensors[index].name})"


@dataclass(frozen=True)
class Diagnosis:
    """One cause."""

    text: str
    hint: str
    places: frozenset[str]
    """Blockers at these places follow from it"""


NPUS = {
    "edgetpu-custom-op": "Google's Edge TPU",
    "ethos-u": "Arm's Ethos-U",
    "NeutronGraph": "NXP's Neutron",
    "DISPATCH_OP": "an NPU of LiteRT",
}
"""Custom operator that a compiler for an accelerator writes -> the accelerator"""

RECURRENT = (
    "LSTM",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "RNN",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
    "BIDIRECTIONAL_SEQUENCE_RNN",
)


def diagnose(graph: RawGraph, blockers: Sequence[Blocker]) -> list[Blocker]:
    """The blockers, with those of a known cause replaced by it, and with hints.

    Args:
        graph: The file's graph.
        blockers: What the reader and the verifier found.
    """
    compiled = list(_accelerator(graph))
    if compiled:  # whatever else is in the way belongs to the accelerator
        return [Blocker("", cause.text, cause.hint) for cause in compiled]
    causes = [cause for find in CAUSES for cause in find(graph)]
    covered = {place for cause in causes for place in cause.places}
    found = [Blocker("", cause.text, cause.hint) for cause in causes]
    rest = [blocker for blocker in blockers if blocker.place not in covered]
    return [*found, *map(_hinted, rest)]


def _hinted(blocker: Blocker) -> Blocker:
    if blocker.hint or not blocker.place.startswith("#"):
        return blocker
    kind = blocker.place.partition(" ")[2]
    if kind in OPS:
        return blocker
    return replace(blocker, hint=OWN_OPERATOR_HINT)


def _labels(ops: Sequence[RawOp]) -> frozenset[str]:
    return frozenset(op.label for op in ops)


def _accelerator(graph: RawGraph) -> Iterator[Diagnosis]:
    """A model that was compiled for an accelerator."""
    for code, name in NPUS.items():
        ops = graph.of_kind([f"CUSTOM {code}"])
        if ops:
            text = f"the model was compiled for {name} (operator {code})"
            hint = "take the original .tflite, from before that compiler"
            yield Diagnosis(text, hint, _labels(ops))


def _memory(graph: RawGraph) -> Iterator[Diagnosis]:
    """Recurrent operators that tinyssl does not have."""
    ops = [op for op in graph.of_kind(RECURRENT) if op.kind not in OPS]
    if ops:
        places = places_text(op.label for op in ops)
        tensors = {
            graph.place(index)
            for op in ops
            for index in (*op.inputs, *op.outputs)
            if index in graph.tensors
        }
        hint = "use a UNIDIRECTIONAL_SEQUENCE_LSTM or convolutions over time"
        yield Diagnosis(f"the model is recurrent: {places}", hint, _labels(ops) | tensors)


def _flex(graph: RawGraph) -> Iterator[Diagnosis]:
    """Operators that only TensorFlow itself has."""
    ops = [op for op in graph.ops if op.kind.startswith("CUSTOM Flex")]
    if ops:
        text = f"operators of TensorFlow itself: {places_text(op.label for op in ops)}"
        hint = "convert without SELECT_TF_OPS, from layers that have a TFLite operator"
        yield Diagnosis(text, hint, _labels(ops))


def _weights(graph: RawGraph) -> Iterator[Diagnosis]:
    """float16 and 2-bit constants."""
    for kind, hint in (
        ("FLOAT16", FLOAT_HINT),
        ("BFLOAT16", FLOAT_HINT),
        ("INT2", "quantise the weights to INT8"),
    ):
        found = [i for i, t in graph.tensors.items() if t.type == kind and t.constant]
        if not found:
            continue
        ops = [op for op in graph.of_kind(["DEQUANTIZE"]) if op.inputs and op.inputs[0] in found]
        text = f"its weights are {kind}: {len(found)} tensors ({graph.tensors[found[0]].name}, …)"
        yield Diagnosis(text, hint, _labels(ops) | {graph.place(index) for index in found})


CAUSES: tuple[Callable[[RawGraph], Iterator[Diagnosis]], ...] = (
    _memory,
    _flex,
    _weights,
)
"""Each gives the causes it sees in a graph"""
