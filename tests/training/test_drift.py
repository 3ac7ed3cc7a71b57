"""The test for a drift: NumPy's bits, no alarm without one, an alarm soon after a shift."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.learning_oracle import LIMIT, TOLERANCE, WARM_UP, PageHinkley
from tinyssl.core.paths import firmware_folder

Values = NDArray[np.float32]
LENGTH = 100_000
"""Samples of a stationary stream"""


class Drift(ctypes.Structure):
    """struct drift"""

    _fields_ = (
        ("values", ctypes.c_uint32),
        ("mean", ctypes.c_float),
        ("distance", ctypes.c_float),
        ("sum", ctypes.c_float),
        ("found", ctypes.c_uint32),
    )


ENTRY = """
#include "drift.h"

void take_all(struct drift *drift, const float *values, uint32_t count, uint32_t *found)
{
    for (uint32_t i = 0; i < count; i++) {
        if (drift_add(drift, values[i])) {
            *found++ = i;
        }
    }
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("drift")
    (folder / "entry.c").write_text(ENTRY)
    app = firmware_folder() / "app"
    options = ["-std=c11", "-O2", "-ffp-contract=off", "-shared", "-fPIC", f"-I{app}"]
    made = folder / "drift.so"
    subprocess.run(["gcc", *options, folder / "entry.c", app / "drift.c", "-o", made], check=True)
    return ctypes.CDLL(str(made))


def drifts(library: ctypes.CDLL, values: Values) -> tuple[list[int], Drift]:
    """Numbers of the values that showed one, from 0, and the state behind the last."""
    state, found = Drift(), (ctypes.c_uint32 * len(values))()
    data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    library.take_all(ctypes.byref(state), data, ctypes.c_uint32(len(values)), found)
    return list(found[: state.found]), state


STREAMS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "normal": lambda random, count: random.normal(1, 0.3, count),
    "exponential": lambda random, count: random.exponential(1, count),
    "squares": lambda random, count: random.normal(0, 1, count) ** 2,
    "log-normal": lambda random, count: random.lognormal(0, 1, count),
    "few errors": lambda random, count: np.where(random.random(count) < 0.1, 2.5, 0.1),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stationary_stream_gives_no_alarm(name: str, library: ctypes.CDLL) -> None:
    values = STREAMS[name](np.random.default_rng(5), LENGTH).astype(np.float32)
    assert drifts(library, values)[0] == []


def test_losses_that_fall_give_no_alarm(library: ctypes.CDLL) -> None:
    """As while the device learns."""
    random = np.random.default_rng(2)
    values = random.exponential(1, 5000) * np.linspace(2, 0.1, 5000)
    assert drifts(library, values.astype(np.float32))[0] == []


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_is_found_soon(seed: int, library: ctypes.CDLL) -> None:
    """By one standard deviation, of a normal and of an exponential stream."""
    random = np.random.default_rng(seed)
    for before, after in (
        (random.normal(1, 0.3, 1000), random.normal(1.3, 0.3, 300)),
        (random.exponential(1, 1000), random.exponential(2, 300)),
    ):
        (first, *_), _ = drifts(library, np.concatenate([before, after]).astype(np.float32))
        assert 1000 <= first < 1250


def test_it_has_numpys_bits(library: ctypes.CDLL) -> None:
    random = np.random.default_rng(3)
    values = np.concatenate([random.exponential(1, 500), random.exponential(4, 400)])
    oracle = PageHinkley()
    for value in values.astype(np.float32):
        oracle.add(float(value))
    found, state = drifts(library, values.astype(np.float32))
    assert [each - 1 for each in oracle.found] == found != []
    assert (state.mean, state.distance, state.sum) == (oracle.mean, oracle.distance, oracle.sum)


def test_the_oracle_has_the_headers_numbers() -> None:
    text = (firmware_folder() / "app" / "drift.h").read_text()
    for name, value in (("WARM_UP", f"{WARM_UP}u"), ("TOLERANCE", f"{TOLERANCE:.1f}f")):
        assert f"#define DRIFT_{name} {value}" in text
    assert f"#define DRIFT_LIMIT {LIMIT}f" in text
