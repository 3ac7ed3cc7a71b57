"""The pictures that the device got most wrong."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any

from tinyssl.report.axes import WIDTH
from tinyssl.report.chain import Chain, stored_json
from tinyssl.report.page import PageSection, Picture
from tinyssl.report.values import Fields

SIDE = 96
"""Of a tile, in pixels of the drawing"""
GAP = 20
TEXT = 44
"""Height of the two lines under a tile"""
LONGEST = 15
"""Characters of a class's name that fit under a tile"""
ENLARGED = 64
"""Pictures with fewer pixels a side are enlarged without smoothing"""
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mistakes(chain: Chain) -> PageSection | None:
    """The clearest wrong answers of the device, each with its picture."""
    stored = Fields(stored_json(chain.bench, "mistakes"))
    names = [str(name) for name in stored.get("class_names") or []]
    tiles = [tile for row in stored.rows("mistakes") if (tile := _tile(row, names)) is not None]
    if not tiles:
        return None
    across = max(WIDTH // (SIDE + GAP), 1)
    for number, tile in enumerate(tiles):
        tile["x"] = number % across * (SIDE + GAP)
        tile["y"] = number // across * (SIDE + TEXT)
    height = -(-len(tiles) // across) * (SIDE + TEXT)
    picture = Picture(
        name="mistakes",
        template="gallery",
        data={"tiles": tiles, "side": SIDE, "width": WIDTH, "height": height},
        title=f"{len(tiles)} pictures that the device got wrong",
        caption="Each as the model saw it. First line: the device's answer; second line: the"
        " right one. Sorted by how far the wrong score is above the right one.",
    )
    lead = "Look for what they share: a wrong label, an odd angle, too few of a class."
    return PageSection("mistakes", "Worst mistakes", lead, (picture,))


def _tile(row: Fields, names: list[str]) -> dict[str, Any] | None:
    """A picture with its two lines; None where the record is damaged."""
    label, answer, png = row.integer("label"), row.integer("answer"), row.text("png")
    size = _size(png)
    if label is None or answer is None or size is None:
        return None
    said, right = _name(names, answer), _name(names, label)
    return {
        "png": png,
        "small": max(size) < ENLARGED,
        "answer": _short(said),
        "label": _short(right),
        "title": f"number {row.integer('number')}: {said}, right is {right}",
    }


def _size(png: str) -> tuple[int, int] | None:
    """Width and height of a PNG in base64; None where it is none."""
    try:
        head = base64.b64decode(png, validate=True)[:24]
    except (binascii.Error, ValueError):
        return None
    if len(head) < 24 or not head.startswith(SIGNATURE):
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _name(names: list[str], number: int) -> str:
    return names[number] if 0 <= number < len(names) else f"class {number}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
