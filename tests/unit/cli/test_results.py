"""What `evaluate`, `bench` and `zoo` print of records and entries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Invoke, parsed
from tests.unit.zoo.zoo_helpers import chain
from tinyssl.cli.bench import bench_result
from tinyssl.cli.evaluate import evaluate_result
from tinyssl.cli.output import Table
from tinyssl.core.records import Workspace, write_json


def test_corruptions_are_a_table_a_form_of_the_model(tmp_path: Path) -> None:
    content = {
        "levels": [1, 2],
        "images": 1200,
        "accuracy": {"float": {"blur": [0.9, 0.7]}, "INT8": {"blur": [0.88, 0.66]}},
        "ours": {"blur": "a Gaussian of our own"},
    }
    with Workspace(tmp_path).start("evaluate", {}) as run:
        run.results(accuracy_clean_int8=0.91, corruption_kinds={"blur": 0.77})
        write_json(run.file("corruptions", "corruptions.json"), content)
    shown = evaluate_result(run.record)
    figures, float32, int8 = [block for block in shown.blocks if isinstance(block, Table)]
    assert [name for name, _ in figures.rows] == ["accuracy_clean_int8"]
    assert float32.columns == ("float, % of 1,200 images", "level 1", "level 2", "mean")
    assert float32.rows == [("blur", "90.0", "70.0", "80.0")]
    assert int8.rows == [("blur", "88.0", "66.0", "77.0")]
    assert "blur: a Gaussian of our own" in shown.blocks
    assert shown.blocks[-1] == f"run: {run.record.folder}"


def test_a_wake_word_is_two_sentences(tmp_path: Path) -> None:
    audio = {
        "wake_word": "alexa", "positives": 40, "false_rejects": 3, "other_seconds": 5400.0,
        "false_accepts": 3, "false_accepts_per_hour": 2.0,
    }  # fmt: skip
    with Workspace(tmp_path).start("bench", {}) as run:
        run.results(board="mps2_an500", audio=audio)
    blocks = bench_result(run.record).blocks
    assert "alexa was heard in 37 of 40 clips that hold it (3 missed)" in blocks
    assert "3 false accepts in 1.500 hours of other sound: 2.00 an hour" in blocks


def test_the_zoo_lists_and_shows_its_entries(
    invoke: Invoke, workspace: Path, tiny_tflite: Path
) -> None:
    assert "the zoo is empty" in invoke("zoo").stdout
    source = chain(Workspace(workspace), tiny_tflite).convert
    added = invoke("zoo", "add", str(source.folder), "--name", "small")
    assert added.exit_code == 0, added.output
    listed = invoke("zoo").stdout
    assert "small (default)" in listed
    assert "60.00 %" in listed
    content = parsed(invoke("zoo", "--json"))
    assert [model["name"] for model in content["models"]] == ["small"]
    assert content["default"] == "small"
    assert "cat, dog, emu" in invoke("zoo", "show", "small").stdout
    assert json.loads(invoke("zoo", "show", "small", "--json").stdout)["name"] == "small"


@pytest.mark.parametrize("words", [("remove",), ("show",), ("add",)])
def test_what_the_zoo_does_not_know_is_told(invoke: Invoke, words: tuple[str, ...]) -> None:
    refused = invoke("zoo", *words)
    assert refused.exit_code == 2
    assert "not understood" in refused.output
