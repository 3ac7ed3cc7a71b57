"""Mutates small pictures and reads them: whatever is damaged must end as words, never as a crash.

    python -m tools.mutate_images --count 50000 --seed 1

Pictures of many formats and modes are made here, with and without metadata. Each mutation flips,
changes, cuts out, doubles or puts in bytes. Exit status 1 where one of them raises anything, or
gives neither pixels nor a reason; the bytes are then left in --keep.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tinyssl.data.pictures import read_picture

SIDE = 16
"""Of the pictures that are read"""
PLAIN = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA", "ICO", "PCX")
MODES = {"PNG": ("1", "L", "LA", "P", "RGBA", "I;16"), "JPEG": ("L", "CMYK"), "WEBP": ("RGBA",)}
SUFFIX = {"JPEG": "jpg", "TIFF": "tif"}


def seeds() -> list[tuple[str, bytes]]:
    """(extension, file) of sound pictures."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    files = [(name, _saved(picture, name)) for name in PLAIN]
    files += [
        (name, _saved(_in_mode(picture, mode), name)) for name in MODES for mode in MODES[name]
    ]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "maker", 72.0
    for name in ("JPEG", "PNG", "WEBP", "TIFF"):
        files.append((name, _saved(picture, name, exif=exif)))
    for name in ("GIF", "WEBP", "PNG", "TIFF"):
        frames = [picture.transpose(Image.Transpose.ROTATE_180)]
        files.append((name, _saved(picture, name, save_all=True, append_images=frames)))
    return [(SUFFIX.get(name, name.lower()), data) for name, data in files]


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    return picture.convert(mode)


def _saved(picture: Image.Image, name: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few changes, most of them near the start: headers and metadata are there."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        end = len(changed) if chance.random() < 0.5 else min(len(changed), 200)
        at = chance.randrange(max(end, 1))
        match chance.randrange(6):
            case 0 | 1 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 2:
                changed[at : at + 1] = chance.choice((b"\0", b"\xff", b"\x7f", b"\x80"))
            case 3:
                changed[at : at + 4] = chance.randbytes(4)
            case 4:
                del changed[at : at + chance.randint(1, 8)]
            case _:
                changed[at:at] = changed[at : at + chance.randint(1, 16)]
    if chance.random() < 0.1:
        del changed[chance.randrange(max(len(changed), 1)) :]
    return bytes(changed)


def outcomes(count: int, seed: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """(read, refused or what it raised; the file) of `count` mutated pictures."""
    chance, sound = random.Random(seed), seeds()
    for number in range(count):
        suffix, data = sound[number % len(sound)]
        path = folder / f"{number}.{suffix}"
        path.write_bytes(mutate(data, chance))
        yield _outcome(path), path
        path.unlink(missing_ok=True)


def _outcome(path: Path) -> str:
    try:
        found = read_picture(path, (SIDE, SIDE))
    except BaseException as error:  # the campaign is about what gets through
        return f"raised {type(error).__name__}: {error}"
    if isinstance(found, str):
        return "refused" if found else "refused without a reason"
    return "read" if found.shape == (SIDE, SIDE, 3) else f"shape {found.shape}"


def main() -> int:
    """Runs the campaign; 1 where something got through."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("mutated-images"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for outcome, path in outcomes(options.count, options.seed, Path(folder)):
            tally[outcome] += 1
            if outcome not in ("read", "refused"):
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / path.name).write_bytes(path.read_bytes())
    for outcome, count in tally.most_common():
        sys.stdout.write(f"{count:8,} {outcome}\n")
    return int(bool(set(tally) - {"read", "refused"}))


if __name__ == "__main__":
    sys.exit(main())
