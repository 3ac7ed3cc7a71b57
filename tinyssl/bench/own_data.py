"""Samples that you name with `--data`: pictures, WAV files, readings, an .npz of ready inputs.

Pictures are turned upright, resized (bicubic) until both sides reach the model's input, and cropped
in the centre; an input with one channel gets their luma. What a pixel then means to the model you
declare with `--pixels`: no file says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.bench.own_sound import holds_sound, list_sound, read_sound
from tinyssl.bench.own_table import MEMBERS, TableQuery, table_split
from tinyssl.bench.subject import Samples, chosen_of
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.arrays import member_names, read_arrays
from tinyssl.data.base import Images
from tinyssl.data.class_order import order_by_scores
from tinyssl.data.folder import layout_labels, own_split, read_pictures
from tinyssl.data.layout import find_layout
from tinyssl.data.npz import read_labels
from tinyssl.data.pixels import to_grey
from tinyssl.data.scaling import PixelScale
from tinyssl.data.spec import FeatureSpec
from tinyssl.data.walk import Listing, list_pictures
from tinyssl.graph.interface import Feeds, ValueInfo, named_values, of_kind
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.training import is_autoencoder
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.inputs import pixel_scaling, scaled, wire_to_model
from tinyssl.verify.subject import TestSplit

ARRAYS_HINT = "save it with numpy.savez(path, inputs=…, labels=…): (n, *shape), as the model takes"
CSV = (".csv", ".txt")
"""Endings of files with a row of readings a line"""


@dataclass(frozen=True)
class OwnData:
    """What `--data` names, ready to be sent."""

    samples: Samples
    record: dict[str, Any]
    """What the run's record says of it"""


def own_data(
    config: BenchConfig,
    model: Model,
    progress: Progress,
    known: tuple[str, ...] | None = None,
    before: TestSplit | None = None,
    named: Sequence[str] = (),
) -> OwnData:
    """Reads `config.data`, as much of it as `config.images` asks for.

    Args:
        config: What to read, and how.
        model: What the samples are for.
        progress: Told about the reading.
        known: Classes of the first scores, of a model that has room for more. A folder without
            class folders is then one class, called as the folder.
        before: Samples of the convert run that made the model: readings are scaled as its own were.
        named: The class of each score where that is known: class folders of these names need not
            be all of them.

    Raises:
        UsageError: The model takes no such samples, or what must be declared was not.
        DataError: The files cannot be read, or do not fit the model.
    """
    path = config.data
    if path is None:
        raise UsageError("no data", hint="name a folder of pictures with --data")
    if path.suffix in CSV or _holds_readings(path):
        query = TableQuery(path, config.target, config.labels, model, known, before)
        return _readings(config, query, progress)
    if path.suffix == ".npz":
        return _ready(config, path, of_kind(named_values(model), ValueKind.INPUT))
    found = _sounds if holds_sound(path) else _pictures
    return found(_Folder(config, path, model, known, before, tuple(named)), progress)


def _holds_readings(path: Path) -> bool:
    """Whether it is an .npz of numbers to scale, and not of what a model takes."""
    return (
        path.suffix == ".npz"
        and bool(read_arrays(path, MEMBERS, ARRAYS_HINT))
        and "inputs" not in member_names(path)
    )


def _readings(config: BenchConfig, query: TableQuery, progress: Progress) -> OwnData:
    arrays, split = table_split(query, progress)
    chosen, part = chosen_of(split, config.images)
    feeds: list[Feeds] = [{query.input.name: x} for x in arrays[chosen]]
    answered = bool(split.class_names) or split.targets is not None
    return OwnData(Samples(feeds, chosen, part if answered else None), _record(query.path, split))


@dataclass(frozen=True)
class _Folder:
    """A folder of pictures or of WAV files, and what they are for."""

    config: BenchConfig
    path: Path
    model: Model
    known: tuple[str, ...] | None
    before: TestSplit | None
    named: tuple[str, ...] = ()

    def classes(self, names: tuple[str, ...]) -> tuple[str, ...] | None:
        """Classes of the first scores, for class folders of these names; None: the folders'."""
        if self.known is None and {*names} <= {*self.named}:
            return self.named
        return self.known


def picture_arrays(listing: Listing, model: Model, pixels: str | None, progress: Progress) -> Array:
    """Pictures as the only input of a model takes them, (n, *shape).

    Args:
        listing: Which pictures.
        model: What they are for.
        pixels: What a pixel means to it, as `BenchConfig.pixels`.
        progress: Told about the reading.

    Raises:
        UsageError: The model takes no pictures, or it is not known what a pixel means to it.
        DataError: A picture cannot be read.
    """
    value = _picture_input(model)
    scaling = pixel_scaling(pixels, model, value)
    return _elements(model, value, scaling, _images(listing, value, progress))


def _images(listing: Listing, value: ValueInfo, progress: Progress) -> Images:
    images = read_pictures(listing, (value.shape[1], value.shape[2]), progress)
    return to_grey(images) if value.shape[3] == 1 else images


def _pictures(folder: _Folder, progress: Progress) -> OwnData:
    config, model = folder.config, folder.model
    value = _picture_input(model)
    scaling = pixel_scaling(config.pixels, model, value)
    listing = list_pictures(folder.path)
    images = _images(listing, value, progress)
    spec = FeatureSpec.image(*value.shape[1:])
    numbers, split, record = _sorted(folder, listing, (images, spec), progress)
    arrays = _elements(model, value, scaling, split.samples)
    record |= {"pixels": config.pixels}
    return _named(value, arrays, numbers, split, record)


def _sounds(folder: _Folder, progress: Progress) -> OwnData:
    value = _only_input(folder.model, "sound")
    listing, before = list_sound(folder.path), folder.before
    found = read_sound(listing, value, before.spec if before else None, progress)
    numbers, split, record = _sorted(folder, listing, found, progress)
    return _named(value, wire_to_model(folder.model, split.samples), numbers, split, record)


def _named(
    value: ValueInfo,
    arrays: Array,
    numbers: NDArray[np.int64],
    split: TestSplit,
    record: dict[str, Any],
) -> OwnData:
    feeds: list[Feeds] = [{value.name: x} for x in arrays]
    return OwnData(Samples(feeds, numbers, split if split.class_names else None), record)


def _sorted(
    folder: _Folder, listing: Listing, found: tuple[Array, FeatureSpec], progress: Progress
) -> tuple[NDArray[np.int64], TestSplit, dict[str, Any]]:
    """Positions of the chosen samples, these with their answers, and what the record says."""
    config, model, (samples, spec), layout = (
        folder.config,
        folder.model,
        found,
        find_layout(listing),
    )
    labels, names = layout_labels(layout), layout.classes
    if not names and folder.known is not None:  # one class, called as its folder
        labels, names = np.zeros(len(samples), np.int64), (folder.path.resolve().name,)
    if not is_autoencoder(model):
        labels, names = order_by_scores(
            labels,
            names,
            model.output.elements,
            config.labels,
            sole=len(model.outputs) == 1,
            known=folder.classes(names),
        )
        if names:
            listed = ", ".join(f"{number} {name}" for number, name in enumerate(names[:4]))
            progress.note(f"scores are taken as {listed}{', …' if len(names) > 4 else ''}")
    test = own_split(layout, "test")
    positions = np.arange(len(samples)) if test is None else test
    split = TestSplit(samples[positions], labels[positions], names, spec)
    return *chosen_of(split, config.images), _record(folder.path, split)


def _picture_input(model: Model) -> ValueInfo:
    first = of_kind(named_values(model), ValueKind.INPUT)[0]
    return _only_input(model, "picture", fits=first.is_picture)


def _only_input(model: Model, what: str, *, fits: bool = True) -> ValueInfo:
    values = of_kind(named_values(model), ValueKind.INPUT)
    if len(values) > 1 or not fits:
        texts = ", ".join(f"{value.name} ({value.text})" for value in values)
        raise UsageError(
            f"the model takes {texts}: no single {what}",
            hint=f"put its inputs into an .npz and name that with --data: {ARRAYS_HINT}",
        )
    return values[0]


def _elements(model: Model, value: ValueInfo, scaling: PixelScale | None, images: Images) -> Array:
    return wire_to_model(model, images) if scaling is None else scaled(value, scaling, images)


def _ready(config: BenchConfig, path: Path, inputs: tuple[ValueInfo, ...]) -> OwnData:
    """An .npz whose arrays the model takes as they are."""
    names = ["inputs"] if len(inputs) == 1 else [value.name for value in inputs]
    arrays = read_arrays(path, (*names, "labels", "class_names", "targets"), ARRAYS_HINT)
    missing = [name for name in names if name not in arrays]
    if missing:
        held = printable(", ".join(member_names(path)[:10])) or "nothing"
        raise DataError(f"{path} holds {held}, but no `{missing[0]}`", hint=ARRAYS_HINT)
    columns = [
        _column(path, arrays[name], value) for name, value in zip(names, inputs, strict=True)
    ]
    count = min(map(len, columns))
    labels, class_names = read_labels(arrays, count, path)
    split = TestSplit(np.arange(count), labels, class_names, FeatureSpec("table", (1,), "float32"))
    if "targets" in arrays:
        split = _with_targets(path, split, arrays["targets"])
    chosen, part = chosen_of(split, config.images)
    rows = zip(*(column[chosen] for column in columns), strict=True)
    feeds: list[Feeds] = [dict(zip((v.name for v in inputs), row, strict=True)) for row in rows]
    record = {"name": path.name, "samples": count, "classes": len(class_names)}
    answered = bool(class_names) or split.targets is not None
    return OwnData(Samples(feeds, chosen, part if answered else None), record)


def _with_targets(path: Path, split: TestSplit, targets: NDArray[Any]) -> TestSplit:
    if len(targets) < len(split.samples) or targets.dtype.kind != "f":
        raise DataError(
            f"{path}: `targets` is {targets.dtype} {list(targets.shape)} for "
            f"{len(split.samples)} samples",
            hint="one row of float32 a sample",
        )
    rows = targets[: len(split.samples)].reshape(len(split.samples), -1).astype(np.float32)
    names = tuple(f"target {number}" for number in range(rows.shape[1]))
    return replace(split, task=TASKS["regression"], targets=rows, target_names=names)


def _column(path: Path, array: NDArray[Any], value: ValueInfo) -> NDArray[Any]:
    per_sample = int(np.prod(array.shape[1:], dtype=np.int64))
    if array.dtype != value.dtype.value or per_sample != value.elements or not len(array):
        raise DataError(
            f"{path} holds {array.dtype} {list(array.shape)}; the model takes {value.text} each",
            hint=ARRAYS_HINT,
        )
    return array.reshape(len(array), *value.shape)


def _record(path: Path, split: TestSplit) -> dict[str, Any]:
    return {
        "name": path.name,
        "samples": len(split.samples),
        "images": len(split.samples),
        "features": split.spec.as_record(),
        "classes": len(split.class_names),
        "labelled": bool(split.class_names),
        "test": len(split.samples),
    }
