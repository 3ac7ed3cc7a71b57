"""`build` without a model: the best of the zoo that fits the board, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.zoo.zoo_helpers import chain
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded, UsageError
from tinyssl.core.paths import zoo_folder
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.build import build
from tinyssl.stages.shipped import needs_shipped, ranked, shortages, try_shipped
from tinyssl.targets.boards import find_board
from tinyssl.zoo import CardTexts, add_entry, entries, find_entry, set_default

BIG = zoo_folder() / "mobilenet_v2_035_32px" / "model_int8.tflite"
NUCLEO = find_board("nucleo_f446re")
"""512 KB of flash"""
CONFIG = BuildConfig(board="nucleo_f446re")


class Notes(Silent):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One in which a model was converted."""
    return Workspace(tmp_path / "work")


@pytest.fixture
def zoo(
    workspace: Workspace, tiny_tflite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A small model, and one that is better and too large for the Nucleo."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setenv("TINYSSL_ZOO", str(folder))
    add_entry(chain(workspace, tiny_tflite, drop=0.4), CardTexts("small"))
    add_entry(chain(workspace, BIG, drop=0.1), CardTexts("big"))
    set_default("small")
    return folder


def taken(config: BuildConfig, notes: Notes, full: tuple[str, ...] = ()) -> str:
    """Name of the entry that is built; a build of one in `full` does not fit."""

    def work(chosen: BuildConfig) -> str:
        assert chosen.model is not None
        name = chosen.model.parent.name
        if name in full:
            raise BudgetExceeded("flash: 9 bytes too many")
        return name

    board = find_board(config.board)
    return try_shipped(config, board, board.tinyssl.isa, notes, work)


def test_the_best_model_that_fits_is_taken(zoo: Path) -> None:
    assert [entry.card.name for entry in ranked(entries())] == ["big", "small"]
    notes = Notes()
    assert taken(CONFIG, notes) == "small"
    (said,) = notes.said
    assert "taking small, the best of the zoo that fits ST Nucleo F446RE" in said
    assert "3 classes of digits, INT8 59.6 % of 20 test images" in said
    assert "not big: flash short by " in said
    assert taken(BuildConfig(board="mps2_an500"), Notes()) == "big"
    assert taken(BuildConfig(board="nucleo_f446re", target="c"), Notes()) == "big"


def test_a_build_that_does_not_fit_after_all_tries_the_next(zoo: Path) -> None:
    notes, config = Notes(), BuildConfig(board="mps2_an500")
    assert taken(config, notes, full=("big",)) == "small"
    assert notes.said[1] == "big does not fit after all: flash: 9 bytes too many"
    with pytest.raises(BudgetExceeded, match="no model of the zoo fits") as refused:
        taken(config, Notes(), full=("big", "small"))
    assert "small: flash: 9 bytes too many" in refused.value.message


@pytest.mark.parametrize(
    ("config", "kinds"),
    [
        (BuildConfig(), []),
        (BuildConfig(flash_budget=100_000), ["flash"]),
        (BuildConfig(ram_budget=10_000), ["ram"]),
        (BuildConfig(flash_budget=100_000, ram_budget=10_000), ["flash", "ram"]),
        (BuildConfig(flash_budget=600_000, engine="tflm"), ["flash"]),
    ],
)
def test_shortages_count_the_budgets_that_were_given(
    zoo: Path, config: BuildConfig, kinds: list[str]
) -> None:
    board = find_board(config.board)
    found = shortages(config, board, board.tinyssl.isa, find_entry("big"))
    assert [short.kind for short in found] == kinds


def test_models_of_other_tasks_come_after_those_of_the_default(zoo: Path) -> None:
    """Their accuracies cannot be compared."""
    card = (zoo / "big" / "card.json").read_text().replace('"emu"', '"person"')
    (zoo / "big" / "card.json").write_text(card)
    assert [entry.card.name for entry in ranked(entries())] == ["small", "big"]


def test_a_converted_or_named_model_comes_first(zoo: Path, workspace: Workspace) -> None:
    empty = Workspace(zoo.parent / "empty")
    assert needs_shipped(CONFIG, empty)
    assert not needs_shipped(CONFIG, workspace)
    assert not needs_shipped(BuildConfig(model=BIG), empty)


def test_build_with_an_empty_zoo_asks_for_a_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSSL_ZOO", str(tmp_path))
    with pytest.raises(UsageError, match="no finished `convert` run"):
        build(CONFIG, Workspace(tmp_path))
