"""`evaluate` of an INT8 model on this computer; its oracle is TensorFlow Lite Micro."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import EvaluateConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace
from tinyssl.data.corruptions import corrupt
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.evaluate_int8 import evaluate_int8

IMAGES = 30
CONFIG = EvaluateConfig(corruption_images=20, corruptions=["contrast", "shot_noise"], seed=5)


@pytest.fixture
def converted(tiny_tflite: Path, tmp_path: Path) -> Workspace:
    """A convert run as far as this stage looks at it, without the float model."""
    workspace = Workspace(tmp_path)
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (IMAGES, 8, 8, 3), dtype=np.uint8)
    with workspace.start("convert", {}, data={"name": "noise", "fingerprint": "ab"}) as run:
        run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        np.savez(
            run.file("test", "test.npz"),
            images=images,
            labels=rng.integers(0, 3, IMAGES),
            class_names=("a", "b", "c"),
        )
    return workspace


def test_figures_are_those_of_the_oracle(converted):
    source = converted.latest("convert")
    record = evaluate_int8(CONFIG, converted)
    split = np.load(source.path("test"))
    chosen = np.sort(np.random.default_rng(5).permutation(IMAGES)[:20])
    oracle = TflmInterpreter(source.path("model").read_bytes())

    def share(images: np.ndarray) -> float:
        inputs = (images.astype(np.int16) - 128).astype(np.int8)
        answers = [int(oracle.invoke(x[None]).argmax()) for x in inputs]
        return float(np.mean(np.array(answers) == split["labels"][chosen]))

    clean = split["images"][chosen]
    expected = {
        kind: [share(corrupt(clean, kind, level, 5)) for level in range(1, 6)]
        for kind in ("contrast", "shot_noise")
    }
    content = json.loads(record.path("corruptions").read_text())
    assert content["accuracy"] == {"int8": expected}
    assert record.results["accuracy_clean"] == share(clean)
    mean = np.mean([np.mean(shares) for shares in expected.values()])
    assert record.results["accuracy_corrupted"] == pytest.approx(mean)
    assert "accuracy_corrupted_float" not in record.results
    assert record.data == source.data
    assert set(record.inputs) == {"model", "test"}


def test_what_cannot_be_evaluated(converted, tmp_path):
    with pytest.raises(UsageError, match="no finished `convert` run"):
        evaluate_int8(CONFIG, Workspace(tmp_path / "empty"))
    with pytest.raises(UsageError, match="without images"):
        evaluate_int8(replace(CONFIG, corruption_images=0), converted)
    with pytest.raises(UsageError, match="no corruption 'rain'"):
        evaluate_int8(replace(CONFIG, corruptions=["rain"]), converted)
    with converted.start("bench", {}) as run:
        pass
    with pytest.raises(UsageError, match="is a bench run"):
        evaluate_int8(replace(CONFIG, run=run.folder), converted)
