"""The stage `learn`: the device learns from samples, one at a time, and is judged on others.

Our C on this computer takes the same steps; in the end all parameters must have the same bits. The
record is filled as figures come in. Results:

* `board model build_id port`, `training` (what learns, and how), `parameters` (how many)
* `samples` (that taught), `held_out`, `passes`, `refused` (steps that taught nothing)
* of a build with room for new classes `class_names` (those that it knows now), and `replayed`: old
  samples that were repeated in each pass
* each metric of the task on the held-out samples as `accuracy_before accuracy_after`, and of what
  the device answered before it learnt from each sample `accuracy_online`; of an autoencoder `mse`,
  and `auc` where some samples are of the class `normal` and others are not
* of classes `classes` {name: samples, before, after}, and the largest loss of one as `forgotten`
* `loss_first loss_last` (mean of the first and of the last tenth of the steps)
* `inference training` {unit, runs, min, median, p95, max}, `ram_bytes flash_bytes`
* `equal`: 1 where the device's parameters have the bits of this computer's
* `statistics`: what the device counted, its checks of itself and the test for a drift
  (`device.learning.LearningStatistics`); `bytes_sent`; `kept`: samples that it judges itself by
* with `--save` `store` {length, sequence, erases, left}: the flash of the device
* file `parameters`: .npz of all that was learnt, by name
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.bench.judge import Judge
from tinyssl.bench.latency import Unit, summary_stats, unit_of
from tinyssl.bench.reconstruction import Reconstruction
from tinyssl.bench.subject import load_model
from tinyssl.bench.target import BenchTarget, check_identity, check_sizes, find_target
from tinyssl.core.config import BenchConfig, LearnConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import Mismatch, UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import BuildInfo, RunRecord, RunWriter, Workspace
from tinyssl.device import GuardEvent, LearningStep, Session, open_link
from tinyssl.federated.schedules import cosine, linear, step_down
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.graph.model import DType, Model
from tinyssl.graph.training import LOSS, RATE, TARGET, learnt_elements, takes_normalised
from tinyssl.learn.tasks import TASKS
from tinyssl.ops.common.welford import normalised
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.stages.learn_guard import GuardMirror
from tinyssl.stages.learn_samples import Lessons, LessonSource, is_anomaly, read_lessons
from tinyssl.verify.sqnr import dequantised

METRICS = ("accuracy", "mae", "rmse", "r2", "mse", "auc")
"""Of the tasks and of autoencoders, that are told"""


RECENT = 100
"""Samples whose means are shown while a device learns"""
SCHEDULES = {"linear": linear, "cosine": cosine, "step": step_down}


class LessonJudge(Protocol):
    """Measures answers by what the model is to do."""

    def add(self, position: int, outputs: Outputs) -> Any:
        """One sample's outputs by name; returns the answer, as JSON."""

    def results(self) -> dict[str, float]:
        """Metric -> value over all that was added; none where nothing was."""


@dataclass(frozen=True)
class Lesson:
    """One device that learns."""

    config: LearnConfig
    device: DeviceModel
    host: HostModel
    lessons: Lessons
    unit: Unit
    run: RunWriter
    progress: Progress

    def target(self, position: int) -> Feeds:
        """The right answer of a sample, as a training step takes it; none of an autoencoder's."""
        if not self.device.targets:
            return {}
        (value,), split = self.device.targets, self.lessons.split
        assert split is not None  # read_lessons refuses samples without answers
        answer = np.asarray(split.answers[position])
        dtype = np.int32 if value.dtype is DType.INT32 else np.float32
        return {TARGET: answer.astype(dtype).reshape(value.shape)}

    def judge(self) -> LessonJudge:
        """An empty judge of the model's answers."""
        return TaskJudge(self) if self.device.targets else InputJudge(self)


class Rates:
    """The learning rate of each step, as a float32 that device and computer both get.

    Args:
        job: Its schedule; the device's rate is that of the first step.
        steps: In all.
    """

    def __init__(self, job: Lesson, steps: int) -> None:
        self._job, self._number = job, 0
        self._first = self._now = np.float32(job.host.snapshot()[RATE][0])
        make = SCHEDULES.get(job.config.schedule)
        self._schedule = make(float(self._first), steps) if make else None

    def next(self) -> None:
        """Before a step: sends its rate where it is another than the last."""
        self._number += 1
        if self._schedule is not None:
            self._set(np.float32(self._schedule(self._number)))

    def restore(self) -> None:
        """The rate of the first step is the device's again."""
        self._set(self._first)

    def _set(self, rate: np.float32) -> None:
        if rate != self._now:
            self._now = rate
            for model in (self._job.device, self._job.host):
                model.assign({RATE: np.array([rate], np.float32)})


class TaskJudge:
    """By the metrics of the task."""

    def __init__(self, job: Lesson) -> None:
        split = job.lessons.split
        assert split is not None  # read_lessons refuses samples without answers
        self._split = split
        self._judge = Judge(split.task, job.device.outputs, split.class_names)

    def add(self, position: int, outputs: Outputs) -> Any:
        return self._judge.add(outputs, outputs, self._split.answers[position])

    def results(self) -> dict[str, float]:
        found = self._judge.results()
        names = {name: name.removesuffix("_device") for name in found if name.endswith("_device")}
        return {name: found[key] for key, name in names.items() if name in METRICS}


class InputJudge:
    """By how well the input comes out again."""

    def __init__(self, job: Lesson) -> None:
        self._job, self._found = job, Reconstruction()

    def add(self, position: int, outputs: Outputs) -> float:
        job, split = self._job, self._job.lessons.split
        (value,), (output,) = job.device.inputs, outputs.values()
        wanted = dequantised(value, job.lessons.inputs[position][value.name])
        if takes_normalised(job.host.model):
            wanted = normalised(wanted, job.host.snapshot())
        odd = split is not None and is_anomaly(split, position)
        return self._found.add(output, wanted, anomaly=odd)

    def results(self) -> dict[str, float]:
        return self._found.results()


def learn(config: LearnConfig, workspace: Workspace, progress: Progress | None = None) -> RunRecord:
    """Teaches the device that a build with `--train` is on.

    Args:
        config: Which board, what it learns from.
        workspace: Where builds and runs are.
        progress: Told about each part.

    Raises:
        UsageError: The build does not learn, or the samples have no answers.
        DeviceNotFound: No port, more than one, or one in use.
        DeviceTimeout: The device does not answer.
        DeviceError: It answers errors or damaged lines after all retries, or was reset.
        Mismatch: Other firmware than the build's, or parameters that differ from this computer's;
            the record is kept.
    """
    progress = progress or Silent()
    target = find_target(
        BenchConfig(board=config.board, serial=config.serial, baud=config.baud), workspace
    )
    model, _ = load_model(target.info)
    if not target.info.training:
        raise UsageError(
            f"the build for {target.info.board} does not learn",
            hint=f"run `tinyssl build --board {target.info.board} --train head`, then "
            "`tinyssl flash`",
        )
    source = LessonSource(config, target, model, workspace, progress)
    lessons, told = read_lessons(source)
    inputs = {"build": target.folder / BuildInfo.FILE, "model": Path(target.info.model_path)}
    with workspace.start("learn", config_json(config), inputs=inputs, data=told) as run:
        link = open_link(target.port, target.baud)
        with Session(link, config.timeout, config.retries) as session:
            _start(session, target, model, run)
            device = DeviceModel(session, model)
            unit = unit_of(target.board, session.identity())
            with HostModel(compiler.compile(model)) as host:
                if source.afresh:
                    session.first_values()
                _teach(Lesson(config, device, host, lessons, unit, run, progress))
            if config.save:
                run.results(store=asdict(session.save_learnt()))
            run.results(memory_stack=session.memory().stack_used, retries=session.retried)
    return run.record


def _start(session: Session, target: BenchTarget, model: Model, run: RunWriter) -> None:
    session.sync()
    identity = session.identity()
    check_identity(identity, target)
    check_sizes(identity, model)
    run.results(
        board=identity.board,
        model=identity.model,
        build_id=identity.build_id,
        port=target.port,
        training=target.info.training,
        parameters=learnt_elements(model),
        ram_bytes=target.info.sizes.get("ram", 0),
        flash_bytes=target.info.sizes.get("flash", 0),
    )


def _teach(job: Lesson) -> None:
    """Judges, teaches, judges again, and compares the parameters.

    Raises:
        Mismatch: They differ from this computer's.
    """
    config, device, host = job.config, job.device, job.host
    values = device.snapshot()
    if config.learning_rate is not None:
        values[RATE] = np.array([config.learning_rate], np.float32)
        device.restore(values)
    host.restore(values)
    taught, held = job.lessons.taught, job.lessons.held
    job.run.results(samples=len(taught), held_out=len(held), passes=config.passes)
    if job.lessons.names:
        job.run.results(class_names=[*job.lessons.names], replayed=job.lessons.steps - len(taught))
    before = _judged(job, held, "before")
    guard = GuardMirror(device, host)
    kept = [device.sample(job.lessons.inputs[at], job.target(at)) for at in held]
    job.run.results(kept=guard.keep(kept))
    _steps(job, guard)
    job.run.results(**guard.results(), bytes_sent=device.session.sent)
    after = _judged(job, held, "after")
    split = job.lessons.split
    if job.device.targets and split is not None and split.task is TASKS["classification"]:
        job.run.results(**_by_class(job, held, before, after))
    _compare(job)


def _judged(job: Lesson, positions: NDArray[np.int64], when: str) -> list[Any]:
    """Answers to the held-out samples; their metrics become results `<metric>_<when>`."""
    judge, answers = job.judge(), []
    with job.progress.track(f"{when} learning", len(positions), "sample") as task:
        for position in positions:
            outputs = job.device.run(job.lessons.inputs[position])
            answers.append(judge.add(int(position), outputs))
            task.advance(retries=job.device.session.retried)
    job.run.results(**{f"{name}_{when}": value for name, value in judge.results().items()})
    return answers


def _steps(job: Lesson, guard: GuardMirror) -> None:
    judge, refused, count = job.judge(), 0, job.config.passes * job.lessons.steps
    rates = Rates(job, count)
    inference: list[int] = []
    training: list[int] = []
    losses: list[float] = []
    online = _Online(job)
    with job.progress.track("learning", count, "step") as task:
        for number in range(job.config.passes):
            for position in job.lessons.order(job.config.seed, number):
                feeds, target = job.lessons.inputs[position], job.target(position)
                rates.next()
                answer = judge.add(int(position), job.host.run(feeds))
                step = job.device.train(feeds, target)
                job.host.step(target)
                loss = float(job.host.snapshot()[LOSS][0])
                refused += not step.learnt
                losses += [loss] if step.learnt else []
                inference.append(step.inference_ticks)
                training.append(step.training_ticks)
                guard.follow(step.guard)
                told = _told(step)
                job.run.log(event="step", sample=int(position), answer=answer, loss=loss, **told)
                online.add(int(position), answer, loss)
                task.advance(**online.shown(), **told)
    rates.restore()
    tenth = max(len(losses) // 10, 1)
    job.run.results(
        refused=refused,
        loss_first=float(np.mean(losses[:tenth])),
        loss_last=float(np.mean(losses[-tenth:])),
        inference=summary_stats(inference, job.unit),
        training_step=summary_stats(training, job.unit),
        **{f"{name}_online": value for name, value in judge.results().items()},
    )


@dataclass
class _Online:
    """Shown while a device learns: means over its last samples, judged before they teach."""

    job: Lesson
    losses: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    right: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))

    def add(self, position: int, answer: Any, loss: float) -> None:
        """One sample, its answer before the step, and its loss."""
        self.losses.append(loss)
        split = self.job.lessons.split
        if split is not None and split.task is TASKS["classification"]:
            self.right.append(bool(answer == split.labels[position]))

    def shown(self) -> dict[str, Any]:
        """For the progress bar."""
        found: dict[str, Any] = {"loss": float(np.mean(self.losses))}
        if self.right:
            found["right"] = f"{100 * np.mean(self.right):.0f}%"
        return found | {"sent": f"{self.job.device.session.sent / 1000:,.0f}kB"}


def _told(step: LearningStep) -> dict[str, Any]:
    """What is worth a word, beside its figures."""
    found: dict[str, Any] = {}
    if step.guard is not GuardEvent.NONE:
        found["guard"] = step.guard.value
    if step.drift:
        found["drift"] = 1
    return found


def _by_class(
    job: Lesson, held: NDArray[np.int64], before: list[Any], after: list[Any]
) -> dict[str, Any]:
    """Share of right answers by class, and the most that one lost."""
    split = job.lessons.split
    assert split is not None  # of classes
    right, found = split.labels[held], {}
    for label, name in enumerate(split.class_names):
        here = np.flatnonzero(right == label)
        if len(here):
            shares = [
                float(np.mean([each[at] == label for at in here])) for each in (before, after)
            ]
            found[name] = {"samples": len(here), "before": shares[0], "after": shares[1]}
    lost = max((each["before"] - each["after"] for each in found.values()), default=0.0)
    return {"classes": found, "forgotten": max(lost, 0.0)}


def _compare(job: Lesson) -> None:
    device, host = job.device.snapshot(), job.host.snapshot()
    np.savez(job.run.file("parameters", "parameters.npz"), allow_pickle=False, **device)
    differ = [name for name in host if device[name].tobytes() != host[name].tobytes()]
    job.run.results(equal=int(not differ))
    if differ:
        raise Mismatch(
            f"after {job.run.record.results['samples']} samples the device's {differ[0]} differs "
            "from what our C learns on this computer",
            hint="build and flash again; if it stays, report it with the model",
        )
