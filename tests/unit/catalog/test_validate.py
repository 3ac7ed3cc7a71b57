"""Shapes refuse what is wrong or incomplete, with the property named; our descriptions pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from tests.unit.catalog import published
from tinyssl.catalog import terms
from tinyssl.catalog.describe import describe_board, describe_fit, describe_model
from tinyssl.catalog.facts import Compiled, ModelOrigin, read_facts
from tinyssl.catalog.fit import fit_of
from tinyssl.catalog.foreign import read_foreign
from tinyssl.catalog.quantity import Basis, Quantity
from tinyssl.catalog.validate import SHAPES, violations
from tinyssl.targets.boards import all_boards, find_board
from tinyssl.zoo import find_entry

ONTOLOGY = SHAPES.with_name("ontology.ttl")


@pytest.fixture(scope="module")
def zoo_model() -> Compiled:
    accuracy = Quantity("Accuracy", 0.36, Basis.MEASURED, "card")
    origin = ModelOrigin(
        name="zoo", task="classification", sensors=("camera",), accuracies=(accuracy,)
    )
    return read_facts(find_entry().model.read_bytes(), origin)


def test_what_tinyssl_describes_is_complete(zoo_model: Compiled) -> None:
    fit = describe_fit(fit_of(zoo_model, find_board("mps2_an500")))
    found = [describe_model(zoo_model.facts), *map(describe_board, all_boards()), fit]
    assert violations([triple for each in found for triple in each.triples]) == []


def test_published_descriptions_are_complete(tmp_path: Path) -> None:
    found = [read_foreign(path) for path in published.write(tmp_path)]
    assert violations([triple for each in found for triple in each.triples]) == []


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        (terms.SCHEMA.name, "name"),
        (terms.NNET.hasMultiplyAccumulateOps, "multiply-accumulates"),
        (terms.TINY.needsRam, "how much RAM"),
        (terms.TINY.needsFlash, "how much flash"),
        (terms.SSN.hasInput, "input"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.value.rpartition("/")[2],
)
def test_a_property_that_is_missing_is_named(
    zoo_model: Compiled, dropped: NamedNode, message: str
) -> None:
    found = describe_model(zoo_model.facts)
    kept = [
        each for each in found.triples if (each.subject, each.predicate) != (found.iri, dropped)
    ]
    (violation,) = violations(kept)
    assert violation.property == dropped.value
    assert violation.subject == found.iri.value
    assert message in violation.message


def test_a_wrong_value_is_named() -> None:
    board = describe_board(find_board("mps2_an500"))
    board.add(board.iri, terms.TINY.clock, 0)
    found = violations(board.triples)
    assert {each.property for each in found} == {terms.TINY.clock.value}


def _ours(triples: list[Triple]) -> set[str]:
    names = {term.value for each in triples for term in (each.predicate, each.object)
             if isinstance(term, NamedNode)}  # fmt: skip
    return {name for name in names if name.startswith(terms.TINY.base)}


def test_each_of_our_terms_is_in_the_ontology_with_label_and_comment(zoo_model: Compiled) -> None:
    quads = list(parse(ONTOLOGY.read_bytes(), format=RdfFormat.TURTLE))
    said = {
        (quad.subject.value, quad.predicate.value)
        for quad in quads
        if hasattr(quad.subject, "value")
    }
    board, fit = find_board("nucleo_h743zi"), fit_of(zoo_model, find_board("nucleo_f446re"))
    used = _ours(
        [
            *describe_model(zoo_model.facts).triples,
            *describe_board(board).triples,
            *describe_fit(fit).triples,
        ]
    )
    assert len(used) > 25
    for name in used:
        assert (name, terms.RDFS.label.value) in said, name
        assert (name, terms.RDFS.comment.value) in said, name
