"""IRIs of what the graph describes: the same thing has the same one, wherever it is described."""

from __future__ import annotations

from urllib.parse import quote

from pyoxigraph import NamedNode

BASE = "urn:tinyssl:"
PLACELESS = tuple(f"{BASE}{kind}:" for kind in ("model", "fit", "run", "data"))
"""How IRIs begin whose descriptions hold neither boards nor devices"""


def _iri(kind: str, *parts: str) -> NamedNode:
    return NamedNode(BASE + kind + ":" + ":".join(quote(part, safe="") for part in parts))


def model_iri(sha256: str) -> NamedNode:
    """Of a model file, by its SHA-256."""
    return _iri("model", sha256)


def board_iri(board: str) -> NamedNode:
    """Of a kind of board, by its id."""
    return _iri("board", board)


def device_iri(serial: str) -> NamedNode:
    """Of one device, by its serial number or port."""
    return _iri("device", serial)


def fit_iri(sha256: str, board: str) -> NamedNode:
    """Of a model on a kind of board."""
    return _iri("fit", sha256, board)


def run_iri(run: str) -> NamedNode:
    """Of a run record, by its folder's name."""
    return _iri("run", run)


def data_iri(fingerprint: str) -> NamedNode:
    """Of a data set, by its fingerprint."""
    return _iri("data", fingerprint)


def import_iri(name: str) -> NamedNode:
    """Of a file of descriptions, by its name: the next of that name takes its place."""
    return _iri("import", name)
