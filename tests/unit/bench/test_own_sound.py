"""`--data` with a folder of WAV files: what the model's own front end makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.ops.flatfile import Flatfile
from tinyssl.bench.own_data import OwnData, own_data
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.data.audio import audio_features
from tinyssl.data.audio.wav import RATE, fit_length, read_wav
from tinyssl.frontends.tflite import read_model

CLIPS = Path(__file__).resolve().parents[3] / "examples" / "doorbell"
MFCC, LOGMEL = (49, 10, 1), (49, 40, 1)
KNOWN = ("yes", "no")


def listener(shape: tuple[int, ...], classes: int = 3) -> bytes:
    """A dense layer over features of a second."""
    file = Flatfile()
    start = file.activation((1, *shape), 1 / 255, -128)
    weight = file.constant(np.ones((classes, int(np.prod(shape))), np.int8), [0.01])
    scores = file.activation((1, classes), 0.1, 0)
    file.operator("FULLY_CONNECTED", [start, weight, -1], [scores], 4)
    return file.data(inputs=[start])


def read(folder: Path, shape: tuple[int, ...], known: tuple[str, ...] | None = KNOWN) -> OwnData:
    return own_data(BenchConfig(data=folder), read_model(listener(shape)), Silent(), known)


@pytest.mark.parametrize(("shape", "frontend"), [(MFCC, "mfcc"), (LOGMEL, "logmel")])
def test_clips_pass_the_front_end_that_gives_the_input(
    shape: tuple[int, ...], frontend: str
) -> None:
    found = read(CLIPS, shape).samples
    clips = np.stack([fit_length(read_wav(path), RATE) for path in sorted(CLIPS.iterdir())])
    expected = audio_features(frontend, clips)
    arrays = np.stack([next(iter(feeds.values()))[0] for feeds in found.inputs])
    np.testing.assert_array_equal(arrays, expected)
    assert len({each.tobytes() for each in arrays}) == len(clips) == 10


def test_a_folder_without_folders_is_one_class_called_as_it() -> None:
    split = read(CLIPS, MFCC).samples.split
    assert split is not None
    assert split.class_names == ("yes", "no", "doorbell")
    assert {*split.labels} == {2}
    assert read(CLIPS, MFCC, known=None).samples.split is None  # as `bench` reads it


def test_folders_are_classes_known_or_new(tmp_path: Path) -> None:
    clips = sorted(CLIPS.iterdir())
    for name, few in (("no", clips[:2]), ("doorbell", clips[2:5])):
        (tmp_path / name).mkdir()
        for path in few:
            shutil.copy(path, tmp_path / name)
    split = read(tmp_path, MFCC).samples.split
    assert split is not None
    assert sorted(split.labels.tolist()) == [1, 1, 2, 2, 2]
    (tmp_path / "siren").mkdir()
    shutil.copy(clips[5], tmp_path / "siren")
    with pytest.raises(DataError, match="room for 3 classes; with the folders there are 4"):
        read(tmp_path, MFCC)


def test_features_that_no_front_end_gives_are_refused() -> None:
    with pytest.raises(UsageError, match="no front end for sound gives that") as caught:
        read(CLIPS, (49, 12, 1))
    assert "mfcc (n, 10, 1)" in (caught.value.hint or "")
