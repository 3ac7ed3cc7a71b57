"""Entries of the zoo: what is refused, what the card says, which one is used unnamed."""

import pytest

from tests.unit.zoo.zoo_helpers import bench, chain, convert, pretrain, probe
from tinyssl.core.errors import AccuracyDrop, BudgetExceeded, Mismatch, ModelError, UsageError
from tinyssl.core.paths import data_folder
from tinyssl.core.records import Workspace, sha256_of
from tinyssl.project.source import class_names
from tinyssl.verify.subject import find_subject
from tinyssl.zoo import (
    CardTexts,
    ModelCard,
    add_entry,
    entries,
    find_entry,
    find_sources,
    set_default,
)
from tinyssl.zoo.add import allowed_drop

WORDS = CardTexts("small")


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "work")


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setenv("TINYSSL_ZOO", str(folder))
    return folder


def test_entry_holds_the_files_and_a_card_that_tells_all(workspace, zoo, tiny_tflite):
    entry = add_entry(chain(workspace, tiny_tflite), WORDS)
    assert entry.model.read_bytes() == tiny_tflite.read_bytes()
    card = ModelCard.load(zoo / "small")
    assert card == entry.card
    assert class_names(find_subject(entry.model, workspace)) == card.classes
    assert card.classes == ("cat", "dog", "emu")
    assert card.files["model_int8.tflite"]["sha256"] == sha256_of(tiny_tflite)
    assert card.accuracy["drop_points"] == 0.5
    assert card.teacher["supervised"] is True
    assert card.teacher["licence"] == "Apache-2.0"
    assert card.data["licence"].startswith("CC BY 4.0")
    assert card.data["labels"] == "for the linear head only"
    assert "tinyssl pretrain --method seed" in card.commands[0]
    assert "--teacher efficientnet_lite0" in card.commands[0]


def test_page_names_what_a_reader_must_know(workspace, zoo, tiny_tflite):
    entry = add_entry(chain(workspace, tiny_tflite), WORDS)
    page = (entry.folder / "card.md").read_text()
    for text in (
        "**a supervised teacher**",
        "60.00 % of 20 test images",
        "+0.50 points lost",
        "20 of 20 inputs on mps2_an500",
        "59.00 % of 20 test images",
        sha256_of(tiny_tflite),
        "cat, dog, emu",
        "70 training",
    ):
        assert text in page


def test_model_that_loses_too_much_is_refused(workspace, zoo, tiny_tflite):
    """Of 20 test images it may get one wrong that float gets right, of many half a point."""
    with pytest.raises(AccuracyDrop, match=r"loses 5\.20 points; a model of the zoo at most 5"):
        add_entry(chain(workspace, tiny_tflite, drop=5.2), WORDS)
    assert not (zoo / "small").exists()
    assert (allowed_drop(20), allowed_drop(127), allowed_drop(10_000)) == (5, 100 / 127, 0.5)


def test_model_with_other_bytes_on_the_board_is_refused(workspace, zoo, tiny_tflite):
    with pytest.raises(Mismatch, match="19 of 20 outputs of mps2_an500"):
        add_entry(chain(workspace, tiny_tflite, equal=19), WORDS)


def test_large_backbone_is_refused(workspace, zoo, tiny_tflite):
    with pytest.raises(BudgetExceeded, match="2,097,153 bytes"):
        add_entry(chain(workspace, tiny_tflite, size=2 * 2**20 + 1), WORDS)


def test_unknown_licence_and_bad_names_are_refused(workspace, zoo, tiny_tflite):
    sources = chain(workspace, tiny_tflite)
    sources.pretrain.data["name"] = "npz"
    with pytest.raises(UsageError, match="licence of the images"):
        add_entry(sources, WORDS)
    words = CardTexts("small", data_name="my photographs", data_licence="CC0")
    assert add_entry(sources, words).card.data["name"] == "my photographs"
    with pytest.raises(UsageError, match="no name for a model"):
        add_entry(sources, CardTexts("../small"))


def test_model_that_was_not_measured_on_a_board_is_refused(workspace, zoo, tiny_tflite):
    probed = probe(workspace, pretrain(workspace))
    converted = convert(workspace, probed, tiny_tflite, 0.0)
    with pytest.raises(UsageError, match="not measured on a board"):
        find_sources(None, workspace)
    measured = bench(workspace, converted)
    assert find_sources(None, workspace).bench.folder == measured.folder


def test_default_is_the_named_one_else_the_first(workspace, zoo, tiny_tflite):
    with pytest.raises(UsageError, match="holds no model"):
        find_entry()
    sources = chain(workspace, tiny_tflite)
    for name in ("b", "a"):
        add_entry(sources, CardTexts(name))
    assert find_entry().card.name == "a"
    set_default("b")
    assert find_entry().card.name == "b"
    assert find_entry("a").card.name == "a"
    with pytest.raises(UsageError, match="no model in the zoo 'c'"):
        find_entry("c")


def test_damaged_entries_are_found(workspace, zoo, tiny_tflite):
    entry = add_entry(chain(workspace, tiny_tflite), WORDS)
    entry.model.write_bytes(entry.model.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"model_int8\.tflite is not the file of its card"):
        find_entry()
    (entry.folder / "card.json").write_text("{}")
    with pytest.raises(ModelError, match="not a model card"):
        entries()


def test_every_shipped_entry_is_sound() -> None:
    """What the wheel carries: files as on the cards, within the limits."""
    for entry in entries(data_folder("zoo")):
        entry.check()
        assert entry.card.accuracy["drop_points"] <= allowed_drop(entry.card.accuracy["images"])
        assert entry.card.verified["equal"] == entry.card.verified["inputs"] > 0
        assert entry.card.files["backbone.safetensors"]["bytes"] <= 2 * 2**20
