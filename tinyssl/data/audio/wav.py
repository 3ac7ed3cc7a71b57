"""WAV files to 16-bit mono at the rate of the front ends."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable

RATE = 16_000
"""Samples a second that the front ends take"""
MOST_SECONDS = 600
"""Longer files are refused before memory is taken"""


def read_wav(path: Path) -> NDArray[np.int16]:
    """(samples,) mono at 16 kHz: channels averaged, 8, 16, 24 and 32 bits, other rates resampled.

    Resampling is linear interpolation after a moving average where the rate falls: enough for
    features, not for listening.

    Raises:
        DataError: No PCM WAV file, or longer than `MOST_SECONDS`.
    """
    shown = printable(str(path))
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            count = file.getnframes()
            if count > MOST_SECONDS * rate:
                raise DataError(
                    f"{shown} lasts {count / rate:,.0f} s; {MOST_SECONDS} s are the most",
                    hint="cut it into clips",
                )
            octets = file.readframes(count)
    except (wave.Error, EOFError) as error:
        raise DataError(
            f"{shown} is not a PCM WAV file: {printable(str(error)) or 'it ends early'}",
            hint="convert it: `ffmpeg -i IN -ac 1 -ar 16000 -c:a pcm_s16le OUT.wav`",
        ) from error
    if not channels or not rate or width not in (1, 2, 3, 4):
        raise DataError(
            f"{shown} has {channels} channels of {8 * width} bits at {rate} Hz",
            hint="convert it: `ffmpeg -i IN -ac 1 -ar 16000 -c:a pcm_s16le OUT.wav`",
        )
    usable = len(octets) // (channels * width) * channels * width
    samples = _to_float(octets[:usable], width).reshape(-1, channels).mean(axis=1)
    resampled = _resampled(samples, rate)
    return np.clip(np.round(resampled), -32768, 32767).astype(np.int16)


def _to_float(octets: bytes, width: int) -> NDArray[np.float64]:
    """Little-endian samples, scaled to the range of int16; 8-bit WAV is unsigned."""
    if width == 1:
        return (np.frombuffer(octets, np.uint8).astype(np.float64) - 128) * 256
    if width == 3:
        wide = np.zeros((len(octets) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(octets, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float64) / 65536
    values = np.frombuffer(octets, "<i2" if width == 2 else "<i4").astype(np.float64)
    return values if width == 2 else values / 65536


def _resampled(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    if rate == RATE or not len(samples):
        return samples
    factor = rate / RATE
    if factor > 1:
        taps = max(round(factor), 1)
        samples = np.convolve(samples, np.ones(taps) / taps, mode="same")
    places = np.arange(int(len(samples) / factor)) * factor
    return np.asarray(np.interp(places, np.arange(len(samples)), samples))


def fit_length(samples: NDArray[np.int16], length: int) -> NDArray[np.int16]:
    """`length` samples: the middle of a longer clip, a shorter one with zeros around it."""
    spare = length - len(samples)
    if spare < 0:
        start = -spare // 2
        return samples[start : start + length]
    return np.pad(samples, (spare // 2, spare - spare // 2))
