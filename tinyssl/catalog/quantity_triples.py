"""Figures as triples of the graph."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from tinyssl.catalog.quantity import Quantity
from tinyssl.catalog.terms import OM, PROV, RDF, S3N_EXTEND, SCHEMA, TINY

Subject = NamedNode | BlankNode

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
