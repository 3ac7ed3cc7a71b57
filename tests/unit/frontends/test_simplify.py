"""A file without what its model does without: smaller, and the same bytes in the interpreters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tests.ops.operators.cuts import open_batch
from tests.ops.oracle import Tflm
from tests.unit.frontends.test_reader import repacked
from tests.unit.graph.test_folding import whole
from tinyssl.codegen.tflm import render_tflm
from tinyssl.core.errors import Mismatch
from tinyssl.core.progress import Silent
from tinyssl.frontends.tflite import complete, read_model, simplify
from tinyssl.graph.verify import verify
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify import check_host
from tinyssl.verify.original import Referee, check_original


class Notes(Silent):
    """Keeps what a stage tells."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def kinds(data: bytes) -> list[int]:
    root = schema.ModelT.InitFromPackedBuf(data, 0)
    assert len(root.operatorCodes) == len({op.opcodeIndex for op in root.subgraphs[0].operators})
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in root.operatorCodes]
    return [codes[op.opcodeIndex] for op in root.subgraphs[0].operators]


def test_folded_operators_leave_the_file_and_tflm_gives_the_same() -> None:
    data = open_batch()
    model = read_model(data)
    simple = simplify(data, model)
    code = schema.BuiltinOperator
    assert kinds(simple.data) == [code.RESHAPE, code.SOFTMAX]
    assert simple.added == ("folded into constants: #0 SHAPE, #1 STRIDED_SLICE, #2 PACK",)
    again = read_model(simple.data)
    verify(again)
    used = {index for op in model.ops for index in (*op.inputs, *op.outputs)}
    assert all(again.tensor(index) == model.tensor(index) for index in used)
    assert simplify(simple.data, again).added == ()
    x = np.random.default_rng(0).integers(-128, 128, (1, 4, 5, 2)).astype(np.int8)
    np.testing.assert_array_equal(Tflm(data).invoke(x), Tflm(simple.data).invoke(x))


def test_the_file_as_it_is_is_compared_in_tflm() -> None:
    data = open_batch()
    notes = Notes()
    check = check_host(data, make_inputs(read_model(data), 12, 0), progress=notes)
    assert check.judge is Referee.TFLM
    assert check.changes == ("folded into constants: #0 SHAPE, #1 STRIDED_SLICE, #2 PACK",)
    assert "TensorFlow Lite Micro: the same outputs as the file's, on 8 inputs" in notes.texts


def only_litert() -> bytes:
    """TFLM has no RANGE: it does not run the file as it is."""
    file = Flatfile()
    start = file.activation((1, 4, 5, 2), 0.05, 3)
    order = file.activation((4,), dtype="int32")
    output = file.activation((1, 4, 5, 2), 0.05, 3)
    limits = [file.constant(whole(value)) for value in (0, 4, 1)]
    file.operator("RANGE", limits, [order])
    file.operator("TRANSPOSE", [start, order], [output])
    return file.data()


def test_litert_compares_what_tflm_does_not_run() -> None:
    data = only_litert()
    notes = Notes()
    check = check_host(data, make_inputs(read_model(data), 12, 0), progress=notes)
    assert check.judge is Referee.LITERT
    assert any("TensorFlow Lite Micro does not run the file as it is" in t for t in notes.texts)
    assert any("LiteRT's reference kernels: the same outputs" in text for text in notes.texts)


def test_a_simplified_file_that_gives_other_bytes_is_found() -> None:
    oracle = TflmInterpreter(open_batch())

    def louder(model: Any) -> None:
        model.subgraphs[0].operators[-1].builtinOptions.beta = 0.25

    oracle.data = repacked(oracle.data, louder)
    inputs = make_inputs(oracle.model, 12, 0)
    with pytest.raises(Mismatch, match="of the simplified file differs from the original's"):
        check_original(oracle, inputs, Silent())


def test_an_unread_operator_that_nobody_knows_is_not_in_the_way() -> None:
    file = Flatfile()
    start, idle = file.activation((1, 40)), file.activation((1, 40))
    output = file.activation((1, 40), 1 / 256, -128)
    file.operator("SKIP_GRAM", [start], [idle])
    file.operator("SOFTMAX", [start], [output], 2, beta=1.0)
    data = file.data()
    notes = Notes()
    check = check_host(data, make_inputs(read_model(data), 12, 0), progress=notes)
    assert check.changes == ("left out, as nothing reads the result: #0 SKIP_GRAM",)
    assert check.judge is Referee.NOBODY
    assert "no interpreter runs the file as it is" in notes.texts[-1]


def test_a_shape_that_nobody_could_compute_is_that_of_the_output() -> None:
    file = Flatfile()
    start, shape = file.activation((1, 4, 5, 2)), file.activation((2,), dtype="int32")
    flat = file.activation((1, 40))
    file.operator("SKIP_GRAM", [start], [shape])
    file.operator("RESHAPE", [start, shape], [flat])
    data = file.data()
    simple = simplify(data, read_model(data)).data
    graph = schema.ModelT.InitFromPackedBuf(simple, 0).subgraphs[0]
    assert graph.tensors[graph.operators[0].inputs[1]].shape.tolist() == [2]
    x = np.arange(40, dtype=np.int8).reshape(1, 4, 5, 2)
    assert Tflm(simple).invoke(x).ravel().tolist() == list(range(40))


def with_second_subgraph(model: Any) -> None:
    """Another signature, of operators that nobody runs."""
    other = schema.ModelT.InitFromPackedBuf(cases.softmax(), 0)
    other.subgraphs[0].operators[0].opcodeIndex = len(model.operatorCodes)
    for tensor in other.subgraphs[0].tensors:
        tensor.buffer = 0
    other.operatorCodes[0].builtinCode = schema.BuiltinOperator.SKIP_GRAM
    other.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.SKIP_GRAM
    model.operatorCodes += other.operatorCodes
    model.subgraphs += other.subgraphs


def test_a_subgraph_that_nothing_runs_is_left_out() -> None:
    data = repacked(cases.conv(), with_second_subgraph)
    model = read_model(data)
    verify(model)
    simple = simplify(data, model)
    assert simple.added == ("left out, as no operator runs them: subgraphs, 1",)
    assert len(schema.ModelT.InitFromPackedBuf(simple.data, 0).subgraphs) == 1
    assert check_host(data, make_inputs(model, 12, 0)).inputs == 12


def test_metadata_is_left_out() -> None:
    def describe(model: Any) -> None:
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = np.zeros(5000, np.uint8)
        entry.name, entry.buffer = b"notes", len(model.buffers)
        model.buffers.append(buffer)
        model.metadata = [entry]

    data = repacked(cases.conv(), describe)
    simple = simplify(data, read_model(data))
    assert simple.added == ("left out: metadata, 5000 bytes",)
    assert len(simple.data) < len(data) - 4900
    assert complete(data).data == data


def test_the_engine_tflm_gets_the_simplified_file() -> None:
    data = open_batch()
    files = render_tflm(read_model(data, "name"), data, 1 << 16)
    engine = files["engine_tflm.cc"]
    assert "AddSoftmax" in engine
    assert "AddShape" not in engine
    size = len(simplify(data, read_model(data)).data)
    assert files["model_data.cc"].count("0x") == size
