"""The matchmaker against brute force on random models and devices, and its order."""

from __future__ import annotations

import numpy as np
import pytest

from tinyssl.catalog.describe import describe_system
from tinyssl.catalog.match import Known, Need, Offer, count_fitting, fitting, offers, order, pair
from tinyssl.catalog.names import device_iri
from tinyssl.catalog.store import EmbeddedStore
from tinyssl.catalog.terms import RDF, S3N, SENSORS, TD
from tinyssl.catalog.triples import Description

MODELS, DEVICES = 100, 100
NAMES = tuple(SENSORS)


def described(offer: Offer) -> Description:
    iri = device_iri(offer.name)
    found = Description(iri).add(iri, RDF.type, S3N.SmartSensor).add(iri, TD.title, offer.name)
    describe_system(found, iri, (offer.ram, offer.flash), tuple(sorted(offer.sensors)))
    return found


@pytest.fixture(scope="module")
def world() -> tuple[list[Need], list[Offer], EmbeddedStore]:
    """10,000 pairs, of which some meet a limit exactly."""
    rng = np.random.default_rng(0)

    def some() -> frozenset[str]:
        return frozenset(name for name in NAMES if rng.random() < 0.2)

    sizes = rng.integers(1, 400, size=(MODELS + DEVICES, 2)) * 1000
    needs = [
        Need(f"urn:m:{i}", f"m{i}", int(ram), int(flash), some())
        for i, (ram, flash) in enumerate(sizes[:MODELS])
    ]
    offered = [
        Offer(device_iri(f"d{i}").value, f"d{i}", int(2 * ram), int(2 * flash), some() | some())
        for i, (ram, flash) in enumerate(sizes[MODELS:])
    ]
    store = EmbeddedStore()
    store.put(map(described, offered))
    return needs, offered, store


def test_10000_random_pairs_are_those_of_brute_force(
    world: tuple[list[Need], list[Offer], EmbeddedStore],
) -> None:
    needs, offered, store = world
    assert sorted(offers(store), key=lambda each: each.iri) == sorted(
        offered, key=lambda each: each.iri
    )
    total = 0
    for need in needs:
        brute = {
            offer.name
            for offer in offered
            if need.ram <= offer.ram and need.flash <= offer.flash and need.sensors <= offer.sensors
        }
        assert {each.name for each in fitting(store, need, limit=DEVICES)} == brute
        assert {offer.name for offer in offered if pair(need, offer, None).fits} == brute
        assert count_fitting(store, need) == len(brute)
        total += len(brute)
    assert 100 < total < 9000


def test_what_you_attach_is_not_missing() -> None:
    need = Need("urn:m", "m", 1, 1, frozenset({"camera", "microphone"}))
    offer = Offer("urn:d", "d", 1, 1, frozenset({"microphone"}))
    assert pair(need, offer, None).reasons == ("no camera",)
    assert pair(need, offer, None, frozenset({"camera"})).fits


def test_what_the_compiler_found_decides() -> None:
    need, offer = Need("urn:m", "m", 10**9, 1), Offer("urn:d", "d", 1, 1)
    assert pair(need, offer, Known((), {"RAM": 5.0})).fits
    assert pair(need, offer, Known(("flash short",), {})).reasons == ("flash short",)


def test_the_best_comes_first() -> None:
    need = Need("urn:m", "m", 1, 1)

    def on(
        name: str, figures: dict[str, float], *, emulated: bool = False, price: float | None = None
    ):
        offer = Offer(f"urn:{name}", name, 1, 1, price=price, emulated=emulated)
        return pair(need, offer, Known(() if figures else ("no kernel",), figures))

    pairs = [
        on("refused", {}),
        on("emulated slow", {"Instructions": 9.0}, emulated=True),
        on("emulated fast", {"Instructions": 5.0}, emulated=True),
        on("slow", {"Duration": 2.0, "Flash": 1.0}),
        on("fast dear", {"Duration": 1.0, "Flash": 7.0}, price=9.0),
        on("fast cheap", {"Duration": 1.0, "Flash": 7.0}, price=3.0),
        on("fast small", {"Duration": 1.0, "Flash": 6.0}),
    ]
    assert [each.target_name for each in order(pairs)] == [
        "fast small",
        "fast cheap",
        "fast dear",
        "slow",
        "emulated fast",
        "emulated slow",
        "refused",
    ]
