"""Run records as RDF: what ran, with what, and what it measured on which board."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from tinyssl.catalog.names import board_iri, data_iri, model_iri, run_iri
from tinyssl.catalog.quantity import Basis, Quantity
from tinyssl.catalog.terms import PROV, RDF, SCHEMA, TINY
from tinyssl.catalog.triples import Description
from tinyssl.core.fields import Fields
from tinyssl.core.run_record import RunRecord


def describe_run(record: RunRecord) -> Description:
    """A run: kind, commit, seed, machine, what it read, and its measured figures."""
    iri = run_iri(record.folder.name)
    found = Description(iri, f"{record.status} {record.finished}")
    found.add(iri, RDF.type, PROV.Activity).add(iri, SCHEMA.name, record.folder.name)
    found.add(iri, TINY.kind, record.kind).add(iri, TINY.status, record.status)
    found.add(iri, PROV.startedAtTime, record.started).add(iri, PROV.endedAtTime, record.finished)
    found.add(iri, TINY.commit, record.commit).add(iri, TINY.seed, record.seed)
    found.add(iri, TINY.teacher, _teacher(record.config.get("teacher")))
    found.add(iri, TINY.method, _text(record.config.get("method")))
    fingerprint = record.data.get("fingerprint")
    if isinstance(fingerprint, str):
        found.add(iri, PROV.used, data_iri(fingerprint))
    for read in record.inputs.values():
        source = _run_of(read.get("path", ""))
        if source and source != record.folder.name:
            found.add(iri, PROV.used, run_iri(source))
    if record.kind == "bench" and record.status == "complete":
        _describe_bench(found, record)
    return found


def _teacher(given: object) -> str | None:
    """Its name: records hold all that is known of it, older ones the name alone."""
    return _text(given.get("name")) if isinstance(given, Mapping) else _text(given)


def _run_of(path: str) -> str:
    """Folder of the run that a path lies in; empty where it lies in none."""
    parts = PurePath(path).parts
    position = parts.index("runs") if "runs" in parts else len(parts)
    return parts[position + 1] if position + 2 < len(parts) else ""


def _describe_bench(found: Description, record: RunRecord) -> None:
    results = record.results
    digest = record.inputs.get("model", {}).get("sha256")
    board = results.get("board")
    if not (isinstance(digest, str) and isinstance(board, str)):
        return
    found.add(found.iri, RDF.type, TINY.Measurement)
    found.add(found.iri, TINY.model, model_iri(digest)).add(found.iri, TINY.board, board_iri(board))
    found.add(found.iri, TINY.engine, _text(results.get("engine")))
    found.quantities(found.iri, TINY.takes, measured(results, record.folder.name))


def measured(results: Mapping[str, Any], run: str) -> list[Quantity]:
    """The figures of a bench run, in the units of `quantity.UNITS`."""
    fields = Fields(results)
    found = [
        Quantity(kind, value, Basis.MEASURED, run)
        for kind, key in (("RAM", "ram_bytes"), ("Flash", "flash_bytes"))
        if (value := fields.number(key))
    ]
    latency = results.get("latency")
    if isinstance(latency, Mapping):
        median, unit = Fields(latency).number("median"), latency.get("unit")
        micros = Fields(latency).number("median_us")
        if unit == "instructions" and median:
            found.append(Quantity("Instructions", median, Basis.MEASURED, run))
        if micros:
            found.append(Quantity("Duration", micros / 1e6, Basis.MEASURED, run))
    accuracy = fields.number("accuracy_device")
    if accuracy is not None:
        found.append(Quantity("Accuracy", accuracy, Basis.MEASURED, run))
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def origin_of(record: RunRecord, path: Path) -> dict[str, Any]:
    """What a convert run tells of its model, as members of `facts.ModelOrigin`."""
    fields = Fields(record.results)
    data = record.data
    accuracy = fields.number("accuracy_int8")
    features = data.get("features")
    kind = str(features.get("kind")) if isinstance(features, Mapping) else "image"
    return {
        "name": f"{data.get('name') or 'model'} {record.folder.name}",
        "task": "classification" if accuracy is not None else "",
        "sensors": {"image": ("camera",), "audio": ("microphone",)}.get(kind, ()) if data else (),
        "data": _text(data.get("fingerprint")) or "",
        "data_name": _text(data.get("name")) or "",
        "record": record.folder.name,
        "file": str(path),
        "accuracies": ()
        if accuracy is None
        else (Quantity("Accuracy", accuracy, Basis.MEASURED, record.folder.name),),
    }
