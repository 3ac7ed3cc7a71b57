"""`tinyssl report`."""

from __future__ import annotations

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import ReportConfig
from tinyssl.stages.call import Call


def report(call: Call) -> Result:
    """Write one self-contained HTML page, and a Markdown version, from the records."""
    config = call.config(ReportConfig)
    from tinyssl.stages import report as stage

    return record_result(stage.report(config, call.workspace, call.progress))


command = make_command(report, stages=("report",))
