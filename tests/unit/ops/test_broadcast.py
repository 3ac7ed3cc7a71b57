"""Broadcasting loops against numpy."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinyssl.ops.common.broadcast import broadcast_loops, broadcast_shape


@st.composite
def pairs(draw):
    """Two shapes that fit each other, of different rank too."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    sides = [[size if draw(st.booleans()) else 1 for size in shape] for _ in range(2)]
    return [tuple(side[draw(st.integers(0, len(side))) :]) for side in sides]


def walked(values, loops, steps):
    """Elements of a flat input in the order of the loops."""
    rounds = itertools.product(*(range(loop.count) for loop in loops))
    return [values[sum(i * step for i, step in zip(at, steps, strict=True))] for at in rounds]


@given(pairs())
def test_loops_walk_as_numpy_broadcasts(shapes):
    left, right = (np.arange(np.prod(shape, dtype=int)) for shape in shapes)
    output = broadcast_shape(shapes)
    a, b = np.broadcast_arrays(left.reshape(shapes[0]), right.reshape(shapes[1]))
    assert output == a.shape
    loops = broadcast_loops(shapes, output)
    assert walked(left, loops, [loop.steps[0] for loop in loops]) == a.ravel().tolist()
    assert walked(right, loops, [loop.steps[1] for loop in loops]) == b.ravel().tolist()


def test_equal_shapes_take_one_loop_and_channels_two() -> None:
    image = (1, 5, 6, 4)
    assert [loop.count for loop in broadcast_loops([image, image], image)] == [120]
    assert [loop.count for loop in broadcast_loops([image, (1, 1, 1, 4)], image)] == [30, 4]


def test_shapes_that_do_not_fit() -> None:
    assert broadcast_shape([(1, 5), (1, 4)]) is None
