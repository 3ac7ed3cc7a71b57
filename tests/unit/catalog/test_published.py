"""Spec 05 (d): the matchmaker equals brute force on all pairs of the published files.

Their questions, asked by the shipped queries, have the answers that the spec gives.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.catalog import published
from tinyssl.catalog.foreign import read_foreign
from tinyssl.catalog.match import needs, pair
from tinyssl.catalog.places import read_places
from tinyssl.catalog.queries import shipped
from tinyssl.catalog.store import EmbeddedStore, value_of
from tinyssl.core.errors import DataError


@pytest.fixture(params=[False, True], ids=["instance IRIs", "ontology IRIs"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> EmbeddedStore:
    found = EmbeddedStore()
    found.put([read_foreign(path) for path in published.write(tmp_path, ontology=request.param)])
    return found


def asked(store: EmbeddedStore, query: str, name: str) -> list[str]:
    return [str(value_of(row[name])).rpartition(":")[2] for row in store.ask(query)]


def test_all_pairs_are_those_of_brute_force(store: EmbeddedStore) -> None:
    wanted = {
        (network, device)
        for network, ram, flash, _, sensors, _ in published.NETWORKS
        for device, free_ram, free_flash, has in published.DEVICES
        if ram <= free_ram
        and flash <= free_flash
        and {*sensors.split()} - {"OtherSensor"} <= {*has.split()}
    }
    pairs = [
        pair(need, offer, None)
        for need in needs(store)
        for offer in read_places(store).by_their_names()
    ]
    assert len(pairs) == 23 * 6
    assert {(each.model_name, each.target_name) for each in pairs if each.fits} == wanted
    assert 0 < len(wanted) < len(pairs)


def test_each_refusal_says_what_is_missing(store: EmbeddedStore) -> None:
    pairs = {
        (each.model_name, each.target_name): each.reasons
        for each in (
            pair(need, offer, None)
            for need in needs(store)
            for offer in read_places(store).by_their_names()
        )
    }
    assert pairs["ARM_MicroNet_VWW_3", "syntiant"] == (
        "no camera",
        "RAM short by 181,976 bytes: 206,976 needed, 25,000 free",
    )
    assert pairs["Person_Detection", "nano_kit"] == ()


def test_questions_have_the_published_answers(store: EmbeddedStore) -> None:
    motion, camera = shipped("devices_for_motion"), shipped("models_for_camera")
    assert asked(store, motion, "device") == ["nano_33_ble", "nano_kit"]
    assert asked(store, camera, "name") == ["Person_Detection", "Visual_Alarm_Clock"]
    assert asked(store, shipped("models_for_keyword"), "name") == [
        f"Micro_Speech_Yes_No_{number}" for number in (2, 4, 1, 3)
    ]
    seloc = motion.replace("?ram >= 116", "?ram >= 121").replace("?flash >= 531", "?flash >= 610")
    assert asked(store, seloc, "device") == ["nano_33_ble", "nano_kit"]
    seloc = camera.replace("?ram <= 127", "?ram <= 144").replace("?flash <= 576", "?flash <= 621")
    assert asked(store, seloc, "name") == ["Person_Detection", "Visual_Alarm_Clock"]
    devices = store.ask(shipped("devices"))
    assert len(devices) == len(published.DEVICES)
    assert "Camera" in str(devices[0]["sensors"]) + str(devices[1]["sensors"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a> <b> ", "no valid Turtle"),
        ("<urn:a> <urn:b> <urn:c> .", "none says what a model needs"),
        (published.prefixes() + published.network(("x", -3, 1, 1, "Camera", 0)), "RAM or flash"),
    ],
)
def test_what_describes_nothing_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.ttl"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_foreign(path)
