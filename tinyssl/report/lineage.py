"""From each pretrain run forwards: its probe, evaluations, conversion and measurements.

A run belongs to the run one of whose files it read: the record of the child names the path and the
SHA-256 of each input. The folder's name decides (it is unique, and stays when a workspace is
moved); where the parent's file is still there, its hash must be the recorded one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinyssl.core.records import RunRecord, sha256_of
from tinyssl.report.values import Fields

COLLAPSED = "Collapsed"
"""Class of the error that ends a run whose embeddings became alike"""


@dataclass(frozen=True)
class Lineage:
    """One pretrain run and what was measured of it, each the last complete run of its kind."""

    pretrain: RunRecord
    probe: RunRecord | None = None
    evaluate: RunRecord | None = None
    """Of the float model"""
    convert: RunRecord | None = None
    evaluate_int8: RunRecord | None = None
    bench: RunRecord | None = None

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """Those that there are."""
        parts = (
            self.pretrain,
            self.probe,
            self.evaluate,
            self.convert,
            self.evaluate_int8,
            self.bench,
        )
        return tuple(run for run in parts if run is not None)

    @property
    def data(self) -> Fields:
        """What the accuracy was measured on: the probe's images, else the pretraining's."""
        return Fields((self.probe or self.pretrain).data)


def lineages(records: Iterable[RunRecord]) -> list[Lineage]:
    """One for every pretrain run that is complete or has collapsed, which is a result too.

    A run that was probed on several sets of images has one for each.
    """
    known = list(records)
    family = _Family(known)
    ended = [run for run in known if run.kind == "pretrain" and _ended(run)]
    return [lineage for run in ended for lineage in _follow(run, family)]


def _ended(run: RunRecord) -> bool:
    return run.status == "complete" or run.error_kind == COLLAPSED


def _follow(pretrain: RunRecord, family: _Family) -> Iterator[Lineage]:
    probes = {
        Fields(probe.data).text("fingerprint"): probe
        for probe in family.children(pretrain, "probe")
    }
    if not probes:
        yield Lineage(pretrain)
    for probe in probes.values():
        convert = _last(family.children(probe, "convert"))
        yield Lineage(
            pretrain=pretrain,
            probe=probe,
            evaluate=_last(family.children(probe, "evaluate")),
            convert=convert,
            evaluate_int8=_last(family.children(convert, "evaluate")),
            bench=_last(family.children(convert, "bench")),
        )


def _last(runs: list[RunRecord]) -> RunRecord | None:
    return runs[-1] if runs else None


class _Family:
    """Complete runs by the runs whose files they read: each record is looked at once."""

    def __init__(self, known: Iterable[RunRecord]) -> None:
        self._readers: dict[tuple[str, str], list[tuple[RunRecord, str, str]]] = {}
        """(folder's name of the parent, kind of the child) -> child, name of the file, SHA-256"""
        self._hashes: dict[Path, str] = {}
        for run in known:
            if run.status == "complete":
                for folder, name, sha256 in _files_read(run):
                    self._readers.setdefault((folder, run.kind), []).append((run, name, sha256))

    def children(self, parent: RunRecord | None, kind: str) -> list[RunRecord]:
        """Runs of `kind` that read a file of `parent`, oldest first."""
        if parent is None:
            return []
        readers = self._readers.get((parent.folder.name, kind), [])
        found = {
            run.folder: run
            for run, name, sha256 in readers
            if self._hash(parent.folder / name) in ("", sha256)
        }
        return sorted(found.values(), key=lambda run: run.started)

    def _hash(self, file: Path) -> str:
        """SHA-256 of a file; empty where it is gone."""
        if file not in self._hashes:
            self._hashes[file] = sha256_of(file) if file.is_file() else ""
        return self._hashes[file]


def _files_read(run: RunRecord) -> Iterator[tuple[str, str, str]]:
    """Name of the folder, name and SHA-256 of each input."""
    for entry in run.inputs.values():
        path = PurePosixPath(entry.get("path", ""))
        yield path.parent.name, path.name, entry.get("sha256", "")
