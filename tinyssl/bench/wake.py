"""A wake word over WAV files, on the device: which clips it hears, and what else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.bench.subject import Samples
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.text import printable
from tinyssl.data.audio.wake_word import CHANNELS, Ear, WakeWord, read_wake_word, wake_features
from tinyssl.data.audio.wav import RATE, read_wav
from tinyssl.data.walk import list_files
from tinyssl.graph.interface import Feeds, Outputs, ValueInfo, named_values, of_kind
from tinyssl.graph.model import DType, Model, ValueKind

SUFFIXES = frozenset({".wav", ".wave"})
POSITIVE = "positive"
"""Folder, at any depth, whose clips hold the word"""
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Clip:
    """A WAV file."""

    path: Path
    """Relative to the folder"""
    positive: bool
    """Whether the word is said in it"""


@dataclass(frozen=True)
class Clips:
    """What `bench --audio` listens to."""

    root: Path
    clips: tuple[Clip, ...]
    word: WakeWord
    input: ValueInfo
    output: ValueInfo

    @property
    def frames(self) -> int:
        """Of one inference."""
        return self.input.elements // CHANNELS

    @property
    def step_seconds(self) -> float:
        """Of sound between two inferences."""
        return self.frames * self.word.step_ms / 1000

    def samples(self, clip: Clip) -> NDArray[np.int16]:
        """(samples,) of a clip.

        Raises:
            DataError: It cannot be read.
        """
        return read_wav(self.root / clip.path)

    def feeds(self, samples: NDArray[np.int16]) -> Iterator[Feeds]:
        """The inputs of a clip in order; frames that do not fill an input are left out."""
        features = wake_features(samples, self.word)
        for start in range(0, len(features) - self.frames + 1, self.frames):
            part = features[start : start + self.frames]
            yield {self.input.name: quantised(part, self.input)}

    def probability(self, outputs: Outputs) -> float:
        """What the model answers."""
        value = float(outputs[self.output.name].ravel()[0])
        quant = self.output.quant
        return value if quant is None else (value - quant.zero_point[0]) * quant.scale[0]


def quantised(features: NDArray[np.float64], value: ValueInfo) -> NDArray[Any]:
    """Features as an input takes them: halves to even, clipped to its type."""
    if value.quant is None:
        return features.astype(np.float32).reshape(value.shape)
    limits = np.iinfo(value.dtype.value)
    codes = np.round(features / value.quant.scale[0] + value.quant.zero_point[0])
    clipped = np.clip(codes, limits.min, limits.max)
    return clipped.astype(value.dtype.value).reshape(value.shape)


def find_clips(config: BenchConfig, model: Model, path: Path) -> Clips:
    """The clips below `config.audio`, and what the model wants of them.

    Args:
        config: Folder, and the description of the word if it is not beside the model.
        model: Of the build.
        path: Its file.

    Raises:
        UsageError: The model takes no log-mel frames, or nobody describes the word.
        DataError: No such folder, no WAV file in it, or a damaged description.
    """
    if config.audio is None:
        raise UsageError("no sound", hint="name a folder of WAV files with --audio")
    described = config.wake_word or path.with_suffix(".json")
    if not described.is_file():
        raise UsageError(
            f"there is no {printable(str(described))}",
            hint="name the model's JSON (cutoff and window, as microWakeWord writes it) with "
            "--wake-word",
        )
    named = named_values(model)
    inputs, outputs = of_kind(named, ValueKind.INPUT), of_kind(named, ValueKind.OUTPUT)
    if len(inputs) != 1 or len(outputs) != 1 or not _fits(inputs[0], outputs[0]):
        texts = ", ".join(value.text for value in (*inputs, *outputs))
        raise UsageError(
            f"the model takes and gives {texts}; --audio is for one input of {CHANNELS} features a "
            "frame and one probability"
        )
    listing = list_files(config.audio, SUFFIXES, "WAV files", ".wav")
    clips = tuple(Clip(found, POSITIVE in found.parts[:-1]) for found in listing.pictures)
    return Clips(listing.root, clips, read_wake_word(described), inputs[0], outputs[0])


def _fits(source: ValueInfo, target: ValueInfo) -> bool:
    types = (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32)
    return (
        source.elements % CHANNELS == 0
        and source.dtype in types
        and target.dtype in types
        and target.elements == 1
    )


def first_of(clips: Clips) -> Samples:
    """The first input of the first clip that has one, for what is timed.

    Raises:
        DataError: No clip is long enough, or one cannot be read.
    """
    for clip in clips.clips:
        for feeds in clips.feeds(clips.samples(clip)):
            return Samples([feeds], np.arange(1))
    raise DataError(f"the WAV files below {printable(str(clips.root))} are too short")


@dataclass
class Heard:
    """What was heard so far."""

    positives: int = 0
    rejects: int = 0
    """Clips with the word in which it was not heard"""
    other_seconds: float = 0.0
    """Of clips without the word"""
    accepts: int = 0
    """Times that it was heard in those"""

    def add(self, clip: Clip, seconds: float, times: int) -> None:
        """One clip, and how often the word was heard in it."""
        if clip.positive:
            self.positives += 1
            self.rejects += times == 0
        else:
            self.other_seconds += seconds
            self.accepts += times

    def results(self, word: WakeWord) -> dict[str, Any]:
        """Figures for the record."""
        found: dict[str, Any] = {
            "wake_word": word.name,
            "cutoff": word.cutoff,
            "positives": self.positives,
            "false_rejects": self.rejects,
            "other_seconds": round(self.other_seconds, 3),
            "false_accepts": self.accepts,
        }
        if self.other_seconds:
            rate = self.accepts * SECONDS_PER_HOUR / self.other_seconds
            found["false_accepts_per_hour"] = round(rate, 3)
        return found


def listen(clips: Clips, clip: Clip, answer: Callable[[Feeds], Outputs]) -> tuple[float, int]:
    """Seconds of a clip, and how often the word is heard in it.

    Args:
        clips: Where it is one of.
        clip: The clip.
        answer: One inference of a model whose states were reset.

    Raises:
        DataError: The file cannot be read, or is too short for one inference.
    """
    samples, ear, heard, count = clips.samples(clip), Ear(clips.word, clips.step_seconds), 0, 0
    for feeds in clips.feeds(samples):
        heard += ear.hear(clips.probability(answer(feeds)))
        count += 1
    if not count:
        raise DataError(
            f"{printable(str(clips.root / clip.path))} is too short: {len(samples) / RATE:.3f} s"
        )
    return len(samples) / RATE, heard
