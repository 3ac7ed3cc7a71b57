"""`tinyssl pretrain`."""

from __future__ import annotations

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.config import DataConfig, PretrainConfig


def pretrain(call: Call) -> Result:
    """Train a backbone on images, without labels.

    Leaves a run with `backbone` (safetensors) and a checkpoint; a killed run goes on with
    --resume FOLDER and ends in the same weights.
    """
    config, data = call.config(PretrainConfig), call.config(DataConfig)
    from tinyssl import train  # after the options were checked: torch takes seconds to load

    return record_result(train.pretrain(config, data, call.workspace, call.progress))


command = make_command(pretrain, stages=("pretrain", "data"))
