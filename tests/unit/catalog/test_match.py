"""The matchmaker against brute force on random models and devices, and its order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinyssl.catalog.describe import describe_system
from tinyssl.catalog.match import Known, Match, Need, Offer, order, pair
from tinyssl.catalog.names import device_iri
from tinyssl.catalog.places import Places, Question, rank, read_places
from tinyssl.catalog.store import EmbeddedStore
from tinyssl.catalog.terms import RDF, S3N, SENSORS, TD
from tinyssl.catalog.triples import Description
from tinyssl.core.errors import UsageError

MODELS, DEVICES = 100, 100
NAMES = tuple(SENSORS)
FIGURES = ("Instructions", "Duration", "Flash", "RAM")


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
    assert sorted(read_places(store).by_their_names(), key=lambda each: each.iri) == sorted(
        offered, key=lambda each: each.iri
    )
    total, places = 0, read_places(store)
    for need in needs:
        brute = {
            offer.name
            for offer in offered
            if need.ram <= offer.ram and need.flash <= offer.flash and need.sensors <= offer.sensors
        }
        ranked = rank(Question(need, {}), places)
        assert {each.target_name for each in ranked.best} == brute
        assert {offer.name for offer in offered if pair(need, offer, None).fits} == brute
        assert (ranked.fitting, ranked.others) == (len(brute), DEVICES - len(brute))
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


def some_places(rng: np.random.Generator) -> list[Offer]:
    """Devices with and without a price, of kinds that the compiler knows or not."""
    return [
        Offer(
            f"urn:d:{i}",
            f"d{i % 37}",
            int(rng.integers(1, 9)) * 1000,
            int(rng.integers(1, 9)) * 1000,
            frozenset(name for name in NAMES if rng.random() < 0.5),
            f"urn:b:{rng.integers(6)}" if rng.random() < 0.7 else "",
            None if rng.random() < 0.5 else float(rng.integers(1, 4)),
            bool(rng.random() < 0.3),
            None if rng.random() < 0.5 else float(rng.integers(1, 4)),
        )
        for i in range(60)
    ]


def one_by_one(question: Question, places: list[Offer]) -> list[Match]:
    found = []
    for place in places:
        known = question.known.get(place.board or place.iri)
        each = pair(question.need, place, known, question.attached)
        found.append(replace(each, reasons=(*question.forbidden, *each.reasons)))
    return order(found, question.by)


@pytest.mark.parametrize("by", ["time", "energy", "flash", "ram", "price"])
@pytest.mark.parametrize("seed", range(4))
def test_columns_give_the_order_of_one_by_one(seed: int, by: str) -> None:
    rng = np.random.default_rng(seed)
    places = some_places(rng)
    known = {
        f"urn:b:{i}": Known(
            ("no kernel",) * int(rng.integers(0, 2)),
            {kind: float(rng.integers(1, 3)) for kind in FIGURES if rng.random() < 0.6},
        )
        for i in range(4)
    }
    sensors = frozenset(name for name in NAMES if rng.random() < 0.3)
    need = Need("urn:m", "m", 4000, 4000, sensors, accuracy=0.5)
    attached = frozenset(NAMES[:1]) if seed % 2 else frozenset()
    forbidden = ("withdrawn",) if seed == 3 else ()
    question = Question(need, known, attached, forbidden, by)
    expected = one_by_one(question, places)
    found = rank(question, Places.of(places))
    assert [_shown(each) for each in found.pairs] == [_shown(each) for each in expected]
    assert found.fitting == sum(each.fits for each in expected)
    for most in (0, 1, 7, 50, 60):
        fit = [each for each in expected if each.fits][:most]
        others = [each for each in expected if not each.fits][:most]
        few = rank(question, Places.of(places), most)
        assert [_shown(each) for each in few.pairs] == [_shown(each) for each in fit + others]
        assert (few.fitting, few.others) == (found.fitting, found.others)


def _shown(each: Match) -> tuple[object, ...]:
    """All but the IRI: of places that are equal in all else either may come first."""
    return (each.target_name, each.reasons, dict(each.figures), each.exact, each.price)


def test_columns_come_back_from_their_file_in_the_same_revision(tmp_path: Path) -> None:
    places, path = Places.of(some_places(np.random.default_rng(0))), tmp_path / "places.npz"
    assert Places.load(path, "1") is None
    places.save(path, "1")
    again = Places.load(path, "1")
    assert again is not None
    assert [again.offer(at) for at in range(60)] == [places.offer(at) for at in range(60)]
    assert Places.load(path, "2") is None
    path.write_bytes(path.read_bytes()[:100])
    assert Places.load(path, "1") is None


def test_no_places_match_nothing() -> None:
    found = rank(Question(Need("urn:m", "m", 1, 1), {}), Places.of([]), 5)
    assert (found.pairs, found.fitting, found.others) == ((), 0, 0)


def test_what_the_user_says_of_a_board_holds_for_its_devices() -> None:
    board = Offer("urn:b", "nucleo", 1, 1)
    device, other = Offer("urn:d", "d", 1, 1, board="urn:b"), Offer("urn:e", "e", 1, 1, price=3.0)
    places = Places.of([board, device, other]).stated({"nucleo": 27.0}, {"nucleo": 0.5})
    assert [places.offer(at).price for at in range(3)] == [27.0, 27.0, 3.0]
    assert [places.offer(at).watts for at in range(3)] == [0.5, 0.5, None]
    match = pair(Need("urn:m", "m", 1, 1), places.offer(1), Known((), {"Duration": 0.25}))
    assert match.figures["Energy"] == 0.125
    with pytest.raises(UsageError, match="--watts nix=…: no such board"):
        places.stated({}, {"nix": 1.0})
