"""`tinyssl fleet` and `tinyssl build --match`: what they choose and say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import invoke, workspace
from tinyssl.catalog.live import seen_before
from tinyssl.catalog.names import board_iri, device_iri, model_iri, run_iri
from tinyssl.catalog.queries import shipped
from tinyssl.catalog.runs import describe_run
from tinyssl.catalog.store import EmbeddedStore, value_of
from tinyssl.catalog.terms import NNET, PROV, RDF, SCHEMA, TINY
from tinyssl.catalog.triples import Description
from tinyssl.core.records import Workspace

__all__ = ["invoke", "workspace"]

ZOO = "mobilenet_v2_035_32px"


def test_devices_that_were_seen_once_are_listed() -> None:
    store = EmbeddedStore()
    for name, seen in (("old", "2026-01-01T00:00:00"), ("new", "2026-02-01T00:00:00")):
        iri = device_iri(name)
        found = Description(iri).add(iri, RDF.type, TINY.Device).add(iri, SCHEMA.serialNumber, name)
        found.add(iri, TINY.lastSeen, seen).add(iri, TINY.port, f"/dev/{name}")
        store.put([found.add(iri, TINY.board, board_iri("b"))])
    assert [row[0] for row in seen_before(store, ())] == ["new", "old"]
    assert seen_before(store, {"new"}) == [("old", "", "/dev/old", "2026-01-01T00:00:00")]


def test_an_empty_fleet_says_what_to_do(invoke, workspace: Path) -> None:
    shown = invoke("fleet")
    assert shown.exit_code == 0
    assert "no device answers" in shown.stdout
    assert json.loads(invoke("fleet", "--json").stdout)["devices"] == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["fleet", "deplo"], "fleet deplo: not understood"),
        (["fleet", "--boards", "host"], "--boards says where to deploy"),
        (["fleet", "deploy", "--boards", "nix"], "no board 'nix'"),
        (["build", "--match", "--model", "nix"], "no model 'nix'"),
        (["build", "--match", "--board", "nix"], "no board 'nix'"),
        (["catalog", "match", "--price", "host=-5"], "price"),
    ],
)
def test_what_is_not_there_is_told(invoke, workspace, args, message) -> None:
    shown = invoke(*args, "--json")
    assert shown.exit_code == 2
    assert message in json.loads(shown.stdout)["error"]["message"]


def test_build_takes_the_best_model_of_a_board(
    invoke, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINYSSL_ZOO", raising=False)
    args = ("--match", "--board", "mps2_an386", "--target", "c", "--no-check", "--json")
    built = json.loads(invoke("build", *args).stdout)
    assert built["board"] == "mps2_an386"
    assert ZOO in built["model_path"]
    shown = invoke("build", "--match", "--board", "mps2_an386", "--min-accuracy", "99", "--json")
    assert shown.exit_code == 3
    message = json.loads(shown.stdout)["error"]["message"]
    assert message == "no model fits mps2_an386: none is left with --min-accuracy 99.0"
    best = json.loads(invoke("build", "--match", "--sensor", "camera", *args[3:]).stdout)
    assert not best["board"].startswith("mps")  # hardware stands before emulators


def test_a_model_is_traced_to_its_training(tmp_path: Path) -> None:
    workspace, store = Workspace(tmp_path), EmbeddedStore()
    config = {"method": "ca_dssl", "teacher": {"name": "lite2", "image_size": 160}}
    with workspace.start("pretrain", config) as pretrain:
        pretrain.file("backbone", "b.safetensors").write_bytes(b"b")
    inputs = {"backbone": pretrain.record.path("backbone")}
    with workspace.start("probe", {}, inputs=inputs) as probe:
        probe.file("head", "h.safetensors").write_bytes(b"h")
    with workspace.start("convert", {}, inputs={"head": probe.record.path("head")}) as convert:
        pass
    store.put(map(describe_run, (pretrain.record, probe.record, convert.record)))
    iri = model_iri("00")
    model = Description(iri).add(iri, RDF.type, NNET.NeuralNetwork).add(iri, SCHEMA.name, "m")
    store.put([model.add(iri, PROV.wasGeneratedBy, run_iri(convert.record.folder.name))])
    (row,) = store.ask(shipped("models_of_teacher"))
    assert value_of(row["run"]) == pretrain.record.folder.name
    assert (value_of(row["method"]), value_of(row["teacher"])) == ("ca_dssl", "lite2")
