"""IF and WHILE whose course is known when the file is read: TFLM runs them, we run what is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.flatfile import NONE, Flatfile
from tests.unit.frontends.test_simplify import Notes
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model, simplify
from tinyssl.graph.verify import verify
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify import check_host
from tinyssl.verify.original import Referee, check_original

SHAPE = (1, 4)
SCALE = 0.05


def value(file: Flatfile, **form: Any) -> int:
    return int(file.activation(SHAPE, SCALE, **form))


def counter(file: Flatfile) -> int:
    return int(file.activation((), dtype="int32"))


def branch(file: Flatfile, kind: str, other: int) -> Flatfile:
    """A subgraph: an operator on its input and a constant."""
    inner = file.subgraph()
    start = value(inner)
    output = value(inner)
    constant = inner.constant(np.full(SHAPE, other, np.int8), [SCALE])
    inner.operator(kind, [start, constant], [output], fusedActivationFunction=NONE)
    inner.ends = ([start], [output])
    return inner


def choice(condition: bool | None) -> bytes:
    """An IF between adding 7 and subtracting 5; None: the input's first element decides."""
    file = Flatfile()
    start = value(file)
    if condition is None:
        zero = file.constant(np.full(SHAPE, 3, np.int8), [SCALE])
        chosen = file.activation((1, 1), dtype="bool")
        file.operator("REDUCE_ALL", [less(file, start, zero), axes(file)], [chosen], keepDims=True)
    else:
        chosen = file.constant(np.array(condition))
    output = value(file)
    options = {"thenSubgraphIndex": 1, "elseSubgraphIndex": 2}
    file.operator("IF", [chosen, start], [output], **options)
    return file.data(others=[branch(file, "ADD", 7), branch(file, "SUB", 5)])


def axes(file: Flatfile) -> int:
    return int(file.constant(np.array([0, 1], np.int32)))


def less(file: Flatfile, left: int, right: int, shape: tuple[int, ...] = SHAPE) -> int:
    output = int(file.activation(shape, dtype="bool"))
    file.operator("LESS", [left, right], [output])
    return output


class Loop:
    """A WHILE whose counter runs from 0; a test adds what its body does.

    Args:
        rounds: None: the model has an input for it.
        carried: Shapes of int8 tensors that the rounds hand on, each also the form of an input.
    """

    def __init__(self, rounds: int | None, carried: tuple[tuple[int, ...], ...] = (SHAPE,)) -> None:
        self.file = file = Flatfile()
        self.carried = carried
        self.starts = [file.activation(shape, SCALE) for shape in carried]
        end = counter(file) if rounds is None else file.constant(np.array(rounds, np.int32))
        self.inputs = [*self.starts, *([end] if rounds is None else [])]
        self.before = [file.constant(np.array(0, np.int32)), end, *self.starts]
        self.condition, (step, most, *_) = self.subgraph()
        self.condition.ends = (self.condition.ends[0], [less(self.condition, step, most, ())])
        self.body, (self.step, self.most, *self.values) = self.subgraph()
        self.next = counter(self.body)
        one = self.body.constant(np.array(1, np.int32))
        self.body.operator("ADD", [self.step, one], [self.next], fusedActivationFunction=NONE)

    def subgraph(self) -> tuple[Flatfile, list[int]]:
        """One that takes counter, end and what is carried."""
        inner = self.file.subgraph()
        values = [inner.activation(shape, SCALE) for shape in self.carried]
        inputs = [counter(inner), counter(inner), *values]
        inner.ends = (inputs, [])
        return inner, inputs

    def data(self, results: list[int], form: dict[str, Any] | None = None) -> bytes:
        """The file; its output is what the last round hands on first.

        Args:
            results: Tensors of the body.
            form: Of the output, where it is another than that of the first input.
        """
        file = self.file
        self.body.ends = (self.body.ends[0], [self.next, self.most, *results])
        forms = [form or {"shape": self.carried[0], "scale": SCALE}]
        forms += [{"shape": shape, "scale": SCALE} for shape in self.carried[1:]]
        ends = [counter(file), counter(file), *(file.activation(**each) for each in forms)]
        file.operator("WHILE", self.before, ends, condSubgraphIndex=1, bodySubgraphIndex=2)
        return file.data(self.inputs, [ends[2]], [self.condition, self.body])

    def add(self, left: int, right: int, shape: tuple[int, ...] = SHAPE) -> int:
        output = int(self.body.activation(shape, SCALE))
        self.body.operator("ADD", [left, right], [output], fusedActivationFunction=NONE)
        return output


def adding(rounds: int | None) -> bytes:
    """Each round adds 3 to what is carried."""
    loop = Loop(rounds)
    three = loop.body.constant(np.full(SHAPE, 3, np.int8), [SCALE])
    return loop.data([loop.add(loop.values[0], three)])


def fibonacci() -> bytes:
    """Two carried tensors, of which one is only handed on."""
    loop = Loop(4, (SHAPE, SHAPE))
    return loop.data([loop.values[1], loop.add(loop.values[0], loop.values[1])])


def rows() -> bytes:
    """Each round adds the row of the input that the counter names: its offset is a constant."""
    loop = Loop(3, (SHAPE, (3, 4)))
    body = loop.body
    row = body.activation(SHAPE, SCALE)
    index = body.activation((1,), dtype="int32")
    shape = body.constant(np.array([1], np.int32))
    body.operator("RESHAPE", [loop.step, shape], [index], newShape=[1])
    body.operator("GATHER", [loop.values[1], index], [row], 2, axis=0, batchDims=0)
    return loop.data([loop.add(loop.values[0], row), loop.values[1]])


def cell() -> bytes:
    """A dense recurrent cell of four steps: state and input row side by side, then TANH."""
    loop = Loop(4, ((1, 6), (4, 3)))
    body, source = loop.body, np.random.default_rng(0)
    index, row = body.activation((2,), dtype="int32"), body.activation((1, 3), SCALE)
    zero = body.constant(np.array(0, np.int32))
    body.operator("PACK", [loop.step, zero], [index], axis=0, valuesCount=2)
    size = body.constant(np.array([1, 3], np.int32))
    body.operator("SLICE", [loop.values[1], index, size], [row])
    joined, summed = body.activation((1, 9), SCALE), body.activation((1, 6), 0.04)
    body.operator(
        "CONCATENATION", [loop.values[0], row], [joined], axis=1, fusedActivationFunction=NONE
    )
    weights = body.constant(source.integers(-127, 128, (6, 9)).astype(np.int8), [0.01])
    bias = body.constant(source.integers(-900, 900, 6).astype(np.int32), [0.01 * SCALE])
    body.operator("FULLY_CONNECTED", [joined, weights, bias], [summed], fusedActivationFunction=0)
    bent, state = body.activation((1, 6), 1 / 128), body.activation((1, 6), SCALE)
    body.operator("TANH", [summed], [bent])
    body.operator("QUANTIZE", [bent], [state])
    return loop.data([state, loop.values[1]])


def listed() -> bytes:
    """Each round writes its row into a list, as Keras does: the rows before, the row, the rows
    behind. In the first round there are none before, in the last none behind.
    """
    loop = Loop(3, ((3, 4), SHAPE))
    body, (rows, row) = loop.body, loop.values
    zero, rest = (body.constant(np.array(number, np.int32)) for number in (0, -1))

    def pair(first: int, second: int) -> int:
        output = int(body.activation((2,), dtype="int32"))
        body.operator("PACK", [first, second], [output], axis=0, valuesCount=2)
        return output

    before, behind, whole = (body.activation(shape, SCALE) for shape in (SHAPE, SHAPE, (3, 4)))
    for part in (before, behind):
        body.tensors[part].shapeSignature = [-1, 4]
    body.operator("SLICE", [rows, pair(zero, zero), pair(loop.step, rest)], [before])
    body.operator("SLICE", [rows, pair(loop.next, zero), pair(rest, rest)], [behind])
    new = loop.add(row, row)
    options = {"axis": 0, "fusedActivationFunction": NONE}
    body.operator("CONCATENATION", [before, new, behind], [whole], **options)
    return loop.data([whole, new])


def nested() -> bytes:
    """The body chooses by its counter, which is a constant in each round."""
    loop = Loop(3)
    two = loop.body.constant(np.array(2, np.int32))
    output = value(loop.body)
    options = {"thenSubgraphIndex": 3, "elseSubgraphIndex": 4}
    chosen = less(loop.body, loop.step, two, ())
    loop.body.operator("IF", [chosen, loop.values[0]], [output], **options)
    file = loop.file
    others = [branch(file, "ADD", 7), branch(file, "SUB", 5)]
    loop.data([output])
    return file.data(
        loop.inputs, [file.operators[-1].outputs[2]], [loop.condition, loop.body, *others]
    )


FILES = {
    "if true": (choice(True), "replaced by the subgraph that its constant condition chooses: "
                "#0 IF (then)", ["#0 ADD"]),
    "if false": (choice(False), "#0 IF (else)", ["#0 SUB"]),
    "adding": (adding(4), "unrolled, as the number of rounds is known: #0 WHILE (4 rounds)",
               ["#0 ADD", "#1 ADD", "#2 ADD", "#3 ADD"]),
    "no round": (adding(0), "WHILE (0 rounds)", ["#0 RESHAPE"]),
    "handed on": (fibonacci(), "(4 rounds)", ["#0 ADD", "#1 ADD", "#2 ADD"]),
    "rows": (rows(), "(3 rounds)", None),
    "cell": (cell(), "(4 rounds)", None),
    "nested": (nested(), "(3 rounds)", ["#0 ADD", "#1 ADD", "#2 SUB"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_is_left_gives_tflms_bytes(name: str) -> None:
    data, change, labels = FILES[name]
    oracle, notes = TflmInterpreter(data), Notes()
    model = oracle.model
    inputs = make_inputs(model, 12, 0)
    assert check_original(oracle, inputs, notes) is Referee.TFLM, notes.texts
    assert any(change in text for text in oracle.changes), oracle.changes
    outputs = np.stack([oracle.run(x)[model.output.name] for x in inputs])
    assert len(np.unique(outputs)) > 1
    assert model.output.name == f"tensor{model.outputs[0]}"
    if labels:
        assert [op.label for op in model.ops] == labels


def test_our_c_gives_the_bytes_of_a_loop() -> None:
    data = cell()
    check = check_host(data, make_inputs(read_model(data), 12, 0))
    assert check.judge is Referee.TFLM
    assert len(np.unique([list(row.values()) for row in check.outputs])) > 1


def test_the_first_and_last_rows_of_a_list_have_none_before_and_behind() -> None:
    data = listed()
    oracle = TflmInterpreter(data)
    inputs = make_inputs(oracle.model, 12, 0)
    assert check_original(oracle, inputs, Notes()) is Referee.LITERT  # TFLM has no empty tensors
    for feeds in inputs:
        rows, row = feeds.values()
        found = oracle.run(feeds)[oracle.model.output.name]
        expected = np.concatenate([np.clip(row.astype(int) * 2**n, -128, 127) for n in (1, 2, 3)])
        np.testing.assert_array_equal(found, expected)
        assert found.shape == rows.shape


def test_rounds_share_their_weights() -> None:
    data = cell()
    model = read_model(data)
    dense = [op.inputs[1] for op in model.ops if op.kind == "FULLY_CONNECTED"]
    assert len(dense) == 4
    assert len(set(dense)) == 1
    again = read_model(simplify(data, model).data)
    verify(again)
    assert [op.kind for op in again.ops] == [op.kind for op in model.ops]


def refusal(data: bytes) -> UnsupportedModel:
    with pytest.raises(UnsupportedModel) as caught:
        read_model(data)
    assert caught.value.hint
    return caught.value


def scaled() -> bytes:
    """The body hands on bytes of another scale, which TFLM copies as they are."""
    loop = Loop(2)
    output = loop.body.activation(SHAPE, 0.1)
    loop.body.operator("ADD", [loop.values[0]] * 2, [output], fusedActivationFunction=NONE)
    return loop.data([output])


def crowded() -> bytes:
    """500 rounds of five operators that stay."""
    loop = Loop(500)
    last = loop.values[0]
    for _ in range(5):
        last = loop.add(last, last)
    return loop.data([last])


REFUSED = {
    "if": (choice(None), "IF: its condition is known only while it runs"),
    "while": (adding(None), "#0 WHILE: how many rounds it takes is known only while it runs"),
    "rounds": (adding(1001), "#0 WHILE: it takes more than 1,000 rounds"),
    "operators": (crowded(), "#0 WHILE: unrolled, the model has more than 2,000 operators"),
    "scales": (scaled(), "hands on int8 [1, 4] of scale 0.1, zero point 0 as int8 [1, 4] of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_in_the_way_is_told(name: str) -> None:
    data, text = REFUSED[name]
    assert text in refusal(data).message


def test_a_subgraph_that_does_not_fit_its_operator_is_a_contradiction() -> None:
    loop = Loop(3)
    with pytest.raises(ModelError, match="other outputs than it: 3 and 2"):
        read_model(loop.data([]))


def test_a_file_without_control_flow_stays_as_it_is() -> None:
    data = cases.softmax()
    assert simplify(data, read_model(data)).data == data
