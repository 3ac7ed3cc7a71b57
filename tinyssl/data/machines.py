"""Sounds of machines, made from a seed, and their features as MLPerf Tiny's anomaly detection has
them.

A stand-in for ToyADMOS, whose recordings you must fetch yourself: a motor with its harmonics, a
gear with sidebands, and noise, through the resonances of a housing. It says little about figures on
real machines; it shows whether a device adapts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.audio.mfcc import Mfcc, log_mel_energies

Wave = NDArray[np.float64]
"""(samples,) in about [-1, 1]"""

RATE = 16_000
SECONDS = 1.0
"""Of a clip"""
FRAMES, FILTERS = 5, 128
"""Of a sample: 640 numbers"""
SETTINGS = Mfcc(window=1024, stride=512, filters=FILTERS, high_hz=7800.0)
"""64 ms every 32 ms, as MLPerf Tiny's reference; only its log-mel part is used"""
CENTRE, SPREAD = 1.0, 1.0
"""Of the natural logarithms of mel energies: features are these numbers of spreads from it"""


@dataclass(frozen=True)
class RotatingMachine:
    """One machine as a microphone hears it."""

    hertz: float = 29.0
    """Turns a second"""
    teeth: int = 23
    """Of its gear"""
    gear: float = 0.35
    """Amplitude of the gear against the motor's"""
    housing: tuple[float, ...] = (430.0, 1900.0)
    """Hertz of its resonances"""
    noise_db: float = -26.0
    """Of the room, against the machine"""
    tilt_db: float = 0.0
    """By which the microphone hears 8 kHz louder than 0"""


NORMAL = RotatingMachine()
SHIFTED = RotatingMachine(
    hertz=33.5, gear=0.6, housing=(610.0, 2600.0), noise_db=-20.0, tilt_db=9.0
)
"""The same kind of machine: another speed, another mounting, another room"""


def _bearing(wave: Wave, machine: RotatingMachine, rng: np.random.Generator) -> Wave:
    """A damaged race: a click that rings, 3.6 times a turn."""
    clicks = np.zeros(len(wave))
    period = RATE / (3.6 * machine.hertz)
    places = np.arange(rng.uniform(0, period), len(wave), period).astype(int)
    clicks[places] = rng.uniform(0.6, 1.4, len(places))
    t = np.arange(160) / RATE
    ring = np.exp(-900 * t) * np.sin(2 * np.pi * 4300 * t)
    return wave + 0.15 * np.convolve(clicks, ring)[: len(wave)]


def _loose(wave: Wave, machine: RotatingMachine, rng: np.random.Generator) -> Wave:
    """A loose foot: half orders of the turn."""
    t = np.arange(len(wave)) / RATE
    orders = (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    phases = rng.uniform(0, 2 * np.pi, len(orders))
    tones = [
        np.sin(2 * np.pi * o * machine.hertz * t + p) for o, p in zip(orders, phases, strict=True)
    ]
    return np.asarray(wave + 0.05 * np.sum(tones, axis=0))


def _rubbing(wave: Wave, machine: RotatingMachine, rng: np.random.Generator) -> Wave:
    """Something rubs once a turn."""
    t = np.arange(len(wave)) / RATE
    phase = (machine.hertz * t + rng.uniform()) % 1
    noise = np.diff(rng.normal(size=len(wave) + 1))
    return wave + 0.02 * noise * (phase < 0.25)


def _worn(wave: Wave, machine: RotatingMachine, rng: np.random.Generator) -> Wave:
    """A worn tooth: the gear's tone swings with the turn."""
    t = np.arange(len(wave)) / RATE
    swing = np.sin(2 * np.pi * machine.hertz * t + rng.uniform(0, 2 * np.pi))
    tone = np.sin(2 * np.pi * 2 * machine.teeth * machine.hertz * t)
    return wave + 0.05 * (1 + swing) * tone


FAULTS: dict[str, Callable[[Wave, RotatingMachine, np.random.Generator], Wave]] = {
    "bearing": _bearing,
    "loose": _loose,
    "rubbing": _rubbing,
    "worn": _worn,
}
"""What may be wrong with a machine"""


def make_sound(
    machine: RotatingMachine, rng: np.random.Generator, fault: str | None = None
) -> Wave:
    """`SECONDS` of a machine, whose speed and load vary a little from clip to clip."""
    count = int(RATE * SECONDS)
    speed = machine.hertz * (1 + rng.normal(0, 0.004))
    drift = np.cumsum(rng.normal(0, 2e-6, count))
    turns = np.cumsum(speed * (1 + drift)) / RATE
    load = rng.uniform(0.85, 1.15)
    tones = [
        np.sin(2 * np.pi * order * turns + rng.uniform(0, 2 * np.pi)) / order**0.8
        for order in range(1, 13)
    ]
    gear = [
        size * np.sin(2 * np.pi * (machine.teeth + side) * turns + rng.uniform(0, 2 * np.pi))
        for side, size in ((-1, 0.3), (0, 1.0), (1, 0.3))
    ]
    wave = load * 0.25 * (np.sum(tones, axis=0) + machine.gear * np.sum(gear, axis=0))
    if fault is not None:
        wave = FAULTS[fault](wave, machine, rng)
    return _heard(wave, machine, rng)


def _heard(wave: Wave, machine: RotatingMachine, rng: np.random.Generator) -> Wave:
    """Through housing, room and microphone."""
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    gain = np.ones(len(hertz))
    for centre in machine.housing:
        gain += 2.5 / (1 + ((hertz - centre) / (0.12 * centre)) ** 2)
    noise = np.fft.rfft(rng.normal(size=len(wave))) / np.sqrt(1 + (hertz / 900.0))
    noise *= 10 ** ((machine.noise_db + rng.normal(0, 0.7)) / 20)
    tilt = 10 ** (machine.tilt_db * hertz / (RATE / 2) / 20)
    return np.asarray(np.fft.irfft((spectrum * gain + noise) * tilt, len(wave)))


def features(waves: NDArray[np.float64]) -> NDArray[np.float32]:
    """What the model takes of (clips, samples): (clips, samples of the model, 640).

    Each is `FRAMES` frames side by side; they do not overlap.
    """
    found = log_mel_energies(waves, SETTINGS)
    count = found.shape[1] // FRAMES
    rows = found[:, : count * FRAMES].reshape(len(waves), count, FRAMES * FILTERS)
    return ((rows - CENTRE) / SPREAD).astype(np.float32)


def make_clips(
    machine: RotatingMachine, count: int, seed: int, *, faulty: bool = False
) -> NDArray[np.float32]:
    """Features of `count` clips, (count, samples of the model, 640); the faults in turn."""
    rng, kinds = np.random.default_rng(seed), tuple(FAULTS)
    make = partial(make_sound, machine, rng)
    waves = [make(kinds[number % len(kinds)] if faulty else None) for number in range(count)]
    return features(np.stack(waves))
