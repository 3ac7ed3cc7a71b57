"""`tones`: short clips of tones, chirps and noise, made from a seed. No download, no files.

Eight sounds that are told apart by how they change, as words are; each clip has its own pitch,
length, place, loudness and background noise. A data set to try sound on, not to publish on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.data.audio import audio_features, audio_spec
from tinyssl.data.audio.wav import RATE, fit_length
from tinyssl.data.base import DataReader, Source

PER_CLASS = 150
SEED = 20_240_229
"""Of the clips; the splits have their own"""
LENGTHS = (0.35, 0.8)
"""Seconds of a sound"""
PITCHES = (300.0, 1200.0)
"""Hertz of its lowest tone"""
SNR_DB = (0.0, 20.0)
"""Loudness above the background noise"""

Wave = NDArray[np.float64]
"""(samples,) in about [-1, 1]"""


def _glide(hertz: Wave) -> Wave:
    """A tone whose pitch is `hertz` at every sample."""
    return np.asarray(np.sin(2 * np.pi * np.cumsum(hertz) / RATE))


def _steady(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return _glide(np.full_like(t, pitch))


def _rising(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return _glide(pitch * (1 + 1.5 * t))


def _falling(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return _glide(pitch * (2.5 - 1.5 * t))


def _warble(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return _glide(pitch * (1.3 + 0.3 * np.sin(2 * np.pi * 6 * t)))


def _pulses(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return np.asarray(_glide(np.full_like(t, pitch)) * (np.floor(8 * t) % 2 == 0))


def _two_tone(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return _glide(np.where(t < 0.5, pitch, 1.6 * pitch))


def _hiss(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    """Noise that fades in and out; its pitch does not matter."""
    return rng.normal(0, 0.5, t.shape) * np.sin(np.pi * t)


def _silence(t: Wave, pitch: float, rng: np.random.Generator) -> Wave:
    return np.zeros_like(t)


SOUNDS: dict[str, Callable[[Wave, float, np.random.Generator], Wave]] = {
    "steady": _steady,
    "rising": _rising,
    "falling": _falling,
    "warble": _warble,
    "pulses": _pulses,
    "two_tone": _two_tone,
    "hiss": _hiss,
    "silence": _silence,
}
"""Class -> samples from time in [0, 1), pitch in hertz and a generator"""


def make_clip(name: str, rng: np.random.Generator) -> NDArray[np.int16]:
    """One second of the sound `name`, 16 kHz."""
    length = int(RATE * rng.uniform(*LENGTHS))
    pitch = float(np.exp(rng.uniform(*np.log(PITCHES))))
    t = np.arange(length) / length
    sound = SOUNDS[name](t, pitch, rng)
    if name != "hiss":  # an overtone, so that pitches are not single bins
        sound = 0.7 * sound + 0.3 * sound * np.abs(sound)
    edge = np.minimum(1, np.minimum(t, 1 - t) * 25)
    clip = np.zeros(RATE)
    start = int(rng.integers(0, RATE - length + 1))
    clip[start : start + length] = sound * edge
    background = rng.normal(0, 1, RATE) * 10 ** (-rng.uniform(*SNR_DB) / 20) * 0.35
    loudness = np.exp(rng.uniform(np.log(1500), np.log(12_000)))
    return fit_length(
        np.clip(np.round((clip + background) * loudness), -32768, 32767).astype(np.int16), RATE
    )


def read_tones(config: DataConfig, progress: Progress) -> Source:
    """`PER_CLASS` clips of every sound, through the audio front end of the config.

    Raises:
        UsageError: A `data_path`: the tones would be taken silently instead of what lies there.
    """
    if config.data_path is not None:
        raise UsageError(
            f"dataset tones makes its own clips and does not read {config.data_path}",
            hint="say what is there: --dataset wav for a folder of WAV files",
        )
    names = tuple(SOUNDS)
    labels = np.tile(np.arange(len(names)), PER_CLASS)
    rng = np.random.default_rng(SEED)
    clips = np.stack([make_clip(names[label], rng) for label in labels])
    spec = audio_spec(config.frontend, RATE)
    return Source(audio_features(config.frontend, clips), labels.astype(np.int64), names, spec=spec)


DATASETS = {"tones": DataReader(read_tones, "audio")}
