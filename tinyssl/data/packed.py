"""The data set `packed`: what `tinyssl data --pack` wrote, read batch by batch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.files import Unreadable, read_json
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import DataReader, Indices, Reading, Source
from tinyssl.data.left_out import LeftOut, LeftOutPicture
from tinyssl.data.pictures import with_left_out
from tinyssl.data.shards import AGAIN, FORMATS, ROLES, PackedImages, ShardIndex

PACK_FILE = "pack.json"


@dataclass(frozen=True)
class ImagePack:
    """A folder of shards."""

    folder: Path
    facts: dict[str, Any]
    """`pack.json`"""
    shards: tuple[ShardIndex, ...]

    @classmethod
    def open(cls, folder: Path) -> ImagePack:
        """Reads the indices of a complete pack.

        Raises:
            DataError: There is none, it is not complete, or it is damaged.
        """
        shown = printable(str(folder))
        try:
            facts = read_json(folder / PACK_FILE)
        except Unreadable as error:
            raise DataError(f"{shown} holds no pack: {PACK_FILE}: {error}", hint=AGAIN) from error
        fields = Fields(facts if isinstance(facts, dict) else {})
        count, side = fields.integer("shards"), fields.integer("image_size")
        if fields.get("complete") is not True:
            raise DataError(
                f"{shown} is not packed completely", hint="run the same `tinyssl data --pack` again"
            )
        if count is None or not side or fields.text("format") not in FORMATS:
            raise DataError(f"{shown}/{PACK_FILE} is damaged", hint=AGAIN)
        shards = tuple(ShardIndex.read(shard_path(folder, at, "npz")) for at in range(count))
        return cls(folder, facts, shards)

    def images(self) -> PackedImages:
        """Of all shards."""
        tars = [shard_path(self.folder, at, "tar") for at in range(len(self.shards))]
        return PackedImages(
            tars, self.shards, self.facts["image_size"], plain=FORMATS[self.facts["format"]] is None
        )

    def labels(self) -> Indices:
        """Of all images."""
        return np.concatenate([np.empty(0, np.int64), *(shard.label for shard in self.shards)])

    def split(self, role: str) -> Indices | None:
        """Images of a split that the source has of its own; None where it has no such split."""
        if role not in self.facts["own_splits"]:
            return None
        roles = np.concatenate([np.empty(0, np.uint8), *(shard.role for shard in self.shards)])
        return np.flatnonzero(roles == ROLES.index(role)).astype(np.int64)

    def digest(self) -> bytes:
        """Of all images in their order, whatever the shards."""
        whole = hashlib.sha256(f"{self.facts['image_size']} ".encode())
        if self.facts["format"] == "jpg":  # other pixels than those that were digested
            whole.update(b"jpg ")
        for shard in self.shards:
            whole.update(shard.digest.tobytes())
        return whole.digest()

    def left_out(self, kind: str) -> tuple[LeftOutPicture, ...]:
        """`broken` or `duplicates`, in the order of the source."""
        found = (entry for shard in self.shards for entry in shard.facts[kind])
        return tuple(LeftOutPicture(name, reason) for name, reason in found)

    def reading(self) -> Reading:
        """How the source was understood when it was packed."""
        facts = self.facts
        before = tuple(
            LeftOut(part["kind"], part["count"], tuple(part["examples"]))
            for part in facts["left_out"]
        )
        return with_left_out(
            Reading(facts["layout"], before, tuple(facts["warnings"])),
            self.left_out("broken"),
            self.left_out("duplicates"),
        )


def shard_path(folder: Path, number: int, suffix: str) -> Path:
    """`000000.tar` of shard 0."""
    return folder / f"{number:06d}.{suffix}"


def read_packed(config: DataConfig, _: Progress) -> Source:
    """Opens a pack; its images stay on disk.

    Raises:
        UsageError: No `data_path`, or another `image_size` than the pack's.
        DataError: A pack that is missing, not complete or damaged.
    """
    if config.data_path is None:
        raise UsageError("dataset packed needs a folder", hint="name it with --data-path OUT")
    pack = ImagePack.open(config.data_path)
    side = pack.facts["image_size"]
    if config.image_size != side:
        raise UsageError(
            f"the pack holds images of {side}x{side} pixels, --image-size is {config.image_size}",
            hint=f"use --image-size {side}, or pack the pictures again at {config.image_size}",
        )
    try:
        return Source(
            pack.images(),
            pack.labels(),
            tuple(pack.facts["class_names"]),
            pack.split("test"),
            pack.split("val"),
            pack.reading(),
            digest=pack.digest(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{printable(str(config.data_path))} is damaged: {error!r}", hint=AGAIN
        ) from error


DATASETS = {"packed": DataReader(read_packed, "image")}
