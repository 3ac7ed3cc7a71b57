"""Figures with their unit, and where each is from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from tinyssl.catalog.terms import OM, PROV, RDF, S3N_EXTEND, SCHEMA, TINY

Subject = NamedNode | BlankNode


class Basis(StrEnum):
    """How a figure came about."""

    MEASURED = "Measured"
    """On a device, or by a run record"""
    PLANNED = "Planned"
    """Exact, by the compiler: the memory plan"""
    ESTIMATED = "Estimated"
    STATED = "Stated"
    """By somebody: a board file, a data sheet, a description from elsewhere"""


@dataclass(frozen=True)
class Quantity:
    """A figure."""

    kind: str
    """Name of its class: Arena, RAM, Flash, Instructions, Duration, Accuracy"""
    value: float
    basis: Basis
    source: str = ""
    """Run record, document or rule that it is from; empty where the subject says it"""
    error: float | None = None
    """Of an estimate: the share by which it was off where it was checked; 0.25 is ± 25 %"""


KILO = 1000
"""Bytes of the network schema's kilobyte"""
UNITS = {
    "Arena": OM.byte,
    "RAM": OM.byte,
    "Flash": OM.byte,
    "Instructions": OM.one,
    "Duration": OM["second-Time"],
    "Accuracy": OM.one,
}
"""Kind -> unit in which the graph keeps it"""
KINDS = {"RAM": S3N_EXTEND.RAM, "Flash": S3N_EXTEND.Flash}
"""Kind -> class; the others are ours"""


def number(value: float) -> Literal:
    """An integer where it is one, else a double."""
    return Literal(int(value)) if float(value).is_integer() else Literal(float(value))


def describe(node: Subject, quantity: Quantity) -> Iterator[Triple]:
    """The triples of a figure.

    Args:
        node: Stands for it.
        quantity: The figure.
    """
    yield Triple(node, RDF.type, KINDS.get(quantity.kind, TINY[quantity.kind]))
    yield Triple(node, SCHEMA.value, number(quantity.value))
    yield Triple(node, SCHEMA.unitCode, UNITS[quantity.kind])
    yield Triple(node, TINY.basis, TINY[quantity.basis])
    if quantity.source:
        yield Triple(node, PROV.wasDerivedFrom, Literal(quantity.source))
    if quantity.error is not None:
        yield Triple(node, TINY.relativeError, Literal(float(quantity.error)))
