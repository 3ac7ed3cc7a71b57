"""What settings of a training that are left open come to, by optimiser."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyssl.core.config import PretrainConfig


@dataclass(frozen=True)
class OptimizerValues:
    """Values of a `PretrainConfig` that fit one optimiser."""

    lr: float
    lr_batch: int | None
    lr_end: float
    weight_decay: float


DEFAULTS = {
    "adamw": OptimizerValues(lr=1e-3, lr_batch=None, lr_end=1e-6, weight_decay=0.05),
    "lars": OptimizerValues(lr=0.48, lr_batch=256, lr_end=0.0048, weight_decay=1e-6),
}
"""Those of LARS are arXiv 2210.02808's for DINO and MoCo v2 (github.com/saic-fi/SSLight)"""


def optimizer_values(config: PretrainConfig) -> OptimizerValues:
    """What the config says, with its optimiser's defaults where it leaves something open."""
    given = {name: getattr(config, name) for name in vars(DEFAULTS[config.optimizer])}
    known = {name: value for name, value in given.items() if value is not None}
    return replace(DEFAULTS[config.optimizer], **known)


def settled(config: PretrainConfig) -> PretrainConfig:
    """The same training, with nothing of its learning rate and weight decay left open."""
    return replace(config, **vars(optimizer_values(config)))
