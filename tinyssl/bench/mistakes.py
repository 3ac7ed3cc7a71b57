"""The pictures that a device got most wrong, as small PNG files for the report."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from tinyssl.bench.judge import Judge
from tinyssl.bench.subject import Samples
from tinyssl.data.spec import Samples as Array

MOST = 24
"""Pictures that are kept"""
MOST_SIDE = 96
"""Pixels; larger ones are made smaller"""


def worst_pictures(judge: Judge, samples: Samples) -> dict[str, Any] | None:
    """The clearest mistakes with their pictures; None where there are none, or no pictures.

    Returns:
        `class_names` and `mistakes`, the worst first: `number` (in the test split), `label`,
        `answer` (positions in `class_names`), `margin` (of the two scores) and `png` (base64).
    """
    split = samples.split
    if split is None or split.spec.kind != "image":
        return None
    found = [
        {
            "number": int(samples.numbers[mistake.position]),
            "label": mistake.label,
            "answer": mistake.answer,
            "margin": mistake.margin,
            "png": _png(split.samples[mistake.position]),
        }
        for mistake in judge.mistakes(MOST)
    ]
    return {"class_names": list(judge.class_names), "mistakes": found} if found else None


def _png(pixels: Array) -> str:
    """A picture (h, w, 1 or 3) of bytes as base64."""
    picture = Image.fromarray(np.squeeze(pixels, axis=2) if pixels.shape[2] == 1 else pixels)
    picture.thumbnail((MOST_SIDE, MOST_SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
