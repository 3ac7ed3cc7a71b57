"""Which images a probe measures with. Loads no torch: it is asked before the stage starts."""

from __future__ import annotations

from tinyssl.core.config import DataConfig, ProbeConfig
from tinyssl.core.records import read_record
from tinyssl.stages.call import Call


def probe_data(call: Call, config: ProbeConfig) -> DataConfig | None:
    """The labelled images; None: those of the pretrain run, as they were.

    What the user says about the data changes the pretrain run's settings and does not replace them:
    features of another image size would be worse, and nobody would know why.
    """
    if not call.given(DataConfig):
        return None
    if config.backbone is not None:
        from tinyssl.learn.backbones.storage import load_info

        return call.config(DataConfig, image_size=load_info(config.backbone)[1].image_size)
    from tinyssl.data import data_config_of

    source = (
        read_record(call.workspace.run_folder(config.run))
        if config.run
        else call.workspace.latest("pretrain")
    )
    recorded = vars(data_config_of(source))
    chosen = call.config(DataConfig, **recorded)
    if chosen.dataset == recorded["dataset"]:
        return chosen
    return call.config(DataConfig, image_size=recorded["image_size"])
