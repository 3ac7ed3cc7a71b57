"""`zoo push` and `zoo pull` by huggingface_hub's own client, against a server on this computer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import ModelCardData, constants

from tests.unit.zoo.fake_hub import TOKEN, Hub, serving
from tests.unit.zoo.zoo_helpers import chain
from tinyssl.core.errors import ModelError, UsageError
from tinyssl.core.paths import cache_folder, data_folder
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.zoo import CardTexts, ZooEntry, add_entry, entries, find_entry, pull, push
from tinyssl.zoo.hub import hub_card

REPO = "me/small"
# The client uploads by an argument of its HTTP library that is deprecated there.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """An empty Hub, and a user who may write to it. Xet has no server here: files go by LFS."""
    hub = Hub()
    with serving(hub):
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("TINYSSL_ZOO", raising=False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield hub


@pytest.fixture
def entry(tmp_path: Path, tiny_tflite: Path) -> ZooEntry:
    sources = chain(Workspace(tmp_path / "work"), tiny_tflite)
    return add_entry(sources, CardTexts("small"), tmp_path / "mine")


def get(name: str | None = None) -> ZooEntry:
    return pull(REPO, revision=None, name=name, progress=Silent())


def test_what_is_pushed_can_be_pulled_and_used(hub: Hub, entry: ZooEntry) -> None:
    address = push(entry, REPO, private=True, progress=Silent())
    assert address.startswith(f"{hub.url}/{REPO}/commit/")
    assert set(hub.repositories[REPO]) == {
        "README.md", "card.json", "backbone.safetensors", "model_int8.tflite"
    }  # fmt: skip
    assert len(hub.objects) == 2  # the weights, by LFS
    pulled = get()
    assert pulled.folder == cache_folder() / "zoo" / "small"
    assert pulled.card == entry.card
    assert pulled.page() == entry.page()
    assert find_entry("small").folder == pulled.folder
    assert "small" in [each.card.name for each in entries()]
    assert get() == pulled  # again: it is there already


def test_a_second_pull_works_without_a_network(
    hub: Hub, entry: ZooEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(entry, REPO, private=False, progress=Silent())
    get()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody answers there
    asked = len(hub.requests)
    assert get("again").card.name == "again"
    assert len(hub.requests) == asked
    with pytest.raises(UsageError, match="no earlier pull of me/other"):
        pull("me/other", revision=None, name=None, progress=Silent())


def test_files_with_other_bytes_than_the_card_says_are_refused(hub: Hub, entry: ZooEntry) -> None:
    push(entry, REPO, private=False, progress=Silent())
    hub.repositories[REPO]["model_int8.tflite"] += b"!"
    with pytest.raises(ModelError, match=r"model_int8\.tflite is not the file of its card"):
        get()
    assert "small" not in [each.card.name for each in entries()]


def test_a_name_that_is_taken_or_leads_elsewhere_is_refused(hub: Hub, entry: ZooEntry) -> None:
    push(entry, REPO, private=False, progress=Silent())
    get()
    files = hub.repositories[REPO]
    files["backbone.safetensors"] = b"others"
    card = json.loads(files["card.json"])
    digest = hashlib.sha256(b"others").hexdigest()
    card["files"]["backbone.safetensors"] = {"sha256": digest, "bytes": 6}
    files["card.json"] = json.dumps(card).encode()
    with pytest.raises(UsageError, match="has another model called small") as refused:
        get()
    assert "--name" in refused.value.hint
    assert get("other").card.name == "other"
    files["card.json"] = json.dumps(card | {"name": "../../evil"}).encode()
    with pytest.raises(UsageError, match="is no name for a model"):
        get()


def test_what_the_hub_refuses_is_told(
    hub: Hub, entry: ZooEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="has no model me/small"):
        get()
    with pytest.raises(UsageError, match="is no name of a model on the Hub"):
        pull("a/b/c", revision=None, name=None, progress=Silent())
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(UsageError, match=r"no model|refuses") as refused:
        push(entry, REPO, private=False, progress=Silent())
    assert "hf auth login" in refused.value.hint


def test_shipped_cards_have_the_hubs_metadata() -> None:
    for entry in entries(data_folder("zoo")):
        card = hub_card(entry.card)
        assert isinstance(card.data, ModelCardData)
        assert card.data.license == "apache-2.0"
        assert card.data.pipeline_tag == "image-classification"
        assert card.data.eval_results
        (result,) = card.data.eval_results
        assert result.metric_value == entry.card.accuracy["int8"]
        again = huggingface_hub.ModelCard(str(card))
        assert again.data.to_dict() == card.data.to_dict()
        assert entry.card.files["model_int8.tflite"]["sha256"] in again.text
