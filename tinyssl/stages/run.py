"""The stages of a `plan`, one after the other: each takes what the one before it left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tinyssl.core.config import (
    BenchConfig,
    BuildConfig,
    ConvertConfig,
    DataConfig,
    EvaluateConfig,
    FlashConfig,
    LearnConfig,
    PretrainConfig,
    ProbeConfig,
    ReportConfig,
    VerifyConfig,
)
from tinyssl.core.records import BuildInfo, RunRecord
from tinyssl.stages.call import Call
from tinyssl.stages.probe_data import probe_data


@dataclass
class Done:
    """What the stages so far have left."""

    resume: bool = False
    """A conversion that would give the same is taken over"""
    records: dict[str, RunRecord] = field(default_factory=dict)
    """Stage -> its run"""
    build: BuildInfo | None = None
    budgets: dict[str, int | None] = field(default_factory=dict)
    """flash and ram of the build, in bytes"""
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage -> how long it took"""

    def folder(self, stage: str) -> dict[str, Any]:
        """`run=<folder>` of a stage, empty where it was not done now: the next takes the last."""
        return {"run": self.records[stage].folder} if stage in self.records else {}

    def model(self) -> dict[str, Any]:
        """`model=<path>` of the conversion, empty where it was not done now."""
        if "convert" not in self.records:
            return {}
        return {"model": self.records["convert"].path("model")}

    def board(self) -> dict[str, Any]:
        """`board=<id>` of the build, empty where it was not done now."""
        return {"board": self.build.board} if self.build else {}


def run_stages(
    call: Call,
    stages: Sequence[str],
    *,
    resume: bool = False,
    fits: Callable[[Done], bool] | None = None,
) -> Done:
    """Does the stages one after the other; an error of one ends the run and goes on upwards.

    Args:
        call: Gives their settings.
        stages: In order.
        resume: Take over the conversion of a model that would only be repeated.
        fits: Asked before `verify` takes its minutes; where it says no, the run ends there. None:
            a model that is too large for the board of a later `build` is an error.
    """
    done = Done(resume=resume)
    if fits is None and "build" in stages:
        fits = partial(fits_board, call)
    for index, stage in enumerate(stages, start=1):
        if stage == "verify" and fits is not None and not fits(done):
            break
        call.progress.note(f"── {index}/{len(stages)} {stage}")
        start = time.monotonic()
        RUNNERS[stage](call, done)
        done.seconds[stage] = time.monotonic() - start
    return done


def fits_board(call: Call, done: Done) -> bool:
    """Whether the model fits the board that it is built for: true, or an error.

    Raises:
        BudgetExceeded: It does not.
    """
    from tinyssl.stages import build

    build.check_fit(call.config(BuildConfig, **done.model()), call.workspace)
    return True


def _pretrain(call: Call, done: Done) -> None:
    from tinyssl.stages import pretrain as stage

    config, data = call.config(PretrainConfig), call.config(DataConfig)
    done.records["pretrain"] = stage.pretrain(config, data, call.workspace, call.progress)


def _probe(call: Call, done: Done) -> None:
    from tinyssl.stages import probe as stage

    config = call.config(ProbeConfig, **done.folder("pretrain"))
    data = probe_data(call, config)
    done.records["probe"] = stage.probe(config, data, call.workspace, call.progress)


def _evaluate(call: Call, done: Done) -> None:
    """Of the probe's float model; `tinyssl evaluate --run` a convert run for INT8."""
    from tinyssl.stages.evaluate_float import evaluate

    config = call.config(EvaluateConfig, **done.folder("probe"))
    done.records["evaluate"] = evaluate(config, call.workspace, call.progress)


def _convert(call: Call, done: Done) -> None:
    from tinyssl.stages import convert

    config = call.config(ConvertConfig, **done.folder("probe"))
    kept = _converted_before(config, call) if done.resume else None
    done.records["convert"] = kept or convert.convert(config, call.workspace, call.progress)


def _converted_before(config: ConvertConfig, call: Call) -> RunRecord | None:
    if config.model is None:
        return None
    from tinyssl.stages.convert_model import converted_before

    record = converted_before(config, call.workspace)
    if record is not None:
        call.progress.note(f"{config.model} has not changed since {record.folder.name}")
    return record


def _verify(call: Call, done: Done) -> None:
    from tinyssl.stages import verify

    config = call.config(VerifyConfig, **done.model())
    done.records["verify"] = verify.verify(config, call.workspace, call.progress)
    if config.board is not None:
        from tinyssl.stages import verify_board

        verify_board.verify_on_board(config, call.workspace, call.progress)


def _build(call: Call, done: Done) -> None:
    from tinyssl.stages import build

    config = call.config(BuildConfig, **done.model())
    done.build = build.build(config, call.workspace, call.progress)
    done.budgets = {"flash": config.flash_budget, "ram": config.ram_budget}


def _flash(call: Call, done: Done) -> None:
    from tinyssl.stages import flash

    flash.flash(call.config(FlashConfig, **done.board()), call.workspace, call.progress)


def _bench(call: Call, done: Done) -> None:
    from tinyssl.stages import bench

    config = call.config(BenchConfig, **done.board())
    done.records["bench"] = bench.bench(config, call.workspace, call.progress)


def _learn(call: Call, done: Done) -> None:
    from tinyssl.stages import learn

    config = call.config(LearnConfig, **done.board())
    done.records["learn"] = learn.learn(config, call.workspace, call.progress)


def _report(call: Call, done: Done) -> None:
    from tinyssl.stages import report

    config = call.config(ReportConfig, **done.folder("bench"))
    done.records["report"] = report.report(config, call.workspace, call.progress)


RUNNERS: Mapping[str, Callable[[Call, Done], None]] = {
    "pretrain": _pretrain,
    "probe": _probe,
    "evaluate": _evaluate,
    "convert": _convert,
    "verify": _verify,
    "build": _build,
    "flash": _flash,
    "bench": _bench,
    "learn": _learn,
    "report": _report,
}
"""Stage -> what does it, in pipeline order (`settings.RUN_STAGES`)"""
