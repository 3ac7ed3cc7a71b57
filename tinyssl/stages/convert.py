"""The stage `convert`: an INT8 .tflite from a probe run, or from a model of another framework."""

from __future__ import annotations

from tinyssl.core.config import ConvertConfig
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, Workspace


def convert(config: ConvertConfig, workspace: Workspace, progress: Progress) -> RunRecord:
    """Converts `config.model`, else the probe run; see `convert_model` and `convert_probe`."""
    # Each imports what the other does without: torch takes seconds to load.
    if config.model is not None:
        from tinyssl.stages.convert_model import convert_model

        return convert_model(config, workspace, progress)
    from tinyssl.stages.convert_probe import convert_probe

    return convert_probe(config, workspace, progress)
