"""The stage `verify`: every engine on this computer against TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinyssl.compiler.floats import float_note
from tinyssl.core.config import VerifyConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import ModelError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import RunRecord, RunWriter, Workspace, write_json
from tinyssl.frontends.tflite import read_file
from tinyssl.frontends.tflite.strip import StrippedEnd
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.project.strip import strip_io, stripped_record
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.oracle import Oracle, open_oracle
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.accuracy import measure_quality
from tinyssl.verify.host import HostCheck, check_host, note_changes
from tinyssl.verify.sqnr import layer_sqnr
from tinyssl.verify.subject import ModelFile, TestSplit, find_subject, load_split

LAYERS_FILE = "layers.json"
SQNR_IMAGES = 32
ACCURACY_IMAGES = 1000


def verify(
    config: VerifyConfig, workspace: Workspace, progress: Progress | None = None
) -> RunRecord:
    """Compares our C and LiteRT with TFLM, and INT8 with float.

    LiteRT is for information: only our C must be equal, and only the accuracy has a gate. A model
    from elsewhere has neither float model nor test images; it is compared on noise.

    Args:
        config: Which model, how many inputs, gate.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        Mismatch: Our C gives other bytes than TFLM; names the operator.
        AccuracyDrop: INT8 loses more than `config.max_drop` points.
        ModelError: The file is damaged or unsupported.
        UsageError: There is no such file, or no converted model yet.
        DataError: The stored test split is damaged.
    """
    progress = progress or Silent()
    subject = find_subject(config.model, workspace)
    ends: tuple[StrippedEnd, ...] = ()
    if config.strip_io:
        path, ends = strip_io(subject.path, workspace, progress)
        subject = ModelFile(path, read_file(path), None)
    oracle = open_oracle(subject.data)  # `check_host` tells what it is
    inputs = {"model": subject.path}
    if subject.source:
        inputs |= {name: subject.source.path(name) for name in ("float_model", "test")}
    content = config_json(replace(config, model=subject.path))
    run = workspace.start("verify", content, seed=config.seed, inputs=inputs)
    with run:
        split = _shuffled(load_split(subject.source), config.seed) if subject.source else None
        samples = None if split is None else split.samples
        x = make_inputs(oracle.model, config.images, config.seed, samples)
        run.results(**stripped_record(ends))
        _compare(run, oracle, subject.data, x, progress)
        if subject.source and split:
            _quality(run, subject.source, oracle, split, progress)
            _gate(run, config.max_drop, subject.source, oracle, split, progress)
    return run.record


def _shuffled(split: TestSplit, seed: int) -> TestSplit:
    """In an order drawn by the seed: a split sorted by class must not give its first classes."""
    return split.take(np.random.default_rng(seed).permutation(len(split.samples)))


def _compare(
    run: RunWriter, oracle: Oracle, data: bytes, x: Sequence[Feeds], progress: Progress
) -> None:
    """Our C last, so that a record of a mismatch holds the other engines."""
    expected = [oracle.run(one) for one in x]
    engines = {oracle.name: _compare_outputs(expected, expected)}
    run.results(images=len(x), engines=engines)
    if isinstance(oracle, TflmInterpreter):
        run.results(tflm_arena_bytes=oracle.arena_bytes)
    else:
        run.results(reference=oracle.title)
    for kernels in (Kernels.REFERENCE, Kernels.XNNPACK):
        if f"litert-{kernels.value}" in engines:
            continue
        found = _litert(oracle.data, kernels, x, progress)
        if found is not None:
            engines[f"litert-{kernels.value}"] = _compare_outputs(expected, found)
            run.results(engines=engines)
    check = check_host(data, x, progress=progress)
    note_changes(check.changes, progress)
    if told := float_note(oracle.model):
        progress.note(told)
    engines["aot-host"] = _compare_outputs(expected, check.outputs)
    order = ("tflm", "aot-host", "litert-ref", "litert-xnnpack")
    run.results(
        equal=engines["aot-host"]["equal"],
        operators=check.operators,
        **_changed(check),
        engines={name: engines[name] for name in order if name in engines},
    )


def _changed(check: HostCheck) -> dict[str, str]:
    """What was changed in the model, and which interpreter gives the same for the file as it is."""
    if not check.changes:
        return {}
    judge = {"compared_with_original_by": check.judge.value} if check.judge.value else {}
    return {"changes": "; ".join(check.changes), **judge}


def _litert(
    data: bytes, kernels: Kernels, x: Sequence[Feeds], progress: Progress
) -> list[Outputs] | None:
    """LiteRT's outputs; None where it refuses the model or dies, which is no reason to stop."""
    try:
        interpreter = LitertInterpreter(data, kernels)
        return [interpreter.run(one) for one in x]
    except ModelError as error:
        progress.note(f"no comparison with LiteRT ({kernels.value}): {error.message}")
        return None


def _compare_outputs(expected: Sequence[Outputs], found: Sequence[Outputs]) -> dict[str, Any]:
    """One engine's line: inputs all of whose outputs are equal, and the largest difference.

    The difference is in LSB, of float outputs in their own unit.
    """
    worst = [
        max(_apart(right[name], ours[name]) for name in right)
        for right, ours in zip(expected, found, strict=True)
    ]
    most = max(worst)
    return {
        "images": len(expected),
        "equal": worst.count(0),
        "max_difference": int(most) if most == int(most) else most,
    }


def _apart(expected: Array, found: Array) -> float:
    return float(np.abs(expected.astype(np.float64) - found.astype(np.float64)).max())


def _quality(
    run: RunWriter, source: RunRecord, oracle: Oracle, split: TestSplit, progress: Progress
) -> None:
    progress.note("signal-to-noise ratio of every layer")
    float32 = source.path("float_model").read_bytes()
    layers = layer_sqnr(float32, oracle, split.samples[:SQNR_IMAGES])
    rows: list[dict[str, Any]] = [
        {
            "index": layer.index,
            "kind": layer.kind,
            "shape": list(layer.shape),
            "sqnr_db": round(layer.sqnr_db, 3),
        }
        for layer in layers
    ]
    write_json(run.file("layers", LAYERS_FILE), rows)
    worst = min(layers, key=lambda layer: layer.sqnr_db)
    run.results(
        sqnr_db_output=round(layers[-1].sqnr_db, 2),
        sqnr_db_worst=round(worst.sqnr_db, 2),
        sqnr_worst_layer=f"#{worst.index} {worst.kind}",
    )


def _gate(
    run: RunWriter,
    max_drop: float,
    source: RunRecord,
    oracle: Oracle,
    split: TestSplit,
    progress: Progress,
) -> None:
    chosen = split.take(np.arange(min(len(split.samples), ACCURACY_IMAGES)))
    quality = measure_quality(source.path("float_model").read_bytes(), oracle, chosen, progress)
    run.results(**quality.as_results(), accuracy_images=quality.samples)
    quality.gate(max_drop)
