"""DYNAMIC_UPDATE_SLICE: types, ranks, starts inside and beyond; in place and as a copy."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import INDEX_BELOW, Flatfile


def update(whole=(1, 5, 4), part=(1, 2, 3), dtype="int8", starts=None, index="int32", again=False):
    """An update of one input by another, at the third, or at constant starts.

    `again`: the input is the second output too, so the update cannot be in place.
    """
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    large = file.activation(whole, 0.05, zero, dtype, "large")
    small = file.activation(part, 0.05, zero, dtype, "small")
    inputs = [large, small]
    if starts is None:
        name = f"{INDEX_BELOW}{max(whole)}"
        inputs.append(file.activation((len(whole),), dtype="int32", name=name))
    else:
        inputs.append(file.constant(np.array(starts, index)))
    output = file.activation(whole, 0.05, zero, dtype)
    file.operator("DYNAMIC_UPDATE_SLICE", inputs, [output])
    ends = [large, small, *([] if starts is not None else inputs[2:])]
    if not again:
        return file.data(inputs=ends)
    flat = file.activation((int(np.prod(whole)),), 0.05, zero, dtype)
    file.operator("RESHAPE", [large], [flat])
    return file.data(inputs=ends, outputs=[output, flat])


CASES = {
    "dynamic update": update,
    "dynamic update not in place": partial(update, again=True),
    "dynamic update of rows": partial(update, (4, 6), (1, 6)),
    "dynamic update of a sequence": partial(update, (9,), (4,), "int16"),
    "dynamic update of floats": partial(update, (2, 3, 4, 2), (1, 2, 2, 2), "float32"),
    "dynamic update of int32": partial(update, (3, 4), (2, 2), "int32"),
    "dynamic update of all": partial(update, (3, 4), (3, 4)),
    "dynamic update behind the end": partial(update, starts=(0, 9, -3)),
    "dynamic update at int64": partial(update, starts=(2**40, -(2**40), 1), index="int64"),
}


def _random_update(seed):
    source = np.random.default_rng(seed)
    whole = source.integers(1, 5, source.integers(1, 6))
    part = source.integers(1, whole + 1)
    dtype = str(source.choice(["int8", "int16", "int32", "float32"]))
    return update(tuple(map(int, whole)), tuple(map(int, part)), dtype)


RANDOM = {"dynamic update": _random_update}
