"""AVERAGE_POOL_2D and MAX_POOL_2D of several images, and of other types than int8."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, SAME, VALID, Flatfile


def pool(
    kind="AVERAGE_POOL_2D",
    dtype="int8",
    *,
    shape=(2, 5, 6, 3),
    out=(3, 3),
    window=(3, 2),
    padding=SAME,
    activation=NONE,
    scales=(0.05, 0.05),
):
    """A pooling with stride 2."""
    zero = -10 if dtype == "int8" else 0
    file = Flatfile()
    start = file.activation(shape, scales[0], zero, dtype)
    output = file.activation((shape[0], *out, shape[3]), scales[1], zero, dtype)
    for index in (start, output) if dtype == "float32" else ():
        file.tensors[index].quantization = None
    height, width = window
    steps = {"strideH": 2, "strideW": 2, "filterHeight": height, "filterWidth": width}
    options = {"padding": padding, **steps, "fusedActivationFunction": activation}
    file.operator(kind, [start], [output], 2, **options)
    return file.data()


largest = partial(pool, kind="MAX_POOL_2D")
near = float(np.nextafter(np.float32(0.05), np.float32(1)))

CASES = {
    "average images": pool,
    "average images of one scale, nearly": partial(pool, scales=(0.05, near)),
    "average int16": partial(pool, dtype="int16", shape=(1, 5, 6, 3), activation=RELU),
    "average int16 valid": partial(pool, dtype="int16", padding=VALID, out=(2, 3), window=(2, 2)),
    "average float": partial(pool, dtype="float32"),
    "average float relu6": partial(pool, dtype="float32", activation=RELU6),
    "max images": partial(largest, activation=RELU),
    "max int16": partial(largest, dtype="int16", activation=RELU6),
    "max float": partial(largest, dtype="float32"),
}


def _random_pool(seed):
    source = np.random.default_rng(seed)
    return pool(
        str(source.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
        str(source.choice(["int8", "int16", "float32"])),
        shape=(int(source.integers(1, 4)), 5, 6, int(source.integers(1, 6))),
        window=tuple(source.integers(1, 6, 2).tolist()),
        activation=int(source.choice([NONE, RELU, RELU6])),
    )


RANDOM = {"pool of any type": _random_pool}
