"""`make demo-photos`: its pictures, what it says of two rounds, and both rounds themselves."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinyssl.zoo import find_entry
from tools import demo_photos
from tools.demo_photos import PATTERNS, Outcome, draw, pretrain_words, summary

BEFORE = Outcome("zoo", 0.5, 100, 0.6, 60)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_pictures_differ_and_come_again_from_the_same_seed(name: str) -> None:
    first, again = (np.asarray(draw(name, np.random.default_rng(3))) for _ in range(2))
    other = np.asarray(draw(name, np.random.default_rng(4)))
    assert first.shape == (48, 48, 3)
    assert first.std() > 5
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_drawn_folders_are_read_as_splits_and_as_unlabelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_photos, "UNLABELLED", 7)
    monkeypatch.setattr(demo_photos, "TESTED", 2)
    labelled, unlabelled = demo_photos.draw_all(tmp_path)
    assert len(list(labelled.glob("train/*/*.png"))) == 12 * len(PATTERNS)
    assert len(list(labelled.glob("test/*/*.png"))) == 2 * len(PATTERNS)
    assert len(list(unlabelled.glob("*.png"))) == 7


def test_summary_says_what_pretraining_brought_and_whether_that_is_shown() -> None:
    """The interval of 50 of 100 is 40.4 to 59.6 %."""
    better = summary(BEFORE, replace(BEFORE, title="own", accuracy=0.7))
    assert "| zoo | 50.0 % of 100 (40.4 to 59.6) | 60.0 % of 60 (47.4 to 71.4) |" in better
    assert "brought +20.0 points, outside the interval of the first." in better
    equal = summary(BEFORE, replace(BEFORE, accuracy=0.55, folds=None))
    assert "brought +5.0 points, inside the interval of the first: that pretraining" in equal


def test_pretraining_starts_from_the_entry(tmp_path: Path) -> None:
    entry = find_entry("mobilenet_v2_035_32px")
    words = " ".join(pretrain_words(entry, tmp_path, 3))
    assert f"--backbone mobilenet_v2_035 --stem-stride 1 --init {entry.backbone}" in words
    assert f"--data-path {tmp_path} --image-size 32" in words


@pytest.mark.nightly
def test_both_rounds_end_in_firmware_and_a_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_photos, "UNLABELLED", 300)
    monkeypatch.setattr(demo_photos, "TESTED", 10)
    demo_photos.draw_all(tmp_path / "pictures")
    words = ["--workspace", str(tmp_path), "--epochs", "1", "--board", "host"]
    words += ["--labelled", str(tmp_path / "pictures" / "labelled")]
    words += ["--unlabelled", str(tmp_path / "pictures" / "unlabelled")]
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo_photos", *words],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Pretraining on your pictures brought" in done.stdout
    for place in ("zoo", "pretrained"):
        assert (tmp_path / place / "build" / "host" / "tinyssl_build.json").is_file()
