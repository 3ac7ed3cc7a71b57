"""The stage `bench`: every figure comes from the device, over its serial line.

The record is filled as figures come in, so that a run that fails or is interrupted keeps what it
measured. Results:

* `board engine model build_id port protocol`, `device` (all of `Identity`), `tick_unit`
* `tensors`: name, kind, type and shape of each named tensor
* `latency` {unit, runs, warmup, min, median, p95, max} and, on a board, `median_us`; on an emulator
  `estimate_ms` with `estimate_basis`
* `profile_total`; file `profile` {unit, total, ops: index, name, kind, ticks}
* with a test split: `images`, each metric of the task as `accuracy_device accuracy_host`; of
  classes the file `confusion` {class_names, matrix}, of pictures `mistakes` {class_names, mistakes}
* `inputs` (without one: agreement of all outputs is measured, no accuracy)
* `agreement equal ulps first_difference reference` (`ulps`: units in the last place that float32
  outputs may lie apart and count as equal; only where there are any)
* with `--audio`: `audio` {wake_word, cutoff, positives, false_rejects, other_seconds,
  false_accepts, false_accepts_per_hour}
* `flash_bytes ram_bytes` (of the ELF), `device_flash_bytes device_ram_bytes` (0: unknown),
  `flash_budget_bytes ram_budget_bytes` (of the board's file)
* `watchdog_seconds` where it was armed; why the board started last: `device.reset`
* `memory` {arena_used, arena_bytes, stack_used, stack_bytes}, `retries`, `inputs_per_second`
* file `build`: the build's description
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tinyssl.bench.agreement import Agreement
from tinyssl.bench.judge import Judge
from tinyssl.bench.latency import Unit, as_time, profile_rows, summary_stats, unit_of
from tinyssl.bench.mistakes import worst_pictures
from tinyssl.bench.own_data import own_data
from tinyssl.bench.restarts import arm_watchdog, explain_reset
from tinyssl.bench.subject import (
    Reference,
    Samples,
    choose_samples,
    load_model,
    open_reference,
    split_of,
)
from tinyssl.bench.target import BenchTarget, check_identity, check_sizes, find_target
from tinyssl.bench.wake import Clips, Heard, find_clips, first_of
from tinyssl.bench.wake import listen as listen_to
from tinyssl.core.config import BenchConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import BuildInfo, RunRecord, RunWriter, Workspace, read_record, write_json
from tinyssl.core.text import printable
from tinyssl.device import Identity, Session, open_link
from tinyssl.graph.interface import Feeds, Outputs, ValueInfo
from tinyssl.graph.model import Model
from tinyssl.ops import float_ulps
from tinyssl.runtimes.device import DeviceModel
from tinyssl.verify.host import note_changes
from tinyssl.verify.subject import declared_pixels


@dataclass(frozen=True)
class Bench:
    """One measurement under way."""

    config: BenchConfig
    target: BenchTarget
    samples: Samples
    session: Session
    device: DeviceModel
    identity: Identity
    unit: Unit
    run: RunWriter
    progress: Progress
    clips: Clips | None = None
    """What a wake word listens to, in place of the samples"""
    ulps: int = 0
    """Units in the last place that float32 outputs may lie from the reference's"""

    def tally(self) -> Agreement:
        """Compares with the reference, as exactly as the model's operators allow."""
        return Agreement(self.ulps)

    def judge(self) -> Judge | None:
        """Measures the answers by their task; None where no answers are known."""
        split = self.samples.split
        return Judge(split.task, self.device.outputs, split.class_names) if split else None


def bench(config: BenchConfig, workspace: Workspace, progress: Progress | None = None) -> RunRecord:
    """Measures the build that is on a device.

    Args:
        config: Which board and port, how many runs and images.
        workspace: Where builds and runs are.
        progress: Told about each part.

    Raises:
        UsageError: No build, its model is gone, or `--data` lacks what must be declared.
        DeviceNotFound: No port, more than one, or one in use.
        DeviceTimeout: The device does not answer.
        DeviceError: It answers errors or damaged lines after all retries, or was reset.
        Mismatch: Other firmware than the build's, or outputs that differ from the reference; the
            record is kept.
    """
    progress = progress or Silent()
    target = find_target(config, workspace)
    model, data = load_model(target.info)
    clips = _clips(config, model, Path(target.info.model_path))
    samples, told = _samples(config, target.info, model, progress)
    samples = first_of(clips) if clips else samples
    content = config_json(config)
    inputs = {"build": target.folder / BuildInfo.FILE, "model": Path(target.info.model_path)}
    with workspace.start("bench", content, inputs=inputs, data=told) as run:
        target.info.save(run.file("build", BuildInfo.FILE).parent, workspace.root)
        note_changes(target.info.changes, progress)
        link = open_link(target.port, target.baud)
        with Session(link, config.timeout, config.retries) as session:
            identity = _identify(session, target, run, progress)
            check_sizes(identity, model)
            if config.watchdog is not None:
                run.results(watchdog_seconds=arm_watchdog(session, config))
            device = DeviceModel(session, model)
            run.results(tensors=[_described(value) for value in (*device.inputs, *device.outputs)])
            unit = unit_of(target.board, identity)
            common = (config, target, samples, session, device, identity, unit, run, progress)
            job = Bench(*common, clips, float_ulps(model))
            try:
                _measure(job, model, data)
            finally:
                run.results(retries=session.retried)
    return run.record


def _clips(config: BenchConfig, model: Model, path: Path) -> Clips | None:
    if config.audio is not None:
        if config.data is not None:
            raise UsageError("--audio and --data contradict each other", hint="name one of them")
        return find_clips(config, model, path)
    if config.wake_word is not None:
        raise UsageError("--wake-word says something about --audio", hint="add --audio FOLDER")
    return None


def _samples(
    config: BenchConfig, info: BuildInfo, model: Model, progress: Progress
) -> tuple[Samples, dict[str, Any]]:
    """What is sent, and what the record says of it."""
    if config.data is not None:
        pixels = config.pixels or declared_pixels(Path(info.model_path))
        declared = replace(config, pixels=pixels)
        own = own_data(declared, model, progress, before=split_of(info), named=info.class_names)
        return own.samples, own.record
    for name in ("pixels", "labels", "target"):
        if getattr(config, name) is not None:
            raise UsageError(f"--{name} says something about --data", hint="add --data FOLDER")
    told = read_record(Path(info.data_run)).data if info.data_run else {}
    return choose_samples(model, split_of(info), config.images), told


def _identify(
    session: Session, target: BenchTarget, run: RunWriter, progress: Progress
) -> Identity:
    session.sync()
    identity = session.identity()
    check_identity(identity, target)
    if identity.warning:
        progress.note(f"the device warns: {printable(identity.warning)}")
    run.results(
        board=identity.board,
        engine=identity.engine,
        model=identity.model,
        build_id=identity.build_id,
        port=target.port,
        protocol=identity.protocol,
        device=asdict(identity),
        flash_bytes=target.info.sizes.get("flash", 0),
        ram_bytes=target.info.sizes.get("ram", 0),
        device_flash_bytes=identity.flash_bytes,
        device_ram_bytes=identity.ram_bytes,
        flash_budget_bytes=target.board.tinyssl.budget.flash,
        ram_budget_bytes=target.board.tinyssl.budget.ram,
    )
    return identity


def _described(value: ValueInfo) -> dict[str, Any]:
    return {
        "name": value.name,
        "kind": value.kind.value,
        "type": value.dtype.value,
        "shape": list(value.shape),
    }


def _measure(job: Bench, model: Model, data: bytes) -> None:
    if job.identity.input_kept:
        job.device.load(job.samples.inputs[0])  # once, for all that is timed
    latency(job)
    if job.config.profile:
        profile(job)
    job.run.results(memory=asdict(job.session.memory()))
    if job.clips is not None:
        listen(job, job.clips, open_reference(model, data, job.progress))
    elif job.config.accuracy:
        accuracy(job, open_reference(model, data, job.progress))


def latency(job: Bench) -> None:
    """Timed inferences on the first input, sent again where the device does not keep it."""
    config, session, device = job.config, job.session, job.device
    first = job.samples.inputs[0]
    ticks: list[int] = []
    with job.progress.track("latency", config.warmup + config.runs, "run") as task:
        for number in range(config.warmup + config.runs):
            with explain_reset(session, f"inference {number + 1} of the latency"):
                device.repeat() if job.identity.input_kept else device.run(first)
            if number >= config.warmup:
                ticks.append(device.ticks)
                job.run.log(event="latency", ticks=device.ticks)
            task.advance()
    figures = summary_stats(ticks, job.unit)
    job.run.results(
        tick_unit=job.unit.name,
        latency=figures
        | {"warmup": config.warmup}
        | as_time(figures["median"], job.unit, job.identity, job.target.board),
    )


def profile(job: Bench) -> None:
    """One inference on the first input, operator by operator."""
    job.progress.note("time of every operator")
    with explain_reset(job.session, "the profile"):
        if not job.identity.input_kept:
            job.device.load(job.samples.inputs[0])
        content = profile_rows(job.session.profile(), job.unit)
    write_json(job.run.file("profile", "profile.json"), content)
    job.run.results(profile_total=content["total"])


def accuracy(job: Bench, reference: Reference) -> None:
    """Every sample to the device and to the reference.

    Raises:
        Mismatch: They gave different bytes; raised after the last sample.
    """
    samples, tally, judge = job.samples, job.tally(), job.judge()
    job.device.reset()  # both begin a sequence, where the model has states
    reference.runtime.reset()
    started = time.monotonic()
    try:
        unit = samples.split.spec.noun if samples.split else "input"
        with job.progress.track("on the device", len(samples.inputs), unit) as task:
            for position in range(len(samples.inputs)):
                _compare(job, reference, position, (tally, judge))
                task.advance(retries=job.session.retried)
    finally:
        seconds = time.monotonic() - started
        job.run.results(
            reference=reference.name,
            inputs_per_second=round(tally.count / seconds, 3) if seconds > 0 else 0.0,
            **tally.results(),
            **({"images" if judge else "inputs": tally.count} if tally.count else {}),
            **(judge.results() if judge else {}),
        )
        confusion = judge.confusion() if judge else None
        if confusion is not None:
            write_json(job.run.file("confusion", "confusion.json"), confusion)
        if judge is not None and (worst := worst_pictures(judge, samples)) is not None:
            write_json(job.run.file("mistakes", "mistakes.json"), worst)
    tally.gate(reference.name)


def _compare(
    job: Bench, reference: Reference, position: int, sums: tuple[Agreement, Judge | None]
) -> None:
    samples, (tally, judge) = job.samples, sums
    number = int(samples.numbers[position])
    with explain_reset(job.session, f"input {number} of the accuracy"):
        device = job.device.run(samples.inputs[position])
    expected = reference.runtime.run(samples.inputs[position])
    equal = tally.add(number, device, expected)
    label = answer = None
    if judge is not None and samples.split is not None:
        right = samples.split.answers[position]
        label, answer = judge.task.as_json(right), judge.add(device, expected, right)
    job.run.log(
        event="image",
        image=number,
        label=label,
        answer=answer,
        ticks=job.device.ticks,
        equal=equal,
    )


def listen(job: Bench, clips: Clips, reference: Reference) -> None:
    """Every clip to the device and to the reference, each from a reset.

    Raises:
        DataError: A file cannot be read.
        Mismatch: They gave different bytes; raised after the last clip.
    """
    tally, heard = job.tally(), Heard()

    def answer(feeds: Feeds) -> Outputs:
        with explain_reset(job.session, f"inference {tally.count} of the sound"):
            outputs = job.device.run(feeds)
        tally.add(tally.count, outputs, reference.runtime.run(feeds))
        return outputs

    try:
        with job.progress.track("on the device", len(clips.clips), "clip") as task:
            for clip in clips.clips:
                job.device.reset()
                reference.runtime.reset()
                seconds, times = listen_to(clips, clip, answer)
                heard.add(clip, seconds, times)
                job.run.log(event="clip", clip=str(clip.path), heard=times, seconds=seconds)
                task.advance(retries=job.session.retried)
    finally:
        job.run.results(
            reference=reference.name,
            inputs=tally.count,
            audio=heard.results(clips.word),
            **tally.results(),
        )
    tally.gate(reference.name)
