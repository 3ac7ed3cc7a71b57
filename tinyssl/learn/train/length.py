"""Whether a training is long enough for its images to learn something, in words."""

from __future__ import annotations

from tinyssl.learn.train.schedule import IMAGES_SEEN, Schedule, default_epochs

SHORT = 0.5
"""Below this share of `IMAGES_SEEN` a training is called short"""


def is_short(schedule: Schedule) -> bool:
    """True where so few images are seen that the features stay near random ones."""
    fewer = schedule.epochs < default_epochs(schedule.images)
    return fewer and schedule.images_seen < SHORT * IMAGES_SEEN


def plan_text(schedule: Schedule, *, asked: bool) -> str:
    """What is about to be done, with a warning where it is short.

    Args:
        schedule: Of the whole run.
        asked: The number of epochs was given and is not the default.
    """
    text = (
        f"{schedule.epochs} epochs over {schedule.images:,} images: {schedule.steps:,} steps of "
        f"{schedule.batch_size}"
    )
    if is_short(schedule):
        return f"warning: short training, {text}. {_advice(schedule)}"
    return text if asked else f"{text} (--epochs sets another number)"


def verdict(schedule: Schedule, seconds: float) -> str:
    """For the record of a finished run: empty where it was long enough.

    Args:
        schedule: Of the whole run.
        seconds: What it took.
    """
    if not is_short(schedule):
        return ""
    longer = seconds * default_epochs(schedule.images) / schedule.epochs
    took = f"about {longer / 60:.0f} min" if longer >= 90 else f"about {longer:.0f} s"
    return (
        f"short training: {schedule.epochs} epochs over {schedule.images:,} images. "
        f"{_advice(schedule)}, which takes {took} here"
    )


def _advice(schedule: Schedule) -> str:
    return (
        f"It sees {schedule.images_seen:,} images in all; features improve quickly up to about "
        f"{IMAGES_SEEN:,}: use --epochs {default_epochs(schedule.images)}"
    )
