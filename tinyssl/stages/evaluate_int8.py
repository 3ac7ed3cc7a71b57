"""The stage `evaluate` for the INT8 model of a convert run: corrupted images on host and board.

On this computer the model is our generated C, whose bytes are TensorFlow Lite Micro's, and beside
it, where the run has one, the float model in LiteRT on the same images. Results: `accuracy_clean`,
`accuracy_clean_float`, `accuracy_corrupted`, `accuracy_corrupted_float` over `corruption_images`
test images, `corruption_kinds` {kind: mean over the levels}; with a board `board`, `board_inputs`,
`board_equal`, `accuracy_board` and `accuracy_corrupted_board` (of `board_images` images: they say
that the board gives the same bytes, not how accurate the model is); file `corruptions`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.bench.agreement import Agreement
from tinyssl.bench.subject import load_model
from tinyssl.bench.target import check_identity, check_sizes, find_target
from tinyssl.core.config import BenchConfig, BuildConfig, EvaluateConfig, FlashConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress, Silent, Tracker
from tinyssl.core.records import RunRecord, RunWriter, Workspace, read_record, write_json
from tinyssl.data.base import Images
from tinyssl.data.corruptions.suite import FILE, Suite, as_file, mean_accuracy
from tinyssl.device import Session, emulator, open_link
from tinyssl.frontends.tflite import read_model
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import wire_to_model
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.verify.subject import TestSplit, load_split


def evaluate_int8(
    config: EvaluateConfig, workspace: Workspace, progress: Progress | None = None
) -> RunRecord:
    """Accuracy of an INT8 model on clean and corrupted test images.

    Args:
        config: The convert run, which images, and the board if there is to be one.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        UsageError: It is no convert run, an unknown kind of corruption, or no images.
        Mismatch: The board gives other bytes than this computer; the record is kept.
        TinysslError: What `build` and `flash` raise, and what a device can do wrong.
    """
    progress = progress or Silent()
    source = (
        read_record(workspace.run_folder(config.run)) if config.run else workspace.latest("convert")
    )
    if source.kind != "convert":
        raise UsageError(f"{source.folder} is a {source.kind} run", hint="name a convert run")
    if not config.corruption_images:
        raise UsageError(
            "nothing to measure without images", hint="give --corruption-images a number"
        )
    split = load_split(source)
    _require_classes(split, source)
    if split.spec.kind != "image":
        raise UsageError(
            f"{source.folder} takes {split.spec.noun}s; only images have corruptions",
            hint="evaluate its probe run for few labels and fine-tuning",
        )
    suite = Suite.of(split.samples, split.labels, config)
    content = config_json(replace(config, run=source.folder.absolute()))
    stored = ("model", "float_model", "test")
    inputs = {str(name): source.path(name) for name in stored if name in source.files}
    run = workspace.start(
        "evaluate", content, seed=config.seed, inputs=inputs, data=dict(source.data)
    )
    with run:
        started = time.perf_counter()
        with _forms(source) as forms:
            _host(run, forms, suite, progress)
            if config.board is not None:
                _board(run, forms, suite, (config, workspace), progress)
        run.results(seconds=time.perf_counter() - started)
    return run.record


def _require_classes(split: TestSplit, source: RunRecord) -> None:
    if split.task is not TASKS["classification"]:
        raise UsageError(
            f"{source.folder} is for {split.task.name}, and evaluate measures accuracy",
            hint="`tinyssl verify` and `tinyssl bench` measure its figures",
        )


@dataclass(frozen=True)
class Forms:
    """One model as INT8 in our C and as float in LiteRT."""

    int8: HostModel
    float32: LitertInterpreter | None
    """None where the run has no float model"""

    def right(self, images: Images, labels: NDArray[np.int64], tracker: Tracker) -> Counts:
        """How many of `images` each form has right; ties go to the lower class."""
        model = self.int8.model
        counts = Counts()
        scaled = images.astype(np.float32) / np.float32(255)
        for x, pixels, label in zip(wire_to_model(model, images), scaled, labels, strict=True):
            counts.images += 1
            counts.int8 += int(np.argmax(self.int8.invoke(x))) == label
            if self.float32 is not None:
                answer = self.float32.invoke(pixels.reshape(model.input.shape))
                counts.float32 += int(np.argmax(answer)) == label
            tracker.advance()
        return counts


@dataclass
class Counts:
    """Right answers of both forms."""

    int8: int = 0
    float32: int = 0
    images: int = 0

    @property
    def shares(self) -> tuple[float, float]:
        """Accuracy of INT8 and of float."""
        return self.int8 / max(self.images, 1), self.float32 / max(self.images, 1)


@contextmanager
def _forms(source: RunRecord) -> Iterator[Forms]:
    program = compiler.compile(read_model(source.path("model").read_bytes()))
    float32 = None
    if "float_model" in source.files:
        float32 = LitertInterpreter(source.path("float_model").read_bytes(), Kernels.OPTIMISED)
    with HostModel(program) as int8:
        yield Forms(int8, float32)


def _host(run: RunWriter, forms: Forms, suite: Suite, progress: Progress) -> None:
    int8: dict[str, list[float]] = {}
    float32: dict[str, list[float]] = {}
    total = suite.total + len(suite.images)
    with progress.track("corrupted images on this computer", total, "image") as tracker:
        clean = forms.right(suite.images, suite.labels, tracker).shares
        for corrupted in suite:
            shares = forms.right(corrupted.images, suite.labels, tracker).shares
            int8.setdefault(corrupted.kind, []).append(shares[0])
            float32.setdefault(corrupted.kind, []).append(shares[1])
    tables = {"int8": int8} | ({"float": float32} if forms.float32 is not None else {})
    write_json(run.file("corruptions", FILE), as_file(suite, tables))
    run.results(
        accuracy_clean=clean[0],
        accuracy_corrupted=mean_accuracy(int8),
        corruption_images=len(suite.images),
        corruption_kinds={kind: statistics.fmean(levels) for kind, levels in int8.items()},
    )
    if forms.float32 is not None:
        run.results(accuracy_clean_float=clean[1], accuracy_corrupted_float=mean_accuracy(float32))


@dataclass
class OnBoard:
    """What the board has answered so far."""

    device: DeviceModel
    tally: Agreement = field(default_factory=Agreement)
    right: int = 0

    def ask(self, forms: Forms, image: Images, label: int) -> None:
        """One image to board and host."""
        x = wire_to_model(forms.int8.model, image[None])[0]
        feeds = forms.int8.feed(x)
        outputs = self.device.run(feeds)
        self.tally.add(self.tally.count, outputs, forms.int8.run(feeds))
        (scores,) = outputs.values()
        self.right += int(scores.argmax()) == label

    def take(self) -> float:
        """Right answers since the last time."""
        right, self.right = self.right, 0
        return right


def _board(
    run: RunWriter,
    forms: Forms,
    suite: Suite,
    where: tuple[EvaluateConfig, Workspace],
    progress: Progress,
) -> None:
    """Builds and starts the board, asks it, and ends its emulator: an idle one uses a core."""
    config, workspace = where
    assert config.board is not None
    path = Path(run.record.inputs["model"]["path"])
    build(BuildConfig(board=config.board, model=path, check=False), workspace, progress)
    flash(FlashConfig(board=config.board), workspace, progress)
    target = find_target(BenchConfig(board=config.board), workspace)
    try:
        with Session(open_link(target.port, target.baud)) as session:
            session.sync()
            identity = session.identity()
            check_identity(identity, target)
            model = load_model(target.info)[0]
            check_sizes(identity, model)
            asked = OnBoard(DeviceModel(session, model))
            _ask(run, asked, forms, (suite, min(config.board_images, len(suite.images))), progress)
        run.results(board=target.board.id, build_id=identity.build_id)
    finally:
        emulator.stop(target.folder)
    asked.tally.gate("this computer")


def _ask(
    run: RunWriter, asked: OnBoard, forms: Forms, what: tuple[Suite, int], progress: Progress
) -> None:
    suite, count = what
    table: dict[str, list[float]] = {}
    total = count + suite.total // len(suite.images) * count
    with progress.track("on the board", total, "image") as tracker:

        def share(images: Images) -> float:
            for image, label in zip(images[:count], suite.labels[:count], strict=True):
                asked.ask(forms, image, int(label))
                tracker.advance()
            return asked.take() / count

        clean = share(suite.images)
        for corrupted in suite:
            table.setdefault(corrupted.kind, []).append(share(corrupted.images))
    run.results(
        board_images=count,
        board_inputs=asked.tally.count,
        board_equal=asked.tally.equal,
        accuracy_board=clean,
        accuracy_corrupted_board=mean_accuracy(table),
    )
