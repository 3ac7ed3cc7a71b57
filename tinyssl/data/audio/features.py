"""The front ends by name, and the spec of what they return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import unknown_name
from tinyssl.data.audio.frontend import RAW_HIGH, LogMel, log_mel
from tinyssl.data.audio.mfcc import Mfcc, mfcc
from tinyssl.data.spec import FeatureSpec

CHUNK = 256
"""Clips at a time: bounds the memory of the spectra"""


@dataclass(frozen=True)
class Frontend:
    """One way from sound to features."""

    settings: LogMel | Mfcc
    compute: Callable[[NDArray[np.int16]], NDArray[np.int8]]
    low: float
    """Value of the code -128"""
    high: float
    """Value of the code 127"""


def _mfcc_value(code: int) -> float:
    return (code - Mfcc.zero_point) * Mfcc.scale


FRONTENDS = {
    "logmel": Frontend(LogMel(), log_mel, 0.0, RAW_HIGH * 255 / 256 / (1 << LogMel.log_bits)),
    "mfcc": Frontend(Mfcc(), mfcc, _mfcc_value(-128), _mfcc_value(127)),
}
"""logmel: TFLM's micro_speech; mfcc: the keyword reference of MLPerf Tiny"""


def find_frontend(name: str) -> Frontend:
    """The front end `name`.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in FRONTENDS:
        raise unknown_name("audio front end", name, FRONTENDS)
    return FRONTENDS[name]


def audio_spec(name: str, samples: int) -> FeatureSpec:
    """What front end `name` gives for clips of `samples` samples."""
    frontend = find_frontend(name)
    settings = frontend.settings
    shape = (settings.frames(samples), settings.channels, 1)
    return FeatureSpec(
        "audio", shape, "int8", (frontend.low,), (frontend.high,), (f"{name} feature",)
    )


def audio_features(name: str, clips: NDArray[np.int16]) -> NDArray[Any]:
    """Features of (n, samples) clips at 16 kHz: (n, frames, channels, 1) int8."""
    compute = find_frontend(name).compute
    parts = [compute(clips[start : start + CHUNK]) for start in range(0, len(clips), CHUNK)]
    return np.concatenate(parts)[..., None]
