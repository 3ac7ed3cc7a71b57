"""The stage `learn`: the device learns from samples, one at a time, and is judged on others.

Our C on this computer takes the same steps; in the end all parameters must have the same bits. The
record is filled as figures come in. Results:

* `board model build_id port`, `training` (what learns, and how), `parameters` (how many)
* `samples` (that taught), `held_out`, `passes`, `refused` (steps that taught nothing)
* each metric of the task on the held-out samples as `accuracy_before accuracy_after`, and of what
  the device answered before it learnt from each sample `accuracy_online`
* of classes `classes` {name: samples, before, after}, and the largest loss of one as `forgotten`
* `loss_first loss_last` (mean of the first and of the last tenth of the steps)
* `inference training` {unit, runs, min, median, p95, max}, `ram_bytes flash_bytes`
* `equal`: 1 where the device's parameters have the bits of this computer's
* with `--save` `store` {length, sequence, erases, left}: the flash of the device
* file `parameters`: .npz of all that was learnt, by name
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.bench.judge import Judge
from tinyssl.bench.latency import Unit, summary_stats, unit_of
from tinyssl.bench.own_data import own_data
from tinyssl.bench.subject import Samples, choose_samples, load_model, split_of
from tinyssl.bench.target import BenchTarget, check_identity, check_sizes, find_target
from tinyssl.core.config import BenchConfig, LearnConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import Mismatch, UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import BuildInfo, RunRecord, RunWriter, Workspace, read_record
from tinyssl.device import Session, open_link
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import DType, Model, ValueKind
from tinyssl.graph.training import LOSS, RATE, TARGET
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.verify.subject import TestSplit, declared_pixels

METRICS = ("accuracy", "mae", "rmse", "r2")
"""Of the tasks, that are told"""


@dataclass(frozen=True)
class Lesson:
    """One device that learns."""

    config: LearnConfig
    device: DeviceModel
    host: HostModel
    samples: Samples
    split: TestSplit
    unit: Unit
    run: RunWriter
    progress: Progress

    def target(self, position: int) -> Feeds:
        """The right answer of a sample, as a training step takes it."""
        (value,) = self.device.targets
        answer = np.asarray(self.split.answers[position])
        dtype = np.int32 if value.dtype is DType.INT32 else np.float32
        return {TARGET: answer.astype(dtype).reshape(value.shape)}

    def judge(self) -> Judge:
        """Measures answers by the task."""
        return Judge(self.split.task, self.device.outputs, self.split.class_names)


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
    plain = _bench_config(config)
    target = find_target(plain, workspace)
    model, _ = load_model(target.info)
    if not target.info.training:
        raise UsageError(
            f"the build for {target.info.board} does not learn",
            hint=f"run `tinyssl build --board {target.info.board} --train head`, then "
            "`tinyssl flash`",
        )
    samples, told = _samples(plain, target.info, model, progress)
    inputs = {"build": target.folder / BuildInfo.FILE, "model": Path(target.info.model_path)}
    with workspace.start("learn", config_json(config), inputs=inputs, data=told) as run:
        link = open_link(target.port, target.baud)
        with Session(link, config.timeout, config.retries) as session:
            _start(session, target, model, run)
            device = DeviceModel(session, model)
            unit = unit_of(target.board, session.identity())
            with HostModel(compiler.compile(model)) as host:
                split = samples.split
                assert split is not None  # _samples refuses the others
                job = Lesson(config, device, host, samples, split, unit, run, progress)
                _teach(job)
            if config.save:
                run.results(store=asdict(session.save_learnt()))
            run.results(memory_stack=session.memory().stack_used, retries=session.retried)
    return run.record


def _bench_config(config: LearnConfig) -> BenchConfig:
    return BenchConfig(
        board=config.board,
        serial=config.serial,
        baud=config.baud,
        data=config.data,
        pixels=config.pixels,
        labels=config.labels,
        images=config.samples,
    )


def _samples(
    config: BenchConfig, info: BuildInfo, model: Model, progress: Progress
) -> tuple[Samples, dict[str, Any]]:
    """Samples with answers, and what the record says of them."""
    before = split_of(info)
    if config.data is not None:
        pixels = config.pixels or declared_pixels(Path(info.model_path))
        known = before.class_names if before else ()
        own = own_data(replace(config, pixels=pixels), model, progress, known)
        samples, told = own.samples, own.record
    else:
        samples = choose_samples(model, before, config.images)
        told = read_record(Path(info.data_run)).data if info.data_run else {}
    if samples.split is None:
        raise UsageError(
            "there is nothing to learn from: no sample has an answer",
            hint="name samples with --data: a folder a class, or an .npz with `inputs` and "
            "`labels`",
        )
    return samples, told


def _start(session: Session, target: BenchTarget, model: Model, run: RunWriter) -> None:
    session.sync()
    identity = session.identity()
    check_identity(identity, target)
    check_sizes(identity, model)
    parameters = (model.tensor(index) for index in model.of_kind(ValueKind.PARAMETER))
    run.results(
        board=identity.board,
        model=identity.model,
        build_id=identity.build_id,
        port=target.port,
        training=target.info.training,
        parameters=sum(value.elements for value in parameters) - 1,
        ram_bytes=target.info.sizes.get("ram", 0),
        flash_bytes=target.info.sizes.get("flash", 0),
    )


def _teach(job: Lesson) -> None:
    """Judges, teaches, judges again, and compares the parameters.

    Raises:
        Mismatch: They differ from this computer's.
    """
    config, device, host = job.config, job.device, job.host
    if config.reset:
        device.session.first_values()
    values = device.snapshot()
    if config.learning_rate is not None:
        values[RATE] = np.array([config.learning_rate], np.float32)
        device.restore(values)
    host.restore(values)
    order = np.random.default_rng(config.seed).permutation(len(job.samples.inputs))
    kept = round(config.holdout * len(order))
    held, taught = order[:kept], order[kept:]
    if not len(taught):
        raise UsageError(
            f"none of {len(order)} samples teaches: all are held out", hint="lower --holdout"
        )
    job.run.results(samples=len(taught), held_out=len(held), passes=config.passes)
    before = _judged(job, held, "before")
    _steps(job, taught)
    after = _judged(job, held, "after")
    if job.split.task is TASKS["classification"]:
        job.run.results(**_by_class(job, held, before, after))
    _compare(job)


def _judged(job: Lesson, positions: NDArray[np.int64], when: str) -> list[Any]:
    """Answers to the held-out samples; their metrics become results `<metric>_<when>`."""
    judge, answers = job.judge(), []
    with job.progress.track(f"{when} learning", len(positions), "sample") as task:
        for position in positions:
            outputs = job.device.run(job.samples.inputs[position])
            answers.append(judge.add(outputs, outputs, job.split.answers[position]))
            task.advance(retries=job.device.session.retried)
    found = judge.results()
    metrics = {name.removesuffix("_device"): value for name, value in found.items()}
    job.run.results(
        **{f"{name}_{when}": value for name, value in metrics.items() if name in METRICS}
    )
    return answers


def _steps(job: Lesson, positions: NDArray[np.int64]) -> None:
    judge, refused = job.judge(), 0
    inference: list[int] = []
    training: list[int] = []
    losses: list[float] = []
    with job.progress.track("learning", job.config.passes * len(positions), "step") as task:
        for number in range(job.config.passes):
            for position in _order(job, positions, number):
                feeds, target = job.samples.inputs[position], job.target(position)
                outputs = job.host.run(feeds)
                answer = judge.add(outputs, outputs, job.split.answers[position])
                step = job.device.train(feeds, target)
                job.host.step(target)
                loss = float(job.host.snapshot()[LOSS][0])
                refused += not step.learnt
                losses += [loss] if step.learnt else []
                inference.append(step.inference_ticks)
                training.append(step.training_ticks)
                job.run.log(event="step", sample=int(position), answer=answer, loss=loss)
                task.advance(loss=loss)
    online = judge.results()
    tenth = max(len(losses) // 10, 1)
    job.run.results(
        refused=refused,
        loss_first=float(np.mean(losses[:tenth])),
        loss_last=float(np.mean(losses[-tenth:])),
        inference=summary_stats(inference, job.unit),
        training_step=summary_stats(training, job.unit),
        **{
            f"{name}_online": online[f"{name}_device"]
            for name in METRICS
            if f"{name}_device" in online
        },
    )


def _order(job: Lesson, positions: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Another order in each pass."""
    return np.random.default_rng((job.config.seed, number)).permutation(positions)


def _by_class(
    job: Lesson, held: NDArray[np.int64], before: list[Any], after: list[Any]
) -> dict[str, Any]:
    """Share of right answers by class, and the most that one lost."""
    right = job.split.labels[held]
    found = {}
    for label, name in enumerate(job.split.class_names):
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
