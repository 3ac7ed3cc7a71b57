"""Rules that a match must keep beside memory and sensors: licences, withdrawn data, bad images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tinyssl.catalog.match import Need, text
from tinyssl.catalog.names import data_iri
from tinyssl.catalog.store import GraphStore

Use = Literal["research", "commercial"]
NOT_COMMERCIAL = re.compile(
    r"\bNC\b|non-?commercial|research (only|use)|no licen[cs]e|without a licen[cs]e|all rights",
    re.IGNORECASE,
)
"""In a licence: what it forbids, or what nobody has allowed"""


@dataclass(frozen=True)
class Licences:
    """Of a model, and of the data that trained it; empty where nobody says."""

    model: str = ""
    data: str = ""
    data_name: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Policy:
    """What your use asks for."""

    use: Use | None = None
    """None: licences are not looked at"""
    withdrawn: frozenset[str] = frozenset()
    """Fingerprints of data sets that may not be used any more, whole or their beginnings"""
    bad_images: frozenset[str] = frozenset()
    """Build ids of images that must not run"""

    def reasons(self, licences: Licences) -> tuple[str, ...]:
        """Why a model may not be used; none where it may."""
        found = [*self._licence_reasons(licences)]
        for fingerprint in sorted(self.withdrawn):
            if licences.fingerprint and licences.fingerprint.startswith(fingerprint):
                name = licences.data_name or licences.fingerprint[:12]
                found.append(f"its data {name} is withdrawn ({fingerprint[:12]})")
        return tuple(found)

    def _licence_reasons(self, licences: Licences) -> Iterable[str]:
        if self.use != "commercial":
            return
        parts = [("model", licences.model)]
        if licences.fingerprint:
            parts.append((f"data {licences.data_name}".strip(), licences.data))
        for what, licence in parts:
            if not licence:
                yield f"no licence of its {what} is known, for commercial use"
            elif NOT_COMMERCIAL.search(licence):
                yield f"the licence of its {what} forbids commercial use: {licence}"


def licences_of(store: GraphStore, needs: Iterable[Need]) -> Mapping[str, Licences]:
    """IRI of a model -> its licences."""
    wanted = {need.iri for need in needs}
    base = data_iri("").value
    rows = store.ask(
        "SELECT ?m (SAMPLE(?l) AS ?model) (SAMPLE(?dl) AS ?data) (SAMPLE(?dn) AS ?name) "
        "(SAMPLE(?d) AS ?set) WHERE { ?m a nnet:NeuralNetwork . "
        "OPTIONAL { ?m schema:license ?l } OPTIONAL { ?m nnet:trainingDataset ?d . "
        "OPTIONAL { ?d schema:license ?dl } OPTIONAL { ?d schema:name ?dn } } } GROUP BY ?m"
    )
    return {
        text(row["m"]): Licences(
            text(row["model"]),
            text(row["data"]),
            text(row["name"]),
            text(row["set"]).removeprefix(base),
        )
        for row in rows
        if text(row["m"]) in wanted
    }


def running_bad_images(store: GraphStore, policy: Policy) -> list[tuple[str, str]]:
    """Devices that run an image of the list: name and build id, in order."""
    rows = store.ask("SELECT ?d ?n ?image WHERE { ?d tiny:image ?image ; td:title ?n }")
    found = [(text(row["n"]), text(row["image"])) for row in rows]
    return sorted(pair for pair in found if pair[1] in policy.bad_images)


__all__ = ["Licences", "Policy", "Use", "licences_of", "running_bad_images"]
