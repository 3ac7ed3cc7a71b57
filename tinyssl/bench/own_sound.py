"""A folder of WAV files that you name with `--data`: through the front end of the model."""

from __future__ import annotations

from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.data.audio import audio_features, audio_spec
from tinyssl.data.audio.features import FRONTENDS
from tinyssl.data.audio.wav import RATE
from tinyssl.data.spec import FeatureSpec, Samples
from tinyssl.data.walk import Listing, list_files
from tinyssl.data.wav_folder import SUFFIXES, read_clips
from tinyssl.graph.interface import ValueInfo


def holds_sound(path: Path) -> bool:
    """Whether there is a WAV file below a folder."""
    return path.is_dir() and any(each.suffix.lower() in SUFFIXES for each in path.rglob("*"))


def list_sound(path: Path) -> Listing:
    """All WAV files below a folder.

    Raises:
        DataError: It cannot be read.
    """
    return list_files(path, SUFFIXES, "WAV files", ".wav")


def read_sound(
    listing: Listing, value: ValueInfo, known: FeatureSpec | None, progress: Progress
) -> tuple[Samples, FeatureSpec]:
    """Features of WAV files as an input of a model takes them, and what they are.

    Args:
        listing: Of `list_sound`.
        value: The input.
        known: Of the samples that the model was made from, if that is known.
        progress: Told about the reading.

    Raises:
        UsageError: No front end gives what the input takes.
        DataError: A file cannot be read.
    """
    name, length = _frontend(value, known)
    clips = read_clips(listing, length, progress)
    progress.note(f"{len(clips):,} clips of {length / RATE:g} s through the front end {name}")
    return audio_features(name, clips), audio_spec(name, length)


def _frontend(value: ValueInfo, known: FeatureSpec | None) -> tuple[str, int]:
    """The front end that gives an input's shape, and the samples of a clip: of a second, or as few
    as its frames need.
    """
    shape = value.shape[1:]
    for name, frontend in FRONTENDS.items():
        settings = frontend.settings
        least = settings.window + (shape[0] - 1) * settings.stride if shape else RATE
        for length in (RATE, least):
            spec = audio_spec(name, length)
            if spec.shape == shape and known in (None, spec):
                return name, length
    listed = ", ".join(
        f"{name} (n, {each.settings.channels}, 1)" for name, each in FRONTENDS.items()
    )
    raise UsageError(
        f"the model takes {value.text}: no front end for sound gives that",
        hint=f"there are {listed}; compute other features yourself and name them as an .npz",
    )
