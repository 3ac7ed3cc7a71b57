"""Self-supervised methods by name. See docs/adding_a_method.md."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pydantic import ValidationError

from tinyssl.core.errors import UsageError, unknown_name
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, Surroundings, Targets, ViewStage
from tinyssl.learn.methods.byol import BYOL
from tinyssl.learn.methods.ca_dssl import CaDssl
from tinyssl.learn.methods.dino import DINO
from tinyssl.learn.methods.moco_v2 import MoCoV2
from tinyssl.learn.methods.random_init import Random
from tinyssl.learn.methods.seed import Seed
from tinyssl.learn.methods.simclr import SimCLR
from tinyssl.learn.methods.supervised import Supervised

METHODS: dict[str, type[Method]] = {
    "ca_dssl": CaDssl,
    "seed": Seed,
    "simclr": SimCLR,
    "byol": BYOL,
    "dino": DINO,
    "moco_v2": MoCoV2,
    "supervised": Supervised,
    "random": Random,
}
"""Name -> class"""


def method_config(name: str, options: dict[str, Any]) -> Any:
    """The config of the method `name`, its defaults replaced by `options` (strings are parsed).

    Raises:
        UsageError: Unknown method or option (the hint suggests the nearest), or a bad value.
    """
    if name not in METHODS:
        raise unknown_name("method", name, METHODS)
    config = METHODS[name].Config
    known = [field.name for field in fields(config)]
    for key in options:
        if key not in known:
            raise unknown_name(f"option of {name}", key, known)
    try:
        return config(**options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{name} option {key}={first['input']!r}: {first['msg']}",
            hint=f"give it as --method-options {key}=VALUE",
        ) from error


def build_method(name: str, backbone: Backbone, config: Any, around: Surroundings) -> Method:
    """The method `name` around a backbone, with fresh heads from torch's global generator."""
    return METHODS[name](backbone, config, around)


__all__ = [
    "METHODS",
    "Batch",
    "Losses",
    "Method",
    "Surroundings",
    "Targets",
    "ViewStage",
    "build_method",
    "method_config",
]
