"""`tinyssl data --pack`."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.output import Result, Table
from tinyssl.cli.stage_result import reading_lines
from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.files import Unreadable, read_text
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.data.base import Pictures

PACK_FORMATS = ("ppm", "webp", "jpg")
PACK_OPTIONS = (
    click.Option(
        ["--pack"], type=click.Path(file_okay=False), metavar="OUT",
        help="Write the pictures at --image-size to shards, from which training reads them "
        "batch by batch: for data that does not fit into memory",
    ),
    click.Option(
        ["--pack-format"], type=click.Choice(PACK_FORMATS), default="ppm",
        help="ppm: plain pixels, the fastest; webp: the same pixels, on less disk; jpg: a tenth "
        "of the disk, and slightly other pixels", show_default=True,
    ),
    click.Option(
        ["--class-names"], type=click.Path(dir_okay=False), metavar="FILE",
        help="With --pack, the classes' names: a text file, a name a line, label 0 first",
    ),
)  # fmt: skip


def packed(
    call: Call, config: DataConfig, out: Path, pack_format: str, class_names: str | None
) -> Result:
    """Packs a data set; the table and JSON of what is in the shards."""
    from tinyssl.data.packed import shard_path
    from tinyssl.data.packing import pack

    started = time.perf_counter()
    pictures = _pictures(config, call)
    if class_names is not None:
        pictures = _named(pictures, Path(class_names))
    done = pack(pictures, config, out, pack_format, call.progress)
    size = sum(shard_path(out, at, "tar").stat().st_size for at in range(len(done.shards)))
    reading = done.reading().as_record()
    count = sum(len(shard.label) for shard in done.shards)
    summary: dict[str, Any] = {
        "pack": out,
        "images": count,
        "image_size": config.image_size,
        "format": pack_format,
        "shards": len(done.shards),
        "bytes": size,
        "seconds": time.perf_counter() - started,
        "class_names": list(pictures.class_names),
        **reading,
    }
    rows = [
        ["images", f"{count:,} of {config.image_size}x{config.image_size}"],
        ["shards", f"{len(done.shards):,} ({pack_format})"],
        ["bytes", f"{size:,}"],
        ["broken", f"{len(done.left_out('broken')):,}"],
        ["duplicates", f"{len(done.left_out('duplicates')):,}"],
    ]
    train = f"--dataset packed --data-path {out} --image-size {config.image_size}"
    lines = ["", *reading_lines(reading), f"next: tinyssl pretrain {train}"]
    return Result(summary, [Table(("pack", ""), rows), *lines])


def _pictures(config: DataConfig, call: Call) -> Pictures:
    """The pictures of any data set that has some."""
    from tinyssl.data import find_reader
    from tinyssl.data.limits import unreadable
    from tinyssl.data.packing import pictures_of

    reader = find_reader(config.dataset).value
    if reader.kind not in ("image", None):
        raise UsageError(f"--pack packs images; {config.dataset} holds none", hint="leave it out")
    try:
        found = reader.pictures(config, call.progress) if reader.pictures else None
        return found or pictures_of(reader.read(config, call.progress), config.dataset)
    except OSError as error:
        raise unreadable(config.data_path, error) from error


def _named(pictures: Pictures, path: Path) -> Pictures:
    """The pictures with other names of their classes."""
    from tinyssl.data.names import checked_names

    try:
        names = checked_names(read_text(path).splitlines(), str(path))
    except Unreadable as error:
        raise UsageError(f"--class-names {path}: {error}", hint="check the path") from error
    if len(names) < len(pictures.class_names) or not pictures.class_names:
        raise DataError(
            f"{path} names {len(names)} classes; the labels are of {len(pictures.class_names)}",
            hint="write a name for each label, label 0 first",
        )
    return replace(pictures, class_names=names)
