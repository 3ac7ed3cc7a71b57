"""Licences against a use, withdrawn data, images that must not run."""

from __future__ import annotations

import pytest

from tinyssl.catalog.match import needs
from tinyssl.catalog.names import device_iri
from tinyssl.catalog.rules import Licences, Policy, licences_of, running_bad_images
from tinyssl.catalog.store import EmbeddedStore
from tinyssl.catalog.terms import TD, TINY
from tinyssl.catalog.triples import Description
from tinyssl.core.config import CatalogConfig
from tinyssl.core.records import Workspace
from tinyssl.stages.catalog import Catalog, open_catalog

ZOO_DATA = "b92cd3c9e495240389fa4bf01cf246177ef61af2cf99c23ebfbcb5c964cd5dab"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    found = open_catalog(Workspace(tmp_path_factory.mktemp("workspace")))
    found.refresh()
    return found


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("Apache-2.0", True),
        ("MIT", True),
        ("CC-BY-4.0", True),
        ("CC-BY-NC-4.0", False),
        ("non-commercial research", False),
        ("published without a licence; cite Krizhevsky 2009", False),
        ("", False),
    ],
)
def test_a_licence_allows_commercial_use_or_not(licence: str, allowed: bool) -> None:
    found = Policy(use="commercial").reasons(Licences(model=licence))
    assert (found == ()) is allowed
    assert Policy(use="research").reasons(Licences(model=licence)) == ()
    assert Policy().reasons(Licences(model=licence)) == ()


def test_the_zoo_s_data_is_named(catalog: Catalog) -> None:
    (licences,) = licences_of(catalog.store, needs(catalog.store)).values()
    assert licences.model == "Apache-2.0"
    assert licences.fingerprint == ZOO_DATA
    config = CatalogConfig(use="commercial", board="mps2_an500")
    (pair,) = catalog.match(config, compiling=False).pairs
    (reason,) = pair.reasons
    assert "CIFAR-100" in reason
    assert "without a licence" in reason


@pytest.mark.parametrize("fingerprint", [ZOO_DATA, ZOO_DATA[:12]])
def test_a_model_of_withdrawn_data_matches_nothing(catalog: Catalog, fingerprint: str) -> None:
    pairs = catalog.match(CatalogConfig(withdrawn=[fingerprint]), compiling=False).pairs
    assert len(pairs) > 10
    assert all("withdrawn" in " ".join(each.reasons) for each in pairs)
    others = catalog.match(CatalogConfig(withdrawn=["0000"]), compiling=False).pairs
    assert any(each.fits for each in others)


def test_a_bad_image_is_found_where_it_runs() -> None:
    store = EmbeddedStore()
    for name, image in (("a", "1111"), ("b", "2222")):
        iri = device_iri(name)
        store.put([Description(iri).add(iri, TD.title, name).add(iri, TINY.image, image)])
    policy = Policy(bad_images=frozenset({"2222", "3333"}))
    assert running_bad_images(store, policy) == [("b", "2222")]
    assert running_bad_images(store, Policy()) == []
