"""`tinyssl probe`."""

from __future__ import annotations

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.config import DataConfig, ProbeConfig


def probe(call: Call) -> Result:
    """Measure a backbone: linear probe and kNN on frozen features.

    A randomly initialised backbone is measured beside it. The data set is that of the pretrain run
    unless one is given.
    """
    data = call.config(DataConfig) if call.given(DataConfig) else None
    config = call.config(ProbeConfig)
    from tinyssl import probes  # after the options were checked: torch takes seconds to load

    return record_result(probes.probe(config, data, call.workspace, call.progress))


command = make_command(probe, stages=("probe", "data"))
