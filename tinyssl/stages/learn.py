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

After a resume `accuracy_online`, `refused`, `inference` and `training_step` are of the steps since;
`bytes_sent` counts all parts, of one that was killed up to its last checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.bench.latency import summary_stats, unit_of
from tinyssl.bench.subject import load_model
from tinyssl.bench.target import BenchTarget, check_identity, check_sizes, find_target
from tinyssl.core.config import BenchConfig, LearnConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import Mismatch, UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import BuildInfo, RunRecord, RunWriter, Workspace
from tinyssl.core.resume import held_run
from tinyssl.core.settings import refuse_changes
from tinyssl.device import Session, open_link
from tinyssl.graph.model import Model
from tinyssl.graph.training import LOSS, RATE, learnt_elements
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.stages.learn_guard import GuardMirror
from tinyssl.stages.learn_online import Online, told
from tinyssl.stages.learn_resume import FILE, FirstSteps, LessonMark
from tinyssl.stages.learn_samples import Lessons, LessonSource, read_lessons
from tinyssl.stages.lesson import Lesson, Rates, Watch, unwatched


def learn(
    config: LearnConfig,
    workspace: Workspace,
    progress: Progress | None = None,
    watch: Watch = unwatched,
) -> RunRecord:
    """Teaches the device that a build with `--train` is on.

    Args:
        config: Which board, what it learns from.
        workspace: Where builds and runs are.
        progress: Told about each part.
        watch: Told each judgement and each step as they come (`monitor.lesson`).

    Raises:
        UsageError: The build does not learn, the samples have no answers, or the run to resume is
            none or had other settings.
        KeyboardInterrupt: After Ctrl-C; the run is marked `interrupted` and can be resumed.
        DeviceNotFound: No port, more than one, or one in use.
        DeviceTimeout: The device does not answer.
        DeviceError: It answers errors or damaged lines after all retries, or was reset.
        Mismatch: Other firmware than the build's, or parameters that differ from this computer's;
            the record is kept.
    """
    progress = progress or Silent()
    if config.resume is not None:
        return _resumed(config, workspace, progress, watch)
    source = _source(config, workspace, progress)
    lessons, told = read_lessons(source)
    target = source.target
    inputs = {"build": target.folder / BuildInfo.FILE, "model": Path(target.info.model_path)}
    content = config_json(config, exclude={"resume"})
    with workspace.start("learn", content, inputs=inputs, data=told) as run:
        mark = LessonMark(run.record.folder / FILE, known=source.known)
        _learn(source, lessons, run, mark, watch)
    return run.record


def _source(
    config: LearnConfig,
    workspace: Workspace,
    progress: Progress,
    recalled: tuple[str, ...] | None = None,
) -> LessonSource:
    """The board, and the model that its build learns with."""
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
    return LessonSource(config, target, model, workspace, progress, recalled)


def _resumed(
    config: LearnConfig, workspace: Workspace, progress: Progress, watch: Watch
) -> RunRecord:
    """Goes on with a run that was interrupted or killed."""
    assert config.resume is not None  # the caller has looked
    folder = workspace.run_folder(config.resume)
    with held_run(folder, "learn", progress) as record:
        if record.status == "complete":
            return record
        recorded = record.checked(LearnConfig, record.config)
        refuse_changes(replace(config, resume=None), recorded)
        mark = LessonMark.load(folder / FILE)
        with workspace.reopen(folder, keep=FirstSteps(mark.steps).keep) as run:
            source = _source(recorded, workspace, progress, mark.known if mark.begun else None)
            _go_on(source, run, mark, watch)
        return run.record


def _go_on(source: LessonSource, run: RunWriter, mark: LessonMark, watch: Watch) -> None:
    """The rest of a run: the same samples in the same order, from the checkpoint on."""
    build, model = run.record.inputs.get("build", {}), source.target.info.build_id
    if run.record.results.get("build_id", model) != model:
        raise UsageError(
            f"the run learnt on build {run.record.results['build_id']}, the board has {model}",
            hint=f"build and flash as for that run ({build.get('path', 'its record')} names it)",
        )
    lessons, _ = read_lessons(source)
    source.progress.note(f"resuming {run.record.folder.name} behind step {mark.steps}")
    mark.known = source.known
    _learn(source, lessons, run, mark, watch)


def _learn(
    source: LessonSource, lessons: Lessons, run: RunWriter, mark: LessonMark, watch: Watch
) -> None:
    config, target, model = source.config, source.target, source.model
    link = open_link(target.port, target.baud)
    with Session(link, config.timeout, config.retries) as session:
        _start(session, target, model, run)
        device = DeviceModel(session, model)
        unit = unit_of(target.board, session.identity())
        with HostModel(compiler.compile(model)) as host:
            if source.afresh:
                session.first_values()
            job = Lesson(config, device, host, lessons, unit, run, source.progress, mark)
            _teach(replace(job, watch=watch))
        if config.save:
            run.results(store=asdict(session.save_learnt()))
        run.results(memory_stack=session.memory().stack_used, retries=session.retried)
    mark.path.unlink(missing_ok=True)


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
    mark = job.mark
    wanted = dict(mark.parameters)
    if not mark.begun and config.learning_rate is not None:
        wanted[RATE] = np.array([config.learning_rate], np.float32)
    values = {**device.snapshot(), **wanted}
    if wanted:
        device.restore(values)
    host.restore(values)
    if not mark.begun:
        mark.rate = float(values[RATE][0])
    taught, held = job.lessons.taught, job.lessons.held
    job.run.results(samples=len(taught), held_out=len(held), passes=config.passes)
    told = {name: job.run.record.results[name] for name in ("ram_bytes", "parameters")}
    job.watch({"event": "begin", "steps": config.passes * job.lessons.steps, **told})
    if job.lessons.names:
        job.run.results(class_names=[*job.lessons.names], replayed=job.lessons.steps - len(taught))
    before = mark.before if mark.begun else _judged(job, held, "before")
    mark.before = before
    _tell(job, "before")
    guard = GuardMirror(device, host)
    kept = [device.sample(job.lessons.inputs[at], job.target(at)) for at in held]
    job.run.results(kept=guard.keep(kept))
    _steps(job, guard)
    job.run.results(**guard.results(), bytes_sent=job.sent)
    after = _judged(job, held, "after")
    split = job.lessons.split
    if job.device.targets and split is not None and split.task is TASKS["classification"]:
        job.run.results(**_by_class(job, held, before, after))
    _tell(job, "after")
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


def _tell(job: Lesson, when: str) -> None:
    """A judgement, for who watches."""
    end = f"_{when}"
    found = job.run.record.results
    figures = {name.removesuffix(end): found[name] for name in found if name.endswith(end)}
    if when == "after" and "forgotten" in found:
        figures["forgotten"] = found["forgotten"]
    job.watch({"event": "judged", "when": when, "figures": figures})


def _steps(job: Lesson, guard: GuardMirror) -> None:
    judge, refused, count = job.judge(), 0, job.config.passes * job.lessons.steps
    rates = Rates(job, count)
    inference: list[int] = []
    training: list[int] = []
    losses: list[float] = []
    online, done = Online(job), job.mark.steps
    losses += _earlier_losses(job)
    with job.progress.track("learning", count - done, "step") as task, _kept(job):
        for number, position in islice(enumerate(_positions(job)), done, None):
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
            job.run.log(event="step", sample=int(position), answer=answer, loss=loss, **told(step))
            job.mark.reached(number + 1, job.host, job.sent)
            online.add(int(position), answer, loss, step)
            job.watch(online.row(number + 1, step))
            task.advance(**online.shown(step))
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


def _positions(job: Lesson) -> Iterator[int]:
    """The samples that teach, pass by pass."""
    for number in range(job.config.passes):
        yield from map(int, job.lessons.order(job.config.seed, number))


def _earlier_losses(job: Lesson) -> list[float]:
    """Of the steps before a resume."""
    rows = job.run.record.metrics() if job.mark.begun else ()
    return [row["loss"] for row in rows if row.get("event") == "step"]


@contextmanager
def _kept(job: Lesson) -> Iterator[None]:
    """Writes how far the lesson is when it ends early, and says how to go on after Ctrl-C."""
    try:
        yield
    except BaseException as error:
        job.mark.write(job.host, job.sent)
        if isinstance(error, KeyboardInterrupt):
            command = f"tinyssl learn --resume {job.run.record.folder.name}"
            raise KeyboardInterrupt(f"go on with: {command}") from None
        raise


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
