"""Encoded pictures of a source (`Pictures`): how they are decoded, and what is broken."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import Content, Images, Indices, Pictures, Reading, Source
from tinyssl.data.kinds import ADVICE, FOUND_ADVICE, recognise, register_plugins
from tinyssl.data.left_out import BROKEN_PICTURE, LeftOutPicture, counted
from tinyssl.data.limits import require_memory
from tinyssl.data.pixels import Size, fit_to, to_rgb

NAMED = 10
"""Broken pictures that an error names"""
PICTURE_BYTES = 1 << 30
"""Largest file that is opened; some decoders read all of it before they look at it"""
REPAIR = "repair these files, delete them or move them out of the folder"


def refused(pictures: Pictures, number: int, reason: str) -> LeftOutPicture:
    """Picture `number`, which cannot be read, with what it really is."""
    content, name = pictures.content(number), pictures.names[number]
    kind = "" if isinstance(content, np.ndarray) else recognise(content)
    return LeftOutPicture(name, _reason(name, reason, kind), kind)


def unreadable(pictures: Pictures, broken: Sequence[LeftOutPicture]) -> DataError:
    """Names the broken pictures, so that they can be dealt with in one go."""
    named = "; ".join(f"{pictures.where}/{part.name} ({part.reason})" for part in broken[:NAMED])
    more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    known = ADVICE | FOUND_ADVICE
    kinds = dict.fromkeys(part.content for part in broken[:NAMED])
    ways = [f"{kind}: {known[kind]}" for kind in kinds if kind in known]
    return DataError(
        f"{len(broken):,} of {len(pictures):,} pictures cannot be read: {named}{more}",
        hint="; ".join([*ways, REPAIR]),
    )


def read_source(pictures: Pictures, config: DataConfig, progress: Progress) -> Source:
    """All pictures decoded into memory, those that are broken left out or refused.

    Raises:
        DataError: They do not fit into memory; some are broken and `config.broken` is `stop`; all
            are, or all of a class.
    """
    images, broken = decode(pictures, (config.image_size, config.image_size), progress)
    lost = np.array(sorted(broken), np.int64)
    kept = np.setdiff1d(np.arange(len(pictures)), lost)
    found = [refused(pictures, number, broken[number]) for number in sorted(broken)]
    if found and (config.broken == "stop" or not len(kept)):
        raise unreadable(pictures, found)
    require_all_classes(pictures, pictures.labels[kept])
    return Source(
        images,
        pictures.labels[kept],
        pictures.class_names,
        _positions(pictures.test, kept),
        _positions(pictures.val, kept),
        with_left_out(pictures.reading, broken=found),
    )


def with_left_out(
    reading: Reading,
    broken: Sequence[LeftOutPicture] = (),
    duplicates: Sequence[LeftOutPicture] = (),
) -> Reading:
    """The reading, with pictures that were left out counted and listed in it."""
    counts = counted(BROKEN_PICTURE, broken) + counted("duplicate", duplicates)
    return replace(
        reading,
        left_out=reading.left_out + counts,
        broken=tuple(broken),
        duplicates=tuple(duplicates),
    )


def require_all_classes(pictures: Pictures, kept: Indices) -> None:
    """Raises DataError where the labels `kept` lack a class that `pictures` has."""
    missing = np.setdiff1d(pictures.labels, kept)
    if len(missing):
        number = int(missing[0])
        count = int((pictures.labels == number).sum())
        raise DataError(
            f"none of the {count:,} pictures of {pictures.class_names[number]} can be read",
            hint="repair them, or delete the class",
        )


def _positions(split: Indices | None, kept: Indices) -> Indices | None:
    """A split's indices among the pictures that are kept."""
    return None if split is None else np.flatnonzero(np.isin(kept, split)).astype(np.int64)


def decode(pictures: Pictures, size: Size, progress: Progress) -> tuple[Images, dict[int, str]]:
    """(n, height, width, 3) of the pictures that can be read, and number -> reason of the others.

    Raises:
        DataError: They do not fit into memory.
    """
    shape = (len(pictures), *size, 3)
    what = f"{shape[0]:,} pictures of {size[0]}x{size[1]}"
    require_memory(int(np.prod(shape, dtype=object)), what)
    images = np.empty(shape, np.uint8)
    broken: dict[int, str] = {}

    def read(number: int) -> Images | str:
        return read_picture(pictures.content(number), size)

    with (
        ThreadPoolExecutor() as pool,  # decoders release the interpreter lock
        progress.track("read images", len(images), "image") as tracker,
    ):
        for number, result in enumerate(pool.map(read, range(len(pictures)))):
            if isinstance(result, str):
                broken[number] = result
            else:
                images[number - len(broken)] = result
            tracker.advance()
    return images[: len(images) - len(broken)], broken


def read_picture(content: Content, size: Size) -> Images | str:
    """The picture as (*size, 3), or why it cannot be read."""
    if isinstance(content, np.ndarray):
        return content
    register_plugins()
    try:
        size_bytes = content.stat().st_size if isinstance(content, Path) else len(content)
        if size_bytes > PICTURE_BYTES:
            return f"{size_bytes:,} bytes; {PICTURE_BYTES:,} are the most"
        file = content if isinstance(content, Path) else io.BytesIO(content)
        with Image.open(file) as picture:
            return fit_to(to_rgb(picture), size)
    except UnidentifiedImageError:
        return "no format that Pillow knows"
    except Exception as error:  # decoders raise whatever their own code trips over
        words = "" if str(error) == "None" else str(error)
        if words and isinstance(error, (OSError, ValueError, SyntaxError)):
            return words
        return f"{type(error).__name__}: {words}".removesuffix(": ")


def _reason(name: str, reason: str, kind: str) -> str:
    """What is wrong, and what the file really is where its name says something else."""
    suffix = Path(name).suffix.lower().strip(".").replace("jpg", "jpeg")
    if not kind or kind.lower() == suffix:
        return printable(reason)
    return kind if kind == "empty file" else f"{printable(reason)}; by its content: {kind}"
