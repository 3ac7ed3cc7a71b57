"""Where a pretrain run keeps backbones of its way: `kept/<steps done>.safetensors`."""

from __future__ import annotations

from pathlib import Path

KEPT = "kept"


def kept_file(run: Path, step: int) -> Path:
    """The file of the backbone as it was after so many steps of a run."""
    return run / KEPT / f"{step}.safetensors"


def kept_backbones(run: Path) -> dict[int, Path]:
    """Steps done -> file, in the order of the steps."""
    found = {
        int(path.stem): path for path in (run / KEPT).glob("*.safetensors") if path.stem.isdecimal()
    }
    return dict(sorted(found.items()))
