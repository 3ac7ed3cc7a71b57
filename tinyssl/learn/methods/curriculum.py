"""Augmentation that grows stronger: the same three steps for every method that wants them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.learn.methods.base import ViewStage


@dataclass(frozen=True)
class Strength:
    """How much of the full augmentation a stage uses. All figures are ours (inferred)."""

    crop_min: float = 0.0
    """Smallest crop is at least this share of the image's area"""
    colour: float = 1.0
    """Factor on brightness, contrast, saturation and hue"""
    jitter: float = 1.0
    """Factor on the probability of the colour jitter"""
    grey: float = 1.0
    """Factor on the probability of dropping colour"""
    blur: float = 1.0
    """Factor on the probabilities of blur and solarisation"""


WEAK = Strength(crop_min=0.6, colour=0, jitter=0, grey=0, blur=0)
MEDIUM = Strength(crop_min=0.4, colour=0.5, jitter=0.625, grey=0.5, blur=0)
FULL = Strength()


def weakened(options: ViewOptions, strength: Strength) -> ViewOptions:
    """The options of a weaker stage; flips and aspect stay as they are."""
    return ViewOptions(
        crop_min=min(max(options.crop_min, strength.crop_min), options.crop_max),
        crop_max=options.crop_max,
        aspect=options.aspect,
        flip=options.flip,
        jitter=options.jitter * strength.jitter,
        brightness=options.brightness * strength.colour,
        contrast=options.contrast * strength.colour,
        saturation=options.saturation * strength.colour,
        hue=options.hue * strength.colour,
        grey=options.grey * strength.grey,
        blur=options.blur * strength.blur,
        solarise=options.solarise * strength.blur,
        bicubic=options.bicubic,
    )


def progressive(
    spec: ViewSpec,
    starts: tuple[float, float] = (0.3, 0.7),
    crop_mins: tuple[float, float] = (WEAK.crop_min, MEDIUM.crop_min),
) -> tuple[ViewStage, ...]:
    """Weak, medium and strong views, one after the other. All figures are ours (inferred).

    With the default `ViewOptions`, weak: crops of 0.6 to 1, flips; medium: crops of 0.4 to 1, half
    the jitter at p 0.5, grey at 0.1; strong: `spec` as it is.

    Args:
        spec: The views of the last, strong stage.
        starts: Shares of the steps after which medium and strong views begin, rising, in (0, 1).
        crop_mins: Smallest crops of the weak and the medium stage, where not below the strong
            one's. Stages with equal crops share a teacher's cached targets.
    """

    def stage(start: float, strength: Strength) -> ViewStage:
        groups = (replace(g, options=weakened(g.options, strength)) for g in spec.groups)
        return ViewStage(start, ViewSpec(tuple(groups)))

    weak, medium = (replace(s, crop_min=c) for s, c in zip((WEAK, MEDIUM), crop_mins, strict=True))
    return stage(0.0, weak), stage(starts[0], medium), stage(starts[1], FULL)
