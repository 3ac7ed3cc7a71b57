"""Packs the pictures of any source into shards at training size: the writer of `shards`."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.files import Unreadable, digest_of, new_file, read_json, write_atomic
from tinyssl.core.locks import held
from tinyssl.core.progress import Progress, Tracker
from tinyssl.core.text import printable
from tinyssl.data.base import Images, Indices, Pictures, Reading, Source
from tinyssl.data.packed import PACK_FILE, ImagePack, shard_path
from tinyssl.data.pictures import read_picture, refused, require_all_classes, unreadable
from tinyssl.data.shards import (
    DIGEST_BYTES,
    FORMATS,
    ROLES,
    ShardIndex,
    encode,
    pixel_digest,
    ppm_header,
)

SHARD_BYTES = 1 << 30
SHARD_IMAGES = 20_000
"""A shard ends with whichever comes first; an interrupted packing loses at most one shard"""
THREADS = min(os.cpu_count() or 1, 32)
AHEAD = 8
"""Pictures that each thread may be ahead of the writer"""
LOCK = "lock"
CLASSES_FILE = "classes.txt"


@dataclass(frozen=True)
class _Encoded:
    """A picture as it goes into a shard."""

    data: bytes
    digest: bytes


@dataclass
class _Shard:
    """The shard that is being written."""

    number: int
    rows: list[tuple[int, int, int, int, int, bytes, int]] = field(default_factory=list)
    """Values of a `ShardIndex`, in the order of its fields"""
    names: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)


def pack(
    pictures: Pictures, config: DataConfig, out: Path, suffix: str, progress: Progress
) -> ImagePack:
    """Writes all pictures to shards in `out`, or goes on where an earlier call was interrupted.

    They are written in the order test, val, train of the source's own splits. A picture whose
    pixels at `config.image_size` are those of an earlier one is left out, so what is both in the
    test and in the training split stays in the test.

    Args:
        pictures: What to pack.
        config: Where they come from; `image_size` and `broken` say how they are read.
        out: A new folder, or one that the same call began.
        suffix: One of the `FORMATS`.
        progress: Shows pictures/s.

    Raises:
        UsageError: `out` holds something else, or another process packs into it.
        DataError: The disk is full; a picture is broken and `config.broken` is `stop`; nothing is
            left, or nothing of a class.
    """
    out.mkdir(parents=True, exist_ok=True)
    with held(out / LOCK, f"{printable(str(out))} is being packed"):
        key = _key(pictures, config, suffix)
        if _begin(out, key):
            return ImagePack.open(out)
        packer = _Packer(pictures, config, out, suffix)
        if FORMATS[suffix] is None:
            _require_space(out, len(pictures) * 3 * config.image_size**2)
        try:
            packer.run(progress)
        except OSError as error:
            raise DataError(
                f"cannot write to {printable(str(out))}: {error.strerror or error}",
                hint="free some space and run the same command again: what is done is kept",
            ) from error
        _finish(packer, key)
        return ImagePack.open(out)


def pictures_of(source: Source, where: str) -> Pictures:
    """Images that are in memory already, as what `pack` takes."""
    noun = source.feature_spec.noun
    if source.feature_spec.kind != "image":
        raise UsageError(f"--pack packs images; {where} holds {noun}s", hint="leave it out")
    count = len(source.samples)
    return Pictures(
        names=[str(number) for number in range(count)],
        content=lambda number: source.samples[number],
        labels=source.labels,
        where=where,
        reading=source.reading or Reading({"kind": "arrays", "text": f"{count:,} images"}),
        class_names=source.class_names,
        test=source.test,
        val=source.val,
    )


def _key(pictures: Pictures, config: DataConfig, suffix: str) -> dict[str, Any]:
    """What a pack depends on: two calls with the same key give the same shards."""
    names = hashlib.sha256("\0".join(pictures.names).encode())
    names.update(pictures.labels.astype("<i8").tobytes())
    path = config.data_path
    return {
        "dataset": config.dataset,
        "source": str(path.absolute()) if path else "",
        "state": digest_of(path) if path else "",
        "names": names.hexdigest(),
        "image_size": config.image_size,
        "format": suffix,
    }


def _begin(out: Path, key: dict[str, Any]) -> bool:
    """Whether the pack is there already; else notes in `out` what will be packed.

    Raises:
        UsageError: `out` holds something else.
    """
    shown = printable(str(out))
    if (out / PACK_FILE).exists():
        try:
            facts = read_json(out / PACK_FILE)
        except Unreadable as error:
            raise DataError(f"{shown}/{PACK_FILE}: {error}", hint="delete the folder") from error
        if not isinstance(facts, dict) or facts.get("key") != key:
            raise UsageError(
                f"{shown} holds a pack of other pictures, or of another size or format",
                hint="name another folder, or delete that one",
            )
        for left in out.glob(".*.tmp"):  # of a call that was killed
            left.unlink()
        return bool(facts.get("complete"))
    if any(path.name != LOCK for path in out.iterdir()):
        raise UsageError(f"{shown} is not empty", hint="name a folder that does not exist yet")
    write_atomic(out / PACK_FILE, json.dumps({"key": key, "complete": False}).encode())
    return False


class _Packer:
    """Decodes in threads and writes in order, so that two runs give the same shards."""

    def __init__(self, pictures: Pictures, config: DataConfig, out: Path, suffix: str) -> None:
        self.pictures, self.config, self.out, self.suffix = pictures, config, out, suffix
        self.role = np.zeros(len(pictures), np.uint8)
        for name in ("val", "test"):
            split: Indices | None = getattr(pictures, name)
            if split is not None:
                self.role[split] = ROLES.index(name)
        self.order = np.argsort(-self.role.astype(int), kind="stable")
        self.shards = 0
        self._first: dict[bytes, int] = {}
        """Digest -> number of the picture that has it"""
        self._kept: set[int] = set()
        """Labels of the pictures that are kept"""

    def run(self, progress: Progress) -> None:
        """Writes all shards that are missing."""
        done = self._recall()
        with progress.track("pack", len(self.order), "image") as tracker:
            tracker.advance(done)
            stream = self._decoded(done)
            while done < len(self.order):
                done = self._write_shard(stream, done, tracker)
                self.shards += 1
        if not self._first:
            raise DataError(
                f"none of the {len(self.order):,} pictures of {self.pictures.where} can be read",
                hint="`tinyssl data` without --pack names them",
            )
        require_all_classes(self.pictures, np.array(sorted(self._kept), np.int64))

    def _recall(self) -> int:
        """How many pictures the shards on disk deal with; remembers what these hold."""
        done = 0
        while shard_path(self.out, self.shards, "npz").exists():
            shard = ShardIndex.read(shard_path(self.out, self.shards, "npz"))
            self._first |= {
                row.tobytes(): int(at) for row, at in zip(shard.digest, shard.position, strict=True)
            }
            self._kept |= set(np.unique(shard.label).tolist())
            done = int(shard.facts["done"])
            self.shards += 1
        return done

    def _decoded(self, start: int) -> Iterator[_Encoded | str]:
        """The pictures in their order, decoded some way ahead; a reason for a broken one."""
        with ThreadPoolExecutor(THREADS) as pool:
            waiting: deque[Future[_Encoded | str]] = deque()
            try:
                for number in self.order[start:].tolist():
                    waiting.append(pool.submit(self._encode, number))
                    if len(waiting) > THREADS * AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _encode(self, number: int) -> _Encoded | str:
        side = self.config.image_size
        image: Images | str = read_picture(self.pictures.content(number), (side, side))
        if isinstance(image, str):
            return image
        return _Encoded(encode(image, self.suffix), pixel_digest(image))

    def _write_shard(self, stream: Iterator[_Encoded | str], done: int, tracker: Tracker) -> int:
        """Writes the next shard; returns how many pictures are dealt with then."""
        shard = _Shard(self.shards)
        path = shard_path(self.out, shard.number, "tar")
        with new_file(path) as temporary, tarfile.open(temporary, "w") as tar:
            while done < len(self.order):
                self._add(shard, tar, int(self.order[done]), next(stream))
                done += 1
                tracker.advance()
                if len(shard.rows) >= SHARD_IMAGES or tar.offset >= SHARD_BYTES:
                    break
        self._write_index(shard, done)
        return done

    def _add(self, shard: _Shard, tar: tarfile.TarFile, number: int, found: _Encoded | str) -> None:
        pictures = self.pictures
        if isinstance(found, str):
            part = refused(pictures, number, found)
            if self.config.broken == "stop":
                raise unreadable(pictures, [part])
            shard.broken.append((part.name, part.reason))
            return
        same = self._first.setdefault(found.digest, number)
        if same != number:
            shard.duplicates.append((pictures.names[number], f"equal to {pictures.names[same]}"))
            return
        label = int(pictures.labels[number])
        offset = _add_member(tar, f"{number:09d}.{self.suffix}", found.data)
        if pictures.class_names:
            _add_member(tar, f"{number:09d}.cls", str(label).encode())
        header = len(ppm_header(self.config.image_size, self.config.image_size))
        skip = header if FORMATS[self.suffix] is None else 0
        content = memoryview(found.data)[skip:]
        row = (offset + skip, len(content), zlib.crc32(content), label, int(self.role[number]))
        shard.rows.append((*row, found.digest, number))
        shard.names.append(pictures.names[number])
        self._kept.add(label)

    def _write_index(self, shard: _Shard, done: int) -> None:
        facts = {
            "done": done,
            "names": shard.names,
            "broken": shard.broken,
            "duplicates": shard.duplicates,
        }
        columns: list[Any] = list(zip(*shard.rows, strict=True)) or [()] * 7
        digest = np.frombuffer(b"".join(columns[5]), np.uint8).reshape(
            len(shard.rows), DIGEST_BYTES
        )
        buffer = io.BytesIO()
        np.savez(
            buffer,
            allow_pickle=False,
            offset=np.array(columns[0], np.int64),
            length=np.array(columns[1], np.int64),
            crc=np.array(columns[2], np.uint32),
            label=np.array(columns[3], np.int64),
            role=np.array(columns[4], np.uint8),
            digest=digest,
            position=np.array(columns[6], np.int64),
            state=np.frombuffer(json.dumps(facts).encode(), np.uint8),
        )
        write_atomic(shard_path(self.out, shard.number, "npz"), buffer.getvalue())


def _add_member(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    """Adds a file to a tar; returns where its first byte lies."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    return tar.offset - -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _finish(packer: _Packer, key: dict[str, Any]) -> None:
    """Marks the pack as complete."""
    pictures, reading = packer.pictures, packer.pictures.reading
    if pictures.class_names:
        names = "\n".join(pictures.class_names) + "\n"
        write_atomic(packer.out / CLASSES_FILE, names.encode())
    own = [name for name in ("val", "test") if getattr(pictures, name) is not None]
    facts = {
        "key": key,
        "complete": True,
        "image_size": packer.config.image_size,
        "format": packer.suffix,
        "shards": packer.shards,
        "class_names": list(pictures.class_names),
        "own_splits": own,
        "layout": reading.layout,
        "left_out": [part.as_json() for part in reading.left_out],
        "warnings": list(reading.warnings),
    }
    write_atomic(packer.out / PACK_FILE, json.dumps(facts).encode())


def _require_space(out: Path, needed: int) -> None:
    """Raises DataError where what is in `out` and what is free are less than `needed` bytes."""
    held_already = sum(path.stat().st_size for path in out.glob("*.tar"))
    free = shutil.disk_usage(out).free
    if needed > free + held_already:
        raise DataError(
            f"the pack needs {needed:,} bytes in {printable(str(out))}, {free:,} are free",
            hint="use --pack-format jpg or webp, a smaller --image-size or another disk",
        )
