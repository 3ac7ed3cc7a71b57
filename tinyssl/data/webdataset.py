"""WebDataset: tar files whose members of one name are a sample: `0001.jpg`, `0001.cls`."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError
from tinyssl.core.files import Unreadable, read_text
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import DataReader, Pictures, Source
from tinyssl.data.kinds import picture_suffixes
from tinyssl.data.pictures import PICTURE_BYTES, read_source
from tinyssl.data.split_files import SplitFiles, numbered

CLASSES_FILE = "classes.txt"
"""Beside the tars: the classes' names, a line each, number 0 first"""
ANSWER_BYTES = 1 << 20
"""Longest `.cls` or `.json` of a sample"""
LABEL_NAMES = ("label", "cls", "class")
"""Where a `.json` has the class"""


@dataclass
class _TarMember:
    """A sample's picture in its tar."""

    path: Path
    name: str
    offset: int
    length: int
    answer: str = ""


def webdataset_pictures(config: DataConfig, progress: Progress) -> Pictures:
    """The pictures of all tars at or below `data_path`; only their headers and labels are read.

    The class is what `.cls` says, or `label`, `cls` or `class` of `.json`: a number or a name.

    Raises:
        UsageError: No `data_path`.
        DataError: No tar there, or one that cannot be read.
    """
    files = SplitFiles.find(config.data_path, ".tar", "webdataset")
    members: list[_TarMember] = []
    counts = []
    with progress.track("list tars", len(files.paths), "file") as tracker:
        for path in files.paths:
            found = _members(path)
            members += found
            counts.append(len(found))
            tracker.advance()
    if not members:
        raise DataError(f"{files.where} holds tars without pictures", hint="check --data-path")
    names = _class_names(files.paths[0].parent / CLASSES_FILE)
    labels, classes = numbered([member.answer for member in members], names, files.where)

    def content(number: int) -> bytes:
        member = members[number]
        with member.path.open("rb") as file:
            file.seek(member.offset)
            return file.read(min(member.length, PICTURE_BYTES + 1))

    return Pictures(
        names=[f"{printable(member.path.name)}/{printable(member.name)}" for member in members],
        content=content,
        labels=labels,
        where=files.where,
        reading=files.reading("tar"),
        class_names=tuple(classes),
        test=files.split("test", counts),
        val=files.split("val", counts),
    )


def _members(path: Path) -> list[_TarMember]:
    """The pictures of one tar in their order, each with what its neighbours say of its class."""
    suffixes = picture_suffixes()
    found: dict[str, _TarMember] = {}
    answers: dict[str, str] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                folder, _, file = member.name.rpartition("/")
                stem, _, suffix = file.partition(".")
                key = f"{folder}/{stem}"
                if not member.isreg():
                    continue
                if f".{suffix.lower().rpartition('.')[2]}" in suffixes:
                    place = (path, member.name, member.offset_data, member.size)
                    found.setdefault(key, _TarMember(*place))
                elif suffix in ("cls", "json") and member.size <= ANSWER_BYTES:
                    opened = tar.extractfile(member)
                    text = opened.read().decode("utf-8", "replace") if opened else ""
                    answers[key] = _answer(text, suffix) or answers.get(key, "")
    except (tarfile.TarError, OSError) as error:
        raise DataError(
            f"{printable(str(path))} is not a readable tar: {error}",
            hint="tinyssl reads plain tars: unpack a .tar.gz with gunzip",
        ) from error
    for key, member_ in found.items():
        member_.answer = answers.get(key, "")
    return list(found.values())


def _answer(text: str, suffix: str) -> str:
    if suffix == "cls":
        return text.strip()
    try:
        content = json.loads(text)
    except ValueError:
        return ""
    fields = content if isinstance(content, dict) else {}
    return next((str(fields[name]) for name in LABEL_NAMES if name in fields), "")


def _class_names(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        return read_text(path).splitlines()
    except Unreadable as error:
        raise DataError(f"{printable(str(path))}: {error}") from error


def read_webdataset(config: DataConfig, progress: Progress) -> Source:
    """All pictures of `webdataset_pictures` in memory; see `read_source`."""
    return read_source(webdataset_pictures(config, progress), config, progress)


DATASETS = {"webdataset": DataReader(read_webdataset, "image", webdataset_pictures)}
