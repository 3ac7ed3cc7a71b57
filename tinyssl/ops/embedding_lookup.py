"""EMBEDDING_LOOKUP: rows of a constant table by their indices."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role
from tinyssl.ops.common.gather import GATHER_TYPES
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class EmbeddingLookup(Op):
    """A row of the table for each index; float rows of an int8 table, too."""

    kind: ClassVar[str] = "EMBEDDING_LOOKUP"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("indices", (DType.INT32,)),
        Operand("table", GATHER_TYPES, (Role.CONSTANT,), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", GATHER_TYPES, plain=True),)

    indices: int
    table: int
    output: int


def _shapes(model: Model, op: EmbeddingLookup) -> tuple[Shape, ...]:
    return ((model.tensor(op.indices).shape[0], *model.tensor(op.table).shape[1:]),)


def _check_table(check: OpCheck[EmbeddingLookup]) -> None:
    op = check.op
    table, output = check.tensor(op.table), check.tensor(op.output)
    if not table.constant:
        raise check.unsupported(f"{table.name} must be a constant")
    if len(check.tensor(op.indices).shape) != 1 or len(table.shape) < 2:
        raise check.violation("the indices must have one dimension, the table two or more")
    if table.dtype is output.dtype:
        return
    if table.dtype is not DType.INT8 or check.quant(op.table).zero_point[0]:
        raise check.violation(
            f"a table of {table.dtype.value} for {output.dtype.value}; a table of int8 with zero "
            "point 0 can become float32"
        )


def _sizes(model: Model, op: EmbeddingLookup) -> tuple[int, int, int]:
    """Indices, rows of the table, elements of a row."""
    shape = model.tensor(op.table).shape
    return model.tensor(op.indices).elements, shape[0], prod(shape[1:])


def _rows(model: Model, op: EmbeddingLookup, constants: Constants) -> Fields:
    """Members of `struct tinyssl_gather`."""
    picks, rows, columns = _sizes(model, op)
    return {
        "table": constants.bytes("table", op.table),
        "indices": "NULL",
        "batches": 1,
        "outers": 1,
        "picks": picks,
        "length": rows,
        "run": columns * model.tensor(op.table).dtype.bytes,
    }


def _real(model: Model, op: EmbeddingLookup, constants: Constants) -> Fields:
    """Members of `struct tinyssl_embedding`."""
    picks, rows, columns = _sizes(model, op)
    return {
        "table": constants.bytes("table", op.table),
        "picks": picks,
        "rows": rows,
        "columns": columns,
        "scale": float_literal(model.quant(op.table).scale[0]),
    }


def _same_type(model: Model, op: EmbeddingLookup) -> bool:
    return model.tensor(op.table).dtype is model.tensor(op.output).dtype


SPEC = OpSpec(
    op=EmbeddingLookup,
    shapes=_shapes,
    index_ends=lambda model, op: {op.indices: model.tensor(op.table).shape[0]},
    checks=(_check_table,),
    kernels=(
        Kernel(
            "gather_table",
            "tinyssl_gather",
            source="gather",
            make_params=_rows,
            supports=_same_type,
            any_type=True,
        ),
        Kernel("embedding_f32", "tinyssl_embedding", source="gather", make_params=_real),
    ),
    tflite=TfliteFormat(
        read=lambda op: EmbeddingLookup(
            index=op.index, indices=op.inputs[0], table=op.inputs[1], output=op.output
        ),
        write=lambda op, _: FileOp(op.kind, 3, op.inputs, op.outputs, "", {}),
        inputs=(2, 2),
    ),
    tflm=TflmNames("AddEmbeddingLookup", "embedding_lookup"),
)
