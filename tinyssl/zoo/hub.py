"""Models of the zoo on the Hugging Face Hub: `tinyssl zoo push` and `pull`.

The client is huggingface_hub (extra `hub`). HF_ENDPOINT names another server, HF_TOKEN or
`hf auth login` says who you are. Downloads are kept below tinyssl's cache folder, so a second pull
works without a network.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tinyssl.core.errors import ModelError, ToolMissing, UsageError
from tinyssl.core.files import write_text
from tinyssl.core.paths import cache_folder, pulled_folder
from tinyssl.core.progress import Progress
from tinyssl.zoo.card import BACKBONE, CARD, MODEL, PAGE, ModelCard, ZooEntry
from tinyssl.zoo.entries import check_entry_name, entries
from tinyssl.zoo.page import card_page

if TYPE_CHECKING:
    import huggingface_hub

README = "README.md"
"""Name of a card on the Hub"""
FILES = (README, CARD, BACKBONE, MODEL)
LICENCES = {"Apache-2.0": "apache-2.0", "MIT": "mit", "CC-BY-4.0": "cc-by-4.0"}
"""Our name of a licence -> the Hub's"""


def hub_card(card: ModelCard) -> huggingface_hub.ModelCard:
    """The card with the Hub's metadata in front: licence, task, tags and the INT8 accuracy.

    Raises:
        ToolMissing: huggingface_hub is not installed.
    """
    require_hub()
    from huggingface_hub import EvalResult, ModelCardData
    from huggingface_hub import ModelCard as HubCard

    licence = LICENCES.get(card.licence)
    result = EvalResult(
        task_type="image-classification",
        dataset_type=card.data["name"],
        dataset_name=card.data["name"],
        dataset_split="test",
        metric_type="accuracy",
        metric_value=card.accuracy["int8"],
        metric_name=f"INT8 accuracy of {card.accuracy['images']} test images",
    )
    data = ModelCardData(
        model_name=card.name,
        license=licence or "other",
        license_name=None if licence else card.licence,
        library_name="tinyssl",
        pipeline_tag="image-classification",
        tags=["tinyml", "microcontroller", "int8", "tflite", card.method, card.backbone],
        eval_results=[result],
    )
    return HubCard(f"---\n{data.to_yaml()}\n---\n\n{card_page(card)}")


def push(entry: ZooEntry, repo: str, *, private: bool, progress: Progress) -> str:
    """Uploads an entry: card, weights and INT8 model, in one commit.

    Args:
        entry: Its files are checked first.
        repo: `OWNER/NAME` on the Hub; made where it is not there.
        private: Whether a new repository is seen by its owner alone.
        progress: Told what happens.

    Returns:
        Address of the commit.

    Raises:
        ToolMissing: huggingface_hub is not installed.
        ModelError: A file of the entry is damaged.
        UsageError: The Hub refuses, or cannot be reached.
    """
    entry.check()
    text = str(hub_card(entry.card))
    from huggingface_hub import HfApi

    api = HfApi(endpoint=_endpoint())
    progress.note(f"uploading {entry.card.name} to {api.endpoint}/{repo}")
    with TemporaryDirectory(prefix="tinyssl-push-") as name, _explained(repo):
        folder = Path(name)
        write_text(folder / README, text)
        for file in (CARD, BACKBONE, MODEL):
            shutil.copyfile(entry.folder / file, folder / file)
        api.create_repo(repo, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo, folder_path=folder, commit_message=f"tinyssl zoo push {entry.card.name}"
        )
    return str(commit.commit_url)


def pull(repo: str, *, revision: str | None, name: str | None, progress: Progress) -> ZooEntry:
    """Downloads an entry and puts it beside those of the zoo.

    Args:
        repo: `OWNER/NAME` on the Hub.
        revision: Branch, tag or commit; None: the main branch.
        name: What it is called here; None: as its card says.
        progress: Told what happens.

    Raises:
        ToolMissing: huggingface_hub is not installed.
        UsageError: There is no such model, the Hub cannot be reached and the cache does not hold
            the model, or the zoo has another one of that name.
        ModelError: It is no model of tinyssl, or a file has other bytes than its card says.
    """
    require_hub()
    from huggingface_hub import snapshot_download

    with _explained(repo):
        found = snapshot_download(
            repo,
            revision=revision,
            endpoint=_endpoint(),
            cache_dir=cache_folder() / "hub",
            allow_patterns=list(FILES),
        )
    folder = Path(found)
    card = ModelCard.load(folder)
    ZooEntry(folder, card).check()
    card = replace(card, name=check_entry_name(name or card.name))
    progress.note(f"{card.name}: SHA-256 of {len(card.files)} files as on the card")
    known = {entry.card.name: entry for entry in entries()}.get(card.name)
    if known is None:
        return _keep(folder, card)
    if known.card.files != card.files:
        raise UsageError(
            f"the zoo has another model called {card.name}, in {known.folder}",
            hint="give it another name here with --name",
        )
    return known


def _keep(folder: Path, card: ModelCard) -> ZooEntry:
    """Copies a download to the pulled models; a copy that stops half-way leaves nothing there."""
    place = pulled_folder() / card.name
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".pull-", dir=place.parent) as name:
        stage = Path(name) / card.name
        stage.mkdir()
        for file in (BACKBONE, MODEL):
            shutil.copyfile(folder / file, stage / file)
        card.save(stage)
        write_text(stage / PAGE, _page(folder / README))
        stage.rename(place)
    return ZooEntry(place, card)


def _page(readme: Path) -> str:
    """The text of a card of the Hub, without its metadata.

    Raises:
        ModelError: It is missing or cannot be read.
    """
    from huggingface_hub import ModelCard as HubCard

    try:
        return str(HubCard.load(readme).text).lstrip("\n")
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{readme} is not a model card: {error}", hint="push the model again"
        ) from error


def require_hub() -> None:
    """Raises ToolMissing where huggingface_hub is not installed; else turns its own bars off."""
    try:
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise ToolMissing(
            "push and pull need the package huggingface_hub", hint="pip install 'tinyssl[hub]'"
        ) from error
    disable_progress_bars()


def _endpoint() -> str | None:
    """Address of the Hub, where the environment names another than huggingface.co."""
    return os.environ.get("HF_ENDPOINT")


@contextmanager
def _explained(repo: str) -> Iterator[None]:
    """Turns errors of the client into ours."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise UsageError(
            f"{repo!r} is no name of a model on the Hub", hint="use OWNER/NAME"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UsageError(
            f"the Hub has no model {repo}, or does not show it to you",
            hint="check the name; for a private one run `hf auth login` or set HF_TOKEN",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise UsageError(f"{repo} has no such revision", hint="check --revision") from error
    except errors.HfHubHTTPError as error:
        raise UsageError(
            f"the Hub refuses: {str(error).splitlines()[0]}",
            hint="to push, run `hf auth login` or set HF_TOKEN, with the right to write",
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise UsageError(
            f"the Hub cannot be reached, and no earlier pull of {repo} is in the cache",
            hint="try again with a network",
        ) from error
    except (httpx2.HTTPError, RuntimeError) as error:  # RuntimeError: a part that was not uploaded
        raise UsageError(
            f"the Hub cannot be reached: {error}", hint="check the network, then try again"
        ) from error
