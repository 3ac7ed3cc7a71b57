"""UNIDIRECTIONAL_SEQUENCE_LSTM: both variables go on from input to input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.ops.flatfile import TANH, TYPES, Flatfile

ABSENT = -1


def lstm(
    seed: int = 0,
    *,
    sizes: tuple[int, int, int, int] = (1, 3, 6, 5),
    zeros: tuple[int, int] = (-128, 4),
    dtype: str = "int8",
    state_scale: float = 2.0**-11,
    gain: float = 1.0,
    clip: float = 0.0,
    time_major: bool = False,
) -> bytes:
    """One layer.

    Args:
        seed: Of weights and biases.
        sizes: Batches, steps, inputs, units.
        zeros: Of input and output; 0 for int16.
        dtype: Of both.
        state_scale: Of the state.
        gain: Of the weights: large ones saturate gates.
        clip: Of the state.
        time_major: Whether steps come before batches.
    """
    source = np.random.default_rng(seed)
    batches, steps, inputs, units = sizes
    wide = dtype == "int16"
    scales = (3e-5, 3e-5) if wide else (0.02, 0.0078)
    zeros = (0, 0) if wide else zeros
    file = Flatfile()
    rows = (steps, batches) if time_major else (batches, steps)
    start = file.activation((*rows, inputs), scales[0], zeros[0], dtype)

    constants = _constants(file, source, (inputs, units), gain * (2 if wide else 1), wide)
    states = (
        file.activation((batches, units), scales[1], zeros[1], dtype, "hidden"),
        file.activation((batches, units), state_scale, 0, "int16", "state"),
    )
    return _with_layer(file, start, constants, states, cellClip=clip, timeMajor=time_major)


def _with_layer(
    file: Flatfile, start: int, constants: list[int], states: tuple[int, int], **options: Any
) -> bytes:
    """The file with its one operator, whose output is quantised as its first state is."""
    for state in states:
        file.tensors[state].isVariable = True
    source, hidden = file.tensors[start], file.tensors[states[0]]
    output = file.quantised(
        (*source.shape[:2], hidden.shape[1]),
        hidden.quantization.scale[0],
        hidden.quantization.zeroPoint[0],
        "int8" if source.type == TYPES["int8"] else "int16",
    )
    file.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [start, *constants[:8], *3 * [ABSENT], *constants[8:], *2 * [ABSENT], *states]
        + 4 * [ABSENT],
        [output],
        fusedActivationFunction=TANH,
        **options,
    )
    return file.data()


def _constants(
    file: Flatfile, source: np.random.Generator, size: tuple[int, int], gain: float, wide: bool
) -> list[int]:
    """Weights of four gates for the input, then for the last output, then biases."""
    inputs, units = size
    found = []
    for columns in (*4 * (inputs,), *4 * (units,)):
        values = source.integers(-127, 128, (units, columns)).astype(np.int8)
        found.append(file.constant(values, [np.float32(gain * source.uniform(0.004, 0.012))]))
    kind, most = (np.int64, 2_000_000) if wide else (np.int32, 5_000)
    for _ in range(4):
        found.append(file.constant(source.integers(-most, most, units).astype(kind), [1e-5]))
    return found


def between(dtype: str = "int8") -> bytes:
    """Each product of two scales is 2^-13 (1 - 2^-26): half a unit of Q3.12, and a bit less.

    float32 takes it for 2^-13, where odd sums round up.
    """
    below, above, unit = 1 - 2.0**-13, 1 + 2.0**-13, 2.0**-14
    file, source, units = Flatfile(), np.random.default_rng(0), 4
    start = file.quantised((1, 3, units), 2.0**-6 * below, 0, dtype)
    constants = []
    for scale in (*4 * (2.0**-7 * above,), *4 * (2.0**-13 / unit * above,)):
        weights = source.integers(-3, 4, (units, units)).astype(np.int8)
        constants.append(file.constant(weights, [scale]))
    bias = np.array([1, 3, -5, 7], np.int64 if dtype == "int16" else np.int32)
    constants += [file.constant(bias, [1e-5]) for _ in range(4)]
    hidden, state = (
        file.quantised((1, units), scale, 0, kind)
        for scale, kind in ((unit * below, dtype), (2.0**-15, "int16"))
    )
    return _with_layer(file, start, constants, (hidden, state))


CASES: dict[str, Callable[[], bytes]] = {
    "lstm": lstm,
    "lstm one step": partial(lstm, 1, sizes=(1, 1, 9, 7), zeros=(127, -128)),
    "lstm batches": partial(lstm, 2, sizes=(3, 2, 4, 3), zeros=(5, -7)),
    "lstm time major": partial(lstm, 3, sizes=(3, 2, 4, 3), time_major=True),
    "lstm clipped": partial(lstm, 4, clip=0.2, gain=3.0, state_scale=2.0**-12),
    "lstm wide state": partial(lstm, 5, state_scale=2.0**-9, gain=2.0),
    "lstm narrow state": partial(lstm, 6, state_scale=2.0**-15),
    "lstm odd state": partial(lstm, 7, state_scale=0.0007),
    "lstm saturated": partial(lstm, 8, gain=20.0, sizes=(1, 5, 12, 4)),
    "lstm between two units": between,
    "lstm int16 between two units": partial(between, "int16"),
    "lstm int16": partial(lstm, 9, dtype="int16"),
    "lstm int16 batches": partial(lstm, 10, dtype="int16", sizes=(2, 3, 5, 4), time_major=True),
    "lstm int16 clipped": partial(lstm, 11, dtype="int16", clip=0.1, gain=8.0),
}


def _random_lstm(seed: int) -> bytes:
    source = np.random.default_rng(seed)
    return lstm(
        seed,
        sizes=tuple(source.integers(1, 7, 4).tolist()),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
        dtype=str(source.choice(["int8", "int16"])),
        state_scale=float(2.0 ** source.integers(-15, -7)),
        gain=float(source.uniform(0.3, 6.0)),
        clip=float(source.choice([0.0, 0.3])),
        time_major=bool(source.integers(2)),
    )


RANDOM = {"lstm": _random_lstm}
