"""`tinyssl probe`."""

from __future__ import annotations

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import record_result
from tinyssl.config import DataConfig, ProbeConfig
from tinyssl.records import read_record


def probe(call: Call) -> Result:
    """Measure a backbone: linear probe and kNN on frozen features.

    A randomly initialised backbone is measured beside it. The data set is that of the pretrain run
    unless one is given; what is not said about it (the image size, say) is as it was there.
    """
    config = call.config(ProbeConfig)
    data = probe_data(call, config)
    from tinyssl import probes  # after the options were checked: torch takes seconds to load

    return record_result(probes.probe(config, data, call.workspace, call.progress))


def probe_data(call: Call, config: ProbeConfig) -> DataConfig | None:
    """The labelled images; None: those of the pretrain run, as they were.

    What the user says about the data changes the pretrain run's settings and does not replace them:
    features of another image size would be worse, and nobody would know why.
    """
    if not call.given(DataConfig):
        return None
    if config.backbone is not None:
        from tinyssl.backbones.storage import load_info

        return call.config(DataConfig, image_size=load_info(config.backbone)[1].image_size)
    from tinyssl.datasets import data_config_of

    source = read_record(config.run) if config.run else call.workspace.latest("pretrain")
    recorded = vars(data_config_of(source))
    chosen = call.config(DataConfig, **recorded)
    if chosen.dataset == recorded["dataset"]:
        return chosen
    return call.config(DataConfig, image_size=recorded["image_size"])


command = make_command(probe, stages=("probe", "data"))
