"""The same catalogue at a SPARQL 1.1 endpoint: another implementation, in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.catalog import published
from tinyssl.catalog.endpoint import EndpointStore
from tinyssl.catalog.foreign import read_foreign
from tinyssl.catalog.match import known_fits, needs
from tinyssl.catalog.places import Question, rank, read_places
from tinyssl.catalog.store import EmbeddedStore, GraphStore
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.records import Workspace
from tinyssl.stages.catalog import open_catalog

SERVER = Path(__file__).with_name("sparql_server.py")
SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen([sys.executable, str(SERVER), str(port)])
    try:
        _wait(port, server)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert server.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def everything(store: GraphStore) -> tuple[object, ...]:
    found = sorted(needs(store), key=lambda need: need.iri)
    places = sorted(read_places(store).by_their_names(), key=lambda offer: offer.iri)
    chosen = next(need for need in found if need.name == "Person_Detection")
    known = known_fits(store)
    ranked = rank(Question(chosen, known.get(chosen.iri, {})), read_places(store), most=9)
    return found, places, ranked, known, len(store)


def test_both_stores_know_the_same(url: str, tmp_path: Path) -> None:
    found: list[tuple[object, ...]] = []
    for folder, address in (("embedded", None), ("endpoint", url)):
        workspace = Workspace(tmp_path / folder)
        config = CatalogConfig(store=address, model="mobilenet_v2_035_32px", board="mps2_an500")
        catalog = open_catalog(workspace, config=config)
        assert catalog.refresh() > 10
        assert catalog.refresh() == 0
        for path in published.write(tmp_path):
            catalog.add(path, config)
        (pair,) = catalog.match(replace(config, store=None)).pairs
        assert pair.fits
        assert pair.exact
        found.append(everything(catalog.store))
    assert found[0] == found[1]


def test_a_description_takes_the_place_of_the_last(url: str, tmp_path: Path) -> None:
    store = EndpointStore(url)
    for name in ("first", "second"):
        path = tmp_path / "devices.ttl"
        row = (name, *published.DEVICES[0][1:])
        path.write_text(published.prefixes() + published.device(row))
        store.put([read_foreign(path)])
    titles = {offer.name for offer in read_places(store).by_their_names()}
    assert "second" in titles
    assert "first" not in titles


def test_the_server_s_refusal_is_told(url: str) -> None:
    with pytest.raises(DataError, match="refuses with status 4"):
        EndpointStore(url).ask("SELECT ?x WHERE { ?x a ")


def test_no_server_is_told() -> None:
    store = EndpointStore(f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(DataError, match="does not answer"):
        store.ask("SELECT ?x WHERE { ?x a ?y }")


@pytest.mark.parametrize(
    ("address", "message"),
    [("ftp://x", "no address"), ("http://example.org/sparql", "clear text")],
)
def test_a_wrong_address_is_refused(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EndpointStore(address, token="secret")


def test_one_process_at_a_time(tmp_path: Path) -> None:
    kept = EmbeddedStore(tmp_path / "catalog")
    with pytest.raises(UsageError, match="cannot be opened"):
        EmbeddedStore(tmp_path / "catalog")
    assert len(kept) == 0
