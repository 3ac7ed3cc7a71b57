"""SVDF: its cases show something from the second input on, as the state is zero before."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, RELU, Flatfile


def svdf(seed=0, *, inputs=12, outputs=5, rank=2, memory=4, zeros=(3, -7), **given):
    """One layer; the state is the file's variable."""
    source = np.random.default_rng(seed)
    filters = outputs * rank
    dtype = given.get("dtype", "int16")
    scales = {"in": 0.05, "feature": 0.01, "time": 0.0001, "state": 0.004}
    if dtype == "int8":
        scales |= {"time": 0.003, "state": 0.1}
    most = 4000 if dtype == "int16" else 127
    file = Flatfile()
    rows = given.get("rows", 1)
    start = file.activation((rows, inputs), scales["in"], zeros[0])
    feature = source.integers(-127, 128, (filters, inputs)).astype(np.int8)
    time = source.integers(-most, most, (filters, memory)).astype(dtype)
    bias = source.integers(-20000, 20000, outputs, np.int32)
    bias_scale = np.float32(scales["state"]) * np.float32(scales["time"])
    operands = [
        start,
        file.constant(feature, [scales["feature"]]),
        file.constant(time, [scales["time"]]),
        file.constant(bias, [bias_scale]),
        file.activation(
            (rows, filters * memory), scales["state"], given.get("state_zero", 0), dtype, "memory"
        ),
    ]
    file.tensors[operands[-1]].isVariable = True
    output = file.activation((rows, outputs), 0.02 * np.sqrt(rank * memory), zeros[1])
    options = {"rank": rank, "fusedActivationFunction": given.get("activation", NONE)}
    file.operator("SVDF", operands, [output], 3, **options)
    return file.data()


def boundary(seed=0):
    """Biases around a change of the output by one: a product of scales in float32 shows."""
    source = np.random.default_rng(seed)
    count = 512
    state, time = (np.float32(x) for x in source.uniform(0.0001, 0.0005, 2))
    out = np.float32(state * time * 2**17 * source.uniform(1, 2))
    level = source.integers(60, 110) + 0.5
    middle = level * float(out) / (float(state) * float(time))
    bias = (middle + np.arange(count) - count // 2).astype(np.int32)
    file = Flatfile()
    operands = [
        file.activation((1, 1), 0.05, 0),
        file.constant(np.zeros((count, 1), np.int8), [0.01]),
        file.constant(np.zeros((count, 1), np.int16), [time]),
        file.constant(bias, [state * time]),
        file.activation((1, count), state, 0, "int16", "memory"),
    ]
    file.tensors[operands[-1]].isVariable = True
    output = file.activation((1, count), out, 0)
    file.operator("SVDF", operands, [output], 3, rank=1, fusedActivationFunction=NONE)
    return file.data()


CASES = {
    "svdf": svdf,
    "svdf of rank one": partial(svdf, rank=1, memory=8),
    "svdf of one step": partial(svdf, memory=1),
    "svdf relu": partial(svdf, activation=RELU, zeros=(-128, -128)),
    "svdf relu in the middle": partial(svdf, activation=RELU),
    "svdf int8 state": partial(svdf, dtype="int8"),
    "svdf int8 state with a zero point": partial(svdf, 4, dtype="int8", state_zero=-50),
    "svdf rows": partial(svdf, 5, rows=3),
    "svdf int8 rows": partial(svdf, 6, rows=2, dtype="int8", state_zero=127),
    "svdf boundary": partial(boundary, 3),
    "svdf long": partial(svdf, inputs=40, outputs=16, memory=10, zeros=(127, 0)),
}


def _random_svdf(seed):
    source = np.random.default_rng(seed)
    return svdf(
        seed,
        inputs=int(source.integers(1, 30)),
        outputs=int(source.integers(1, 12)),
        rank=int(source.integers(1, 4)),
        memory=int(source.integers(1, 9)),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
        dtype=(dtype := str(source.choice(["int8", "int16"]))),
        rows=int(source.integers(1, 3)),
        state_zero=int(source.integers(-128, 128)) if dtype == "int8" else 0,
    )


RANDOM = {"svdf": _random_svdf, "svdf boundary": boundary}
