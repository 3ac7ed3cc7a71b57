"""Config of `tinyssl catalog`; `core.config` has those of the stages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from tinyssl.core.config_types import STRICT, NonNegative

SensorName = Literal[
    "accelerometer", "camera", "gyroscope", "magnetometer", "microphone", "thermometer"
]


@dataclass(frozen=True, config=STRICT)
class CatalogConfig:
    """What the catalogue is asked, or told."""

    model: str | None = None
    """Model, by name, .tflite file or SHA-256; default: all"""
    board: str | None = None
    """Board or device; default: all"""
    task: str | None = None
    """Word that the model's task, name or description has (match), or what the model does (add)"""
    sensor: list[SensorName] = Field(default_factory=list)
    """Sensor that you attach to the boards (match), or that the model needs (add); more than one
    with commas"""
    min_accuracy: Annotated[float, Field(ge=0, le=100)] | None = None
    """Least top-1 accuracy in percent (match)"""
    by: Literal["time", "energy", "flash", "ram", "price"] = "time"
    """What makes a board the best one (match): what is not known comes last"""
    price: dict[str, NonNegative] = Field(default_factory=dict)
    """What a board costs, as BOARD=12.50: nobody else tells (match)"""
    watts: dict[str, NonNegative] = Field(default_factory=dict)
    """What a board draws while it computes, in watts, as BOARD=0.08: energy is that times the
    estimated or measured time (match)"""
    use: Literal["research", "commercial"] | None = None
    """What you use models for: licences of model and data that forbid it are reasons against a
    match; default: licences are not looked at"""
    withdrawn: list[str] = Field(default_factory=list)
    """Fingerprints of data sets that may not be used any more, or their beginnings: models trained
    on them match nothing"""
    bad_images: list[str] = Field(default_factory=list)
    """Build ids of images that must not run: `devices` names those that do, with exit code 3"""
    limit: Annotated[int, Field(ge=0)] = 100
    """Most pairs that fit, and most that do not, which `match` lists of each model, and most boards
    and devices of `list`; 0: all"""
    store: str | None = None
    """SPARQL 1.1 endpoint that keeps the graph, for questions and updates, https://…; its token is
    in TINYSSL_STORE_TOKEN; default: catalog/ in the workspace"""
    out: Path | None = None
    """File to write: .ttl, .nt, .jsonld, or .nq, which `import` takes (export; default:
    catalog.ttl), .json (thing)"""
