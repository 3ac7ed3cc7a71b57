"""The words of the graph: namespaces of standards, those of the TinyML network schema, and ours.

Models and boards are described as Ren, Anicic and Runkler do in "How to Manage Tiny Machine
Learning at Scale" and "SeLoC-ML" (arXiv 2202.09113, 2207.08489): their queries find ours, too. What
they have no term for stands in `ontology.ttl`.
"""

from __future__ import annotations

from pyoxigraph import NamedNode


class Namespace:
    """IRIs with a common beginning: `SCHEMA.name`, `TD["title"]`."""

    def __init__(self, base: str) -> None:
        self.base = base

    def __getattr__(self, name: str) -> NamedNode:
        if name.startswith("__"):
            raise AttributeError(name)
        return NamedNode(self.base + name)

    def __getitem__(self, name: str) -> NamedNode:
        return NamedNode(self.base + name)


RDF = Namespace("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
RDFS = Namespace("http://www.w3.org/2000/01/rdf-schema#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")
PROV = Namespace("http://www.w3.org/ns/prov#")
SCHEMA = Namespace("https://schema.org/")
TD = Namespace("https://www.w3.org/2019/wot/td#")
SSN = Namespace("http://www.w3.org/ns/ssn/")
SYSTEM = Namespace("http://www.w3.org/ns/ssn/systems/")
SOSA = Namespace("http://www.w3.org/ns/sosa/")
S3N = Namespace("http://w3id.org/s3n/")
OM = Namespace("http://www.ontology-of-units-of-measure.org/resource/om-2/")
NNET = Namespace("http://tinyml-schema.org/networkschema#")
"""TinyML network schema, by the IRI that its instance files and queries use"""
S3N_EXTEND = Namespace("http://tinyml-schema.org/s3n_extend/")
SOSA_EXTEND = Namespace("http://tinyml-schema.org/sosa_extend/")
SSN_EXTEND = Namespace("http://tinyml-schema.org/ssn_extend/")
TINY = Namespace("urn:tinyssl:ns#")
"""Ours: `ontology.ttl`"""

PREFIXES = {
    "rdf": RDF, "rdfs": RDFS, "xsd": XSD, "prov": PROV, "schema": SCHEMA, "td": TD, "ssn": SSN,
    "ssn-system": SYSTEM, "sosa": SOSA, "s3n": S3N, "om": OM, "nnet": NNET,
    "s3n_extend": S3N_EXTEND, "sosa_extend": SOSA_EXTEND, "ssn_extend": SSN_EXTEND, "tiny": TINY,
}  # fmt: skip
"""As written in Turtle and in the queries"""

_W3ID = "https://w3id.org/tinyml-schema/neural-network-schema"
SAME_NAMESPACE = {
    f"{_W3ID}#": NNET.base,
    f"{_W3ID}/s3n_extend/": S3N_EXTEND.base,
    f"{_W3ID}/sosa_extend/": SOSA_EXTEND.base,
    f"{_W3ID}/ssn_extend/": SSN_EXTEND.base,
}
"""The IRI of the ontology file -> the one of the instance files, which the graph keeps"""

SENSORS = {
    "accelerometer": SOSA_EXTEND.Accelerometer,
    "camera": SOSA_EXTEND.Camera,
    "gyroscope": SOSA_EXTEND.Gyroscope,
    "magnetometer": SOSA_EXTEND.Magnetometer,
    "microphone": SOSA_EXTEND.Microphone,
    "thermometer": SOSA_EXTEND.Thermometer,
}
"""As board files and `--sensor` name them -> class"""


def canonical_iri(iri: str) -> str:
    """The IRI under which the graph knows a term of the network schema; others stay as they are."""
    for other, kept in SAME_NAMESPACE.items():
        if iri.startswith(other):
            return kept + iri[len(other) :]
    return iri


def prologue() -> str:
    """The PREFIX lines of a query."""
    return "".join(f"PREFIX {name}: <{space.base}>\n" for name, space in PREFIXES.items())


def short_name(term: object) -> str:
    """A term for people: `schema:name` for an IRI of `PREFIXES`, a literal's text."""
    found = str(getattr(term, "value", term))
    if isinstance(term, NamedNode):
        for name, space in PREFIXES.items():
            if found.startswith(space.base):
                return f"{name}:{found[len(space.base) :]}"
    return found
