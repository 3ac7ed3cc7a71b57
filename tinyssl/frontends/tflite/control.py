"""IF and WHILE whose course is known when a file is read: their subgraphs become part of the first.

An IF with a constant condition is the subgraph that it chooses. A WHILE is run here as far as
constants go: its counter starts as one, its body adds one to it, and its condition compares it with
one. So each round's condition folds, and as long as it is true the body's operators follow once
more. What folds in a round, as the counter and offsets that follow from it, is a constant there;
what does not becomes an operator on tensors of that round. Weights, and states inside operators,
belong to the subgraph: all rounds share them.

Nothing is copied between rounds, as TensorFlow Lite Micro does (kernels/while.cc, if.cc): what a
round writes is what the next one reads. Both ends of each such step must have one type, one scale
and one zero point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinyssl.core.errors import Blocker, ModelError
from tinyssl.frontends.tflite.diagnosis import RawOp
from tinyssl.frontends.tflite.flat_file import FlatGraph, PlacedOp, write_flat
from tinyssl.frontends.tflite.subgraph import FileSubgraph
from tinyssl.frontends.tflite.tables import (
    DAMAGE,
    DAMAGED_HINT,
    OPERATORS_MAX,
    Tables,
    check_header,
)
from tinyssl.graph.changes import Change, ChangeKind
from tinyssl.graph.check import CONTRADICTION_HINT
from tinyssl.graph.folding import Folder
from tinyssl.graph.model import DType, Value, ValueKind
from tinyssl.ops import OPS
from tinyssl.ops.common.tflite import OperatorContext

BRANCH, LOOP = "IF", "WHILE"
CONTROL = (BRANCH, LOOP)
"""Operators that the graph does without"""
ROUNDS_MAX = 1000
"""Of all loops of a file together"""
STEPS_MAX = 20_000
"""Operators of all rounds, also those that fold"""
DEPTH_MAX = 8
"""Subgraphs inside each other"""

DECIDED_HINT = (
    "convert the model so that the input decides nothing: a number of steps that is a constant "
    "(in Keras an input of fixed length, or unroll=True in the recurrent layer), or no control flow"
)
SMALLER_HINT = "convert it with fewer steps, or run one step an inference and keep the state"


@dataclass(frozen=True)
class Flat:
    """A file without IF and WHILE."""

    data: bytes
    """The file itself where it has none, or something is in the way of one"""
    changes: tuple[Change, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    """By the numbers of the file itself"""


def flatten(data: bytes) -> Flat:
    """The file with what its IF and WHILE run in their place.

    Tensors keep their numbers, new ones follow; operators are numbered anew.

    Raises:
        ModelError: The file is damaged, or a subgraph does not fit its operator.
        DAMAGE: It is damaged; `damage_as_error` makes it a ModelError.
    """
    return _Flattening(data).run() if has_control(data) else Flat(data)


def has_control(data: bytes) -> bool:
    """Whether a file has an IF or a WHILE."""
    from ai_edge_litert import schema_py_generated as schema

    check_header(data)
    root = schema.Model.GetRootAs(data, 0)
    numbers = [getattr(schema.BuiltinOperator, kind) for kind in CONTROL]
    count = min(root.OperatorCodesLength(), OPERATORS_MAX)
    codes = (root.OperatorCodes(index) for index in range(count))
    return any(max(c.BuiltinCode(), c.DeprecatedBuiltinCode()) in numbers for c in codes)


class _Blocked(Exception):
    """A sound IF or WHILE that cannot be flattened."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.text, self.hint = text, hint


Names = dict[int, int]
"""Tensor of a subgraph -> tensor of the flat graph, in one run of the subgraph"""


class _Flattening:
    """One file while it is flattened."""

    def __init__(self, data: bytes) -> None:
        self.tables = Tables(data)
        self.graphs: dict[int, FileSubgraph] = {}
        main = self._graph(0)
        count = main.tensors.count
        self.inputs = main.tensors.indices(main.graph.InputsAsNumpy())
        self.outputs = main.tensors.indices(main.graph.OutputsAsNumpy())
        used = {index for op in main.ops for index in (*op.inputs, *op.outputs)}
        used |= {*self.inputs, *self.outputs}
        self.flat = FlatGraph(
            [main.tensors.read(index) if index in used else None for index in range(count)]
        )
        self.folder = Folder(self.flat.values, (), self.tables.take)
        self.shared: dict[tuple[int, int], int] = {}
        """Subgraph and tensor of constants and states -> tensor of the flat graph"""
        self.rounds = self.steps = self.depth = 0

    def run(self) -> Flat:
        names: Names = {}
        changes: list[Change] = []
        blockers: list[Blocker] = []
        for op in self._graph(0).ops:
            if op.kind not in CONTROL:
                self._place(0, op, names)
                continue
            try:
                changes.append(self._control(0, op, names))
            except _Blocked as blocked:
                self.depth = 0
                blockers.append(Blocker(op.label, blocked.text, blocked.hint))
        if blockers or not changes:
            return Flat(self.tables.data, (), tuple(blockers))
        self.flat.end_in({index: names[index] for index in self.outputs if index in names})
        return Flat(write_flat(self.tables.data, self.flat), tuple(changes))

    def _graph(self, number: int) -> FileSubgraph:
        if number not in self.graphs:
            self.graphs[number] = FileSubgraph(self.tables, number)
        return self.graphs[number]

    # Operators.

    def _place(self, number: int, op: RawOp, names: Names) -> None:
        """Appends an operator of a subgraph, unless its results are constants there."""
        if number:
            self._count_step()
        inputs = tuple(self._tensor(number, index, names) for index in op.inputs)
        outputs = tuple(self._tensor(number, index, names) for index in op.outputs)
        flat = replace(op, inputs=inputs, outputs=outputs)
        if self._folds(number, flat) and number:
            return
        self.flat.ops.append(PlacedOp(number, flat))

    def _count_step(self) -> None:
        """Keeps what is written, and the time that it takes, within bounds."""
        self.steps += 1
        if self.steps > STEPS_MAX:
            text = f"its rounds have more than {STEPS_MAX:,} operators"
            raise _Blocked(text, SMALLER_HINT)
        if len(self.flat.ops) >= OPERATORS_MAX:
            text = f"unrolled, the model has more than {OPERATORS_MAX:,} operators"
            raise _Blocked(text, SMALLER_HINT)

    def _folds(self, number: int, op: RawOp) -> bool:
        """Whether the results are constants now; what is wrong with others the reader says."""
        spec, values = OPS.get(op.kind), self.flat.values
        if spec is None or spec.fold is None:
            return False
        if not all(index >= 0 and values[index].constant for index in op.inputs):
            return False
        graph = self._graph(number)
        options = graph.options(op, spec.tflite.options)
        context = OperatorContext(op.index, op.label, op.inputs, op.outputs, values, options)
        try:
            return self.folder.fold(spec.tflite.read(context))
        except (ModelError, *DAMAGE, ZeroDivisionError):
            return False

    def _control(self, number: int, op: RawOp, names: Names) -> Change:
        """Runs an IF or WHILE; its outputs mean what it ends with then."""
        inputs = [self._tensor(number, index, names) for index in op.inputs]
        if op.kind == BRANCH:
            results, word = self._branch(number, op, inputs)
            kind = ChangeKind.CHOSEN
        else:
            before = self.rounds
            results = self._loop(number, op, inputs)
            kind, word = ChangeKind.UNROLLED, f"{self.rounds - before} rounds"
        graph = self._graph(number)
        _check_count(op, "outputs", op.outputs, results)
        for index, result in zip(op.outputs, results, strict=True):
            names[index] = self._handed_on(result, graph.tensors.read(index))
        return Change(kind, (f"{op.label} ({word})",), ())

    def _branch(self, number: int, op: RawOp, inputs: Sequence[int]) -> tuple[list[int], str]:
        """Results of the subgraph that an IF chooses, and which one it is."""
        options = self._options(number, op, "IfOptions")
        if not inputs:
            raise ModelError(f"{op.label}: it has no condition", hint=DAMAGED_HINT)
        chosen = self._truth(op, inputs[0])
        if chosen is None:
            raise _Blocked("its condition is known only while it runs", DECIDED_HINT)
        target = options.thenSubgraphIndex if chosen else options.elseSubgraphIndex
        return self._call(op, target, inputs[1:]), "then" if chosen else "else"

    def _loop(self, number: int, op: RawOp, inputs: list[int]) -> list[int]:
        """What a WHILE ends with."""
        options = self._options(number, op, "WhileOptions")
        carried = inputs
        while self._goes_on(op, options.condSubgraphIndex, carried):
            self.rounds += 1
            if self.rounds > ROUNDS_MAX:
                raise _Blocked(f"it takes more than {ROUNDS_MAX:,} rounds", SMALLER_HINT)
            carried = self._call(op, options.bodySubgraphIndex, carried)
            _check_count(op, "outputs", op.outputs, carried)
        return carried

    def _goes_on(self, op: RawOp, condition: int, carried: Sequence[int]) -> bool:
        """Whether a loop runs once more: its condition must fold, and its operators go then."""
        placed = len(self.flat.ops)
        results = self._call(op, condition, carried)
        if not results:
            raise ModelError(f"{op.label}: its condition gives nothing", hint=DAMAGED_HINT)
        truth = self._truth(op, results[0])
        if truth is None or any(self._acts(each.op) for each in self.flat.ops[placed:]):
            raise _Blocked(
                "how many rounds it takes is known only while it runs: its condition does not "
                "follow from constants",
                DECIDED_HINT,
            )
        del self.flat.ops[placed:]
        return truth

    def _acts(self, op: RawOp) -> bool:
        """Whether an operator changes something beside its outputs."""
        kinds = {self.flat.values[index].kind for index in op.inputs if index >= 0}
        return not op.outputs or ValueKind.STATE in kinds

    def _call(self, op: RawOp, number: int, arguments: Sequence[int]) -> list[int]:
        """One run of a subgraph; its results as tensors of the flat graph."""
        graph = self._graph(number)
        inputs = graph.tensors.indices(graph.graph.InputsAsNumpy())
        _check_count(op, "inputs", arguments, inputs)
        if self.depth == DEPTH_MAX:
            raise _Blocked(f"more than {DEPTH_MAX} subgraphs inside each other", DECIDED_HINT)
        names = {
            index: self._handed_on(argument, graph.tensors.read(index))
            for index, argument in zip(inputs, arguments, strict=True)
        }
        self.depth += 1
        for inner in graph.ops:
            if inner.kind in CONTROL:
                self._control(number, inner, names)
            else:
                self._place(number, inner, names)
        self.depth -= 1
        outputs = graph.tensors.indices(graph.graph.OutputsAsNumpy())
        return [self._tensor(number, index, names) for index in outputs]

    def _options(self, number: int, op: RawOp, table: str) -> Any:
        options = self._graph(number).options(op, table)
        if options is None:
            raise ModelError(f"{op.label}: no options", hint=CONTRADICTION_HINT)
        return options

    # Tensors.

    def _tensor(self, number: int, index: int, names: Names) -> int:
        """Tensor of the flat graph that stands for one of a subgraph in this run of it."""
        if index < 0 or index in names:
            return names.get(index, index)
        if number == 0:
            return index
        key = (number, index)
        if key in self.shared:
            return self.shared[key]
        value = self._graph(number).tensors.read(index)
        names[index] = self.flat.add(value, key)
        if value.constant or value.kind is ValueKind.STATE:
            self.shared[key] = names[index]
        return names[index]

    def _truth(self, op: RawOp, index: int) -> bool | None:
        """A condition's value; None where it is no constant."""
        value = self.flat.values[index]
        if not value.constant:
            return None
        if value.dtype is not DType.BOOL or value.elements != 1:
            raise ModelError(
                f"{op.label}: its condition is {value.dtype.value} {list(value.shape)}; it must be "
                "one truth value",
                hint=CONTRADICTION_HINT,
            )
        return bool(value.array().ravel()[0])

    def _handed_on(self, index: int, taken: Value) -> int:
        """The tensor that a subgraph's end takes over: the same one, where the forms agree."""
        given = self.flat.values[index]
        if (given.dtype, given.quant) != (taken.dtype, taken.quant):
            raise _Blocked(
                f"it hands on {_form(given)} as {_form(taken)}",
                "convert the model so that what a step writes has the scale of what the next reads",
            )
        if given.shape == taken.shape:
            return index
        if given.elements != taken.elements:
            raise _Blocked(
                f"it hands on {_form(given)} as {_form(taken)}",
                "convert the model so that every step has tensors of the same sizes",
            )
        return self.flat.reshaped(index, taken.shape)


def _check_count(op: RawOp, what: str, given: Sequence[int], taken: Sequence[int]) -> None:
    if len(given) != len(taken):
        raise ModelError(
            f"{op.label}: its subgraph has other {what} than it: {len(given)} and {len(taken)}",
            hint=CONTRADICTION_HINT,
        )


def _form(value: Value) -> str:
    """`int8 [1, 4] of scale 0.05, zero point 3`."""
    text = f"{value.dtype.value} {list(value.shape)}"
    if value.quant is None:
        return text
    return f"{text} of scale {value.quant.scale[0]:g}, zero point {value.quant.zero_point[0]}"
