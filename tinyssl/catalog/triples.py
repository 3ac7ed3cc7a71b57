"""A subject and what is said of it, as triples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from tinyssl.catalog.quantity import Quantity
from tinyssl.catalog.quantity_triples import Subject, describe
from tinyssl.catalog.terms import RDF, TINY

Term = NamedNode | BlankNode | Literal
Said = Term | str | int | float | bool | None
"""None and empty texts say nothing"""


@dataclass
class Description:
    """Everything about one subject: a named graph of its IRI, which a new description replaces."""

    iri: NamedNode
    stamp: str = ""
    """Of what it was made from: the description stays right as long as this does"""
    triples: list[Triple] = field(default_factory=list)

    def add(self, subject: Subject, predicate: NamedNode, *values: Said) -> Self:
        """Says something of a subject."""
        self.triples += [
            Triple(subject, predicate, value if isinstance(value, Term) else Literal(value))
            for value in values
            if value is not None and value != ""
        ]
        return self

    def node(self, subject: Subject, predicate: NamedNode, *kinds: NamedNode) -> BlankNode:
        """A node of some kinds that a subject has; returns it."""
        made = BlankNode()
        self.add(subject, predicate, made)
        self.add(made, RDF.type, *kinds)
        return made

    def quantities(
        self, subject: Subject, predicate: NamedNode, values: Iterable[Quantity]
    ) -> None:
        """Figures of a subject, a node each."""
        for value in values:
            node = BlankNode()
            self.add(subject, predicate, node)
            self.triples += describe(node, value)

    def quads(self) -> list[Quad]:
        """In the graph of its IRI."""
        stamp = Triple(self.iri, TINY.stamp, Literal(self.stamp))
        said = [*self.triples, *([stamp] if self.stamp else [])]
        return [Quad(each.subject, each.predicate, each.object, self.iri) for each in said]
