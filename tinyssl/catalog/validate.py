"""Whether descriptions are complete and right: the SHACL shapes of `shapes.ttl`, by pyshacl."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import RdfFormat, Triple, serialize

SHAPES = Path(__file__).parent / "shapes.ttl"
SHACL = "http://www.w3.org/ns/shacl#"


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong with a description."""

    subject: str
    """IRI, or `_:…` of a node without one"""
    property: str
    """IRI"""
    message: str
    value: str = ""


def violations(triples: list[Triple]) -> list[Violation]:
    """What is wrong, in the order of subject and property.

    Args:
        triples: Complete descriptions.
    """
    import pyshacl
    from rdflib import Graph, Namespace

    graph = Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # pyshacl 0.40 calls rdflib by old names
        ok, report, _ = pyshacl.validate(graph, shacl_graph=str(SHAPES), inplace=True)
    shacl: Any = Namespace(SHACL)
    if ok or not isinstance(report, Graph):
        return []
    found = []
    for node in report.objects(None, shacl.result):
        value = report.value(node, shacl.value)
        found.append(
            Violation(
                str(report.value(node, shacl.focusNode)),
                str(report.value(node, shacl.resultPath)),
                str(report.value(node, shacl.resultMessage)),
                "" if value is None else str(value),
            )
        )
    return sorted(found, key=lambda each: (each.subject, each.property, each.message))
