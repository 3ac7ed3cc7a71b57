"""Accuracy of the float and the INT8 model on the same images, and the gate between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import AccuracyDrop
from tinyssl.core.progress import Progress, Silent
from tinyssl.runtimes.inputs import wire_to_model
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter


@dataclass(frozen=True)
class Accuracy:
    """Fractions in [0, 1] over the same images."""

    exact: float
    """Float model, LiteRT"""
    int8: float
    """INT8 model, TFLM"""
    images: int

    @property
    def drop(self) -> float:
        """Loss from float to INT8 in points; negative where INT8 is better."""
        return 100 * (self.exact - self.int8)

    def gate(self, max_drop: float) -> None:
        """Refuses a loss above `max_drop` points.

        Raises:
            AccuracyDrop: With all figures.
        """
        if self.drop > max_drop:
            raise AccuracyDrop(
                f"INT8 loses {self.drop:.2f} points ({100 * self.exact:.2f} % to "
                f"{100 * self.int8:.2f} % on {self.images} test images); "
                f"{max_drop:g} are allowed",
                hint="calibrate on more images (`tinyssl convert --calibration-images`), or allow "
                "more (--max-drop, of convert and verify): `tinyssl verify` then shows what each "
                "layer loses",
            )


def measure_accuracy(
    float_data: bytes,
    oracle: TflmInterpreter,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    progress: Progress | None = None,
) -> Accuracy:
    """Top-1 accuracy of both models; ties go to the lower class, as on the device.

    Args:
        float_data: Float .tflite; takes NHWC in [0, 1].
        oracle: The INT8 model.
        images: (n, h, w, c).
        labels: (n,).
        progress: Told of every image.
    """
    exact = LitertInterpreter(float_data, Kernels.OPTIMISED)
    shape = oracle.model.input.shape
    right = np.zeros(2, dtype=np.int64)
    with (progress or Silent()).track("accuracy", len(images), "image") as task:
        for image, x, label in zip(
            images, wire_to_model(oracle.model, images), labels, strict=True
        ):
            scaled = (image.astype(np.float32) / np.float32(255)).reshape(shape)
            answers = (exact.invoke(scaled), oracle.invoke(x))
            right += [int(np.argmax(answer)) == int(label) for answer in answers]
            task.advance()
    share = right / max(len(images), 1)
    return Accuracy(float(share[0]), float(share[1]), len(images))
