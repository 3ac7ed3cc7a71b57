"""`tinyssl convert`."""

from __future__ import annotations

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import ConvertConfig
from tinyssl.stages.call import Call


def convert(call: Call) -> Result:
    """Turn backbone and linear head into one canonical INT8 .tflite.

    Exit code 3 when INT8 loses more than --max-drop points of accuracy.
    """
    config = call.config(ConvertConfig)
    from tinyssl.stages import convert as stage  # torch takes seconds to load

    return record_result(stage.convert(config, call.workspace, call.progress))


command = make_command(convert, stages=("convert",))
