"""What the random views of an image may be: strengths and probabilities, as data."""

from __future__ import annotations

from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from tinyssl.core.config_types import STRICT
from tinyssl.core.errors import UsageError

Probability = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=2)]
Share = Annotated[float, Field(gt=0, le=1)]


@plain_dataclass(frozen=True)
class Geometry:
    """Which part of an image a view shows: all that a cached teacher target depends on."""

    crop_min: float = 0.2
    """Smallest crop, as a share of the image's area"""
    crop_max: float = 1.0
    """Largest crop, as a share of the image's area"""
    aspect: float = 4 / 3
    """Crops are up to this much wider than high, or higher than wide"""
    flip: float = 0.5
    """Probability of a horizontal flip"""


@dataclass(frozen=True, config=STRICT)
class ViewOptions:
    """Random transforms of one view, in the order in which they are applied.

    The defaults are SimCLR's (arXiv 2002.05709, appendices A and B.9) with the milder crop,
    saturation and blur that suit networks of this size. They assume photographs: turn off what
    changes the meaning of an image (`flip=0` for handwriting).
    """

    crop_min: Share = 0.2
    """Smallest crop, as a share of the image's area; crops are resized to the full size"""
    crop_max: Share = 1.0
    """Largest crop, as a share of the image's area"""
    aspect: Annotated[float, Field(ge=1, le=4)] = 4 / 3
    """Crops are up to this much wider than high, or higher than wide"""
    flip: Probability = 0.5
    """Probability of a horizontal flip"""
    jitter: Probability = 0.8
    """Probability of the colour jitter"""
    brightness: Strength = 0.4
    """Brightness changes by a factor within 1 ± this"""
    contrast: Strength = 0.4
    """Contrast changes by a factor within 1 ± this"""
    saturation: Strength = 0.2
    """Saturation changes by a factor within 1 ± this"""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Hue turns by up to this share of the circle"""
    grey: Probability = 0.2
    """Probability of dropping all colour"""
    blur: Probability = 0.1
    """Probability of a Gaussian blur, sigma 0.1 to 2 pixels"""
    solarise: Probability = 0.0
    """Probability of inverting all values above a half"""
    bicubic: bool = False
    """Resize crops with bicubic instead of bilinear filters"""

    def __post_init__(self) -> None:
        if self.crop_min > self.crop_max:
            raise UsageError(
                f"crop_min {self.crop_min} is above crop_max {self.crop_max}",
                hint="both are shares of the image's area, smallest first",
            )

    @property
    def geometry(self) -> Geometry:
        """Crop and flip alone."""
        return Geometry(self.crop_min, self.crop_max, self.aspect, self.flip)


@dataclass(frozen=True, config=STRICT)
class PlainViewOptions(ViewOptions):
    """Crops and flips alone, unless told otherwise."""

    jitter: Probability = 0.0
    """Probability of the colour jitter"""
    grey: Probability = 0.0
    """Probability of dropping all colour"""
    blur: Probability = 0.0
    """Probability of a Gaussian blur, sigma 0.1 to 2 pixels"""


@plain_dataclass(frozen=True)
class ViewGroup:
    """Views of one image that are drawn alike, independently of each other."""

    count: int = 2
    """Views of each sample"""
    options: Any = field(default_factory=ViewOptions)
    """Transforms of every view: `ViewOptions` of images, else a class of `series`"""
    size: int | None = None
    """Side in pixels; None: that of the images"""


@plain_dataclass(frozen=True)
class ViewSpec:
    """How one image becomes several views: group after group."""

    groups: tuple[ViewGroup, ...] = (ViewGroup(),)

    @property
    def count(self) -> int:
        """Views of each image."""
        return sum(group.count for group in self.groups)

    @classmethod
    def of(cls, count: int, options: Any) -> ViewSpec:
        """One group of `count` views at the size of the samples."""
        return cls((ViewGroup(count, options),))
