"""GATHER, GATHER_ND and EMBEDDING_LOOKUP."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np

from tests.ops.flatfile import INDEX_BELOW, Flatfile


def _values(file, shape, dtype, constant, seed=0):
    """What is gathered from: the model's input, or a constant."""
    zero = -7 if dtype == "int8" else 0
    if not constant:
        return file.activation(shape, 0.05, zero, dtype)
    values = np.random.default_rng(seed).integers(-128, 128, shape).astype(dtype)
    return file.constant(values, [0.05], [zero])


def _numbers(file, numbers, shape, length):
    """Indices: these, or an input of the model."""
    if numbers is not None:
        return file.constant(np.array(numbers, np.int32))
    name = f"{INDEX_BELOW}{length}"
    return file.activation(shape, dtype="int32", name=name)


def _file(file, kind, inputs, out, dtype, **options):
    output = file.activation(out, 0.05, -7 if dtype == "int8" else 0, dtype)
    file.operator(kind, inputs, [output], 1, **options)
    return file.data(inputs=[index for index in inputs if not file.tensors[index].buffer])


def gather(
    shape=(1, 4, 3), numbers=(3, 0, 0), axis=1, *, sizes=(3,), batches=0, dtype="int8", table=False
):
    """GATHER; `numbers` None: the indices are an input of the model, of shape `sizes`."""
    file = Flatfile()
    source = _values(file, shape, dtype, table)
    indices = _numbers(file, numbers, sizes, shape[axis])
    place = axis % len(shape)
    picked = tuple(file.tensors[indices].shape)[batches:]
    out = (*shape[:place], *picked, *shape[place + 1 :])
    return _file(file, "GATHER", [source, indices], out, dtype, axis=axis, batchDims=batches)


def gather_nd(
    shape=(3, 4, 2), numbers=((2, 1), (0, 3)), *, sizes=(2, 1), dtype="int8", table=False
):
    """GATHER_ND."""
    file = Flatfile()
    source = _values(file, shape, dtype, table)
    indices = _numbers(file, numbers, sizes, min(shape[: sizes[-1]]))
    picked = tuple(file.tensors[indices].shape)
    out = (*picked[:-1], *shape[picked[-1] :])
    return _file(file, "GATHER_ND", [source, indices], out, dtype)


def embedding(shape=(5, 3), count=4, dtype="int8", target="int8"):
    """EMBEDDING_LOOKUP of a constant table."""
    file = Flatfile()
    values = np.random.default_rng(1).integers(-128, 128, shape).astype(dtype)
    indices = file.activation((count,), dtype="int32", name=f"{INDEX_BELOW}{shape[0]}")
    table = file.constant(values, [0.05])
    output = file.activation((count, *shape[1:]), 0.05, 0, target)
    file.operator("EMBEDDING_LOOKUP", [indices, table], [output], 3)
    return file.data()


CASES = {
    "gather": gather,
    "gather of rows": partial(gather, (5, 2, 3), ((4, 1), (0, 4)), 0),
    "gather of channels": partial(gather, (1, 2, 2, 6), (5, 2), -1, dtype="float32"),
    "gather of one": partial(gather, (3, 4), 2, 0),
    "gather in batches": partial(gather, (2, 4, 3), ((3, 0), (1, 1)), 1, batches=1),
    "gather by input": partial(gather, (1, 6, 2), None, 1, sizes=(2, 2)),
    "gather by input in batches": partial(gather, (2, 3, 4, 2), None, 2, sizes=(2, 5), batches=1),
    "gather from a table": partial(gather, (7, 3), None, 0, sizes=(4,), table=True),
    "gather floats from a table": partial(
        gather, (7, 3), None, 0, sizes=(1, 4), table=True, dtype="float32"
    ),
    "gather nd": gather_nd,
    "gather nd of elements": partial(gather_nd, (3, 4), (((2, 1), (0, 3)),), dtype="float32"),
    "gather nd before a row": partial(gather_nd, (3, 4), ((1, -1), (2, 0))),
    "gather nd by input": partial(gather_nd, (5, 4, 2), None, sizes=(3, 2)),
    "gather nd from a table": partial(gather_nd, (5, 4), None, sizes=(2, 3, 1), table=True),
    "embedding": embedding,
    "embedding of floats": partial(embedding, dtype="float32", target="float32"),
    "embedding to floats": partial(embedding, (4, 2, 3), target="float32"),
}


def _random_gather(seed):
    source = np.random.default_rng(seed)
    shape = tuple(source.integers(1, 5, source.integers(1, 5)).tolist())
    axis = int(source.integers(len(shape)))
    batches = int(source.integers(axis + 1)) if source.random() < 0.3 else 0
    sizes = (*shape[:batches], *source.integers(1, 4, source.integers(1, 3)).tolist())
    numbers = source.integers(0, shape[axis], sizes) if source.random() < 0.5 else None
    dtype = str(source.choice(["int8", "float32"]))
    if prod(shape) == 1:
        shape = (*shape, 2)
    return gather(shape, numbers, axis, sizes=sizes, batches=batches, dtype=dtype)


RANDOM = {"gather": _random_gather}
