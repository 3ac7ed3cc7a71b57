"""Data sets by name: those in the dictionaries `DATASETS` of this package's modules, those of
packages and of files.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from tinyssl.core import plugin_trust, plugins
from tinyssl.core.config import DataConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import RunRecord
from tinyssl.data.base import DataReader, Dataset, Reading, Source, fingerprint
from tinyssl.data.kinds import EXPECTED
from tinyssl.data.left_out import advice, describe
from tinyssl.data.limits import unreadable
from tinyssl.data.splits import split

DATASETS: dict[str, DataReader] = plugins.collect(plugins.DATASETS)
"""Name -> reader, of those that tinyssl ships"""


def _problem(value: object) -> str:
    if isinstance(value, DataReader):
        return ""
    if not callable(value):
        return "is neither a function nor a DataReader"
    try:
        inspect.signature(value).bind(DataConfig(), Silent())
    except (TypeError, ValueError):
        return "does not take (config, progress)"
    return ""


_REGISTRY = plugins.Registry[Any](plugins.DATASETS, DATASETS, _problem)


def find_reader(name: str) -> plugins.Found[DataReader]:
    """The reader of the data set `name`: one of ours, of a package, or `FILE.py:FUNCTION`.

    Raises:
        UsageError: There is none (the hint suggests the nearest), or it reads no data set.
    """
    found = _REGISTRY.find(name)
    value = found.value if isinstance(found.value, DataReader) else DataReader(found.value)
    return plugins.Found(found.name, value, found.origin)


def load_dataset(config: DataConfig, progress: Progress = Silent()) -> Dataset:  # noqa: B008 - stateless
    """Reads all samples of a source into memory and splits them.

    Args:
        config: Which samples, and how they are split.
        progress: Told of the reading, how a folder was understood and what was left out.

    Raises:
        DataError: Samples or labels that cannot be read, or too few for three splits.
        UsageError: `data_path` is needed and missing.
    """
    found = find_reader(config.dataset)
    try:
        with plugins.blamed(found):
            source = found.value.read(config, progress)
    except OSError as error:
        raise unreadable(config.data_path, error) from error
    if source.reading is not None:
        _report_reading(source.reading, progress)
    splits = split(source, config)
    train, val, test = splits
    return Dataset(
        name=config.dataset,
        samples=source.samples,
        labels=source.labels,
        class_names=source.class_names,
        train=train,
        val=val,
        test=test,
        fingerprint=fingerprint(source, splits),
        labelled=bool(source.class_names),
        spec=source.feature_spec,
        reading=source.reading,
        targets=source.targets,
        target_names=source.target_names,
        task=config.task,
    )


def _report_reading(reading: Reading, progress: Progress) -> None:
    progress.note(f"layout: {reading.layout['text']}")
    for text in reading.warnings:
        progress.warn(text)
    worth = [part for part in reading.left_out if part.kind not in EXPECTED]
    if worth:
        ways = advice(worth)
        progress.warn(f"left out: {describe(worth)}" + (f". {ways}" if ways else ""))


def data_config_json(config: DataConfig) -> dict[str, Any]:
    """The config as plain JSON values, paths absolute: what a record stores under `data`."""
    path = config.data_path.absolute() if config.data_path else None
    content: dict[str, Any] = config_json(replace(config, data_path=path))
    return content


def data_config_of(run: RunRecord) -> DataConfig:
    """The data config of a pretrain or probe run, from its record.

    Raises:
        UsageError: The record holds none, or one that cannot be right.
    """
    if "data" not in run.config:
        raise UsageError(
            f"{run.folder} does not say which data it used",
            hint="name the data set with --dataset, or run `tinyssl pretrain` again",
        )
    config = run.checked(DataConfig, run.config["data"])
    plugin_trust.require_named(config.dataset, run.folder)
    task = plugin_trust.relocated(config.task) if config.task else None
    plugin_trust.require_named(task or "", run.folder)
    return replace(config, task=task)


__all__ = [
    "DATASETS",
    "DataReader",
    "Dataset",
    "Source",
    "data_config_json",
    "data_config_of",
    "find_reader",
    "load_dataset",
]
