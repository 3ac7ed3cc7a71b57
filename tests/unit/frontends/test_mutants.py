"""The short form of the two campaigns with mutated files; `.ci/scheduled` runs the long ones."""

from __future__ import annotations

import time

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops import cases
from tests.ops.image import TARGETS, make_program, run_program
from tests.ops.mutants import Mutator, seeds
from tests.ops.mutation_checks import Oracle, accepted, check_reader, small
from tests.unit.frontends.test_reader import repacked
from tinyssl.core.errors import ModelError
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.verify import verify

MUTANTS = 600
COMPILED = 12


def test_a_mutant_is_a_model_or_a_model_error() -> None:
    tally = check_reader(Mutator(seeds(), 2), MUTANTS)
    assert tally.wrong == []
    assert tally.refused > MUTANTS // 2
    assert tally.accepted > MUTANTS // 20


def test_the_seed_decides() -> None:
    first, again = Mutator(seeds(), 5), Mutator(seeds(), 5)
    assert [first.mutant() for _ in range(20)] == [again.mutant() for _ in range(20)]


def test_accepted_mutants_give_the_bytes_of_tflm(tmp_path):
    """Under ASan and UBSan; each is another file than any of the seeds."""
    mutator, oracle = Mutator(seeds(), 3), Oracle()
    found: dict[bytes, list[bytes]] = {}
    known = set(seeds().values())
    while len(found) < COMPILED:
        data = mutator.field_changed()
        model = accepted(data)
        if model is None or data in known or not small(model):
            continue
        answers = oracle.answers(data, model)
        if answers is not None:
            found[data] = answers
    graphs = {f"mutant{number}": data for number, data in enumerate(found)}
    program = make_program(graphs, TARGETS["host"].isa, expect=lambda data, _: found[data])
    assert run_program(program, TARGETS["host"], tmp_path) == []


def many_tensors(model):
    graph = model.subgraphs[0]
    graph.tensors = [*graph.tensors, *[graph.tensors[0]] * 20_000]


def many_operators(model):
    graph = model.subgraphs[0]
    graph.operators = graph.operators * 3000


def huge_shape(model):
    for tensor in model.subgraphs[0].tensors[:2]:
        tensor.shape = [1, 2**31 - 1, 2**31 - 1, 2**31 - 1]


LARGE = {
    "tensors": (many_tensors, "tensors"),
    "operators": (many_operators, "3000 operators; 2000 are supported"),
    "elements": (huge_shape, "elements; up to"),
}


@pytest.mark.parametrize("name", LARGE)
def test_graphs_without_measure_are_refused_at_once(name):
    change, message = LARGE[name]
    data = repacked(cases.pool(), change)
    started = time.monotonic()
    with pytest.raises(ModelError, match=message):
        verify(read_model(data))
    assert time.monotonic() - started < 5


def bomb(count: int, name_bytes: int) -> bytes:
    """So many tensors, all of them one table with one long name; an operator reads them all."""
    builder = flatbuffers.Builder(1 << 16)
    name = builder.CreateString("x" * name_bytes)
    schema.TensorStart(builder)
    schema.TensorAddName(builder, name)
    schema.TensorAddType(builder, schema.TensorType.INT8)
    tensor = schema.TensorEnd(builder)
    indices = builder.CreateNumpyVector(np.arange(count, dtype=np.int32))
    schema.OperatorStart(builder)
    schema.OperatorAddInputs(builder, indices)
    operator = schema.OperatorEnd(builder)
    schema.OperatorCodeStart(builder)
    code = schema.OperatorCodeEnd(builder)
    schema.BufferStart(builder)
    buffer = schema.BufferEnd(builder)

    def vector(*offsets: int) -> int:
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()

    tensors, operators = vector(*[tensor] * count), vector(operator)
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    schema.SubGraphAddOperators(builder, operators)
    graph = schema.SubGraphEnd(builder)
    graphs, codes, buffers = vector(graph), vector(code), vector(buffer)
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    schema.ModelAddOperatorCodes(builder, codes)
    schema.ModelAddBuffers(builder, buffers)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_tensors_that_nothing_uses_unpack_to_no_gigabytes() -> None:
    """The object API copies their names too: all of them are one table here."""
    model = schema.ModelT.InitFromPackedBuf(cases.softmax(), 0)
    graph = model.subgraphs[0]
    shared = SharedTensor(1 << 20)
    graph.tensors = [*graph.tensors, *[shared] * 9000]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    started = time.monotonic()
    with pytest.raises(ModelError, match="its tables overlap"):
        read_model(bytes(builder.Output()))
    assert time.monotonic() - started < 5


class SharedTensor:
    """A tensor with a long name that is written once."""

    def __init__(self, name_bytes: int) -> None:
        self._name = "x" * name_bytes
        self._offset = 0

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802
        if not self._offset:
            name = builder.CreateString(self._name)
            schema.TensorStart(builder)
            schema.TensorAddName(builder, name)
            schema.TensorAddType(builder, schema.TensorType.INT8)
            self._offset = schema.TensorEnd(builder)
        return self._offset


def test_a_file_that_unpacks_to_gigabytes_is_refused() -> None:
    data = bomb(9000, 1 << 20)
    assert len(data) < 1 << 21
    started = time.monotonic()
    with pytest.raises(ModelError, match="its tables overlap"):
        read_model(data)
    assert time.monotonic() - started < 5
