"""Tasks of docs/learning.md on an emulated board, at a small size: equal to this computer's C."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyssl.data.episodes.digits import TurnedDigits
from tools.learning_table import reptile
from tools.learning_table.row import Session
from tools.learning_table.tasks import characters, sine

pytestmark = pytest.mark.emulator

BOARD = "mps2_an385"


def test_a_board_learns_sines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sine, "DEVICES", 1)
    monkeypatch.setattr(sine, "MORE", 2)
    monkeypatch.setattr(reptile, "meta_learnt", lambda family, start: reptile.copied(start))
    found = sine.measure(Session(BOARD, 0, tmp_path, print))
    assert found.costs.equal
    assert found.costs.steps == 20
    assert 0 < found.costs.inference < found.costs.step
    for measure in found.measures[:2]:
        assert measure.device == measure.host == pytest.approx(measure.reference, rel=1e-4)


@pytest.mark.nightly
def test_a_board_learns_classes_that_its_body_never_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characters, "BODY_STEPS", 100)
    monkeypatch.setattr(characters, "EPISODES", 6)
    monkeypatch.setattr(characters, "BOARD_EPISODES", 1)
    found = characters.few_shot(TurnedDigits(), Session(BOARD, 0, tmp_path, print))
    assert found.costs.equal
    assert found.costs.steps == 100 + 125
    assert all(measure.met for measure in found.measures)
    few, more = (measure.host for measure in found.measures)
    assert more > few > 0.4
