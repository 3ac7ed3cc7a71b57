"""The process that opens a model in its own framework: `python -m … JOB.json`.

Reads the model and the calibration data, writes `float.tflite`, `calibration.npz` (an array an
input, (n, *shape)) and `expected.npz` (an array an output, of the framework itself) into the job's
folder. What it prints is the converter's log; a reason to stop stands in `error.json`.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.convert.frameworks import Framework
from tinyssl.convert.frameworks.base import Floats, FloatSource
from tinyssl.convert.frameworks.samples import read_samples
from tinyssl.core.errors import TinysslError
from tinyssl.core.files import read_json

FLOAT_FILE = "float.tflite"
CALIBRATION_FILE = "calibration.npz"
EXPECTED_FILE = "expected.npz"
ERROR_FILE = "error.json"
COMPARED = 8
"""Calibration inputs that the framework itself computes"""


@dataclass(frozen=True)
class Job:
    """What the child does."""

    framework: Framework
    model: str
    """Absolute path, or `FILE.py:FACTORY`"""
    shapes: tuple[tuple[int, ...], ...]
    """Of the inputs as the framework has them; none: the model says them"""
    calibration: str
    count: int
    """Most calibration samples"""
    pixels: str | None
    """See `PixelScale`; None where no pictures are read"""
    folder: Path

    def save(self) -> Path:
        """Writes the file that `load` reads."""
        path = self.folder / "job.json"
        path.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Job:
        """Of a file that `save` wrote."""
        found: dict[str, Any] = read_json(path)
        return cls(
            Framework(**found["framework"]),
            found["model"],
            tuple(tuple(shape) for shape in found["shapes"]),
            found["calibration"],
            found["count"],
            found["pixels"],
            path.parent,
        )


def work(job: Job) -> None:
    """Everything but the report of an error."""
    module = importlib.import_module(f"tinyssl.convert.frameworks.{job.framework.module}")
    source: FloatSource = getattr(module, job.framework.source)(job.model, job.shapes)
    samples = read_samples(Path(job.calibration), source.inputs, job.count, job.pixels)
    with tempfile.TemporaryDirectory(dir=job.folder) as folder:
        (job.folder / FLOAT_FILE).write_bytes(source.export(samples, Path(folder)))
    expected = [source.run(each) for each in samples[:COMPARED]]
    names = [each.name for each in source.inputs]
    _save(job.folder / CALIBRATION_FILE, names, samples)
    _save(job.folder / EXPECTED_FILE, [str(at) for at in range(len(expected[0]))], expected)


def _save(path: Path, names: list[str], rows: list[list[Floats]]) -> None:
    columns = [np.stack(column).astype(np.float32) for column in zip(*rows, strict=True)]
    # Positions, as a name may hold what a zip entry cannot; `names` keeps them.
    arrays = {str(at): column for at, column in enumerate(columns)}
    np.savez(path, allow_pickle=False, names=np.array(names, np.str_), **arrays)


def main() -> int:
    """Returns 1 where there is an `error.json`."""
    job = Job.load(Path(sys.argv[1]))
    try:
        work(job)
    except TinysslError as error:
        told = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    except ImportError as error:
        told = {"kind": "ImportError", "message": str(error), "hint": ""}
    except Exception as error:  # whatever a framework raises on a model
        told = {"kind": type(error).__name__, "message": str(error)[-2000:], "hint": ""}
    else:
        return 0
    (job.folder / ERROR_FILE).write_text(json.dumps(told), encoding="utf-8")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
