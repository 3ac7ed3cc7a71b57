"""The outline of a file: its ends, and the names of its operators.

That is all the engine `tflm` needs, so it takes files that our reader refuses.
"""

from __future__ import annotations

import hashlib

from tinyssl.frontends.tflite.tables import Tables, damage_as_error
from tinyssl.frontends.tflite.tensors import UNUSED, Tensors
from tinyssl.frontends.tflite.variables import HANDLE, variable_name
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import Model
from tinyssl.graph.outline import make_opaque


def read_outline(data: bytes, name: str = "model") -> Model:
    """Ends and operators as the file has them, nothing folded or left out.

    Returns:
        A model whose operators are all `OpaqueOp`; of its tensors only inputs and outputs are read.

    Raises:
        ModelError: The file is damaged.
        UnsupportedModel: An input or output has a type that no runtime here feeds.
    """
    with damage_as_error(data):
        tables = Tables(data)
        graph = tables.subgraph(0)
        tensors = Tensors(tables, graph)
        inputs = tensors.indices(graph.InputsAsNumpy())
        outputs = tensors.indices(graph.OutputsAsNumpy())
        ends = {*inputs, *outputs}
        values = tuple(tensors.read(i) if i in ends else UNUSED for i in range(tensors.count))
        if tensors.blockers:
            raise blocked(tensors.blockers)
        ops = tuple(
            make_opaque(tables.kind(tables.operator(index, graph)), index)
            for index in range(graph.OperatorsLength())
        )
        return Model(name, values, ops, inputs, outputs, hashlib.sha256(data).hexdigest())


def operator_kinds(data: bytes) -> tuple[str, ...]:
    """Kinds of operators in all subgraphs of a file, each once, sorted.

    Raises:
        ModelError: The file is damaged.
    """
    with damage_as_error(data):
        tables = Tables(data)
        graphs = [tables.subgraph(number) for number in range(tables.root.SubgraphsLength())]
        kinds = {
            tables.kind(tables.operator(index, graph))
            for graph in graphs
            for index in range(graph.OperatorsLength())
        }
        return tuple(sorted(kinds))


def count_variables(data: bytes) -> int:
    """How many resource variables a file has: the different names that its VAR_HANDLEs give.

    Raises:
        ModelError: The file is damaged.
    """
    with damage_as_error(data):
        tables = Tables(data)
        graphs = [tables.subgraph(number) for number in range(tables.root.SubgraphsLength())]
        names = set()
        for graph in graphs:
            for index in range(graph.OperatorsLength()):
                operator = tables.operator(index, graph)
                if tables.kind(operator) == HANDLE:
                    names.add(variable_name(tables.options(operator, "VarHandleOptions")))
        return len(names)
