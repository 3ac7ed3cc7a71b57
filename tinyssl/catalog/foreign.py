"""Descriptions from elsewhere: Turtle and JSON-LD in the words of the TinyML network schema.

Both IRIs under which that schema is published become one, and what the matchmaker looks for is
written beside the description: bytes of RAM and flash, and sensors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, parse
from pyoxigraph import Store as Oxigraph

from tinyssl.catalog.names import import_iri
from tinyssl.catalog.quantity_triples import KILO, Subject
from tinyssl.catalog.store import EmbeddedStore, Row, value_of
from tinyssl.catalog.terms import SOSA_EXTEND, TINY, canonical_iri
from tinyssl.catalog.triples import Description, Term
from tinyssl.core.errors import DataError

FORMATS = {
    ".ttl": RdfFormat.TURTLE,
    ".jsonld": RdfFormat.JSON_LD,
    ".nt": RdfFormat.N_TRIPLES,
    ".rdf": RdfFormat.RDF_XML,
}
"""Ending of a file -> what it holds"""
_NEEDS = (
    "SELECT ?s ?kind ?v WHERE { ?s s3n:hasProcedureFeature/ssn-system:inCondition ?c . "
    "?c a ?kind ; schema:minValue ?v FILTER(?kind IN (s3n_extend:RAM, s3n_extend:Flash)) }"
)
_OFFERS = (
    "SELECT ?s ?kind ?v WHERE { ?s ssn:hasSubSystem/s3n:hasSystemCapability/"
    "ssn-system:hasSystemProperty ?c . ?c a ?kind ; schema:value ?v "
    "FILTER(?kind IN (s3n_extend:RAM, s3n_extend:Flash)) }"
)
_NEEDED_SENSORS = (
    "SELECT ?s ?kind WHERE { ?s ssn:hasInput ?in . ?sensor ssn_extend:provideInput ?in ; a ?kind }"
)
_OFFERED_SENSORS = "SELECT ?s ?kind WHERE { ?s a s3n:SmartSensor ; ssn:hasSubSystem [ a ?kind ] }"
OTHER = SOSA_EXTEND.OtherSensor.value
"""Class that says that a model needs none of the named sensors"""


def read_foreign(path: Path) -> Description:
    """A file's description of models or devices.

    Args:
        path: Ends with one of `FORMATS`.

    Raises:
        DataError: It is no valid RDF, or describes neither models nor devices.
    """
    data = path.read_bytes()
    iri = import_iri(path.name)
    found = Description(iri, hashlib.sha256(data).hexdigest()[:16])
    try:
        quads = list(parse(data, format=FORMATS[path.suffix], base_iri=f"{iri.value}/"))
    except (SyntaxError, ValueError) as error:
        raise DataError(
            f"{path} is no valid {FORMATS[path.suffix].name}: {error}",
            hint="correct the file at that place",
        ) from error
    found.triples = [_canonical(quad) for quad in quads]
    added = list(_derived(found.triples))
    if not added:
        raise DataError(
            f"{path}: {len(quads)} triples, but none says what a model needs or a device offers",
            hint="describe them as docs/catalog.md does, with RAM and flash",
        )
    found.triples += added
    return found


def _canonical(quad: Quad) -> Triple:
    """A quad's triple with the terms of the network schema under the IRI that the graph keeps."""
    subject, predicate, value = quad.subject, quad.predicate, quad.object
    if isinstance(subject, NamedNode):
        subject = _kept(subject)
    if isinstance(value, NamedNode):
        value = _kept(value)
    return Triple(subject, _kept(predicate), value)


def _kept(node: NamedNode) -> NamedNode:
    return NamedNode(canonical_iri(node.value))


def _derived(triples: list[Triple]) -> Iterator[Triple]:
    """What the matchmaker reads."""
    graph = Oxigraph()
    graph.extend(Quad(each.subject, each.predicate, each.object) for each in triples)
    store = EmbeddedStore(graph=graph)
    for query, terms in (
        (_NEEDS, {"RAM": TINY.needsRam, "Flash": TINY.needsFlash}),
        (_OFFERS, {"RAM": TINY.freeRam, "Flash": TINY.freeFlash}),
    ):
        for row in store.ask(query):
            kind = str(value_of(row["kind"])).rpartition("/")[2]
            yield Triple(_subject(row), terms[kind], Literal(_bytes(row["v"])))
    for query, term in (
        (_NEEDED_SENSORS, TINY.needsSensor),
        (_OFFERED_SENSORS, TINY.hasSensor),
    ):
        for row in store.ask(query):
            kind = str(value_of(row["kind"]))
            if kind.startswith(SOSA_EXTEND.base) and kind != OTHER:
                yield Triple(_subject(row), term, NamedNode(kind))


def _subject(row: Row) -> Subject:
    found = row["s"]
    if not isinstance(found, NamedNode | BlankNode):
        raise DataError(f"{found} cannot be a subject", hint="correct the file")
    return found


def _bytes(kilobytes: Term | None) -> int:
    value = value_of(kilobytes)
    if not isinstance(value, int | float) or value < 0:
        raise DataError(f"RAM or flash of {kilobytes}", hint="write kilobytes as a number")
    return round(KILO * value)
