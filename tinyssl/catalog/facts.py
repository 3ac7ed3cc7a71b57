"""What the catalogue knows of a model, read from its file: `describe.py` writes it as triples."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tinyssl import compiler
from tinyssl.catalog.quantity import Quantity
from tinyssl.compiler import Program
from tinyssl.compiler.describe import shape_text
from tinyssl.core.errors import Blocker, UnsupportedModel
from tinyssl.frontends.tflite import operator_kinds, read_model
from tinyssl.graph.model import Model, Value
from tinyssl.ops import macs
from tinyssl.targets.boards import Isa


@dataclass(frozen=True)
class TensorFacts:
    """An input or an output."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class LayerFacts:
    """An operator that tinyssl reads."""

    index: int
    kind: str
    quantisation: str
    """Element type of what it computes"""
    shape_in: str
    shape_out: str
    macs: int


@dataclass(frozen=True)
class ModelOrigin:
    """What no file tells: who made a model, of what, for what."""

    name: str = ""
    """Default: the file's"""
    description: str = ""
    task: str = ""
    """What it decides, in words that `--task` looks for: classification, keyword, person, …"""
    sensors: tuple[str, ...] = ()
    """Names of `terms.SENSORS`; none: any board that can be sent samples"""
    classes: tuple[str, ...] = ()
    licence: str = ""
    data: str = ""
    """Fingerprint of the data set that trained it"""
    data_name: str = ""
    data_licence: str = ""
    teacher: str = ""
    file: str = ""
    """Path, relative to the workspace where it lies there"""
    record: str = ""
    """Run that made it"""
    accuracies: tuple[Quantity, ...] = ()


@dataclass(frozen=True)
class ModelFacts:
    """A model file."""

    sha256: str
    bytes: int
    origin: ModelOrigin
    operators: tuple[str, ...]
    """Kinds, each once, in order"""
    inputs: tuple[TensorFacts, ...] = ()
    outputs: tuple[TensorFacts, ...] = ()
    layers: tuple[LayerFacts, ...] = ()
    macs: int = 0
    constant_bytes: int = 0
    arena_bytes: int = 0
    """Of the plan with portable kernels"""
    problems: tuple[str, ...] = ()
    """Why our engine does not take it; none where it does"""


@dataclass
class Compiled:
    """A model file, its graph, and its programs as they are asked for."""

    facts: ModelFacts
    graph: Model | None
    """None where our engine does not take it"""
    programs: dict[str, Program] = field(default_factory=dict)
    """Instruction set -> program"""

    def program(self, isa: Isa) -> Program:
        """The program for an instruction set, compiled once.

        Raises:
            ValueError: The engine does not take the model.
        """
        if self.graph is None:
            raise ValueError(f"{self.facts.origin.name} has no graph")
        if isa not in self.programs:
            self.programs[isa] = compiler.compile(self.graph, isa)
        return self.programs[isa]


def read_facts(data: bytes, origin: ModelOrigin) -> Compiled:
    """What a .tflite says of itself.

    Args:
        data: The file.
        origin: What it cannot say; its name must be set.

    Raises:
        ModelError: It is damaged; an unsupported model is described with its problems.
    """
    digest = hashlib.sha256(data).hexdigest()
    operators = operator_kinds(data)
    try:
        graph = read_model(data, origin.name)
        program = compiler.compile(graph)
    except UnsupportedModel as error:
        texts = tuple(dict.fromkeys(_problem(blocker) for blocker in error.blockers))
        return Compiled(ModelFacts(digest, len(data), origin, operators, problems=texts), None)
    layers = tuple(_layer(graph, position) for position in range(len(graph.ops)))
    facts = ModelFacts(
        digest,
        len(data),
        origin,
        operators,
        inputs=tuple(_tensor(graph.tensor(index)) for index in graph.inputs),
        outputs=tuple(_tensor(graph.tensor(index)) for index in graph.outputs),
        layers=layers,
        macs=sum(layer.macs for layer in layers),
        constant_bytes=program.constant_bytes,
        arena_bytes=program.arena_bytes,
    )
    return Compiled(facts, graph, {program.isa: program})


def _problem(blocker: Blocker) -> str:
    return f"{blocker.place}: {blocker.text}" if blocker.place else blocker.text


def _tensor(value: Value) -> TensorFacts:
    return TensorFacts(value.name, value.dtype.value, value.shape)


def _layer(graph: Model, position: int) -> LayerFacts:
    op = graph.ops[position]
    values = [graph.tensor(index) for index in op.inputs if not graph.tensor(index).constant]
    results = [graph.tensor(index) for index in op.outputs]
    return LayerFacts(
        position,
        op.kind,
        results[0].dtype.value if results else "",
        " + ".join(shape_text(value.shape) for value in values),
        " + ".join(shape_text(value.shape) for value in results),
        macs(graph, op),
    )
