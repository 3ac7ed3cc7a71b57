"""The floor of every comparison: a backbone as it was drawn."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from tinyssl.core.config_types import STRICT
from tinyssl.core.errors import UsageError
from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.learn.methods.base import Batch, Losses, Method, ViewStage


@dataclass(frozen=True, config=STRICT)
class RandomConfig:
    """No options: nothing is trained."""


class Random(Method):
    """No training: the probe then tells what random features are worth."""

    Config = RandomConfig
    trains = False

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, ViewSpec.of(1, self.context.views or ViewOptions())),)

    def loss(self, batch: Batch) -> Losses:
        raise UsageError("random takes no steps", hint="choose a method that trains")


METHODS = {"random": Random}
