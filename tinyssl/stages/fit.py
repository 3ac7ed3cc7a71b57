"""From a few labelled photographs to firmware: choose, probe, convert, verify and build."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tinyssl.core.config import BuildConfig, ConvertConfig, ProbeConfig, VerifyConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import existing
from tinyssl.core.records import BuildInfo, RunRecord
from tinyssl.stages.call import Call
from tinyssl.stages.fit_choice import (
    BackboneCandidate,
    BackboneChoice,
    candidates,
    choose,
    pictures,
)

LEAST = 5
"""Pictures that a class needs: one for the test, one to choose the learning rate, three to learn"""
DROP = 2.0
"""Points that INT8 may lose, where the test has so many images that this can be told"""
DROP_IMAGES = 2
"""Test images that INT8 may get wrong in any case: of few images one is many points"""
CHECKED = 32
"""Inputs of the comparison with TFLite Micro"""


@dataclass(frozen=True)
class FitRequest:
    """What to fit: pictures, backbones to choose from, a board."""

    data: str | None = None
    """Folder with one folder a class"""
    zoo: tuple[str, ...] = ()
    """Entries of the zoo"""
    backbone: tuple[str, ...] = ()
    """Files"""
    run: tuple[str, ...] = ()
    """Pretrain runs"""
    board: str | None = None
    train: str | None = None
    """What learns on the device, as `build --train`"""
    force: bool = False
    """Build even where the accuracy cannot be told from guessing"""


@dataclass(frozen=True)
class Fitted:
    """What the stages left."""

    choice: BackboneChoice
    probe: RunRecord
    convert: RunRecord
    verify: RunRecord
    build: BuildInfo
    config: BuildConfig
    """With which it was built"""
    folder: Path
    """Of the build"""
    seconds: dict[str, float]
    """Stage -> how long it took"""


@dataclass
class _Clock:
    """Seconds of each stage."""

    call: Call
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        self.call.progress.note(f"── {stage}")
        start = time.monotonic()
        yield
        self.seconds[stage] = round(time.monotonic() - start, 1)


def fit(call: Call, request: FitRequest) -> Fitted:
    """Chooses a backbone, trains a linear head on its features, converts, verifies and builds.

    Raises:
        UsageError: No pictures, or no backbone.
        DataError: A class has fewer than `LEAST` pictures.
        AccuracyTooLow: The answers cannot be told from guessing, and `request.force` is not set.
        TinysslError: What the four stages raise.
    """
    folder = _folder(request)
    from tinyssl.data.classes import require_classes

    counts = require_classes(folder, LEAST)
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    call.progress.note(f"{len(counts)} classes: {shown}")
    clock = _Clock(call)
    with clock.measure("choose"):
        choice = _choose(call, request, folder)
    with clock.measure("probe"):
        probe = _probe(call, request, choice.candidate, folder)
    with clock.measure("convert"):
        convert = _convert(call, probe)
    with clock.measure("verify"):
        verify = _verify(call, convert)
    with clock.measure("build"):
        info, config, out = _build(call, request, convert)
    return Fitted(choice, probe, convert, verify, info, config, out, clock.seconds)


def _folder(request: FitRequest) -> Path:
    if request.data is None:
        raise UsageError(
            "no pictures named", hint="tinyssl fit --data FOLDER, with one folder a class in it"
        )
    folder = existing(request.data, "--data")
    assert folder is not None
    return folder


def _choose(call: Call, request: FitRequest, folder: Path) -> BackboneChoice:
    found = candidates(call, request.zoo, request.backbone, request.run)
    choice = choose(call, found, folder)
    for line in choice.lines():
        call.progress.note(line)
    return choice


def _probe(call: Call, request: FitRequest, chosen: BackboneCandidate, folder: Path) -> RunRecord:
    """Head and test accuracy, as a probe run whose backbone is a file."""
    from tinyssl.stages import probe as stage

    data = pictures(call, folder, chosen.image_size)
    force = {"force": True} if request.force else {}
    config = call.config(ProbeConfig, backbone=chosen.weights, baseline=False, seeds=1, **force)
    return stage.probe(config, data, call.workspace, call.progress)


def _convert(call: Call, probe: RunRecord) -> RunRecord:
    from tinyssl.stages import convert

    config = call.config(ConvertConfig, run=probe.folder, max_drop=allowed_drop(probe.data["test"]))
    return convert.convert(config, call.workspace, call.progress)


def allowed_drop(test_images: int) -> float:
    """Points that INT8 may lose: of few test images a single one is many points."""
    return max(DROP, 100 * DROP_IMAGES / test_images)


def _verify(call: Call, convert: RunRecord) -> RunRecord:
    from tinyssl.stages import verify

    config = call.config(
        VerifyConfig,
        model=convert.path("model"),
        images=CHECKED,
        max_drop=allowed_drop(convert.data["test"]),
    )
    return verify.verify(config, call.workspace, call.progress)


def _build(
    call: Call, request: FitRequest, convert: RunRecord
) -> tuple[BuildInfo, BuildConfig, Path]:
    from tinyssl.stages import build

    call = call.board_overridden(request.board) if request.board else call
    learns = {"train": request.train} if request.train else {}
    config = call.config(BuildConfig, model=convert.path("model"), **learns)
    info = build.build(config, call.workspace, call.progress)
    return info, config, build.output_folder(config, call.workspace)
