"""Makes a zoo entry from finished runs; a model that is not good enough is refused."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from tinyssl.core.commands import flags, shown
from tinyssl.core.config import DataConfig, PretrainConfig, ProbeConfig
from tinyssl.core.errors import AccuracyDrop, BudgetExceeded, Mismatch, UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.files import write_text
from tinyssl.core.paths import zoo_folder
from tinyssl.core.records import RunRecord, sha256_of
from tinyssl.zoo.card import BACKBONE, MODEL, PAGE, ModelCard, ZooEntry
from tinyssl.zoo.entries import check_entry_name
from tinyssl.zoo.page import card_page
from tinyssl.zoo.sources import Sources, class_names

MAX_DROP = 0.5
"""Points of accuracy that INT8 may lose against float; one test image in any case"""
MAX_BYTES = 2 * 2**20
"""Of the float weights"""
NOT_OF_THE_RECIPE = ("data", "teacher", "resume", "init")
"""Settings that the card tells elsewhere"""
DATA_LICENCES = {
    "digits": "CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
    "cifar10": "published without a licence; cite Krizhevsky 2009",
    "cifar100": "published without a licence; cite Krizhevsky 2009",
}
"""Data set -> licence, of those that say what they are by their name"""


@dataclass(frozen=True)
class CardTexts:
    """What the records cannot know."""

    name: str
    data_name: str | None = None
    """What the images are, where they came from a file of one's own"""
    data_licence: str | None = None
    head_data_name: str | None = None
    """What the images of the head are, where they are others"""
    started_from: str | None = None
    """What the weights that the training started from were trained on"""
    licence: str = "Apache-2.0"
    """Of the model"""


def add_entry(sources: Sources, words: CardTexts, folder: Path | None = None) -> ZooEntry:
    """Copies the files and writes the card.

    Args:
        sources: The runs that made and measured the model.
        words: Name and licences.
        folder: The zoo; default: the shipped one.

    Raises:
        AccuracyDrop: INT8 loses more than `allowed_drop` points against float.
        Mismatch: The firmware gave other bytes than TFLite Micro.
        BudgetExceeded: The float weights are larger than `MAX_BYTES`.
        UsageError: The name cannot be a folder's, or the licence of the images is not known.
    """
    check_entry_name(words.name)
    if sources.pretrain.config.get("init") and not words.started_from:
        raise UsageError(
            "the training started from other weights, and no record says what they were trained on",
            hint="tell it with --started-from TEXT",
        )
    _require_good(sources)
    data = _data(sources, words)
    place = (folder or zoo_folder()) / words.name
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sources.probe.path("backbone"), place / BACKBONE)
    shutil.copyfile(sources.convert.path("model"), place / MODEL)
    card = replace(_card(sources, words, data), files=_files(place))
    card.save(place)
    write_text(place / PAGE, card_page(card))
    return ZooEntry(place, card)


def _require_good(sources: Sources) -> None:
    drop = sources.convert.number("drop_points")
    allowed = allowed_drop(sources.convert.number("test_images"))
    if drop > allowed:
        raise AccuracyDrop(
            f"INT8 loses {drop:.2f} points; a model of the zoo at most {allowed:.2g}",
            hint="train longer, or convert with more --calibration-images",
        )
    results, equal = Fields(sources.bench.results), sources.bench.number("equal")
    count = results.number("images", "inputs")
    if not count or equal != count:
        raise Mismatch(
            f"{equal:g} of {count or 0:g} outputs of {results.text('board')} have the right bytes",
            hint="run `tinyssl verify --board …` and report what differs",
        )
    size = sources.probe.path("backbone").stat().st_size
    if size > MAX_BYTES:
        raise BudgetExceeded(
            f"the float weights have {size:,} bytes; at most {MAX_BYTES:,}",
            hint="the zoo is for backbones below a megabyte in INT8",
        )


def allowed_drop(test_images: float) -> float:
    """Points that INT8 may lose: of few test images a single one is more than `MAX_DROP`."""
    return max(MAX_DROP, 100 / test_images)


def _data(sources: Sources, words: CardTexts) -> dict[str, Any]:
    record = sources.pretrain.data
    name = Fields(record).text("name")
    licence = words.data_licence or DATA_LICENCES.get(name)
    if licence is None:
        raise UsageError(
            f"the licence of the images ({name}) is not known",
            hint="tell it with --data-licence TEXT, and what they are with --data-name",
        )
    used = "for the linear head only"
    config = sources.pretrain.config
    if config.get("labels_used", config.get("method") == "supervised"):
        used = "for the backbone and the head"
    return {**record, "name": words.data_name or name, "labels": used, "licence": licence}


def _card(sources: Sources, words: CardTexts, data: dict[str, Any]) -> ModelCard:
    pretrain, convert, bench = sources.pretrain, sources.convert, sources.bench
    config, recorded = pretrain.config, _config(PretrainConfig, pretrain, pretrain.config)
    results = Fields(bench.results)
    return ModelCard(
        name=words.name,
        backbone=recorded.backbone,
        stem_stride=recorded.stem_stride,
        image_size=int(Fields(sources.probe.data).number("image_size") or 0),
        classes=class_names(sources.probe),
        method=recorded.method,
        teacher=_teacher(config),
        data=data,
        recipe={k: v for k, v in config.items() if k not in NOT_OF_THE_RECIPE},
        head_data=_head_data(sources, words),
        started_from=_start(sources, words),
        commands=tuple(_commands(sources, words)),
        accuracy={
            "float": convert.number("accuracy_float"),
            "int8": convert.number("accuracy_int8"),
            "images": int(convert.number("test_images")),
            "drop_points": convert.number("drop_points"),
            "device": results.number("accuracy_device"),
            "device_images": results.integer("images"),
            "probe": sources.probe.number("accuracy"),
            "probe_std": Fields(sources.probe.results).number("accuracy_std"),
            "knn": sources.probe.number("knn"),
        },
        verified={
            "board": results.text("board"),
            "engine": results.text("engine"),
            "inputs": results.integer("images", "inputs"),
            "equal": int(bench.number("equal")),
            "reference": results.text("reference"),
            "host_inputs": int(sources.verify.number("images")) if sources.verify else 0,
            "host_equal": int(sources.verify.number("equal")) if sources.verify else 0,
            "flash_bytes": int(bench.number("flash_bytes")),
            "ram_bytes": int(bench.number("ram_bytes")),
        },
        files={},
        licence=words.licence,
        made={
            "commit": pretrain.commit,
            "finished": pretrain.finished,
            "seconds": Fields(pretrain.results).number("seconds"),
            "seed": pretrain.seed,
            "versions": pretrain.versions,
            "machine": pretrain.machine,
        },
    )


def _head_data(sources: Sources, words: CardTexts) -> dict[str, Any]:
    """The images of the probe, where it had others than the pretraining.

    Raises:
        UsageError: They come from a file, and nobody says what they are.
    """
    record, before = sources.probe.data, sources.pretrain.data
    if record.get("fingerprint") == before.get("fingerprint"):
        return {}
    name = words.head_data_name or Fields(record).text("name")
    if name not in DATA_LICENCES and not words.head_data_name:
        raise UsageError(
            f"the head was trained on other images than the backbone ({name})",
            hint="tell what they are with --head-data-name TEXT",
        )
    return {**record, "name": name}


def _start(sources: Sources, words: CardTexts) -> dict[str, str]:
    init = sources.pretrain.inputs.get("init")
    if not init:
        return {}
    return {"weights": words.started_from or "", "sha256": str(init["sha256"])}


def _teacher(config: dict[str, Any]) -> dict[str, Any]:
    teacher = config.get("teacher")
    if not isinstance(teacher, dict):
        return {}
    from tinyssl.learn.teachers import TEACHERS  # torch: takes seconds to load

    known = TEACHERS.get(str(teacher.get("given")))
    return {
        **{key: value for key, value in teacher.items() if key != "given"},
        "licence": known.licence if known else "that of its file",
        "trained_on": known.trained_on if known else "",
    }


def _commands(sources: Sources, words: CardTexts) -> list[str]:
    """The three commands that make the model again; of paths the file's name is told."""
    made = sources.pretrain
    pretrain = _config(PretrainConfig, made, made.config)
    data = _config(DataConfig, made, made.config.get("data"))
    probe = replace(_config(ProbeConfig, sources.probe, sources.probe.config), run=None)
    if data.data_path:
        data = replace(data, data_path=Path(data.data_path.name))
    if pretrain.init:
        pretrain = replace(pretrain, init=Path(pretrain.init.name))
    return [
        shown(["pretrain", *flags("pretrain", pretrain, ("method",)), *flags("data", data)]),
        shown(["probe", *flags("probe", probe)]),
        "tinyssl convert",
    ]


def _config(kind: type[Any], record: RunRecord, content: Any) -> Any:
    names = {field.name for field in fields(kind)}
    given = content.items() if isinstance(content, dict) else ()
    known = {name: value for name, value in given if name in names}
    if isinstance(known.get("teacher"), dict):
        known["teacher"] = known["teacher"].get("given")
    return record.checked(kind, known)


def _files(place: Path) -> dict[str, dict[str, Any]]:
    return {
        name: {"sha256": sha256_of(place / name), "bytes": (place / name).stat().st_size}
        for name in (BACKBONE, MODEL)
    }


def describe(record: RunRecord) -> str:
    """One line about a run, for messages."""
    return f"{record.kind} {record.folder.name}"
