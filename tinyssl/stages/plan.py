"""What `tinyssl run` has to do: the stages of a tinyssl.toml, or those from a model to a board."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyssl.convert.frameworks import file_of
from tinyssl.convert.frameworks.samples import holds_wav
from tinyssl.core.config import STAGES, BenchConfig, BuildConfig, ConvertConfig, VerifyConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import require_path
from tinyssl.core.settings import RUN_STAGES
from tinyssl.data.scaling import HINT
from tinyssl.frontends.tflite import read_file, read_skeleton
from tinyssl.stages.call import Call

Plan = tuple[Call, tuple[str, ...]]
"""The call with what follows from the model, and the stages to do"""

FROM_MODEL = ("convert", "verify", "build", "flash", "bench")
"""What is done with `--model`"""
QUANTISED = ("INT8", "UINT8", "INT16")


def plan(call: Call, first: str | None, last: str | None) -> Plan:
    """The stages from `first` to `last`: with `--model` of `FROM_MODEL`, else what the file plans.

    A quantised .tflite is taken as it is, every other model is converted first.

    Raises:
        UsageError: There is no file and no `--model`, a file is not there, stages are named that
            are not planned, or a setting of a stage cannot be right: a late one is told now.
        ModelError: The .tflite is damaged.
    """
    found, stages = _plan(call, first, last)
    for stage in stages:
        found.config(STAGES[stage])
    sent = found.config(BenchConfig)
    for name, path in (("data", sent.data), ("labels", sent.labels)):
        if "bench" in stages and path is not None:
            require_path(path, f"--{name}")
    return found, stages


def _plan(call: Call, first: str | None, last: str | None) -> Plan:
    if "model" in call.flags.get("convert", {}):
        return _plan_model(call, call.config(ConvertConfig), first, last)
    if not call.file.path.exists():
        raise UsageError(
            f"no {call.file.path}, and no --model",
            hint="write the file (docs/CLI.md), name one with --config, or name a model: "
            "tinyssl run --model FILE --calibration DATA --board BOARD",
        )
    return call, choose_stages(call.file.planned, first, last)


def _plan_model(call: Call, config: ConvertConfig, first: str | None, last: str | None) -> Plan:
    for other in (call.config(VerifyConfig), call.config(BuildConfig)):
        if other.model is not None:
            raise UsageError(
                f"--model {config.model} and the model {other.model}, which is set for a later "
                "stage, contradict each other",
                hint=f"take the other one out of {call.file.path} (or unset TINYSSL_…_MODEL)",
            )
    path = file_of(str(config.model))
    if path.suffix.lower() == ".tflite" and _is_quantised(path):
        return _taken_as_it_is(call, config, path), choose_stages(
            FROM_MODEL[1:], first, last, "a quantised .tflite is taken as it is"
        )
    stages = choose_stages(FROM_MODEL, first, last, "name one of these")
    data = config.test_data
    if data is not None and data.is_dir() and not holds_wav(data):
        call = _with_test_data(call, config)
    return call if "convert" in stages else _converted(call, config, first), stages


def _with_test_data(call: Call, config: ConvertConfig) -> Call:
    """The board classifies the test data."""
    data, labels, pixels = config.test_data, config.labels, config.pixels
    return call.overridden(("bench",), data=data, labels=labels, pixels=pixels) if data else call


def _taken_as_it_is(call: Call, config: ConvertConfig, path: Path) -> Call:
    if config.calibration is not None:
        raise UsageError(
            f"{path} is quantised already: it needs no calibration",
            hint="leave --calibration out; --test-data names what the board classifies",
        )
    if config.test_data is not None and config.test_data.is_dir() and config.pixels is None:
        raise UsageError(
            "how were pixels scaled when this model was trained?",
            hint=f"say it with --pixels: {HINT}",
        )
    return _with_test_data(call, config).overridden(("verify", "build"), model=path)


def _is_quantised(path: Path) -> bool:
    tensors = (each for op in read_skeleton(read_file(path)).ops for each in op.inputs)
    return any(each.type in QUANTISED for each in tensors)


def _converted(call: Call, config: ConvertConfig, first: str | None) -> Call:
    from tinyssl.stages.convert_model import converted_before

    record = converted_before(config, call.workspace)
    if record is None:
        raise UsageError(
            f"{config.model} was not converted in {call.workspace.root} with these settings, or "
            "it has changed since, or its samples have",
            hint=f"leave --from {first} out",
        )
    return call.overridden(("verify", "build"), model=record.path("model"))


def choose_stages(
    planned: Sequence[str],
    first: str | None,
    last: str | None,
    way_out: str = "add [{name}] to tinyssl.toml",
) -> tuple[str, ...]:
    """The planned stages from `first` to `last`, both included.

    Args:
        planned: All of them, in order.
        first: None: the first one.
        last: None: the last one.
        way_out: Hint where one is not planned.

    Raises:
        UsageError: One of them is not planned, or none is left.
    """
    for name, flag in ((first, "--from"), (last, "--to")):
        if name and name not in planned:
            raise UsageError(
                f"{flag} {name}: not a stage of this run ({', '.join(planned) or 'none'})",
                hint=way_out.format(name=name),
            )
    start = planned.index(first) if first else 0
    stop = planned.index(last) + 1 if last else len(planned)
    if not planned[start:stop]:
        raise UsageError(
            "there is no stage to run",
            hint=f"tinyssl.toml needs sections ({', '.join(RUN_STAGES)}) or steps = […]",
        )
    return tuple(planned[start:stop])
