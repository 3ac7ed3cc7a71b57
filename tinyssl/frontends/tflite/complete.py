"""Files as interpreters take them: complete, and without what the model does without.

`complete` writes in what a file may leave out, but TensorFlow Lite Micro and LiteRT need. All of it
follows from the rest of the file, so the model stays the same; without it an interpreter ends its
process or computes something else:

* constants behind the flatbuffer, or at odd addresses, move into it (TFLM reads them in place);
* zero points of 0 for a tensor that has scales alone (TFLM takes it as not quantised);
* what an operator's `TfliteFormat.complete` adds, as the bias of DEPTHWISE_CONV_2D;
* paddings and axes as int32 (TFLM reads int64 ones as if they were);
* versions of operators that LiteRT has under an older number alone.

`simplify` does so too, and leaves out what the reader found unnecessary: operators folded into
constants, operators whose results nobody reads, subgraphs that no operator runs, and metadata; it
unrolls loops (`control.flatten`), and gives tensors the sizes that the reader worked out where the
file leaves them open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinyssl.core.text import printable
from tinyssl.frontends.tflite.canonical import misplaced
from tinyssl.frontends.tflite.control import flatten
from tinyssl.frontends.tflite.packing import pack, take_inside
from tinyssl.frontends.tflite.tables import damage_as_error
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.model import Model
from tinyssl.ops import OPS
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.tflite import FileEdit, TfliteFormat

OwnStep = Callable[[FileEdit], list[str]]
"""What an operator's own function does, and what it says of it"""


@dataclass(frozen=True)
class Completed:
    """A file that interpreters can take."""

    data: bytes
    """The file itself where nothing had to change; tensor indices are the same in any case"""
    added: tuple[str, ...]
    """What was changed beside the operators: `#1 DEPTHWISE_CONV_2D: a bias of zeros`"""


@dataclass(frozen=True)
class _Edit:
    """A file while it is changed."""

    schema: Any
    root: Any
    """`ModelT` of the schema's object API"""
    data: bytes
    """The file before"""

    @property
    def graph(self) -> Any:
        """The first subgraph."""
        return self.root.subgraphs[0]

    def operators(self) -> list[tuple[int, Any, OpSpec[Any]]]:
        """Position, table and specification of each operator that has one."""
        specs = {
            getattr(self.schema.BuiltinOperator, kind, None): spec for kind, spec in OPS.items()
        }
        codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in self.root.operatorCodes]
        return [
            (index, operator, specs[codes[operator.opcodeIndex]])
            for index, operator in enumerate(self.graph.operators)
            if codes[operator.opcodeIndex] in specs
        ]

    def of_operator(self, operator: Any) -> FileEdit:
        """What an operator's own functions get."""

        def content(index: int) -> Any:
            values = self.root.buffers[self.graph.tensors[index].buffer].data
            return None if values is None else np.asarray(values, np.uint8).view("<i4")

        def insert(kind: str, inputs: list[int], outputs: list[int]) -> None:
            made = self.schema.OperatorT()
            made.inputs, made.outputs = inputs, outputs
            made.opcodeIndex = self._code(kind)
            self.graph.operators.insert(self.graph.operators.index(operator), made)

        return FileEdit(operator, self.graph.tensors, self.constant, content, self.schema, insert)

    def _code(self, kind: str) -> int:
        """Number of the code of a builtin operator, version 1."""
        code = self.schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(self.schema.BuiltinOperator, kind)
        code.version = 1
        self.root.operatorCodes.append(code)
        return len(self.root.operatorCodes) - 1

    def buffer(self, content: bytes) -> int:
        """Number of a new buffer."""
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.root.buffers.append(buffer)
        return len(self.root.buffers) - 1

    def constant(self, values: Any) -> Any:
        """A new int32 tensor, behind all others."""
        tensor = self.schema.TensorT()
        tensor.shape = np.array(values.shape, np.int32)
        tensor.type = self.schema.TensorType.INT32
        tensor.buffer = self.buffer(values.tobytes())
        tensor.name = b""
        self.graph.tensors.append(tensor)
        return tensor


METADATA_BYTES = 1024
"""Most bytes of metadata that are not worth another file: converters write their version"""

Step = Callable[[_Edit], list[str]]
"""Changes a file; says what it did"""


def complete(data: bytes) -> Completed:
    """The file with all that it leaves out.

    Args:
        data: A file that `read_model` and `graph.verify` accept.

    Raises:
        ModelError: It is damaged in a part that those do not read.
    """
    return _edited(data, (*COMPLETING, _more_operators))


def simplify(data: bytes, model: Model) -> Completed:
    """The file with all that it leaves out, and without what the model does without.

    Args:
        data: A file that `graph.verify` accepts.
        model: What `read_model` made of it.

    Raises:
        ModelError: It is damaged in a part that the reader does not read.
    """
    own = (partial(_fill_constants, model), partial(_set_shapes, model))
    leave_out = partial(_leave_out, model)
    steps: Sequence[Step] = (*own, *COMPLETING, leave_out, _more_operators, *_DROPPING)
    return _edited(flatten(data).data, steps)


def _edited(data: bytes, steps: Sequence[Step]) -> Completed:
    from ai_edge_litert import schema_py_generated as schema

    with damage_as_error(data):
        edit = _Edit(schema, _unpacked(schema, data), data)
        added = [text for step in steps for text in step(edit)]
        return Completed(pack(edit.root), tuple(added)) if added else Completed(data, ())


def _unpacked(schema: Any, data: bytes) -> Any:
    """The file's `ModelT`, with an empty list of operators, inputs or outputs where it has none."""
    root = schema.ModelT.InitFromPackedBuf(data, 0)
    for graph in root.subgraphs:
        graph.operators = [] if graph.operators is None else graph.operators
        for part in (graph, *graph.operators):
            part.inputs = [] if part.inputs is None else part.inputs
            part.outputs = [] if part.outputs is None else part.outputs
    return root


def first_operators(data: bytes, count: int) -> bytes:
    """The file cut off after so many operators; what the last of them wrote is its output."""
    from ai_edge_litert import schema_py_generated as schema

    root = _unpacked(schema, data)
    graph = root.subgraphs[0]
    graph.operators = graph.operators[:count]
    written = [op.outputs for op in graph.operators if len(op.outputs)]
    graph.outputs = written[-1] if written else graph.inputs
    root.signatureDefs = []
    return pack(root)


def _inline(edit: _Edit) -> list[str]:
    """Brings constants to where TFLM can read them: `pack` aligns all that are inside."""
    outside = take_inside(edit.root, edit.data)
    if outside:
        return [f"moved into the flatbuffer from behind it: constants, {outside}"]
    crooked = misplaced(edit.data)
    return [f"moved to aligned addresses: constants, {len(crooked)}"] if crooked else []


def _zero_points(edit: _Edit) -> list[str]:
    added = []
    for index in sorted(_used(edit.graph)):
        tensor = edit.graph.tensors[index]
        quant = tensor.quantization
        if quant is None or quant.scale is None or len(quant.scale) == 0:
            continue
        if quant.zeroPoint is None or len(quant.zeroPoint) == 0:
            quant.zeroPoint = np.zeros(len(quant.scale), np.int64)
            name = printable((tensor.name or b"").decode("utf-8", "replace"))
            added.append(f"tensor {index} ({name or f't{index}'}): a zero point of 0")
    return added


def _used(graph: Any) -> set[int]:
    """Tensors that an operator reads or writes."""
    return {
        int(index)
        for operator in graph.operators
        for index in (*operator.inputs, *operator.outputs)
        if index >= 0
    }


def _operator_gaps(edit: _Edit) -> list[str]:
    """What the operators' own functions write in."""
    return _by_operators(edit, lambda form: form.complete)


def _more_operators(edit: _Edit) -> list[str]:
    """What the operators' own functions put before them. Positions are not the file's then."""
    return _by_operators(edit, lambda form: form.insert)


def _by_operators(edit: _Edit, chosen: Callable[[TfliteFormat[Any]], OwnStep | None]) -> list[str]:
    """Calls a function of each operator that has it."""
    added = []
    for index, operator, spec in edit.operators():
        change = chosen(spec.tflite)
        if change is not None:
            texts = change(edit.of_operator(operator))
            added += [f"#{index} {spec.kind}: {text}" for text in texts]
    return added


def _indices(edit: _Edit) -> list[str]:
    added = []
    for index, operator, spec in edit.operators():
        for place in spec.tflite.int32_inputs:
            wide = edit.graph.tensors[int(operator.inputs[place])]
            content = edit.root.buffers[wide.buffer].data
            if wide.type != edit.schema.TensorType.INT64 or content is None:
                continue
            values = np.asarray(content, np.uint8).view("<i8")
            narrow = edit.constant(values.astype("<i4").reshape(wide.shape))
            narrow.name = wide.name
            inputs = [int(number) for number in operator.inputs]
            inputs[place] = len(edit.graph.tensors) - 1
            operator.inputs = inputs
            added.append(f"#{index} {spec.kind}: its {ORDINALS[place]} input as int32")
    return added


def _versions(edit: _Edit) -> list[str]:
    added = []
    for index, operator, spec in edit.operators():
        code, newest = edit.root.operatorCodes[operator.opcodeIndex], spec.tflite.litert_version
        if newest is not None and code.version > newest:
            added.append(f"#{index} {spec.kind}: version {newest} in place of {code.version}")
            code.version = newest
    return added


COMPLETING: Sequence[Step] = (_inline, _zero_points, _operator_gaps, _indices, _versions)
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def _fill_constants(model: Model, edit: _Edit) -> list[str]:
    """Gives the outputs of folded operators their values."""
    for change in model.changes:
        if change.kind is ChangeKind.FOLDED:
            for position in change.indices:
                for index in edit.graph.operators[position].outputs:
                    value = model.tensor(int(index))
                    edit.graph.tensors[index].buffer = edit.buffer(value.data or b"")
    return []


def _set_shapes(model: Model, edit: _Edit) -> list[str]:
    """Gives tensors the shapes that the reader worked out."""
    for index in _used(edit.graph):
        tensor, shape = edit.graph.tensors[index], model.tensor(index).shape
        signature = tensor.shapeSignature
        if signature is not None and min(signature, default=0) < 0 and shape != tuple(tensor.shape):
            tensor.shape, tensor.shapeSignature = np.array(shape, np.int32), None
    return []


def _leave_out(model: Model, edit: _Edit) -> list[str]:
    """Drops the operators that the model does without."""
    gone = {position for change in model.changes for position in change.indices}
    kept = [op for position, op in enumerate(edit.graph.operators) if position not in gone]
    edit.graph.operators = kept
    _shape_reshapes(model, edit)
    return list(map(str, model.changes))


def _shape_reshapes(model: Model, edit: _Edit) -> None:
    """Gives a RESHAPE the shape that an operator computed which is gone: TFLM never reads it."""
    made = {int(index) for op in edit.graph.operators for index in op.outputs}
    for _, operator, spec in edit.operators():
        if spec.kind == "RESHAPE" and len(operator.inputs) == 2:
            source, shape = map(int, operator.inputs)
            value = model.tensor(int(operator.outputs[0]))
            if (
                shape not in made
                and edit.root.buffers[edit.graph.tensors[shape].buffer].data is None
            ):
                edit.constant(np.array(value.shape, "<i4"))
                operator.inputs = [source, len(edit.graph.tensors) - 1]


def _drop_codes(edit: _Edit) -> list[str]:
    """Drops the codes of operators that are gone: LiteRT asks for a kernel of each."""
    operators = [op for graph in edit.root.subgraphs for op in graph.operators]
    used = sorted({op.opcodeIndex for op in operators})
    for op in operators:
        op.opcodeIndex = used.index(op.opcodeIndex)
    edit.root.operatorCodes = [edit.root.operatorCodes[number] for number in used]
    return []


def _drop_subgraphs(edit: _Edit) -> list[str]:
    """Drops subgraphs that no CALL_ONCE runs; models with other control flow are not read."""
    table = edit.schema.BuiltinOptions.CallOnceOptions
    calls = [op.builtinOptions for op in edit.graph.operators if op.builtinOptionsType == table]
    kept = [0, *sorted({call.initSubgraphIndex for call in calls})]
    count = len(edit.root.subgraphs) - len(kept)
    if not count:
        return []
    for call in calls:
        call.initSubgraphIndex = kept.index(call.initSubgraphIndex)
    edit.root.subgraphs = [edit.root.subgraphs[number] for number in kept]
    edit.root.signatureDefs = None
    return [f"left out, as no operator runs them: subgraphs, {count}"]


def _drop_metadata(edit: _Edit) -> list[str]:
    """Drops what describes the model to tools: no interpreter reads it."""
    used = {tensor.buffer for graph in edit.root.subgraphs for tensor in graph.tensors}
    described = {entry.buffer for entry in edit.root.metadata or []} - used
    count = len(edit.root.metadata or [])
    size = 0
    for number in described:
        buffer = edit.root.buffers[number]
        size += 0 if buffer.data is None else len(buffer.data)
        buffer.data = None
    edit.root.metadata = edit.root.metadataBuffer = None
    return [f"left out: metadata, {size} bytes"] if count and size > METADATA_BYTES else []


_DROPPING: Sequence[Step] = (_drop_subgraphs, _drop_codes, _drop_metadata)
