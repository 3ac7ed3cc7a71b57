"""Curves and plain words, from rows as metrics.jsonl holds them."""

import math
from pathlib import Path
from typing import Any

import pytest

from tinyssl.core.records import RunRecord
from tinyssl.monitor.plots import BARS, binned, filled, plot, smoothed, sparkline
from tinyssl.monitor.state import Facts, RunState, clock, complaints, plain_line
from tinyssl.monitor.view import View, lines_of

CONFIG = {
    "method": "ca_dssl",
    "backbone": "mobilenet_v2_035",
    "epochs": 10,
    "teacher_mode": "cached",
    "teacher": {"name": "efficientnet_lite2", "image_size": 160, "supervised": True},
    "stages": [{"start": 0.0, "views": "weak crops"}, {"start": 0.3, "views": "stronger crops"}],
}
DATA = {"name": "cifar100", "train": 1000, "image_size": 32, "classes": 10}


def record(**changes: Any) -> RunRecord:
    folder = Path("runs/pretrain-20260101-000000-abcd")
    return RunRecord("pretrain", folder, "running", "", config=CONFIG | changes, data=DATA)


def state(epochs: int = 4, **changes: Any) -> RunState:
    """A healthy run: the loss falls, kNN rises; `changes` replaces figures of its last step."""
    made = RunState(Facts.of(record()))
    for step in range(1, epochs * 5 + 1):
        epoch = step / 5
        row = {"event": "step", "step": step, "epoch": epoch, "lr": 1e-3, "loss": 5 / epoch}
        row |= {"gradient_norm": 2.0, "images_per_second": 100.0, "spread": 0.9, "stage": 2}
        made.add(row | {"global_loss": 3 / epoch} | (changes if step == epochs * 5 else {}))
        if step % 5 == 0:
            knn = 0.1 + 0.05 * epoch
            done = {"event": "epoch", "step": step, "epoch": round(epoch), "loss": 5 / epoch}
            made.add(done | {"knn": knn})
    return made


def test_binned_takes_means_and_leaves_gaps() -> None:
    points = [(0.1, 1.0), (0.9, 3.0), (2.5, 7.0), (4.0, 9.0), (1.5, math.nan)]
    assert binned(points, 4, 4.0) == [2.0, None, 7.0, 9.0]
    assert filled([None, 2.0, None, None, 8.0, None]) == [None, 2.0, 4.0, 6.0, 8.0, None]


def test_smoothed_is_a_mean_of_what_came_before() -> None:
    points = [(0.0, 1.0), (1.0, 3.0), (2.0, 8.0)]
    assert smoothed(points, 1) == [(0.0, 1.0), (1.0, 2.0), (2.0, 5.5)]
    assert smoothed(points, 0) == points


def test_sparkline_of_a_ramp_has_every_height() -> None:
    ramp = [(float(x), float(x)) for x in range(8)]
    assert sparkline(ramp, 8, 8.0) == BARS
    assert sparkline([(0.5, 2.0)], 4, 1.0).strip() == BARS[0]
    assert sparkline([], 8, 1.0) == ""


def test_plot_is_as_large_as_asked_and_falls_where_the_curve_falls() -> None:
    lines = plot([(x / 10, 5 - x / 10) for x in range(51)], 40, 6, 5.0)
    assert len(lines) == 6
    assert {len(line) for line in lines} == {40}
    assert lines[0].startswith("5 ┤")
    assert lines[-1].startswith("0 ┤")
    first_dots = [
        min(i for i, c in enumerate(line.split("┤")[-1].split("│")[-1]) if c != " ")
        for line in lines
    ]
    assert first_dots == sorted(first_dots)
    assert first_dots[0] == 0
    assert first_dots[-1] > 20


@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0], [], [math.nan]])
def test_plot_of_almost_nothing(values: list[float]) -> None:
    lines = plot([(float(x), y) for x, y in enumerate(values)], 30, 4, 1.0)
    assert {len(line) for line in lines} == {30}


def test_a_healthy_run_is_not_complained_about() -> None:
    assert complaints(state()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spread": 0.005}, "all embeddings are alike (collapse)"),
        ({"spread": 0.05}, "embeddings crowd together (healthy is near 1), and it is falling"),
        ({"gradient_norm": 50.0}, "gradient norm 50 is 25 times the usual one"),
    ],
)
def test_bad_figures_are_said_in_words(changes: dict[str, Any], words: str) -> None:
    (said,) = complaints(state(**changes))
    assert words in said


def test_a_loss_that_does_not_fall_is_said() -> None:
    flat = state()
    for row in flat.epochs:
        row["loss"] = 4.0
    assert complaints(flat) == ["the loss is no lower than in the first epoch (4, was 4)"]


def test_knn_that_guesses_or_falls_is_said() -> None:
    guessing = state()
    for row in guessing.epochs:
        row["knn"] = 0.11
    assert complaints(guessing) == ["kNN 11.0 %: hardly better than guessing (10.0 %)"]
    fallen = state()
    fallen.epochs[1]["knn"] = 0.5
    assert complaints(fallen) == ["kNN 30.0 % has fallen from 50.0 % at epoch 2"]
    early = RunState(Facts.of(record()))
    early.add({"event": "epoch", "step": 5, "epoch": 1, "loss": 5.0, "knn": 0.1})
    assert complaints(early) == []  # too early to say


def test_time_left_follows_from_rate_and_epochs() -> None:
    made = state()
    assert made.progress == pytest.approx(0.4)
    assert made.rate == pytest.approx(100.0)
    assert made.seconds_left == pytest.approx(6 * 1000 / 100)
    assert "1:00 left" in plain_line(made)
    assert (clock(5), clock(125), clock(3723)) == ("0:05", "2:05", "1:02:03")


def test_the_line_for_logs_has_the_figures() -> None:
    line = plain_line(state())
    for part in ("epoch 4.00/10", "loss 1.25", "knn 30.0 %", "lr 0.001", "spread 0.9", "stage 2/2"):
        assert part in line


@pytest.mark.parametrize("width", [50, 80, 120, 200])
@pytest.mark.parametrize("height", [20, 40, 60])
def test_the_view_fits_the_terminal(width: int, height: int) -> None:
    lines = lines_of(View(state()), width, height)
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(height, 26)
    text = "\n".join(lines)
    for part in (
        "ca_dssl",
        "stage 2 of 2: stronger crops",
        "kNN accuracy",
        "spread",
        "global_loss",
    ):
        assert part in text
    assert "efficientnet_lite2 at 160 px, trained with labels" in " ".join(text.split())


def test_curves_stand_beside_each_other_where_there_is_room() -> None:
    def title(width: int) -> str:
        return next(line for line in lines_of(View(state()), width, 40) if "loss  " in line)

    assert "kNN accuracy" in title(120)
    assert "kNN accuracy" not in title(80)


def test_nothing_measured_yet() -> None:
    made = RunState(Facts.of(record()))
    assert any("waiting for the first figures" in line for line in lines_of(View(made), 80, 24))
    assert complaints(made) == []
    assert plain_line(made) == "epoch 0.00/10"


def test_teachers_are_named_with_what_they_learnt_from() -> None:
    assert Facts.of(record(teacher=None)).teacher == ""
    label_free = {"name": "dino_vits16", "image_size": 224, "supervised": False}
    assert "trained without labels" in Facts.of(record(teacher=label_free)).teacher
    assert Facts.of(record(teacher="dino_vits16")).teacher == "dino_vits16, cached"
