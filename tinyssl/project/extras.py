"""What stands around a model in the targets `c` and `library`: its camera's frames, its answer."""

from __future__ import annotations

from pathlib import Path

from tinyssl.codegen.answer import can_answer, render_answer
from tinyssl.codegen.camera import camera_plan, render_camera
from tinyssl.core.config import BuildConfig
from tinyssl.core.records import read_record
from tinyssl.core.sources import Sources
from tinyssl.data.camera import CameraFrame
from tinyssl.data.class_order import BINARY, listed_classes
from tinyssl.graph.interface import named_values, of_kind
from tinyssl.graph.model import ValueKind
from tinyssl.project.source import ModelSource
from tinyssl.runtimes.inputs import pixel_codes, pixel_scaling
from tinyssl.verify.subject import declared_pixels, load_split


def extra_sources(config: BuildConfig, source: ModelSource) -> Sources:
    """`camera.*` where a camera was named, `answer.*` where the classes have names.

    Raises:
        UsageError: The camera suits no such model, or it is not known what a pixel means to it.
        DataError: The list of classes is not one of this model.
    """
    return _camera(config, source) | _answer(config, source)


def _camera(config: BuildConfig, source: ModelSource) -> Sources:
    if config.camera is None:
        return {}
    value = of_kind(named_values(source.graph), ValueKind.INPUT)[0]
    plan = camera_plan(CameraFrame.parse(config.camera), value)
    pixels = config.pixels or declared_pixels(source.path)
    scaling = pixel_scaling(pixels, source.graph, value)
    return render_camera(plan, pixel_codes(value, scaling))


def _answer(config: BuildConfig, source: ModelSource) -> Sources:
    names: tuple[str, ...] = ()
    if config.labels is not None:
        scores = of_kind(named_values(source.graph), ValueKind.OUTPUT)[0].elements
        names = listed_classes(config.labels, BINARY if scores == 1 else scores)
    elif source.data_run:
        names = load_split(read_record(Path(source.data_run))).class_names
    return render_answer(source.graph, names) if can_answer(source.graph, len(names)) else {}
