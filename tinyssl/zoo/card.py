"""Model cards: what is known of a shipped model, as `card.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tinyssl.errors import ModelError
from tinyssl.records import sha256_of, write_json

SCHEMA = 1
CARD = "card.json"
PAGE = "card.md"
BACKBONE = "backbone.safetensors"
MODEL = "model_int8.tflite"


@dataclass(frozen=True)
class Card:
    """Everything that `card.md` tells. Accuracies are fractions."""

    name: str
    backbone: str
    stem_stride: int
    image_size: int
    """Side of the input in pixels"""
    classes: tuple[str, ...]
    """Class names of the classifier in the model, in the order of its outputs"""
    method: str
    teacher: dict[str, Any]
    """name, image_size, sha256, supervised, source, licence; empty where there was none"""
    data: dict[str, Any]
    """name, fingerprint, sizes of the splits, labels (what they were used for), licence"""
    recipe: dict[str, Any]
    """All settings of the pretraining"""
    commands: tuple[str, ...]
    """What makes the model again"""
    accuracy: dict[str, Any]
    """float, int8 (host), images; device, device_images; drop_points; knn, probe, probe_std"""
    verified: dict[str, Any]
    """board, engine, inputs, equal, reference: outputs of the firmware that have the same bytes"""
    files: dict[str, dict[str, Any]]
    """file name -> {sha256, bytes}"""
    licence: str
    made: dict[str, Any]
    """commit, finished, seconds, versions, machine"""

    def save(self, folder: Path) -> None:
        """Writes card.json."""
        write_json(folder / CARD, {"schema": SCHEMA} | asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Card:
        """Reads the card of an entry.

        Raises:
            ModelError: It is missing, damaged or of another schema.
        """
        try:
            content = json.loads((folder / CARD).read_text())
            if content.pop("schema") != SCHEMA:
                raise ValueError(f"not of schema {SCHEMA}")
            known = {field.name: content[field.name] for field in fields(cls)}
            known |= {name: tuple(known[name]) for name in ("classes", "commands")}
            return cls(**known)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{folder / CARD} is not a model card: {error}",
                hint="reinstall tinyssl, or make the entry again with `tinyssl zoo add`",
            ) from error


@dataclass(frozen=True)
class Entry:
    """A model in a zoo folder."""

    folder: Path
    card: Card

    @property
    def backbone(self) -> Path:
        """Float weights (safetensors)."""
        return self.folder / BACKBONE

    @property
    def model(self) -> Path:
        """Canonical INT8 classifier (.tflite)."""
        return self.folder / MODEL

    def check(self) -> None:
        """Makes sure that the files are those of the card.

        Raises:
            ModelError: One is missing or has other bytes.
        """
        for name, expected in self.card.files.items():
            path = self.folder / name
            found = sha256_of(path) if path.is_file() else "nothing"
            if found != expected["sha256"]:
                raise ModelError(
                    f"{path} is not the file of its card: SHA-256 {expected['sha256'][:12]}… "
                    f"expected, {found[:12]} found",
                    hint="reinstall tinyssl, or make the entry again with `tinyssl zoo add`",
                )
