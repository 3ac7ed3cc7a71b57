"""Wake words on this computer: clips, features, decisions, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tests.wake_words import WORDS, clip, heard_by_their_runtime, model_file, write_clip
from tinyssl import compiler
from tinyssl.bench.wake import Clip, Clips, Heard, find_clips, first_of, listen, quantised
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.data.audio.wake_word import Ear, WakeWord, read_wake_word, wake_features
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import ValueInfo
from tinyssl.graph.model import DType, Quant, ValueKind
from tinyssl.runtimes.host import HostModel

WORD = WakeWord("Test", 0.5, 2)
MICRO = {"probability_cutoff": 0.9, "sliding_window_size": 5, "feature_step_size": 10}


def described(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({"wake_word": "Test", "micro": MICRO | changes}))
    return path


def small_model() -> bytes:
    """Two frames of 40 features to one number."""
    file = Flatfile()
    start = file.activation((1, 2, 40), 0.1, -128)
    weight = file.constant(np.full((1, 80), 3, np.int8), [0.01])
    output = file.activation((1, 1), 1 / 256, -128)
    file.operator("FULLY_CONNECTED", [start, weight], [output], 4, fusedActivationFunction=0)
    return file.data()


def clips_of(folder: Path, **changes: Any) -> Clips:
    model = folder / "model.tflite"
    model.write_bytes(small_model())
    described(model.with_suffix(".json"), **changes)
    config = BenchConfig(audio=folder / "sound")
    return find_clips(config, read_model(model.read_bytes()), model)


def test_the_mean_of_a_full_window_decides() -> None:
    ear = Ear(WORD, 0.25)
    assert [ear.hear(p) for p in (0.9, 0.0, 0.9, 0.2)] == [False, False, False, True]


def test_a_word_is_heard_once_until_a_second_has_passed() -> None:
    ear = Ear(WORD, 0.25)
    heard = [ear.hear(1.0) for _ in range(12)]
    assert [at for at, now in enumerate(heard) if now] == [1, 7]


def test_the_description_is_read(tmp_path: Path) -> None:
    word = read_wake_word(described(tmp_path / "a.json"))
    assert word == WakeWord("Test", 0.9, 5, 10)
    assert word.settings.stride == 160


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "does not describe a wake word"),
        ('{"wake_word": "x"}', "does not describe"),
        ('{"wake_word": "x", "micro": {"probability_cutoff": 2, "sliding_window_size": 5}}', "cut"),
    ],
)
def test_a_damaged_description_is_told(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=what):
        read_wake_word(path)


def test_features_have_one_row_every_ten_milliseconds() -> None:
    found = wake_features(np.zeros(16_000, np.int16), WORD)
    assert found.shape == (98, 40)
    assert len(wake_features(np.zeros(100, np.int16), WORD)) == 0


@pytest.mark.parametrize("dtype", [DType.INT8, DType.UINT8, DType.FLOAT32])
def test_features_are_quantised_as_the_input_says(dtype: DType) -> None:
    zero = {DType.INT8: -128, DType.UINT8: 0}.get(dtype, 0)
    quant = None if dtype is DType.FLOAT32 else Quant((0.1,), (zero,))
    value = ValueInfo(0, "in", ValueKind.INPUT, dtype, (1, 1, 2), quant)
    found = quantised(np.array([[0.25, 99.0]]), value)
    assert found.dtype == dtype.value
    if quant is not None:
        assert found.ravel().tolist() == [zero + 2, np.iinfo(dtype.value).max]


def test_clips_are_sorted_by_folder_and_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    loud, quiet = rng.integers(-9000, 9000, 20_000), np.zeros(20_000)
    write_clip(tmp_path / "sound" / "positive" / "a.wav", loud)
    write_clip(tmp_path / "sound" / "positive" / "b.wav", quiet)
    write_clip(tmp_path / "sound" / "street" / "c.wav", loud)
    clips, heard = clips_of(tmp_path, probability_cutoff=0.5), Heard()
    assert [(str(c.path), c.positive) for c in clips.clips] == [
        ("positive/a.wav", True),
        ("positive/b.wav", True),
        ("street/c.wav", False),
    ]
    model = read_model(small_model())
    with HostModel(compiler.compile(model)) as host:
        for each in clips.clips:
            heard.add(each, *listen(clips, each, host.run))
    results = heard.results(clips.word)
    assert (results["positives"], results["false_rejects"]) == (2, 1)
    assert results["false_accepts"] >= 1
    assert results["other_seconds"] == 1.25
    assert results["false_accepts_per_hour"] == results["false_accepts"] * 2880
    assert first_of(clips).inputs[0]["tensor0"].shape == (1, 2, 40)


def test_a_clip_that_is_too_short_is_told(tmp_path: Path) -> None:
    write_clip(tmp_path / "sound" / "a.wav", np.zeros(500))
    clips = clips_of(tmp_path)
    with pytest.raises(DataError, match=r"too short: 0\.031 s"):
        listen(clips, clips.clips[0], lambda feeds: {})
    with pytest.raises(DataError, match="are too short"):
        first_of(clips)


def test_a_model_of_other_inputs_is_refused(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.wav", np.zeros(16_000))
    model = tmp_path / "model.tflite"
    described(tmp_path / "word.json")
    config = BenchConfig(audio=tmp_path, wake_word=tmp_path / "word.json")
    with pytest.raises(UsageError, match="one input of 40 features a frame"):
        find_clips(config, read_model(cases.conv()), model)


def test_a_model_without_a_description_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no") as caught:
        find_clips(BenchConfig(audio=tmp_path), read_model(small_model()), tmp_path / "m.tflite")
    assert "--wake-word" in caught.value.hint


@pytest.mark.parametrize("word", WORDS)
def test_our_c_decides_as_their_runtime(word: str) -> None:
    path = model_file(word)
    model = read_model(path.read_bytes())
    clips = find_clips(BenchConfig(audio=clip(word).parent), model, path)
    with HostModel(compiler.compile(model)) as host:
        for other in WORDS:
            host.reset()
            _, times = listen(clips, Clip(Path(f"{other}.wav"), other == word), host.run)
            assert (times > 0) is heard_by_their_runtime(word, clip(other)) is (other == word)
