"""Where the catalogue finds models: the zoo, and the workspace's convert runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tinyssl.catalog.facts import ModelOrigin
from tinyssl.catalog.quantity import Basis, Quantity
from tinyssl.catalog.runs import origin_of
from tinyssl.core.run_record import RunRecord
from tinyssl.zoo import ZooEntry, entries


def models_of_zoo() -> Iterator[tuple[Path, ModelOrigin]]:
    """The zoo's models, with what their cards say."""
    for entry in entries():
        yield entry.model, _zoo_origin(entry)


def _zoo_origin(entry: ZooEntry) -> ModelOrigin:
    card = entry.card
    accuracy = float(card.accuracy["int8"])
    return ModelOrigin(
        name=card.name,
        description=f"{card.backbone}, {card.method}, {card.image_size} px",
        task="classification",
        sensors=("camera",),
        classes=card.classes,
        licence=card.licence,
        data=str(card.data.get("fingerprint", "")),
        data_name=str(card.data.get("name", "")),
        data_licence=str(card.data.get("licence", "")),
        teacher=str(card.teacher.get("name", "")),
        accuracies=(Quantity("Accuracy", accuracy, Basis.MEASURED, f"zoo card {card.name}"),),
    )


def models_of_runs(runs: Sequence[RunRecord]) -> Iterator[tuple[Path, ModelOrigin]]:
    """The models of finished convert runs, with what their records say."""
    for record in runs:
        path = record.folder / record.files.get("model", "")
        if record.kind == "convert" and record.status == "complete" and path.is_file():
            yield path, ModelOrigin(**origin_of(record, path))
