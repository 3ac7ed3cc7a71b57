"""`omniglot`: handwritten characters of many alphabets, 20 drawings each (Lake et al. 2015).

The official archives are read as they are: `images_background*.zip` for the training (turned by
right angles, as usual, so that each character makes four classes), `images_evaluation.zip` for
unseen devices. Without the latter every fourth alphabet is kept for them.
"""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.text import printable
from tinyssl.data.episodes.base import MetaSettings
from tinyssl.data.episodes.networks import small_cnn
from tinyssl.data.episodes.ways import ClassPool, WayFamily
from tinyssl.graph.model import Model

SIDE = 28
TURNS = 4
KEPT = 4
"""Every so many alphabets one is unseen, where no archive of unseen ones is there"""
LARGEST = 64 << 10
"""Bytes of a drawing's file"""
MOST = 100_000
"""Files of an archive"""
PARTS = 4
"""archive/alphabet/character/drawing.png"""
HINT = (
    "get images_background.zip (or images_background_small1.zip and …small2.zip) and "
    "images_evaluation.zip from https://github.com/brendenlake/omniglot, folder python, and name "
    "their folder"
)

Alphabets = dict[str, dict[str, NDArray[np.float32]]]
"""Alphabet -> character -> drawings (n, 28, 28, 1), ink is 1"""


class Omniglot(WayFamily):
    """5 characters."""

    title = "5 handwritten characters"
    settings: ClassVar[MetaSettings] = MetaSettings(
        learning_rate=0.02, steps=50, rounds=5000, meta_rate=0.2, online_steps=25
    )
    query: ClassVar[int] = 5

    def read(self) -> tuple[ClassPool, ClassPool]:
        train, unseen = read_omniglot(self.data)
        return pool_of(train, turns=TURNS), pool_of(unseen)

    def network(self, seed: int = 0) -> Model:
        """Three convolutions and a dense layer."""
        return small_cnn("omniglot", self.shape, (16, 32, 32), self.ways, seed)


def pool_of(alphabets: Alphabets, turns: int = 1) -> ClassPool:
    """Each character a class; with turns, each turn of it by 90 degrees another."""
    named = {
        f"{alphabet}/{character}" + (f" turned by {90 * turn}" if turn else ""): np.rot90(
            drawings, turn, (1, 2)
        )
        for alphabet, characters in alphabets.items()
        for character, drawings in characters.items()
        for turn in range(turns)
    }
    return ClassPool(tuple(named), tuple(named.values()))


def read_omniglot(data: Path | None) -> tuple[Alphabets, Alphabets]:
    """Alphabets of the training, and unseen ones.

    Args:
        data: Folder with the archives.

    Raises:
        UsageError: No folder, or no archive in it.
        DataError: An archive that cannot be read, or of another layout.
    """
    if data is None:
        raise UsageError("family omniglot needs the archives of Omniglot", hint=HINT)
    found = sorted(data.glob("images_background*.zip")) if data.is_dir() else []
    if not found:
        raise UsageError(f"no images_background*.zip in {printable(str(data))}", hint=HINT)
    train: Alphabets = {}
    for path in found:
        train |= _alphabets(path)
    evaluation = data / "images_evaluation.zip"
    if evaluation.exists():
        return train, _alphabets(evaluation)
    names = sorted(train)
    kept = names[KEPT - 1 :: KEPT]
    return (
        {name: train[name] for name in names if name not in kept},
        {name: train[name] for name in kept},
    )


def _alphabets(path: Path) -> Alphabets:
    drawings: dict[str, dict[str, list[NDArray[np.float32]]]]
    drawings = defaultdict(lambda: defaultdict(list))
    try:
        with zipfile.ZipFile(path) as archive:
            files = [each for each in archive.infolist() if each.filename.endswith(".png")]
            for info in sorted(files[:MOST], key=lambda each: each.filename):
                parts = info.filename.split("/")
                if len(parts) != PARTS or info.file_size > LARGEST:
                    raise DataError(f"{printable(info.filename)} is no drawing of a character")
                drawings[parts[1]][parts[2]].append(_drawing(archive.read(info)))
    except (OSError, zipfile.BadZipFile, DataError, SyntaxError, ValueError) as error:
        shown = printable(str(path))
        raise DataError(f"{shown} is no archive of Omniglot: {error}", hint=HINT) from error
    if not drawings:
        raise DataError(f"{printable(str(path))} holds no drawing", hint=HINT)
    return {
        alphabet: {name: np.stack(each) for name, each in characters.items()}
        for alphabet, characters in drawings.items()
    }


def _drawing(data: bytes) -> NDArray[np.float32]:
    """(28, 28, 1): the share of ink in each pixel."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        grey = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    ink = 1 - np.asarray(grey, np.float32) / np.float32(255)
    return ink[..., np.newaxis].astype(np.float32)


FAMILIES = {"omniglot": Omniglot}
