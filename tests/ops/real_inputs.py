"""Real inputs of the MLPerf Tiny models, from ../shared/data where it is there."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

DATA = Path(__file__).parents[2].parent / "shared" / "data"

Int8 = NDArray[np.int8]

FILES = {
    "vww_96_int8": ("coco256/coco256.npz", 96),
    "pretrainedResnet_quant": ("cifar100/part1.npz", 32),
    "kws_ref_model": ("kws/kws01_1000.npz", 0),
}
"""Model -> file, and side of its images (0: features that are int8 already)"""


def real_inputs(model: str, count: int) -> list[Int8]:
    """The first inputs of a model's data, each with a batch of one; fewer where there are fewer."""
    file, side = FILES[model]
    path = DATA / file
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{file}")
    with np.load(path) as content:
        if side == 0:
            return [row.reshape(1, 49, 10, 1) for row in content["features"][:count]]
        blob, offsets = content["blob"], content["offsets"][: count + 1]
        parts = pairwise(offsets)
        return [_image(blob[start:end].tobytes(), side) for start, end in parts]


def _image(data: bytes, side: int) -> Int8:
    """The middle square as the model sees it: pixels less 128."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        least = min(image.size)
        left, top = (image.width - least) // 2, (image.height - least) // 2
        box = (left, top, left + least, top + least)
        pixels = np.asarray(image.convert("RGB").resize((side, side), box=box), np.int16)
    return (pixels - 128).astype(np.int8)[None]
