"""The C that turns frames of a camera into a model's input: `camera.*` and `camera_frame.*`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.codegen.literals import rows
from tinyssl.codegen.render import firmware_text, render
from tinyssl.core.errors import UsageError
from tinyssl.core.sources import Sources
from tinyssl.data.base import Images
from tinyssl.data.camera import CameraFrame, fitted
from tinyssl.data.resample import ONE_BITS, Resampling, axis_of, fit_spans
from tinyssl.graph.interface import ValueInfo
from tinyssl.graph.model import DType
from tinyssl.ops.common.params import c_type

FILES = ("camera_frame.h", "camera_frame.c")


@dataclass(frozen=True)
class CameraPlan:
    """How a frame becomes an input."""

    frame: CameraFrame
    shape: tuple[int, int, int]
    """Height, width and channels of the input"""
    across: Resampling
    down: Resampling
    across_first: bool
    """The order of the passes that Pillow takes: each rounds"""

    @property
    def scratch(self) -> int:
        """Bytes that the C needs beside frame and input."""
        samples = self.across.span[1] - self.across.span[0]
        wide = self.across.outputs if self.across_first else samples
        lines = self.down.taps * wide + 2 * max(self.across.outputs, samples)
        return self.frame.format.channels * lines


def camera_plan(frame: CameraFrame, value: ValueInfo) -> CameraPlan:
    """The plan for an input; checked against Pillow with a picture of noise.

    Args:
        frame: What the camera gives.
        value: The model's input.

    Raises:
        UsageError: The model takes no picture, or this version of Pillow resizes in another way.
    """
    if not value.is_picture:
        raise UsageError(
            f"--camera {frame.text}: the model takes {value.text}, no picture",
            hint="leave --camera out",
        )
    height, width, channels = value.shape[1:]
    spans = fit_spans((frame.height, frame.width), (height, width))
    down = axis_of(frame.height, spans[0], height)
    across = axis_of(frame.width, spans[1], width)
    noise = np.random.default_rng(0).integers(0, 256, (frame.height, frame.width, 3))
    picture = noise.astype(np.uint8)
    wanted = fitted(picture, (height, width, 3))
    for across_first in (True, False):
        plan = CameraPlan(frame, (height, width, channels), across, down, across_first)
        if np.array_equal(resized(plan, picture), wanted):
            return plan
    raise UsageError(
        f"--camera {frame.text}: this version of Pillow resizes in a way that is not known here",
        hint="update tinyssl, or install the Pillow of its constraints.txt",
    )


def resized(plan: CameraPlan, picture: Images) -> Images:
    """What the two passes make of a picture (height, width, channels)."""
    passes = [(plan.across, 1), (plan.down, 0)]
    for axis, number in passes if plan.across_first else passes[::-1]:
        picture = _pass(axis, picture, number)
    return picture


def _pass(axis: Resampling, picture: Images, number: int) -> Images:
    samples = np.moveaxis(picture, number, 0).astype(np.int64)
    sums = [
        np.tensordot(weights, samples[first : first + axis.taps], 1)
        for first, weights in zip(axis.first, axis.weights, strict=True)
    ]
    found = (np.stack(sums) + (1 << ONE_BITS - 1) >> ONE_BITS).clip(0, 255)
    return np.moveaxis(found, 0, number).astype(np.uint8)


def render_camera(plan: CameraPlan, codes: NDArray[Any]) -> Sources:
    """The generated plan and the code that follows it.

    Args:
        plan: How a frame becomes an input.
        codes: (256, channels): what each pixel is to the model.
    """
    context = {
        "frame": plan.frame,
        "format": f"TINYSSL_CAMERA_{plan.frame.format.name.upper()}",
        "shape": plan.shape,
        "across": _axis_context(plan.across),
        "down": _axis_context(plan.down),
        "across_first": int(plan.across_first),
        "scratch": plan.scratch,
        "codes": rows(codes.T.reshape(-1)),
        "code_count": codes.size,
        "code_type": c_type(DType(codes.dtype.name)),
        "code_bytes": codes.dtype.itemsize,
    }
    files = {name: firmware_text(f"camera/{name}") for name in FILES}
    return files | {name: render(f"camera/{name}.j2", context) for name in ("camera.h", "camera.c")}


def _axis_context(axis: Resampling) -> dict[str, Any]:
    table, numbers = np.unique(axis.weights, axis=0, return_inverse=True)
    start, stop = axis.span
    return {
        "first": rows(axis.first),
        "row": rows(numbers.reshape(-1)),
        "weights": rows(table.reshape(-1)),
        "rows": len(table),
        "outputs": axis.outputs,
        "taps": axis.taps,
        "start": start,
        "samples": stop - start,
    }
