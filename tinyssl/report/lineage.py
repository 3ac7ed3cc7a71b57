"""From each pretrain run forwards: its probe, evaluations, conversion and measurements.

A run belongs to the run one of whose files it read: the record of the child names the path and the
SHA-256 of each input. The folder's name decides (it is unique, and stays when a workspace is
moved); where the parent's file is still there, its hash must be the recorded one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyssl.records import RunRecord, sha256_of
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
    ended = [run for run in known if run.kind == "pretrain" and _ended(run)]
    return [lineage for run in ended for lineage in _follow(run, known)]


def _ended(run: RunRecord) -> bool:
    return run.status == "complete" or run.error_kind == COLLAPSED


def _follow(pretrain: RunRecord, known: Sequence[RunRecord]) -> Iterator[Lineage]:
    probes = {
        Fields(probe.data).text("fingerprint"): probe
        for probe in _children(pretrain, "probe", known)
    }
    if not probes:
        yield Lineage(pretrain)
    for probe in probes.values():
        convert = _last(_children(probe, "convert", known))
        yield Lineage(
            pretrain=pretrain,
            probe=probe,
            evaluate=_last(_children(probe, "evaluate", known)),
            convert=convert,
            evaluate_int8=_last(_children(convert, "evaluate", known)),
            bench=_last(_children(convert, "bench", known)),
        )


def _last(runs: list[RunRecord]) -> RunRecord | None:
    return runs[-1] if runs else None


def _children(parent: RunRecord | None, kind: str, known: Sequence[RunRecord]) -> list[RunRecord]:
    """Complete runs of `kind` that read a file of `parent`, oldest first."""
    if parent is None:
        return []
    runs = [run for run in known if run.kind == kind and run.status == "complete"]
    return sorted((run for run in runs if _read(run, parent)), key=lambda run: run.started)


def _read(child: RunRecord, parent: RunRecord) -> bool:
    for _, entry in Fields(child.inputs).items():
        path = Path(entry.text("path"))
        if path.parent.name == parent.folder.name:
            file = parent.folder / path.name
            if not file.exists() or sha256_of(file) == entry.text("sha256"):
                return True
    return False
