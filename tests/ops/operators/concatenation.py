"""CONCATENATION."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, Flatfile


def concatenation(shapes=((1, 3, 4, 2), (1, 3, 4, 5)), axis=3, dtype="int8", twice=False):
    """Inputs of the model side by side."""
    file = Flatfile()
    zero = 5 if dtype == "int8" else 0
    parts = [
        file.activation(shape, 0.05, zero, dtype, f"part{i}") for i, shape in enumerate(shapes)
    ]
    inputs = [*parts, parts[0]] if twice else parts
    shape = list(shapes[0])
    shape[axis] = sum(file.tensors[part].shape[axis] for part in inputs)
    output = file.activation(shape, 0.05, zero, dtype)
    options = {"axis": axis, "fusedActivationFunction": NONE}
    file.operator("CONCATENATION", inputs, [output], 2, **options)
    return file.data(inputs=parts)


def with_constants(shapes=((1, 3, 2), (1, 3, 4), (1, 3, 1)), known=(0, 2), axis=2, dtype="int8"):
    """Some of the parts are constants."""
    file = Flatfile()
    zero, scale = (5, 0.05) if dtype == "int8" else (0, None)
    source = np.random.default_rng(0)
    parts = []
    for at, shape in enumerate(shapes):
        if at in known:
            values = source.integers(-128, 128, shape).astype(dtype)
            scales = (scale and [scale], scale and [zero])
            parts.append(file.constant(values, *scales))
        else:
            parts.append(file.activation(shape, scale, zero, dtype, f"part{at}"))
    shape = list(shapes[0])
    shape[axis] = sum(size[axis] for size in shapes)
    output = file.activation(shape, scale, zero, dtype)
    file.operator("CONCATENATION", parts, [output], 2, axis=axis, fusedActivationFunction=NONE)
    return file.data(inputs=[part for at, part in enumerate(parts) if at not in known])


CASES = {
    "concatenation with constants": with_constants,
    "concatenation with a constant between": partial(with_constants, known=(1,)),
    "concatenation with int32 constants": partial(with_constants, dtype="int32"),
    "concatenation": concatenation,
    "concatenation of rows": partial(concatenation, shapes=((1, 3, 4), (1, 2, 4)), axis=1),
    "concatenation of columns": partial(
        concatenation, shapes=((1, 3, 2, 5), (1, 3, 1, 5), (1, 3, 4, 5)), axis=-2
    ),
    "concatenation of one": partial(concatenation, shapes=((1, 6),), axis=1),
    "concatenation of ten": partial(
        concatenation, shapes=tuple((1, 2, size) for size in range(1, 11)), axis=2
    ),
    "concatenation with itself": partial(concatenation, twice=True),
    "concatenation of int16": partial(concatenation, dtype="int16"),
    "concatenation of floats": partial(concatenation, dtype="float32"),
}


def _random_concatenation(seed):
    source = np.random.default_rng(seed)
    shape = [1, *source.integers(1, 6, source.integers(1, 4)).tolist()]
    axis = int(source.integers(1, len(shape)))
    shapes = []
    for _ in range(source.integers(1, 6)):
        shape[axis] = int(source.integers(1, 6))
        shapes.append(tuple(shape))
    return concatenation(
        shapes=tuple(shapes),
        axis=axis,
        dtype=str(source.choice(["int8", "int16"])),
        twice=bool(source.integers(2)),
    )


RANDOM = {"concatenation": _random_concatenation}
