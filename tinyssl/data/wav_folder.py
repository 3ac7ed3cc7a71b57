"""A folder of WAV files, one folder a class: through an audio front end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.audio import audio_features, audio_spec
from tinyssl.data.audio.wav import RATE, fit_length, read_wav
from tinyssl.data.base import DataReader, Reading, Source
from tinyssl.data.folder import layout_labels, own_split
from tinyssl.data.layout import find_layout
from tinyssl.data.limits import require_memory
from tinyssl.data.names import checked_names
from tinyssl.data.walk import Listing, list_files

SUFFIXES = frozenset({".wav", ".wave"})


def read_wav_folder(config: DataConfig, progress: Progress) -> Source:
    """Features of the middle `clip_seconds` of every WAV file below `data_path`.

    Classes and splits are found as in a folder of pictures.

    Raises:
        UsageError: No `data_path`, or clips too short for one frame.
        DataError: No such folder, no WAV file in it, or one that cannot be read.
    """
    if config.data_path is None:
        raise UsageError("dataset wav needs a folder", hint="name it with --data-path FOLDER")
    length = round(config.clip_seconds * RATE)
    listing = list_files(config.data_path, SUFFIXES, "WAV files", ".wav")
    layout = find_layout(listing)
    names = checked_names(layout.classes, printable(str(listing.root)))
    return Source(
        audio_features(config.frontend, read_clips(listing, length, progress)),
        layout_labels(layout),
        names,
        own_split(layout, "test"),
        own_split(layout, "val"),
        Reading(layout.as_json(), listing.left_out, layout.warnings),
        audio_spec(config.frontend, length),
    )


def read_clips(listing: Listing, length: int, progress: Progress) -> NDArray[np.int16]:
    """(files, length) at 16 kHz: the middle of every WAV file.

    Raises:
        DataError: One cannot be read.
    """
    count = len(listing.pictures)
    require_memory(2 * count * length, f"{count:,} clips of {length / RATE:g} s")
    clips = np.empty((count, length), np.int16)
    with progress.track("read clips", count, "clip") as tracker:
        for index, path in enumerate(listing.pictures):
            clips[index] = fit_length(read_wav(listing.root / path), length)
            tracker.advance()
    return clips


DATASETS = {"wav": DataReader(read_wav_folder, "audio")}
