"""A model that tells red pictures from blue ones, with ends of any type, and such pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.ops.flatfile import Flatfile

SIDE = 8
SHADES = {"blue": (20, 60, 230), "red": (240, 50, 10)}
"""Class -> its colour"""
UNIT, SIGNED = (1 / 255, -128), (2 / 255, -1)
"""Scale and zero point of int8 pixels in [0, 1] and in [-1, 1]"""


def colours(kind: str = "int8", pixels: tuple[float, int] = UNIT) -> bytes:
    """The file; scores are blue, red.

    Args:
        kind: Element type of input and output: int8, uint8 or float32.
        pixels: Scale and zero point of the int8 input.
    """
    file = Flatfile()
    scale, zero = pixels
    start = inside = file.activation((1, SIDE, SIDE, 3), scale, zero, name="pixels")
    if kind != "int8":
        other = zero + 128 if kind == "uint8" else 0
        inside = start
        start = file.activation((1, SIDE, SIDE, 3), scale, other, kind, name="camera")
        file.operator("QUANTIZE", [start], [inside])
    pooled = file.activation((1, 1, 1, 3), scale, zero)
    file.operator(
        "AVERAGE_POOL_2D", [inside], [pooled], 2, padding=1, strideW=1, strideH=1,
        filterWidth=SIDE, filterHeight=SIDE,
    )  # fmt: skip
    weight = file.constant(np.array([[-90, 0, 90], [90, 0, -90]], np.int8), [0.01])
    bias = file.constant(np.zeros(2, np.int32), [scale * 0.01])
    scores = file.activation((1, 2), 0.01, 7)
    file.operator("FULLY_CONNECTED", [pooled, weight, bias], [scores], 4)
    if kind != "int8":
        quantised = kind == "uint8"
        last = file.activation((1, 2), 0.01, 135 if quantised else 0, kind, name="scores")
        file.operator("QUANTIZE" if quantised else "DEQUANTIZE", [scores], [last])
    return file.data(inputs=[start])


def save_pictures(folder: Path, count: int = 4) -> Path:
    """`count` noisy pictures of each class, in class folders."""
    source = np.random.default_rng(1)
    for name, colour in SHADES.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            noise = source.integers(-15, 16, (SIDE + 4, SIDE + 2, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder
