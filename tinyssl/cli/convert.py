"""`tinyssl convert`."""

from __future__ import annotations

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import ConvertConfig
from tinyssl.stages import convert as stage
from tinyssl.stages.call import Call


def convert(call: Call) -> Result:
    """Turn a trained backbone, or a float model of any framework, into one INT8 .tflite.

    Without --model, converts backbone and head of a probe run; exit code 3 when INT8 loses more
    than --max-drop points of accuracy. With --model, converts a file of PyTorch, ONNX, Keras,
    TensorFlow or TFLite and compares each step with the model's own framework; exit code 3 when the
    INT8 output is noise.
    """
    config = call.config(ConvertConfig)
    return record_result(stage.convert(config, call.workspace, call.progress))


command = make_command(convert, stages=("convert",))
