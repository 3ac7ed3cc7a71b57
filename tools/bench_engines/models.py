"""The models that are measured: those of docs/engines.md, and one of each family."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.zoo import entries
from tools.bench_engines.keras_models import MAKERS

SEED = 0
CLASSES = 100
CALIBRATION = 64
BACKBONES = {
    "backbone 96x96": ("mobilenet_v2_035", 96),
    "backbone 32x32": ("mobilenet_v2_035", 32),
    "TinyNeXt-T 32x32": ("tinynext_t_32px", 32),
}
"""Model -> backbone of ours and the side of its images"""

REFERENCES = {
    "vww_96": "vww_96_int8.tflite",
    "resnet8": "pretrainedResnet_quant.tflite",
    "kws": "kws_ref_model.tflite",
}
"""MLPerf Tiny: name -> file in the folder given with --models"""


FAMILIES = {
    "detection": "trained_-_Copy.tflite",
    "detection with three outputs": "yolo_face_detect.tflite",
    "LSTM": "trained_lstm_int8.tflite",
    "SVDF": "keyword_scrambled_8bit.tflite",
    "streaming wake word": "hey_jarvis.tflite",
    "squeeze-excite": "arrhythmia_model_power_model_data.tflite",
}
"""Family -> file in the folder `public` of the folder given with --models"""
SOURCES = "coverage.csv"
"""Beside them: where each file is from, and its licence"""


@dataclass(frozen=True)
class Subject:
    """A model to measure."""

    name: str
    data: bytes
    """The .tflite"""
    origin: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def references(folder: Path) -> Iterator[Subject]:
    """The MLPerf Tiny models that lie in a folder."""
    for name, file in REFERENCES.items():
        if (folder / file).exists():
            yield Subject(name, (folder / file).read_bytes(), "MLPerf Tiny reference")


def backbone(model: str, cache: Path) -> Subject:
    """Backbone with 100 classes and random weights, quantised by our converter; kept in `cache`.

    Time and memory do not depend on what the weights say; a dead channel would be folded, so batch
    norm is given the statistics of the images that also calibrate.

    Args:
        model: A key of `BACKBONES`.
        cache: Folder.
    """
    name, size = BACKBONES[model]
    path = cache / f"{name}_{size}px_{CLASSES}_seed{SEED}.tflite"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_convert(name, size))
    origin = f"{name}, {CLASSES} classes, random weights (seed {SEED}), our converter"
    return Subject(model, path.read_bytes(), origin)


def _convert(name: str, size: int) -> bytes:
    import torch

    from tinyssl.convert.canonical import canonicalise
    from tinyssl.convert.gelu import lower_gelus
    from tinyssl.convert.quantise import quantise
    from tinyssl.convert.ranges import activation_ranges
    from tinyssl.convert.trace import Classifier, trace
    from tinyssl.core.progress import Silent
    from tinyssl.learn.backbones import build_backbone

    torch.manual_seed(SEED)
    images = _images(size)
    network = build_backbone(name)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain mean over what it sees
    with torch.no_grad():
        network.train()(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255)
    weight = torch.randn(CLASSES, network.feature_dim) / network.feature_dim**0.5
    model = Classifier(network, weight, torch.zeros(CLASSES), softmax=False).eval()
    exact, _ = lower_gelus(trace(model, (size, size, 3)))
    return canonicalise(quantise(exact, activation_ranges(exact, images, Silent())))


def _images(size: int) -> NDArray[np.uint8]:
    """Smooth random pictures: coarse noise, enlarged."""
    coarse = np.random.default_rng(SEED).integers(0, 256, (CALIBRATION, 8, 8, 3), dtype=np.uint8)
    return coarse.repeat(size // 8, 1).repeat(size // 8, 2)


def shipped() -> Subject:
    """The zoo's first model."""
    entry = entries()[0]
    return Subject("zoo 32x32", entry.model.read_bytes(), f"zoo/{entry.card.name}")


def all_subjects(folder: Path | None, cache: Path) -> list[Subject]:
    """Every model that is here, the backbones first."""
    found = [*(backbone(model, cache) for model in BACKBONES), shipped()]
    return found + (list(references(folder)) if folder else [])


def families(folder: Path, cache: Path) -> list[Subject]:
    """One model of each family: public ones that are here, and those that TensorFlow converts."""
    public = folder / "public"
    with (public / SOURCES).open(encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    found = []
    for name, file_name in FAMILIES.items():
        row = rows[file_name]
        origin = f"`{file_name}` of {row['source']}, {row['licence']}"
        found.append(Subject(name, (public / file_name).read_bytes(), origin))
    return [*found, *(_converted(name, cache) for name in MAKERS)]


def _converted(name: str, cache: Path) -> Subject:
    """A model of `keras_models`, kept in `cache`."""
    path = cache / f"{name.replace(' ', '_')}_seed{SEED}.tflite"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MAKERS[name]())
    origin = f"Keras by TensorFlow's converter, random weights (seed {SEED})"
    return Subject(name, path.read_bytes(), origin)
