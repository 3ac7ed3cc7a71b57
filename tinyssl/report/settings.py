"""What makes two runs runs of different settings, over records of different ages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyssl.core.config import PretrainConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.optimizers import settled
from tinyssl.report.lineage import Lineage
from tinyssl.report.values import Fields

NOT_A_SETTING = frozenset(
    {
        "checkpoint_every",
        "data",
        "device",
        "global_batch",
        "keep_every",
        "knn_every",
        "method_options",
        "parameters",
        "processes",
        "resume",
        "seed",
        "stop_on_collapse",
        "teacher",
        "tensorboard",
        "threads",
    }
)
"""Config entries of a pretrain run that do not make it another setting (the teacher and the options
are compared by what they came to, `teacher` and `method_config`)"""
NOT_OF_THE_PROBE = frozenset({"run", "data", "seed", "baseline", "folds", "force", "min_accuracy"})


def settings_of(found: Sequence[Lineage]) -> list[dict[str, Any]]:
    """All that makes each of them another setting than others, by name.

    `method_config` holds the method's options; what the probe was told has `probe_` before its
    name. A setting that is younger than a record has its default in it. An option of a method that
    is younger is off in it: null, false or 0, whichever the newer records of that method have.
    """
    return _completed([_config(lineage) for lineage in found])


def options_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """All options of the method; none where the record does not say them."""
    options = config.get("method_config")
    return options if isinstance(options, dict) else {}


def _config(lineage: Lineage) -> dict[str, Any]:
    pretrain = lineage.pretrain
    known = config_json(settled(PretrainConfig())) | pretrain.config  # older records lack some
    kept = {k: v for k, v in known.items() if k not in NOT_A_SETTING}
    teacher = Fields(pretrain.config).fields("teacher")
    kept["teacher"] = teacher.text("sha256")
    kept["images"] = Fields(pretrain.data).text("fingerprint")
    probe = {} if lineage.probe is None else lineage.probe.config
    own = {k: v for k, v in probe.items() if k not in NOT_OF_THE_PROBE}
    return kept | {f"probe_{name}": value for name, value in own.items()}


def _completed(configs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    off: dict[tuple[str, str], Any] = {}
    for config in configs:
        for name, value in options_of(config).items():
            if value is None or not value:
                key = str(config.get("method")), name
                off[key] = value if value is None else off.get(key, value)
    return [
        config | {"method_config": _later_ones(config, off) | options_of(config)}
        if options_of(config)
        else config
        for config in configs
    ]


def _later_ones(config: Mapping[str, Any], off: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    method = str(config.get("method"))
    return {name: value for (of, name), value in off.items() if of == method}
