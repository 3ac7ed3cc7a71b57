"""`kws`: MFCC features of keywords that were computed already, as MLPerf Tiny hands them out."""

from __future__ import annotations

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.arrays import member_names, read_arrays
from tinyssl.data.audio.features import audio_spec
from tinyssl.data.audio.wav import RATE
from tinyssl.data.base import DataReader, Source
from tinyssl.data.npz import read_labels, read_test

HINT = "save it with numpy.savez(path, features=…, label=…, class_names=…)"
ARRAYS = ("features", "label", "labels", "class_names", "is_test")


def read_kws(config: DataConfig, progress: Progress) -> Source:
    """Reads `features` (n, 49, 10) int8, `label` or `labels` (n,) integers, `class_names`.

    The features are those of one second: the codes that front end `mfcc` gives.

    Raises:
        UsageError: No `data_path`.
        DataError: A file that cannot be read, or arrays that make no sense.
    """
    path = config.data_path
    if path is None:
        raise UsageError(
            "dataset kws needs a file of features",
            hint="name it with --data-path FILE.npz; --dataset tones needs none",
        )
    arrays = read_arrays(path, ARRAYS, HINT)
    shown = printable(str(path))
    if "features" not in arrays:
        held = printable(", ".join(member_names(path)[:10])) or "nothing"
        raise DataError(f"{shown} holds {held}, but no `features`", hint=HINT)
    features, spec = arrays["features"], audio_spec("mfcc", RATE)
    if features.dtype != np.int8 or features.shape[1:3] != spec.shape[:2] or not features.size:
        raise DataError(
            f"{shown} has features of shape {features.shape} and type {features.dtype}; expected "
            f"(n, {spec.shape[0]}, {spec.shape[1]}) int8",
            hint="compute them from WAV files with --dataset wav --frontend mfcc",
        )
    samples = features.reshape(-1, *spec.shape)
    if "label" in arrays:
        arrays["labels"] = arrays["label"]
    labels, names = read_labels(arrays, len(samples), path)
    return Source(samples, labels, names, read_test(arrays, len(samples), shown), None, None, spec)


DATASETS = {"kws": DataReader(read_kws, "audio")}
