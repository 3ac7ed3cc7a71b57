"""`FeatureSpec`: what one sample of a data set is, and how it becomes a model's input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
"""(n, *shape) of a `FeatureSpec`, in its dtype"""


class SampleStore(Protocol):
    """Samples in memory (`Samples`), or in shards on disk, of which parts are read by index."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, *shape of a sample)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Any, /) -> Any:
        """One sample, or those of a slice or an index array, as an array in memory."""


RANKS = {"image": 3, "audio": 3, "sensor": 2, "table": 1}
"""Kind -> dimensions of a sample"""
DTYPES = ("uint8", "int8", "float32")
NOUNS = {"image": "image", "audio": "clip", "sensor": "window", "table": "row"}
"""Kind -> what one sample is called"""


def sample_noun(data: Mapping[str, Any]) -> str:
    """What one sample is called, from a record's `data`; older ones are of images."""
    features = data.get("features")
    kind = features.get("kind") if isinstance(features, Mapping) else "image"
    return NOUNS.get(str(kind), "sample")


@dataclass(frozen=True)
class FeatureSpec:
    """Kind, shape and element type of a sample.

    Whatever the kind, the network sees numbers in [0, 1], and an INT8 model takes 8-bit codes of
    them (scale 1/255, zero point -128):

    * uint8 (pixels): u / 255, code u - 128
    * int8 (features of an audio front end): (q + 128) / 255, code q, as it is
    * float32 (sensors, tables): already scaled to [0, 1], code round(255 x) - 128

    `low` and `high` say which measured value is 0 and which is 1. A device scales its own readings
    with them.
    """

    kind: str
    """image (h, w, channels), audio (frames, channels, 1), sensor (steps, channels), table
    (columns,)"""
    shape: tuple[int, ...]
    """Of one sample"""
    dtype: str = "uint8"
    """uint8, int8 or float32"""
    low: tuple[float, ...] = ()
    """Value that becomes 0, of every channel or of all; none where that is the least code"""
    high: tuple[float, ...] = ()
    """Value that becomes 1"""
    names: tuple[str, ...] = ()
    """Of the channels or columns, where they have some"""

    def __post_init__(self) -> None:
        if RANKS.get(self.kind) != len(self.shape) or min(self.shape, default=0) < 1:
            raise ValueError(f"samples of kind {self.kind!r} cannot have shape {self.shape}")
        if self.dtype not in DTYPES:
            raise ValueError(f"samples of type {self.dtype!r}; expected one of {', '.join(DTYPES)}")

    @classmethod
    def image(cls, height: int, width: int | None = None, channels: int = 3) -> Self:
        """Pixels, uint8."""
        return cls("image", (height, width or height, channels))

    @property
    def noun(self) -> str:
        """What one sample is called: image, clip, window, row."""
        return NOUNS[self.kind]

    @property
    def size(self) -> int:
        """Values of a sample."""
        return math.prod(self.shape)

    @property
    def channels(self) -> int:
        """Channels of the network's input; 1 for audio, columns of a table."""
        return self.shape[-1]

    @property
    def model_shape(self) -> tuple[int, ...]:
        """Shape of a model's input without the batch, channels last: (h, w, c) or (columns,).

        A sensor window is an image of width 1: (steps, 1, channels).
        """
        if self.kind == "sensor":
            return (self.shape[0], 1, self.shape[1])
        return self.shape

    @property
    def size_text(self) -> str:
        """`32x32x3`."""
        return "x".join(map(str, self.shape))

    def as_record(self) -> dict[str, Any]:
        """As plain JSON values; `from_record` reads them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_record(cls, content: Mapping[str, Any]) -> Self:
        """Of a record, a file's metadata or an .npz.

        Raises:
            ValueError: It is none.
        """
        try:
            return cls(
                str(content["kind"]),
                tuple(int(size) for size in content["shape"]),
                str(content["dtype"]),
                tuple(float(value) for value in content.get("low", ())),
                tuple(float(value) for value in content.get("high", ())),
                tuple(str(name) for name in content.get("names", ())),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no description of samples: {error}") from error


def to_unit(samples: Samples) -> NDArray[np.float32]:
    """What the float network sees of samples in one of the `DTYPES`: in [0, 1], same shape."""
    if samples.dtype == np.uint8:
        return samples.astype(np.float32) / np.float32(255)
    if samples.dtype == np.int8:
        return (samples.astype(np.float32) + np.float32(128)) / np.float32(255)
    return np.clip(samples, 0, 1).astype(np.float32)


def to_int8(samples: Samples) -> NDArray[np.int8]:
    """What the INT8 model takes of samples in one of the `DTYPES`, of the same shape."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.int16) - 128).astype(np.int8)
    if samples.dtype == np.int8:
        return samples.astype(np.int8, copy=False)
    return (np.round(to_unit(samples) * 255) - 128).astype(np.int8)
