"""Thing Descriptions against W3C's own JSON schema of TD 1.1, and one of a running board."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tinyssl.catalog.store import value_of
from tinyssl.catalog.thing import board_thing, sizes
from tinyssl.core.config import BuildConfig, CatalogConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import emulator
from tinyssl.stages.build import build
from tinyssl.stages.catalog import Catalog, open_catalog
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import all_boards, find_board


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """W3C's `td-json-schema-validation.json`, which `make setup` takes from labthings-fastapi."""
    folder = Path(sys.prefix) / "share" / "td-schema" / "labthings_fastapi" / "thing_description"
    text = (folder / "td-json-schema-validation.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    assert found["version"].startswith("1.1")
    return found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """A catalogue beside a running image."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    build(BuildConfig(board="host", check=False), workspace)
    flash(FlashConfig(board="host"), workspace)
    yield open_catalog(workspace)
    emulator.stop(workspace.builds / "host")


@pytest.mark.parametrize("name", [board.id for board in all_boards()])
def test_every_board_has_a_valid_description(name: str, schema: dict[str, Any]) -> None:
    thing = board_thing(find_board(name))
    jsonschema.validate(thing, schema)
    as_json, as_cbor = sizes(thing)
    assert 500 < as_cbor < as_json < 4000


def test_the_schema_refuses_a_wrong_one(schema: dict[str, Any]) -> None:
    thing = board_thing(find_board("host"))
    del thing["properties"]["model"]["forms"]
    with pytest.raises(jsonschema.ValidationError, match="forms"):
        jsonschema.validate(thing, schema)


def test_a_live_device_is_known_and_described(live: Catalog, schema: dict[str, Any]) -> None:
    live.refresh()
    (device,) = live.devices()
    assert device.identity.build_id == device.identity.build_id.lower()
    thing = live.thing(device.name)
    jsonschema.validate(thing, schema)
    assert thing["version"]["instance"] == device.identity.build_id
    assert thing["actions"]["infer"]["input"]["minItems"] == device.identity.input_bytes
    (row,) = live.store.ask(
        "SELECT ?board ?model ?seen WHERE { ?d a tiny:Device ; tiny:lastSeen ?seen ; "
        "tiny:board [ schema:identifier ?board ] ; tiny:runs [ schema:name ?model ] }"
    )
    assert [value_of(row[name]) for name in ("board", "model")] == ["host", "mobilenet_v2_035_32px"]
    pairs = live.match(
        CatalogConfig(model="mobilenet_v2_035_32px", board=f"host {device.name}")
    ).pairs
    assert [each.fits for each in pairs] == [True]
    assert pairs[0].exact
    assert live.violations() == []


def test_a_device_that_has_ended_is_none(tmp_path: Path) -> None:
    assert open_catalog(Workspace(tmp_path)).devices() == []
