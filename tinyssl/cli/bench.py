"""`tinyssl bench`."""

from __future__ import annotations

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.config import BenchConfig


def bench(call: Call) -> Result:
    """Measure latency, accuracy, agreement and memory on the device.

    Figures from an emulator are instructions, never milliseconds. Exit code 3 when device and build
    do not match, 5 when the device does not answer.
    """
    config = call.config(BenchConfig)
    from tinyssl import bench as stage

    return record_result(stage.bench(config, call.workspace, call.progress))


command = make_command(bench, stages=("bench",))
