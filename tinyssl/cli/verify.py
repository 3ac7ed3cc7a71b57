"""`tinyssl verify`."""

from __future__ import annotations

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.cli.stage_result import record_result
from tinyssl.config import VerifyConfig


def verify(call: Call) -> Result:
    """Prove that our C and TFLite Micro agree byte for byte.

    With --board, the firmware on that emulated board is compared too. Exit code 3 on a difference,
    with the first operator that differs.
    """
    config = call.config(VerifyConfig)
    from tinyssl import verify as stage

    result = record_result(stage.verify(config, call.workspace, call.progress))
    if config.board is None:
        return result
    from tinyssl import bench

    device = bench.verify_on_board(config, call.workspace, call.progress)
    table = Table((f"on {config.board}", ""), value_rows(device))
    return Result({**result.data, "device": device}, (*result.blocks, "", table))


command = make_command(verify, stages=("verify",))
