"""Rules of the audio front end's operators, each broken once; damaged options."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.ops.operators import signals
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.verify import verify
from tinyssl.ops.signal_filter_bank_log import log_table

STACKER = {"num_channels": 5, "stacker_left_context": 1}
STACKED = [((10,), "int16"), ((), "bool")]
FRAMES = [((3, 4), "int16"), ((), "bool")]

UNSUPPORTED: dict[str, tuple[Any, str]] = {
    "framer without zeros before": (
        partial(
            signals.one, "Framer", (12,), outputs=FRAMES, frame_size=4, frame_step=4, prefill=False
        ),
        "before the first whole one",
    ),
    "stacker of every second frame": (
        partial(
            signals.one,
            "Stacker",
            (5,),
            outputs=STACKED,
            stacker_right_context=0,
            stacker_step=2,
            **STACKER,
        ),
        "a right context of 0, a step of 2",
    ),
    "rfft of floats": (
        partial(signals.one, "Rfft", (8,), outputs=[((10,), "int16")], T=0, fft_length=8),
        "elements of type 0",
    ),
    "rfft of 12": (partial(signals.rfft, (12,), 12), "powers of two"),
    "overlap-add of floats": (
        partial(signals.one, "OverlapAdd", (3, 4), outputs=[((9,), "int16")], T=0, frame_step=3),
        "elements of type 0",
    ),
}

BROKEN: dict[str, tuple[Any, str]] = {
    "window": (
        partial(signals.one, "Window", (10,), tables=[np.arange(4)], shift=1),
        "10 elements in frames of 4",
    ),
    "shift": (partial(signals.window, shift=32), "shift is 32; it must be 0 to 31"),
    "energy": (
        partial(
            signals.one, "Energy", (8,), outputs=[((4,), "uint32")], start_index=1, end_index=5
        ),
        "frequencies 1 to 5 of 4",
    ),
    "bands": (
        partial(
            signals.one,
            "FilterBank",
            (8,),
            "uint32",
            [((1,), "uint64")],
            [np.ones(6), np.ones(6), [1, 4], [0, 3], [3, 5]],
            num_channels=1,
        ),
        "bands end at 9 and 8 of 8, 6",
    ),
    "noise": (partial(signals.subtraction, size=7, num_channels=6), "7 bands"),
    "framer": (
        partial(signals.framer, shape=(10,), size=4, step=4),
        "frames of 4 every 4 samples of 10",
    ),
    "overlap-add": (partial(signals.overlap_add, (2, 4), 5), "every 5 samples"),
    "rfft": (partial(signals.rfft, (9,), 8), "frames of 9 for 8 points"),
    "irfft": (
        partial(signals.one, "Irfft", (8,), outputs=[((8,), "int16")], T=7, fft_length=8),
        "8 numbers for a spectrum of 8 points",
    ),
    "no options": (partial(signals.one, "Delay", (8,)), "its options hold no delay_length"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_is_named(name: str) -> None:
    make, message = UNSUPPORTED[name]
    with pytest.raises(UnsupportedModel, match=message):
        verify(read_model(make()))


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule_is_named(name: str) -> None:
    make, message = BROKEN[name]
    with pytest.raises(ModelError, match=message):
        verify(read_model(make()))


def test_table_of_logarithms_is_zero_at_powers_of_two() -> None:
    table = log_table()
    assert (table[0], table[-1], max(table)) == (0, 0, 5641)
