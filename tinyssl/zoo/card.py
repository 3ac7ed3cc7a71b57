"""Model cards: what is known of a shipped model, as `card.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from tinyssl.core.errors import ModelError
from tinyssl.core.files import MAX_RECORD, Unreadable, first_problem, read_json, read_text
from tinyssl.core.records import sha256_of, write_json

SCHEMA = 1
CARD = "card.json"
PAGE = "card.md"
BACKBONE = "backbone.safetensors"
MODEL = "model_int8.tflite"
REINSTALL_HINT = "reinstall tinyssl, or make the entry again with `tinyssl zoo add`"


@dataclass(frozen=True)
class ModelCard:
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
    head_data: dict[str, Any] = field(default_factory=dict)
    """As `data`, of the head and of all accuracies; empty where they are of the same images"""
    started_from: dict[str, str] = field(default_factory=dict)
    """weights (what they were trained on), sha256; empty where they were drawn from the seed"""

    def save(self, folder: Path) -> None:
        """Writes card.json."""
        write_json(folder / CARD, {"schema": SCHEMA} | asdict(self))

    @classmethod
    def load(cls, folder: Path) -> ModelCard:
        """Reads the card of an entry.

        Raises:
            ModelError: It is missing, damaged or of another schema.
        """
        try:
            content = read_json(folder / CARD, MAX_RECORD)
            if not isinstance(content, dict) or content.get("schema") != SCHEMA:
                raise Unreadable(f"not of schema {SCHEMA}")
            shape = _SHAPE.validate_python(content)
            if not {BACKBONE, MODEL} <= shape.files.keys():
                raise Unreadable(f"it lacks {BACKBONE} or {MODEL}")
            return _CARD.validate_python(content)
        except ValueError as error:  # what pydantic raises, too
            problem = first_problem(error) if isinstance(error, ValidationError) else str(error)
            raise ModelError(
                f"{folder / CARD} is not a model card: {problem}",
                hint=REINSTALL_HINT,
            ) from error


_CARD = TypeAdapter(ModelCard)


Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class _Data:
    name: str


@dataclass(frozen=True)
class _Accuracy:
    float: Share
    int8: Share
    images: int


@dataclass(frozen=True)
class _CardFile:
    sha256: str
    bytes: int


@dataclass(frozen=True)
class _Shape:
    """What is used of the parts of a card; there may be more in them."""

    data: _Data
    accuracy: _Accuracy
    files: dict[str, _CardFile]


_SHAPE = TypeAdapter(_Shape)


@dataclass(frozen=True)
class ZooEntry:
    """A model in a zoo folder."""

    folder: Path
    card: ModelCard

    @property
    def backbone(self) -> Path:
        """Float weights (safetensors)."""
        return self.folder / BACKBONE

    @property
    def model(self) -> Path:
        """Canonical INT8 classifier (.tflite)."""
        return self.folder / MODEL

    def page(self) -> str:
        """The card for people, Markdown.

        Raises:
            ModelError: It cannot be read.
        """
        try:
            return read_text(self.folder / PAGE)
        except Unreadable as error:
            raise ModelError(f"{self.folder / PAGE}: {error}", hint=REINSTALL_HINT) from error

    def check(self) -> None:
        """Makes sure that the files are those of the card.

        Raises:
            ModelError: One is missing or has other bytes.
        """
        for name, expected in self.card.files.items():
            path = self.folder / name
            found = sha256_of(path) if path.is_file() else "nothing"
            wanted = expected["sha256"]
            if found != wanted:
                raise ModelError(
                    f"{path} is not the file of its card: SHA-256 {wanted[:12]}… "
                    f"expected, {found[:12]} found",
                    hint=REINSTALL_HINT,
                )
