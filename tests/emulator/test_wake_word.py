"""From WAV to decision on an emulated Cortex-M7: what pymicro-wakeword's own runtime decides."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.wake_words import WORDS, clip, heard_by_their_runtime, model_file
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

BOARD = "mps2_an500"


def sorted_clips(root: Path, word: str) -> Path:
    """All clips, those with the word below `positive`."""
    for other in WORDS:
        folder = root / ("positive" if other == word else "other")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip(other), folder)
    return root


@pytest.mark.parametrize(
    "word",
    [
        "okay_nabu",
        "hey_jarvis",
        pytest.param("hey_mycroft", marks=pytest.mark.nightly),
        pytest.param("alexa", marks=pytest.mark.nightly),
    ],
)
def test_a_streaming_model_decides_as_its_own_runtime(word: str, tmp_path: Path) -> None:
    model = model_file(word)
    theirs = [heard_by_their_runtime(word, clip(other)) for other in WORDS]
    assert theirs == [other == word for other in WORDS]
    workspace = Workspace(tmp_path)
    build(BuildConfig(board=BOARD, model=model), workspace)
    flash(FlashConfig(board=BOARD), workspace)
    audio = sorted_clips(tmp_path / "clips", word)
    try:
        config = BenchConfig(board=BOARD, audio=audio, runs=1, warmup=0, profile=False)
        results = bench(config, workspace).results
    finally:
        stop_emulators(workspace)
    assert results["agreement"] == 1.0
    assert results["inputs"] > 100
    figures = results["audio"]
    assert (figures["positives"], figures["false_rejects"], figures["false_accepts"]) == (1, 0, 0)
    assert figures["other_seconds"] > 3
