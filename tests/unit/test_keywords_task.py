"""The task `keywords`: how clips are divided, and that a body can learn and be exported."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinyssl.core.errors import ToolMissing
from tinyssl.data.audio.mfcc import mfcc
from tinyssl.data.spec import to_unit
from tools.learning_table import speech_teacher, spoken, temporal
from tools.learning_table.tasks import keywords


def test_no_spoken_word_is_a_keyword() -> None:
    assert not set(spoken.WORDS) & spoken.KEYWORDS
    assert len(spoken.WORDS) == len(set(spoken.WORDS)) == 403


def test_new_keywords_neither_train_the_body_nor_judge_what_teaches() -> None:
    classes = np.repeat(np.arange(12), 40)
    lesson, taught = keywords.split(classes, (3, 7))
    assert set(classes[taught]) == {3, 7}
    assert not {3, 7} & set(classes[lesson.old])
    parts = np.concatenate([lesson.old, taught, lesson.test])
    assert sorted(parts) == list(range(480))
    assert (np.bincount(classes[lesson.test]) == keywords.TEST).all()
    assert set(lesson.labels[taught]) == {10, 11}


def test_five_pairs_hold_every_keyword_once_and_the_same_clips_judge_them() -> None:
    assert sorted(each for pair in keywords.PAIRS for each in pair) == list(range(10))
    classes = np.repeat(np.arange(12), 40)
    judges = [set(keywords.split(classes, pair)[0].test) for pair in keywords.PAIRS]
    assert all(each == judges[0] for each in judges)


def test_the_teacher_hears_a_tone_where_it_is() -> None:
    """Ten coefficients keep no more than the shape of a spectrum: two filters either way."""
    times = np.arange(16_000) / 16_000
    for hertz in (500, 1000, 2000):
        tone = (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)
        energies = speech_teacher.mel_energies(mfcc(tone[None]))
        assert energies.shape == (1, 97, 32)
        nearest = int(np.abs(speech_teacher.CENTRES - hertz).argmin())
        assert abs(int(energies[0].mean(axis=0).argmax()) - nearest) <= 2


def test_a_missing_teacher_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_teacher, "PACKAGE", "no_such_package_here")
    with pytest.raises(ToolMissing) as found:
        speech_teacher.weights()
    assert found.value.hint == speech_teacher.COMMAND


def test_the_exported_body_takes_samples_from_zero_to_one() -> None:
    torch.manual_seed(0)
    body = temporal.SpokenWordBody().eval()
    codes = np.random.default_rng(0).integers(-128, 128, (5, 49, 10, 1)).astype(np.int8)
    maps = torch.from_numpy(to_unit(codes)).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = body(temporal.standardised(codes))
        found = temporal.UnitBody(body).eval()(maps)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_augmented_clips_stay_clips() -> None:
    torch.manual_seed(0)
    clips = torch.randn(7, 1, 49, 10)
    changed = temporal.augmented(clips)
    assert changed.shape == clips.shape
    assert bool(torch.isfinite(changed).all())
    assert not torch.equal(changed, clips)


def test_a_sound_becomes_a_clip_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the synthesizer: here a tone of 0.4 seconds."""
    tone = np.sin(np.arange(8820) / 10) * 9000
    monkeypatch.setattr(spoken.Utterance, "spoken", lambda self: (tone, 22_050))
    clip = spoken.Utterance("bed", "espeak-ng", "en-gb", 150, 50, seed=3).clip()
    assert clip is not None
    assert (clip.shape, clip.dtype) == ((16_000,), np.dtype(np.int16))
    assert 3000 <= np.abs(clip).max() <= 32_000
    monkeypatch.setattr(spoken.Utterance, "spoken", lambda self: (np.zeros(0), 22_050))
    assert spoken.Utterance("bed", "espeak-ng", "en-gb", 150, 50, seed=3).clip() is None
