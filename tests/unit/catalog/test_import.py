"""Import and export of whole graphs, and what a broken one leaves."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyoxigraph import CanonicalizationAlgorithm, Dataset

from tests.unit.cli.conftest import invoke, workspace
from tinyssl.catalog.names import board_iri, device_iri
from tinyssl.catalog.places import read_places
from tinyssl.catalog.store import STATE, EmbeddedStore
from tinyssl.catalog.terms import TD, TINY
from tinyssl.catalog.triples import Description
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages import catalog as stage
from tinyssl.stages.catalog import open_catalog
from tools import catalog_scale

__all__ = ["invoke", "workspace"]

ENDED = """
import os, signal, sys
from pathlib import Path
from contextlib import contextmanager
from tinyssl.catalog.store import EmbeddedStore
from tinyssl.core.progress import Silent

class Fatal(Silent):
    @contextmanager
    def track(self, title, total, unit="step"):
        self.left = total
        yield self

    def advance(self, count=1, **fields):
        self.left -= count
        if not self.left:
            os.kill(os.getpid(), getattr(signal, sys.argv[3]))

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started it may ignore that
EmbeddedStore(Path(sys.argv[1])).load(Path(sys.argv[2]), Fatal())
"""
"""A process that gets a signal when it has read all of a file that it imports"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Descriptions of 60 devices and 3 models."""
    path = tmp_path_factory.mktemp("fleet") / "fleet.nq"
    with path.open("w", encoding="utf-8") as file:
        catalog_scale.write_descriptions(file, devices=60, models=3, seed=0)
    return path


def test_what_was_exported_comes_in_elsewhere(fleet: Path, tmp_path: Path) -> None:
    first = EmbeddedStore(tmp_path / "first")
    triples = first.load(fleet, Silent())
    assert triples == _count(fleet)
    assert first.save(tmp_path / "all.nq") == triples
    second = EmbeddedStore(tmp_path / "second")
    assert second.load(tmp_path / "all.nq", Silent()) == triples
    assert second.load(tmp_path / "all.nq", Silent()) == triples  # nothing twice
    assert _canonical(second) == _canonical(first)
    assert len(read_places(second)) == 60


def _canonical(store: EmbeddedStore) -> Dataset:
    """Whatever its blank nodes are called."""
    found = Dataset(quad for quad in store.graph if quad.graph_name != STATE)
    found.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return found


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A store that has one device of the fleet, of which it knows something else."""
    folder = tmp_path / "catalog"
    store, iri = EmbeddedStore(folder), device_iri("d0000000")
    store.put([Description(iri).add(iri, TD.title, "as it was")])
    store.close()
    return folder


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_an_import_that_is_ended_leaves_what_was_there(known: Path, fleet: Path, name: str) -> None:
    words = [sys.executable, "-c", ENDED, str(known), str(fleet), name]
    done = subprocess.run(words, check=False, capture_output=True)
    assert done.returncode == -getattr(signal, name)
    _is_as_it_was(known)
    assert EmbeddedStore(known).load(fleet, Silent()) == _count(fleet)


def test_a_faulty_file_leaves_what_was_there(known: Path, fleet: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.nq"
    text = fleet.read_text(encoding="utf-8")
    path.write_text(encoding="utf-8", data=f"{text}<urn:a> <urn:b> .\n")
    store = EmbeddedStore(known)
    with pytest.raises(DataError, match=r"broken.nq cannot be imported"):
        store.load(path, Silent())
    assert len(store) == 1
    store.close()
    _is_as_it_was(known)


@pytest.mark.parametrize("moment", ["half a copy", "putting back"])
def test_a_kill_between_two_steps_loses_nothing(known: Path, fleet: Path, moment: str) -> None:
    """Folders as each moment leaves them."""
    copy, rest = known.with_name("catalog.earlier"), known.with_name("catalog.rest")
    if moment == "putting back":
        shutil.copytree(known, copy)
        known.rename(rest)
    else:
        rest.mkdir()
    _is_as_it_was(known)
    EmbeddedStore(known).load(fleet, Silent())
    assert not copy.exists()
    assert not rest.exists()


def _is_as_it_was(folder: Path) -> None:
    store = EmbeddedStore(folder)
    assert [quad.object.value for quad in store.graph if quad.graph_name != STATE] == ["as it was"]
    store.close()


def _count(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_the_columns_follow_the_graph(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "KEPT", 1)
    workspace, kept = Workspace(tmp_path), tmp_path / stage.PLACES
    open_catalog(workspace).load(fleet)
    assert len(open_catalog(workspace).places()) == 60
    written = kept.stat().st_mtime_ns
    catalog = open_catalog(workspace)
    assert len(catalog.places()) == 60
    assert kept.stat().st_mtime_ns == written
    iri = device_iri("new")
    new = Description(iri).add(iri, TINY.freeRam, 10**9).add(iri, TINY.freeFlash, 10**9)
    catalog.put([new.add(iri, TD.title, "new").add(iri, TINY.board, board_iri("none"))])
    assert len(catalog.places()) == 61
    (pair, *_) = catalog.match(CatalogConfig(board="new"), compiling=False, most=1).pairs
    assert pair.target_name == "new"
    catalog.put([Description(iri).add(iri, TD.title, "gone")])
    assert len(catalog.places()) == 60


def test_the_command_imports_limits_and_counts(invoke, workspace: Path, fleet: Path) -> None:
    shown = json.loads(invoke("catalog", "import", str(fleet), "--json").stdout)
    assert shown["triples"] == _count(fleet)
    listed = json.loads(invoke("catalog", "list", "--limit", "5", "--json").stdout)
    assert len(listed["places"]) == 5
    assert listed["places_in_all"] > 60
    name = next(each["name"] for each in listed["models"] if each["name"].startswith("model "))
    found = json.loads(invoke("catalog", "match", "--model", name, "--limit", "3", "--json").stdout)
    assert found["fitting"] + found["others"] == listed["places_in_all"]
    assert sum(each["fits"] for each in found["pairs"]) == min(3, found["fitting"])
    text = invoke("catalog", "match", "--model", name, "--limit", "3").stdout
    assert "more; --limit 0 --json lists all" in text
    out = workspace / "again.nq"
    again = json.loads(invoke("catalog", "export", "--out", str(out), "--json").stdout)
    assert (
        again["triples"] == out.read_text(encoding="utf-8").count("\n") - 1
    )  # the store's own revision


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["import"], 2, "takes one file"),
        (["import", "gone.nq"], 2, "gone.nq"),
        (["import", "x.ttl"], 2, "cannot be imported here"),
    ],
)
def test_what_cannot_be_imported_is_told(invoke, workspace, args, code, message) -> None:
    (workspace / "x.ttl").write_text("", encoding="utf-8")
    shown = invoke("catalog", *args, "--json")
    assert shown.exit_code == code
    assert message in json.loads(shown.stdout)["error"]["message"]


def test_an_endpoint_takes_no_import(tmp_path: Path, fleet: Path) -> None:
    catalog = open_catalog(Workspace(tmp_path), config=CatalogConfig(store="http://127.0.0.1:1/"))
    with pytest.raises(UsageError, match="cannot be imported here"):
        catalog.load(fleet)


def test_the_tool_measures_and_its_stores_agree(tmp_path: Path) -> None:
    """All phases in this process, on a few devices."""
    made = catalog_scale.make(tmp_path, devices=40, models=4, seed=1)
    figures = dict(made)
    for name, phase in catalog_scale.PHASES.items():
        figures |= phase(tmp_path) | {f"{name}_memory": 2**20}
    assert figures["stored"] == made["triples"]
    assert figures["pairs"] == 4 * 40
    assert 0 < figures["anchor_found"] < 40
    row = figures | {
        "devices": 40, "models": 4, "seed": 1, "commit": "c", "date": "d", "machine": "m",
    }  # fmt: skip
    assert "rdflib" in catalog_scale.table(row)
