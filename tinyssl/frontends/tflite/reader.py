"""TFLite flatbuffer to `ir.Model`.

The schema is that of `tensorflow/compiler/mlir/lite/schema/schema.fbs`, read through the generated
code of ai-edge-litert. Tensor indices of the model are those of the file, also after a tensor
is no longer used, so that results can be compared tensor by tensor with an interpreter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.frontends.tflite.control import CONTROL, Flat, flatten
from tinyssl.frontends.tflite.diagnosis import RawGraph, RawOp, RawTensor, diagnose
from tinyssl.frontends.tflite.open_shapes import OpenShapes
from tinyssl.frontends.tflite.subgraph import FileSubgraph
from tinyssl.frontends.tflite.tables import DAMAGED_HINT, Tables, damage_as_error, enum_name
from tinyssl.frontends.tflite.tensors import UNUSED, with_first_scale
from tinyssl.frontends.tflite.variables import CALL, RUN_ONCE, Variables, find_variables
from tinyssl.graph.blockers import blocked
from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.folding import Folder
from tinyssl.graph.model import Model, Op, Role, Value, ValueKind
from tinyssl.graph.uses import split_unread
from tinyssl.graph.verify import find_blockers
from tinyssl.ops import OPS
from tinyssl.ops.common.tflite import OperatorContext, TfliteFormat


def read_model(data: bytes, name: str = "model") -> Model:
    """Reads a TFLite file.

    Args:
        data: The whole file, also the buffers that lie behind the flatbuffer.
        name: Name of the model, for reports and generated code.

    Returns:
        The graph with explicit paddings; tensor indices are those of the file. Where it has IF or
        WHILE, they and the numbers of operators are those of `control.flatten`'s file.

    Raises:
        ModelError: The file is damaged; the message holds offset and length.
        UnsupportedModel: Operators, versions, types or shapes that tinyssl does not do: all of
            them, also what `graph.verify` would find.
    """
    with damage_as_error(data):
        return _Reader(flatten(data), name, hashlib.sha256(data).hexdigest()).read()


class _Reader:
    """One file while it is read."""

    def __init__(self, flat: Flat, name: str, digest: str) -> None:
        self.tables = Tables(flat.data)
        self.flat = flat
        self.name = name
        self.digest = digest
        self.main = FileSubgraph(self.tables, 0)
        self.blockers = self.main.tensors.blockers
        self.blockers += flat.blockers

    def read(self) -> Model:
        """The model, or all that speaks against it."""
        main, tensors = self.main, self.main.tensors
        inputs = tensors.indices(main.graph.InputsAsNumpy())
        outputs = tensors.indices(main.graph.OutputsAsNumpy())
        variables = self._variables()
        raw_ops = [_by_variable(op, variables) for op in main.ops if op.kind not in RUN_ONCE]
        used = {index for op in raw_ops for index in (*op.inputs, *op.outputs) if index >= 0}
        used |= {*inputs, *outputs}
        values = [self._value(index, used, variables) for index in range(tensors.count)]
        self.sizes = OpenShapes(values, tensors.open)
        ends = {*inputs, *outputs}
        known, folded = self._operators(raw_ops, values, ends)
        known, unread = split_unread(known, ends | _lasting(values))
        ops = tuple(op for op in known if isinstance(op, Op))
        changes = (
            *self.flat.changes,
            *self.sizes.changes(inputs),
            *changed(ChangeKind.FOLDED, folded),
            *changed(ChangeKind.UNREAD, unread),
        )
        model = Model(self.name, tuple(values), ops, inputs, outputs, self.digest, changes)
        if self.blockers:
            gone = {index for change in changes for index in change.indices}
            self._refuse([op for op in main.ops if op.index not in gone], model)
        return model

    def _refuse(self, ops: Sequence[RawOp], model: Model) -> None:
        """Raises for all blockers, but those that the model does without.

        Args:
            ops: Operators that are left.
            model: What was read of the file.
        """
        ends = {*model.inputs, *model.outputs}
        used = ends.union(*((*op.inputs, *op.outputs) for op in ops)) - {-1}
        graph = RawGraph(
            tuple(ops), self._raw_tensors(used, model.tensors), model.inputs, model.outputs
        )
        unread = {label for change in model.changes for label in change.labels}
        unread |= {self.main.tensors.place(index) for index in self.main.tensors.unreadable - used}
        blockers = [blocker for blocker in self.blockers if blocker.place not in unread]
        if blockers:
            raise blocked(diagnose(graph, [*blockers, *_further(model)]))

    def _operators(
        self, raw_ops: Sequence[RawOp], values: list[Value], ends: set[int]
    ) -> tuple[list[Op | RawOp], list[Op]]:
        """Operators in order, raw where one has a blocker; and those folded into `values`."""
        folder = Folder(values, ends, self.tables.take)
        kept: list[Op | RawOp] = []
        folded: list[Op] = []
        for raw in raw_ops:
            op = self._operator(raw, values)
            if op is not None and folder.fold(op):
                folded.append(op)
            else:
                kept.append(raw if op is None else op)
        return kept, folded

    def _variables(self) -> Variables:
        """The resource variables, and what CALL_ONCE gives them."""
        numbers = {
            position: self.main.options(op, "CallOnceOptions").initSubgraphIndex
            for position, op in enumerate(self.main.ops)
            if op.kind == CALL
        }
        called = {at: FileSubgraph(self.tables, number) for at, number in numbers.items()}
        variables = find_variables(self.main, called)
        for graph in called.values():
            self.blockers += graph.tensors.blockers
        self.blockers += variables.blockers
        return variables

    def _value(self, index: int, used: set[int], variables: Variables) -> Value:
        if index in variables.states:
            return variables.states[index]
        return self.main.tensors.read(index) if index in used else UNUSED

    def _raw_tensors(self, used: set[int], values: Sequence[Value]) -> dict[int, RawTensor]:
        found, tensors = {}, self.main.tensors
        for index in used:
            raw = tensors.table(index)
            kind = enum_name("TensorType", raw.Type())
            constant = values[index].constant or tensors.content(raw, "") is not None
            found[index] = RawTensor(tensors.name(index, raw), kind, constant)
        return found

    def _operator(self, raw: RawOp, values: list[Value]) -> Op | None:
        """The operator; None where it has a blocker."""
        if raw.kind in CONTROL:
            return None  # `flatten` says what is in the way
        spec = OPS.get(raw.kind)
        if spec is None:
            self.blockers.append(Blocker(raw.label, "operator is not supported"))
            return None
        form = spec.tflite
        _check_arity(raw, form)
        if not self.main.tensors.unreadable.isdisjoint((*raw.inputs, *raw.outputs)):
            return None
        options = self.main.options(raw, form.options)
        custom = self.main.custom_options(raw)

        def add(value: Value) -> int:
            values.append(value)
            return len(values) - 1

        context = OperatorContext(
            raw.index, raw.label, raw.inputs, raw.outputs, values, options, custom, add
        )
        try:
            if form.open_shapes is not None:
                self.sizes.settle(raw.outputs, partial(form.open_shapes, context))
            read: Op = form.read(context)
            for operand in read.operands:
                for index in read.values(operand) if Role.ACTIVATION in operand.roles else ():
                    values[index] = with_first_scale(values[index])
            if form.open_shapes is None:
                self.sizes.settle_read(read)
            return read
        except UnsupportedModel as error:
            self.blockers += error.blockers
            return None


def _by_variable(op: RawOp, variables: Variables) -> RawOp:
    """The operator with the variable in place of each of its handles."""
    return replace(op, inputs=tuple(variables.handles.get(i, i) for i in op.inputs))


def _lasting(values: Sequence[Value]) -> set[int]:
    """Values that the next inference reads."""
    return {index for index, value in enumerate(values) if value.kind is ValueKind.STATE}


def _check_arity(raw: RawOp, form: TfliteFormat[Any]) -> None:
    least, most = form.inputs
    fewest, many = form.outputs
    inputs, outputs = len(raw.inputs), len(raw.outputs)
    wrong = not least <= inputs <= most or not fewest <= outputs <= many
    if wrong or -1 in raw.inputs[:least]:
        writes = "one output" if many == 1 else f"{fewest} to {many} outputs"
        raise ModelError(
            f"{raw.label}: {inputs} inputs and {outputs} outputs; "
            f"it has {least} to {most} inputs and {writes}",
            hint=DAMAGED_HINT,
        )


def _further(model: Model) -> list[Blocker]:
    """What the verifier finds in the operators that could be read."""
    try:
        return find_blockers(model)
    except ModelError:
        return []  # what is left of the graph need not make sense
