"""Makes the clips and pictures of a new class in examples/: a doorbell, a traffic sign.

    python -m tools.example_data

Drawn from a seed, so that the files in the repository can be made again.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tools.stamp import ROOT

COUNT = 10
"""Files of each class"""
RATE = 8000
SIDE = 64
SEED = 15


def doorbell(random: np.random.Generator) -> NDArray[np.uint8]:
    """Ding-dong: two strokes of a bell, the second one a third lower; 8 bits, 8 kHz."""
    t = np.arange(RATE) / RATE
    high = random.uniform(600, 900)
    starts = random.uniform(0.02, 0.15), random.uniform(0.4, 0.5)
    clip = random.normal(0, random.uniform(0.002, 0.02), RATE)
    for start, pitch in zip(starts, (high, high * 0.8), strict=True):
        after = np.maximum(t - start, 0)
        stroke = np.exp(-after * random.uniform(5, 8)) * (t >= start)
        for overtone, share in ((1, 1.0), (2.76, 0.4), (5.4, 0.15)):  # of a struck bar
            clip += share * stroke * np.sin(2 * np.pi * pitch * overtone * after)
    clip *= random.uniform(0.4, 0.95) / np.abs(clip).max()
    return np.round(128 + 127 * clip).astype(np.uint8)


def stop_sign(random: np.random.Generator) -> Image.Image:
    """A red octagon with a white bar in front of a blurred background."""
    coarse = random.integers(40, 220, (4, 4, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    centre = random.uniform(0.42, 0.58, 2) * SIDE
    radius, turn = random.uniform(0.3, 0.42) * SIDE, random.uniform(-0.15, 0.15)
    angles = np.arange(8) * np.pi / 4 + np.pi / 8 + turn
    for size, colour in ((1.0, (240, 240, 240)), (0.9, (190 + int(random.integers(50)), 20, 30))):
        points = centre + size * radius * np.stack([np.cos(angles), np.sin(angles)], 1)
        draw.polygon([(float(x), float(y)) for x, y in points], fill=colour)
    left, top = centre - radius * np.array([0.6, 0.15])
    right, bottom = centre + radius * np.array([0.6, 0.15])
    draw.rectangle((left, top, right, bottom), fill=(240, 240, 240))
    return picture


def write(folder: Path) -> None:
    """All files."""
    random = np.random.default_rng(SEED)
    for name in ("doorbell", "stop_sign"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(COUNT):
        with wave.open(str(folder / "doorbell" / f"{number:02}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(RATE)
            file.writeframes(doorbell(random).tobytes())
        stop_sign(random).save(folder / "stop_sign" / f"{number:02}.png", optimize=True)


if __name__ == "__main__":
    write(ROOT / "examples")
