"""`tinyssl pretrain`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.records import RunRecord
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.learn.train.observer import TrainingRun
    from tinyssl.monitor.display import Observed


def pretrain(call: Call, watch: bool = False) -> Result:
    """Train a backbone on images, without labels.

    Leaves a run with `backbone` (safetensors) and a checkpoint; a killed run goes on with
    --resume FOLDER and ends in the same weights.
    """
    config, data = call.config(PretrainConfig), call.config(DataConfig)
    from tinyssl.stages import (
        pretrain as stage,  # after the options were checked: torch takes seconds to load
    )

    main = os.environ.get("RANK", "0") == "0"  # under torchrun one process shows the run
    if watch and main:
        return record_result(watched(call, config, data))
    record = stage.pretrain(config, data, call.workspace, call.progress)
    return record_result(record) if main else Result({"run": record.folder})


def watched(call: Call, config: PretrainConfig, data: DataConfig) -> RunRecord:
    """Trains, with the live view in place of the bar."""
    from tinyssl.monitor.display import Observed, choose_display
    from tinyssl.stages import pretrain as stage

    with choose_display() as display:
        seen: list[Observed] = []

        def observe(subject: TrainingRun) -> Observed:
            seen.append(Observed(display, subject))
            return seen[-1]

        try:
            return stage.pretrain(config, data, call.workspace, display, [observe])
        finally:
            for observed in seen:
                observed.end()


command = make_command(
    pretrain,
    stages=("pretrain", "data"),
    own=(
        click.RichOption(
            ["--watch"],
            is_flag=True,
            help="Show curves, figures and time left while it trains (`tinyssl watch` shows them "
            "from another terminal)",
        ),
    ),
)
