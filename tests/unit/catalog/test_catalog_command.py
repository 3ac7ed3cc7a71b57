"""`tinyssl catalog` as a user meets it: from an empty folder to what runs where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.unit.catalog import published
from tinyssl.cli.app import cli
from tinyssl.zoo import find_entry

ZOO = "mobilenet_v2_035_32px"


class Catalogue:
    """Runs `tinyssl catalog` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, code: int = 0) -> dict[str, Any]:
        result = CliRunner().invoke(cli, ["-w", str(self.folder), "--json", "catalog", *words])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue(tmp_path_factory.mktemp("workspace"))


def test_an_empty_folder_knows_zoo_and_boards(catalogue: Catalogue) -> None:
    found = catalogue()
    assert [model["name"] for model in found["models"]] == [ZOO]
    assert {"host", "mps2_an500"} <= {place["name"] for place in found["places"]}


def test_match_says_where_and_why_not(catalogue: Catalogue) -> None:
    pairs = {each["target_name"]: each for each in catalogue("match", "--model", ZOO)["pairs"]}
    assert len(pairs) == len(catalogue()["places"])
    assert pairs["mps2_an500"]["fits"]
    assert pairs["mps2_an500"]["figures"]["Instructions"] == pytest.approx(6.6e6, rel=0.01)
    (flash, camera) = pairs["nucleo_f446re"]["reasons"]
    assert flash.startswith("flash short by 7")
    assert camera == "no camera"
    with_camera = catalogue("match", "--model", ZOO, "--sensor", "camera", "--board", "nano33ble")
    assert with_camera["pairs"][0]["fits"]
    catalogue("match", "--model", ZOO, "--board", "nucleo_f446re", code=3)


def test_a_file_is_added_once(catalogue: Catalogue, tmp_path: Path) -> None:
    model = tmp_path / "word.tflite"
    model.write_bytes(find_entry().model.read_bytes() + b"\0")
    words = ("add", str(model), "--sensor", "microphone", "--task", "keyword")
    assert catalogue(*words)["added"] == [str(model)]
    assert catalogue(*words)["added"] == []
    found = catalogue("match", "--task", "keyword", "--board", "mps2_an500")["pairs"]
    assert [each["model_name"] for each in found] == ["word"]
    assert ["tiny:needsSensor", "sosa_extend:Microphone"] in catalogue("show", "word")["statements"]


def test_descriptions_go_in_and_out(catalogue: Catalogue, tmp_path: Path) -> None:
    files = [str(path) for path in published.write(tmp_path)]
    assert catalogue("add", *files)["added"] == files
    found = catalogue("match", "--model", "Person_Detection", "--board", "nano_kit")
    assert found["pairs"][0]["fits"]
    assert not found["pairs"][0]["exact"]
    for ending in ("ttl", "nt", "jsonld"):
        path = tmp_path / f"all.{ending}"
        assert catalogue("export", "--out", str(path))["triples"] > 2000
        again = Catalogue(tmp_path / ending)
        assert again("add", str(path))["added"] == [str(path)]
        assert "Person_Detection" in {model["name"] for model in again()["models"]}
    names = [row["name"] for row in catalogue("query", "models_for_camera")["solutions"]]
    assert names == [ZOO, "Person_Detection", "Visual_Alarm_Clock"]


def test_incomplete_descriptions_are_refused_whole(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "bad.ttl"
    text = published.prefixes() + published.device(published.DEVICES[0])
    path.write_text(text.replace('td:title "nano_33_ble" ;', ""))
    before = catalogue()["places"]
    error = catalogue("add", str(path), code=1)["error"]
    assert "td:title" in error["message"]
    assert catalogue()["places"] == before
    (violation,) = catalogue("validate", str(path), code=3)["violations"]
    assert violation["property"].endswith("title")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("boil",), "not understood"),
        (("add",), "names no file"),
        (("add", "notes.txt"), "neither a model nor a description"),
        (("match", "--model", "nothing"), "no model 'nothing'"),
        (("match", "--board", "nothing"), "no board or device 'nothing'"),
        (("show", "nothing"), "nothing is called"),
        (("query", "nothing"), "no query 'nothing'"),
        (("match", "--sensor", "nose"), "sensor"),
        (("list", "more"), "takes no 'more'"),
    ],
)
def test_mistakes_are_told(catalogue: Catalogue, words: tuple[str, ...], message: str) -> None:
    assert message in catalogue(*words, code=2)["error"]["message"]


def test_a_wrong_query_is_told_with_its_place(catalogue: Catalogue, tmp_path: Path) -> None:
    query = tmp_path / "q.rq"
    query.write_text("SELECT ?x WHERE { ?x a ")
    assert "no valid SPARQL" in catalogue("query", str(query), code=2)["error"]["message"]
    query.write_text("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    assert "no valid SPARQL" in catalogue("query", str(query), code=2)["error"]["message"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("list",), 0, "boards and devices"),
        (("match", "--model", ZOO), 0, "next: tinyssl run --model"),
        (("match", "--model", ZOO, "--board", "nucleo_f446re"), 3, "nothing fits"),
        (("show", ZOO), 0, "tiny:needsRam"),
        (("query",), 0, "Which models see"),
        (("query", "trained_with"), 0, "0 solutions"),
        (("devices",), 0, "no device answers"),
        (("thing", "host"), 0, "as CBOR"),
        (("validate",), 0, "complete"),
    ],
)
def test_what_people_read(
    catalogue: Catalogue, words: tuple[str, ...], code: int, told: str
) -> None:
    result = CliRunner().invoke(cli, ["-w", str(catalogue.folder), "catalog", *words])
    assert result.exit_code == code, result.output
    assert told in result.stdout
