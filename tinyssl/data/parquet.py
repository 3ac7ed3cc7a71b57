"""Parquet files with pictures in a column, as the Hugging Face Hub keeps data sets."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import DataReader, Pictures, Source, part_of
from tinyssl.data.pictures import read_source
from tinyssl.data.split_files import SplitFiles, numbered

PICTURE_COLUMNS = ("image", "img", "picture", "photo")
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")
GROUPS = 2
"""Row groups whose pictures are kept in memory"""


def _library() -> Any:
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            "dataset parquet needs the package pyarrow", hint="pip install 'tinyssl[parquet]'"
        ) from error


@dataclass
class _ParquetFile:
    """One Parquet file."""

    path: Path
    column: str
    """That holds the pictures: a struct with `bytes`, or binary"""
    rows: tuple[int, ...]
    """Of each row group"""
    _kept: dict[int, list[bytes | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def starts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """First row of each row group, and the number of rows."""
        return np.cumsum([0, *self.rows], dtype=np.int64)

    def picture(self, row: int) -> bytes:
        """The encoded picture of a row; empty where it has none."""
        group, place = part_of(self.starts, row)
        with self._lock:
            if group not in self._kept:
                while len(self._kept) >= GROUPS:
                    del self._kept[next(iter(self._kept))]
                self._kept[group] = self._read(group)
            return self._kept[group][place] or b""

    def _read(self, group: int) -> list[bytes | None]:
        table = _library().ParquetFile(self.path).read_row_group(group, [self.column])
        column = table.column(0).combine_chunks()
        if column.type.num_fields:
            column = column.field("bytes")
        found: list[bytes | None] = column.to_pylist()
        return found


def parquet_pictures(config: DataConfig, progress: Progress) -> Pictures:
    """The pictures of all Parquet files at or below `data_path`; only labels are read.

    Raises:
        UsageError: No `data_path`, or pyarrow is missing.
        DataError: No Parquet file there, one that cannot be read, or none with pictures.
    """
    files = SplitFiles.find(config.data_path, ".parquet", "parquet")
    library = _library()
    opened: list[_ParquetFile] = []
    answers: list[str] = []
    names: list[str] = []
    with progress.track("list Parquet files", len(files.paths), "file") as tracker:
        for path in files.paths:
            try:
                file = library.ParquetFile(path)
                opened.append(_opened(path, file))
                found, names = _answers(file, names)
            except (OSError, ValueError) as error:  # pyarrow's errors derive from these
                raise DataError(
                    f"{printable(str(path))} is not a readable Parquet file: {error}",
                    hint="check --data-path",
                ) from error
            answers += found
            tracker.advance()
    counts = [int(file.starts[-1]) for file in opened]
    labels, classes = numbered(answers, names, files.where)
    starts = np.cumsum([0, *counts])

    def content(number: int) -> bytes:
        at, row = part_of(starts, number)
        return opened[at].picture(row)

    return Pictures(
        names=[
            f"{printable(file.path.name)}/{row}"
            for file, count in zip(opened, counts, strict=True)
            for row in range(count)
        ],
        content=content,
        labels=labels,
        where=files.where,
        reading=files.reading("Parquet"),
        class_names=tuple(classes),
        test=files.split("test", counts),
        val=files.split("val", counts),
    )


def _opened(path: Path, file: Any) -> _ParquetFile:
    schema = file.schema_arrow
    hub = _hub_features(schema)
    marked = [name for name, kind in hub.items() if kind.get("_type") == "Image"]
    fitting = [name for name in (*marked, *PICTURE_COLUMNS) if name in schema.names]
    if not fitting:
        raise DataError(
            f"{printable(str(path))} has no column of pictures; it has "
            f"{printable(', '.join(schema.names[:10]))}",
            hint=f"name it {PICTURE_COLUMNS[0]}: a struct with `bytes`, or binary",
        )
    meta = file.metadata
    rows = tuple(meta.row_group(at).num_rows for at in range(meta.num_row_groups))
    return _ParquetFile(path, fitting[0], rows)


def _hub_features(schema: Any) -> dict[str, dict[str, Any]]:
    """What the Hub notes of each column; nothing where it wrote none."""
    try:
        noted = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: kind for name, kind in noted.items() if isinstance(kind, dict)}
    except (KeyError, ValueError, TypeError):
        return {}


def _answers(file: Any, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Answers of all rows as text, and the classes' names where the file says them."""
    schema = file.schema_arrow
    column = next((name for name in LABEL_COLUMNS if name in schema.names), None)
    if column is None:
        return [""] * file.metadata.num_rows, list(names)
    values = file.read([column]).column(0).to_pylist()
    kind = _hub_features(schema).get(column, {})
    listed = [str(name) for name in kind.get("names", ())] or list(names)
    unlabelled = all(value is None or value == -1 for value in values)
    texts = ["" if unlabelled or value is None else str(value) for value in values]
    return texts, listed


def read_parquet(config: DataConfig, progress: Progress) -> Source:
    """All pictures of `parquet_pictures` in memory; see `read_source`."""
    return read_source(parquet_pictures(config, progress), config, progress)


DATASETS = {"parquet": DataReader(read_parquet, "image", parquet_pictures)}
