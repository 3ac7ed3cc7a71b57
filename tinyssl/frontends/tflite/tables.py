"""The tables of a TFLite file, each checked against the file's bounds before it is used.

flatbuffers' Python code follows every offset: a negative one reads from the end of the file, and a
vector may name one large table a million times. So tables are read one by one, never the whole
file at once, and what is copied out of it is counted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import Blocker, ModelError
from tinyssl.core.text import printable
from tinyssl.graph.blockers import blocked

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
OPERATORS_MAX = 2000
"""The largest public models for microcontrollers have about 300"""
TENSORS_MAX = 10_000
RANK_MAX = 8
COPIES_MAX = 4
"""A sound file is copied about once; names, scales and constants in all may be this many times its
size, and `SPARE` bytes"""
SPARE = 1 << 24
VTABLE = struct.Struct("<HH")
NAME_FIELD = 10
"""Place of a tensor's name in its table's layout: the length of a string is read without it"""

# What is raised when an offset, a length or a string of a damaged file is followed.
DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    KeyError,
)

DAMAGED_HINT = "the file is truncated or not a TFLite model; convert or copy it again"


@contextmanager
def damage_as_error(data: bytes) -> Iterator[None]:
    """Turns what flatbuffers' code raises on a damaged file into a ModelError."""
    try:
        yield
    except DAMAGE as error:
        raise ModelError(
            f"damaged model file of {len(data)} bytes: {error}", hint=DAMAGED_HINT
        ) from error


class Tables:
    """A file whose header is right.

    Args:
        data: The whole file.

    Raises:
        ModelError: The header is wrong, or the tables lie outside the file.
        UnsupportedModel: Another schema version, no subgraph, or too large a graph.
    """

    def __init__(self, data: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        check_header(data)
        self.data = data
        self.schema: Any = schema
        self._left = COPIES_MAX * len(data) + SPARE
        self.root = self.checked(schema.Model.GetRootAs(data, 0))
        if self.root.Version() != SCHEMA_VERSION:
            raise blocked(
                [
                    Blocker(
                        "",
                        f"schema version {self.root.Version()}; supported is {SCHEMA_VERSION}",
                        "convert the model with a current converter",
                    )
                ]
            )
        if not self.root.SubgraphsLength():
            raise blocked([Blocker("", "the file holds no subgraph", DAMAGED_HINT)])
        self._check_unread()

    def subgraph(self, index: int) -> Any:
        """Table of a subgraph, which is not too large.

        Raises:
            ModelError: There is no such subgraph.
            UnsupportedModel: It is too large.
        """
        count = self.root.SubgraphsLength()
        if not 0 <= index < count:
            raise ModelError(f"subgraph {index} of {count}", hint=DAMAGED_HINT)
        graph = self.checked(self.root.Subgraphs(index))
        sizes = (
            ("operators", graph.OperatorsLength(), OPERATORS_MAX),
            ("tensors", graph.TensorsLength(), TENSORS_MAX),
            ("buffers", self.root.BuffersLength(), 2 * TENSORS_MAX),
            ("operator codes", self.root.OperatorCodesLength(), OPERATORS_MAX),
        )
        for what, found, most in sizes:
            if found > most:
                raise blocked([Blocker("", f"the file has {found} {what}; {most} are supported")])
        return graph

    def _check_unread(self) -> None:
        """Counts what only the schema's object API reads, which `complete` unpacks."""
        for index in range(self.root.SignatureDefsLength()):
            entry = self.checked(self.root.SignatureDefs(index))
            self.take(100 * (1 + entry.InputsLength() + entry.OutputsLength()))
        self.take(100 * self.root.MetadataLength())
        for index in range(self.root.SubgraphsLength()):
            graph = self.subgraph(index)
            self.take(100 * (1 + graph.InputsLength() + graph.OutputsLength()))
            for number in range(graph.TensorsLength()):
                self._take_tensor(self.tensor(number, graph))
            for number in range(graph.OperatorsLength()):
                operator = self.operator(number, graph)
                self.take(100 + 8 * (operator.InputsLength() + operator.OutputsLength()))

    def _take_tensor(self, tensor: Any) -> None:
        """Counts what the object API copies of a tensor, whether an operator uses it or not."""
        self.take(100 + 8 * (tensor.ShapeLength() + tensor.ShapeSignatureLength()))
        self.take(100 * tensor.VariantTensorsLength())
        name = tensor._tab.Offset(NAME_FIELD)
        if name:
            self.take(tensor._tab.VectorLen(name))
        sparsity = tensor.Sparsity()
        if sparsity is not None:
            self.take(100 * self.checked(sparsity).DimMetadataLength())

    def take(self, count: int) -> None:
        """Counts bytes that are copied out of the file.

        Raises:
            ModelError: They are many times the file: its tables name the same bytes over and over.
        """
        self._left -= count
        if self._left < 0:
            raise ModelError(
                f"damaged model file of {len(self.data)} bytes: its tables overlap",
                hint=DAMAGED_HINT,
            )

    def checked(self, table: Any) -> Any:
        """The table, if it and its vtable lie inside the file.

        Raises:
            ValueError: They do not.
        """
        position, size = table._tab.Pos, len(self.data)
        if not 0 <= position <= size - 4:
            raise ValueError(f"a table at offset {position}")
        vtable = position - struct.unpack_from("<i", self.data, position)[0]
        if not 0 <= vtable <= size - VTABLE.size:
            raise ValueError(f"a table's layout at offset {vtable}")
        layout, length = VTABLE.unpack_from(self.data, vtable)
        if layout < VTABLE.size or vtable + layout > size or position + length > size:
            raise ValueError(f"a table of {length} bytes at offset {position}")
        return table

    def tensor(self, index: int, graph: Any) -> Any:
        """Table of a tensor of a subgraph."""
        return self.checked(graph.Tensors(index))

    def operator(self, index: int, graph: Any) -> Any:
        """Table of an operator of a subgraph."""
        return self.checked(graph.Operators(index))

    def kind(self, operator: Any) -> str:
        """Name of an operator's code, with the custom code of a CUSTOM."""
        number = operator.OpcodeIndex()
        if not 0 <= number < self.root.OperatorCodesLength():
            raise IndexError(f"operator code {number} of {self.root.OperatorCodesLength()}")
        code = self.checked(self.root.OperatorCodes(number))
        # Old files have the code in a byte, new ones in an int32; the unused one is 0 or 127.
        name = enum_name("BuiltinOperator", max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
        if name == "CUSTOM":
            name = f"CUSTOM {printable((code.CustomCode() or b'').decode('utf-8', 'replace'))}"
        return name

    def options(self, operator: Any, name: str) -> Any:
        """Options of an operator by the schema's object API; None where it has none.

        Raises:
            ValueError: They are another operator's: TFLM would not read them.
        """
        found = enum_name("BuiltinOptions", operator.BuiltinOptionsType())
        union = operator.BuiltinOptions()
        if found == "NONE" or union is None:
            return None
        if found != name:
            raise ValueError(f"options of type {found}, not {name}")
        table = getattr(self.schema, name)()
        table.Init(union.Bytes, union.Pos)
        return getattr(self.schema, f"{name}T").InitFromObj(self.checked(table))


def check_header(data: bytes) -> None:
    """Refuses what is no TFLite file at all."""
    if len(data) < 8:
        raise ModelError(f"{len(data)} bytes are too few for a model file", hint=DAMAGED_HINT)
    if data[4:8] != IDENTIFIER:
        raise ModelError(
            f"bytes 4 to 7 are {data[4:8]!r}, a TFLite file has {IDENTIFIER!r}", hint=DAMAGED_HINT
        )
    root = int.from_bytes(data[:4], "little")
    if root + 4 > len(data):
        raise ModelError(
            f"the root table is at offset {root} of {len(data)} bytes", hint=DAMAGED_HINT
        )


def vector(values: object) -> NDArray[Any]:
    """What `…AsNumpy` returned: it is 0 where the vector is absent."""
    return values if isinstance(values, np.ndarray) else np.zeros(0, np.int64)


@cache
def _names(enum: str) -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    known = vars(getattr(schema, enum)).items()
    return {value: key for key, value in known if isinstance(value, int)}


def enum_name(enum: str, number: int) -> str:
    """`UINT8` for number 3 of `TensorType`; the number where the schema has none."""
    return _names(enum).get(number, f"number {number}")
