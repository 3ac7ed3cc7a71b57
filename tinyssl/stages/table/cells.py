"""Cells of a table: a row with a seed, what it runs, and which runs it has already left.

A cell is found again by its settings and its images, not by a name: the same settings in another
table, or run by hand, are the same cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from tinyssl.core.config import DataConfig, EvaluateConfig, PretrainConfig, ProbeConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.fields import Fields
from tinyssl.core.optimizers import settled
from tinyssl.core.plugins import BACKBONES, METHODS, TASKS, is_plugin
from tinyssl.core.records import RunRecord
from tinyssl.core.settings import Layer, Setting, resolve
from tinyssl.stages.table.images import describe_images
from tinyssl.stages.table.spec import TableRow, TableSpec

NO_MATTER = frozenset(
    {
        "resume",
        "checkpoint_every",
        "checkpoint_seconds",
        "device",
        "stop_on_collapse",
        "keep_every",
        "knn_every",
        "tensorboard",
        "processes",
    }
)
"""Fields of `PretrainConfig` that do not change what is learnt"""


@dataclass(frozen=True)
class Cell:
    """One row with one seed."""

    row: TableRow
    seed: int
    data: DataConfig
    pretrain: PretrainConfig
    probe: ProbeConfig
    images: Mapping[str, Any]
    """What the data set holds, as in a run record: fingerprint, sizes of the splits"""
    method_config: Mapping[str, Any]
    """All options of the method, defaults too"""
    method_defaults: Mapping[str, Any]
    """What an option of the method is where an older record lacks it"""
    evaluate: EvaluateConfig | None = None
    """What is measured beyond the probe; None: nothing"""

    @property
    def name(self) -> str:
        return f"{self.row.name} seed {self.seed}"

    @property
    def epoch_steps(self) -> int:
        """Steps of an epoch, at least 1."""
        images = self.pretrain.batch_size * self.pretrain.accumulate
        return max(int(self.images["train"]) // images, 1)

    @property
    def steps(self) -> int:
        """Of its whole training."""
        trains = self.pretrain.method != "random"
        return self.epoch_steps * (self.pretrain.epochs or 0) if trains else 0

    @cached_property
    def key(self) -> str:
        """16 hex digits over all that decides the pretrained weights."""
        return _digest(
            _pretrain_identity(
                _as_recorded(settled(self.pretrain), self.data), self.method_config, self.images
            )
        )

    def is_pretrain(self, run: RunRecord) -> bool:
        """True where the pretrain run has this cell's settings, seed and images."""
        if run.seed != self.seed or run.data.get("fingerprint") != self.images["fingerprint"]:
            return False
        options = run.config.get("method_config", {})
        if not isinstance(options, Mapping):
            return False
        options = {**self.method_defaults, **options}
        return _digest(_pretrain_identity(run.config, options, run.data)) == self.key

    def is_probe(self, run: RunRecord, pretrain: RunRecord) -> bool:
        """True where the probe run is that of `pretrain` with this cell's settings."""
        named = str(run.config.get("run"))
        return named == str(pretrain.folder.absolute()) and self._is_measured(run)

    def is_kept_probe(self, run: RunRecord, backbone: Path) -> bool:
        """True where the probe run is that of a kept backbone with this cell's settings."""
        named = str(run.config.get("backbone"))
        return named == str(backbone.absolute()) and self._is_measured(run)

    def _is_measured(self, run: RunRecord) -> bool:
        return (
            _has_settings(run, config_json(self.probe, exclude={"run", "backbone", "force"}))
            and run.data.get("fingerprint") == self.images["fingerprint"]
            and Fields(run.config).fields("data").text("task") == (self.data.task or "")
        )

    def is_evaluation(self, run: RunRecord, probe: RunRecord) -> bool:
        """True where the evaluate run is that of `probe` with this cell's settings."""
        if self.evaluate is None or str(run.config.get("run")) != str(probe.folder.absolute()):
            return False
        return _has_settings(run, config_json(self.evaluate, exclude={"run"}))


def _has_settings(run: RunRecord, asked: Mapping[str, Any]) -> bool:
    """True where a run was made with these; what an older record lacks is taken to be the same."""
    return all(run.config.get(name, value) == value for name, value in asked.items())


def make_cells(spec: TableSpec) -> list[Cell]:
    """All cells, seed by seed: after the first seed there is a whole table.

    Raises:
        UsageError: A setting that cannot be right.
        DataError: Images that cannot be read.
    """
    return [_make(spec, row, seed) for seed in spec.seeds for row in spec.rows]


def _make(spec: TableSpec, row: TableRow, seed: int) -> Cell:
    from tinyssl.learn.methods import find_method, method_config  # torch: takes seconds to load
    from tinyssl.learn.train.schedule import default_epochs

    layers = spec.layers
    own: Layer = {"seed": Setting(seed, "seeds")}
    pretrain = resolve(PretrainConfig, [own, row.settings, layers.get("pretrain", {})])
    data = resolve(DataConfig, [layers.get("data", {})])
    images = describe_images(data)
    epochs = pretrain.epochs or default_epochs(images["train"])
    pretrain = replace(pretrain, epochs=max(round(epochs * row.epochs_share), 1))
    options = method_config(pretrain.method, pretrain.method_options)
    if not find_method(pretrain.method).value.needs_teacher:
        pretrain = without_teacher(pretrain)
    defaults = config_json(method_config(pretrain.method, {}))
    probe = resolve(ProbeConfig, [layers.get("probe", {})])
    asked = layers.get("evaluate")
    evaluate = None if asked is None else resolve(EvaluateConfig, [asked])
    content = config_json(options)
    return Cell(row, seed, data, pretrain, probe, images, content, defaults, evaluate)


def without_teacher(config: PretrainConfig) -> PretrainConfig:
    """The same settings with those of the teacher at their defaults: nobody asks one."""
    defaults = PretrainConfig()
    names = [field.name for field in fields(config) if field.name.startswith("teacher")]
    return replace(config, **{name: getattr(defaults, name) for name in names})


def _pretrain_identity(
    config: Mapping[str, Any], method_config: Mapping[str, Any], images: Mapping[str, Any]
) -> dict[str, Any]:
    """All that decides the weights; a field that an older record lacks has its default.

    The options of the method stand in for those that were given: defaults may change with time.
    """
    defaults = _defaults()
    teacher = config.get("teacher")
    taught = isinstance(teacher, Mapping)  # else the method had none, whatever was named
    settings = {
        name: config.get(name, default) if taught or not name.startswith("teacher") else default
        for name, default in defaults.items()
        if name not in NO_MATTER and name != "method_options"
    }
    settings["teacher"] = teacher.get("given") if isinstance(teacher, Mapping) else None
    plugins = config.get("plugins")  # other code makes other weights
    return ({"plugins": plugins} if plugins else {}) | {
        "settings": settings,
        "method": dict(method_config),
        "images": images.get("fingerprint"),
    }


def _as_recorded(config: PretrainConfig, data: DataConfig) -> dict[str, Any]:
    """The settings as a record would hold them."""
    content = config_json(config)
    if config.teacher is not None:
        path = Path(config.teacher)
        given = str(path.absolute()) if path.exists() else config.teacher
        content["teacher"] = {"given": given}
    named = ((METHODS, config.method), (BACKBONES, config.backbone), (TASKS, data.task or ""))
    if any(is_plugin(group, name) for group, name in named):
        from tinyssl.learn.train.setup import plugin_origins  # torch: takes seconds to load

        content["plugins"] = plugin_origins(config, data.task)
    return content


@cache
def _defaults() -> dict[str, Any]:
    return config_json(settled(PretrainConfig()))


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
