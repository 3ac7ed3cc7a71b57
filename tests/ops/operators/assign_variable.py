"""READ_VARIABLE and ASSIGN_VARIABLE: each case shows something from the second input on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, Flatfile

QUANT = (0.05, -3)
STEP = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def first_value(file: Flatfile, name: str, values: np.ndarray, scale=QUANT[0], zero=QUANT[1]):
    """CALL_ONCE of a subgraph that assigns the variable; returns the subgraph."""
    inner = file.subgraph()
    file.operator("CALL_ONCE", [], [], initSubgraphIndex=1)
    inner.assign(inner.variable(name), inner.constant(values, [scale], [zero]))
    return inner


def joined(file: Flatfile, parts: list[int], shape: tuple[int, ...], quant=QUANT) -> int:
    """The parts side by side along axis 1."""
    output = file.activation(shape, *quant)
    file.operator("CONCATENATION", parts, [output], 2, axis=1, fusedActivationFunction=NONE)
    return output


def halves(file: Flatfile, whole: int, shape: tuple[int, ...], quant=QUANT) -> list[int]:
    """Both halves along axis 1."""
    axis = file.constant(np.array(1, np.int32))
    outputs = [file.activation(shape, *quant) for _ in range(2)]
    file.operator("SPLIT", [axis, whole], outputs, 2, numSplits=2)
    return outputs


def added(file: Flatfile, left: int, right: int, shape: tuple[int, ...]) -> int:
    output = file.activation(shape, 0.09, 5)
    file.operator("ADD", [left, right], [output], 2, fusedActivationFunction=NONE)
    return output


def streaming(first: bool = True, length: int = 3, zero: int = QUANT[1]) -> bytes:
    """The pattern of streaming models: the last inputs in front of the new one, then moved on."""
    file = Flatfile()
    shape, quant = (1, length, 4), (QUANT[0], zero)
    new = file.activation(shape, *quant)
    values = np.arange(4 * length, dtype=np.int8).reshape(shape)
    others = [first_value(file, "past", values, *quant)] if first else []
    handle = file.variable("past")
    past = file.read(handle, shape, *quant)
    whole = joined(file, [past, new], (1, 2 * length, 4), quant)
    _, rest = halves(file, whole, shape, quant)
    file.assign(handle, rest)
    total = file.activation((1, 4), 0.04, 1)
    flat = np.random.default_rng(0).integers(-127, 128, (4, 8 * length)).astype(np.int8)
    weight = file.constant(flat, [0.01])
    file.operator("FULLY_CONNECTED", [whole, weight], [total], 4, fusedActivationFunction=NONE)
    return file.data(others=others)


def read_before_assign(reads_later: bool) -> bytes:
    """The old value is needed after the new one is in place, or up to its operator alone."""
    file = Flatfile()
    shape = (1, 6)
    new = file.activation(shape, *QUANT)
    handle = file.variable("last")
    old = file.read(handle, shape, *QUANT)
    file.assign(handle, new)
    later = file.read(handle, shape, *QUANT) if reads_later else new
    output = added(file, old, later, shape)
    return file.data(outputs=[output])


def accumulated(keeps: bool) -> bytes:
    """A sum over time, computed from the state and written to it by one operator."""
    file = Flatfile()
    shape = (1, 5)
    new = file.activation(shape, *QUANT)
    handle = file.variable("sum")
    old = file.read(handle, shape, 0.09, 5)
    total = added(file, new, old, shape)
    file.assign(handle, total)
    outputs = [total]
    if keeps:
        outputs = [added(file, total, old, shape)]
    return file.data(outputs=outputs)


def assigned_twice() -> bytes:
    """Two values in one inference, each read: the state changes between."""
    file = Flatfile()
    shape = (1, 5)
    new = file.activation(shape, *QUANT)
    handle, again = file.variable("twice"), file.variable("twice")
    old = file.read(handle, shape, 0.09, 5)
    first = added(file, new, old, shape)
    file.assign(handle, first)
    middle = file.read(again, shape, 0.09, 5)
    second = added(file, middle, new, shape)
    file.assign(again, second)
    output = added(file, second, first, shape)
    return file.data(outputs=[output])


def viewed(early: bool) -> bytes:
    """A view of the state that is read before, or after, the state changes."""
    file = Flatfile()
    new = file.activation((1, 6), *QUANT)
    handle = file.variable("viewed")
    old = file.read(handle, (1, 6), *QUANT)
    view = file.activation((1, 2, 3), *QUANT)
    file.operator("RESHAPE", [old], [view])
    other = file.activation((1, 2, 3), *QUANT)
    file.operator("RESHAPE", [new], [other])
    if early:
        output = added(file, view, other, (1, 2, 3))
        file.assign(handle, new)
    else:
        file.assign(handle, new)
        output = added(file, view, other, (1, 2, 3))
    return file.data(outputs=[output])


def swapped() -> bytes:
    """Two variables that change places: each copy must come from before."""
    file = Flatfile()
    shape = (1, 4)
    new = file.activation(shape, *QUANT)
    one, two = file.variable("one"), file.variable("two")
    left, right = file.read(one, shape, *QUANT), file.read(two, shape, *QUANT)
    file.assign(one, right)
    file.assign(two, new)
    return file.data(outputs=[joined(file, [left, right], (1, 8))])


def other_types(dtype: str) -> bytes:
    """A delay of one inference, in another type; the variable has a first value."""
    file = Flatfile()
    new = file.activation((1, 4), 0.01, 0, dtype)
    inner = file.subgraph()
    file.operator("CALL_ONCE", [], [], initSubgraphIndex=1)
    inner.assign(
        inner.variable("wide"), inner.constant(np.arange(4, dtype=dtype).reshape(1, 4), [0.01])
    )
    handle = file.variable("wide")
    old = file.read(handle, (1, 4), 0.01, 0, dtype)
    file.assign(handle, new)
    return file.data(outputs=[old], others=[inner])


def constant_state() -> bytes:
    """A variable that only the first subgraph writes."""
    file = Flatfile()
    shape = (1, 5)
    new = file.activation(shape, *QUANT)
    inner = first_value(file, "fixed", np.arange(5, dtype=np.int8).reshape(shape))
    old = file.read(file.variable("fixed"), shape, *QUANT)
    return file.data(outputs=[added(file, new, old, shape)], others=[inner])


CASES: dict[str, Callable[[], bytes]] = {
    "variable streaming": streaming,
    "variable streaming from zero": partial(streaming, False, zero=-128),
    "variable streaming of one": partial(streaming, length=1, zero=127),
    "variable read before": partial(read_before_assign, False),
    "variable read before and after": partial(read_before_assign, True),
    "variable sum": partial(accumulated, False),
    "variable sum kept": partial(accumulated, True),
    "variable twice": assigned_twice,
    "variable viewed": partial(viewed, True),
    "variable viewed late": partial(viewed, False),
    "variables swapped": swapped,
    "variable int16": partial(other_types, "int16"),
    "variable float32": partial(other_types, "float32"),
    "variable fixed": constant_state,
}


def _random_variables(seed: int) -> bytes:
    """Reads, additions and assignments of three variables in any order."""
    source = np.random.default_rng(seed)
    file = Flatfile()
    shape, quant = (1, 4), (0.09, 5)
    values = [file.activation(shape, *quant)]
    handles = [file.variable(f"v{number}") for number in range(3)]
    for handle in handles:
        values.append(file.read(handle, shape, *quant))
    for _ in range(int(source.integers(3, 12))):
        handle, value = handles[source.integers(3)], values[source.integers(len(values))]
        match source.integers(3):
            case 0:
                values.append(file.read(handle, shape, *quant))
            case 1:
                file.assign(handle, value)
            case _:
                values.append(added(file, value, values[source.integers(len(values))], shape))
    for handle in handles:
        file.assign(handle, values[source.integers(len(values))])
    return file.data(outputs=[joined(file, values[-3:], (1, 12), quant)])


RANDOM = {"variables": _random_variables}
