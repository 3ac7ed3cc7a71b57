"""Data sets by name. A new one is a file in this folder, a line in `DATASETS` and its name in
`config.DataConfig.dataset`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import RunRecord
from tinyssl.data.base import Dataset, Reading, Source, fingerprint
from tinyssl.data.cifar import read_cifar10, read_cifar100
from tinyssl.data.digits import read_digits
from tinyssl.data.folder import read_folder
from tinyssl.data.kinds import EXPECTED
from tinyssl.data.kws import read_kws
from tinyssl.data.left_out import advice, describe
from tinyssl.data.limits import unreadable
from tinyssl.data.npz import read_npz
from tinyssl.data.splits import split
from tinyssl.data.table import read_table
from tinyssl.data.tones import read_tones
from tinyssl.data.wav_folder import read_wav_folder
from tinyssl.data.windows import read_windows

DATASETS: dict[str, Callable[[DataConfig, Progress], Source]] = {
    "digits": read_digits,
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "folder": read_folder,
    "npz": read_npz,
    "tones": read_tones,
    "kws": read_kws,
    "wav": read_wav_folder,
    "windows": read_windows,
    "table": read_table,
}
"""Name -> reader"""
KINDS = dict.fromkeys(("digits", "cifar10", "cifar100", "folder", "npz"), "image") | {
    "tones": "audio",
    "kws": "audio",
    "wav": "audio",
    "windows": "sensor",
    "table": "table",
}
"""Name -> kind of its samples, where that is known without reading them"""

_ADAPTER = TypeAdapter(DataConfig)


def load_dataset(config: DataConfig, progress: Progress = Silent()) -> Dataset:  # noqa: B008 - stateless
    """Reads all samples of a source into memory and splits them.

    Args:
        config: Which samples, and how they are split.
        progress: Told of the reading, how a folder was understood and what was left out.

    Raises:
        DataError: Samples or labels that cannot be read, or too few for three splits.
        UsageError: `data_path` is needed and missing.
    """
    try:
        source = DATASETS[config.dataset](config, progress)
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
    content: dict[str, Any] = _ADAPTER.dump_python(replace(config, data_path=path), mode="json")
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
    return run.checked(_ADAPTER, run.config["data"])


__all__ = [
    "DATASETS",
    "KINDS",
    "Dataset",
    "Source",
    "data_config_json",
    "data_config_of",
    "load_dataset",
]
