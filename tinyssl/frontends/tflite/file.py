"""Model files: read with a limit."""

from __future__ import annotations

from pathlib import Path

from tinyssl.core.errors import UsageError

LARGEST = 64 * 2**20
"""Bytes of a model file: several times the flash of any microcontroller"""


def read_file(path: Path) -> bytes:
    """The bytes of a model file.

    Raises:
        UsageError: It cannot be read, is no file, or is larger than LARGEST.
    """
    hint = "name a .tflite file, or leave --model out to take the last converted one"
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a file", hint=hint)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read the model {path}: {reason}", hint=hint) from error
    if len(data) > LARGEST:
        raise UsageError(
            f"{path} has {path.stat().st_size:,} bytes; tinyssl reads models of up to {LARGEST:,}",
            hint="a model for a microcontroller is smaller than its flash: quantise it to INT8",
        )
    return data
