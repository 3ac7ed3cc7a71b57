"""`--strip-io`: the model without conversions at its ends, as a file of the workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_file
from tinyssl.frontends.tflite.strip import StrippedEnd, strip_ends
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.support import read_supported
from tinyssl.verify.stripped import check_stripped

FOLDER = "stripped"
"""Below the workspace"""
SEED = 0
CHECK_INPUTS = 16


def strip_io(
    path: Path, workspace: Workspace, progress: Progress
) -> tuple[Path, tuple[StrippedEnd, ...]]:
    """Takes the QUANTIZE and DEQUANTIZE off a model's float32 and uint8 ends, and proves it.

    Returns:
        The file, whose name holds a hash of the original, and what was taken off.

    Raises:
        UsageError: There is nothing to take off.
        Mismatch: What is left computes something else.
        ModelError: The model cannot be read or is not supported.
    """
    data = read_file(path)
    model = read_supported(data, path.stem)
    stripped = strip_ends(data, model)
    if not stripped.ends:
        raise UsageError(
            f"{path.name} has no QUANTIZE or DEQUANTIZE at a float32 or uint8 end",
            hint="leave --strip-io out",
        )
    check_stripped(data, stripped, make_inputs(model, CHECK_INPUTS, SEED))
    for end in stripped.ends:
        progress.note(f"model: {end}")
    digest = hashlib.sha256(data).hexdigest()[:8]
    target = workspace.root / FOLDER / f"{path.stem}-{digest}.tflite"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(stripped.data)
    return target, stripped.ends


def stripped_record(ends: Sequence[StrippedEnd]) -> dict[str, Any]:
    """What a record says of the ends; nothing where none was taken off."""
    return {"stripped": [end.as_record() for end in ends]} if ends else {}
