"""Trained features beside what there is without training, in the tables of `probe` and `run`."""

from __future__ import annotations

from pathlib import Path

from tinyssl.cli.figures import figure_table
from tinyssl.cli.output import Table
from tinyssl.cli.probe import probe_result
from tinyssl.cli.run import summarise
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.run import Done

RESULTS = {
    "accuracy": 0.9861, "knn": 0.97, "accuracy_random": 0.75, "knn_random": 0.6,
    "accuracy_raw": 0.967, "knn_raw": 0.992, "test_images": 359,
}  # fmt: skip


def probed(folder: Path, **more: object) -> RunRecord:
    with Workspace(folder).start("probe", {}) as run:
        run.results(**(RESULTS | more))
    return run.record


def test_probe_shows_four_figures_of_three_classifiers_with_intervals(tmp_path: Path) -> None:
    table = probe_result(probed(tmp_path)).blocks[0]
    assert isinstance(table, Table)
    assert table.columns[0] == "of 359 test images"
    assert [tuple(row) for row in table.rows] == [
        ("trained", "98.61 %", "96.8 – 99.4", "97.00 %"),
        ("random weights", "75.00 %", "70.3 – 79.2", "60.00 %"),
        ("pixels, no network", "96.70 %", "94.3 – 98.1", "99.20 %"),
    ]


def test_a_verdict_is_a_line_of_warning_and_part_of_the_json(tmp_path: Path) -> None:
    said = "the training brought nothing: linear probe 1 %"
    shown = probe_result(probed(tmp_path, verdict=said))
    assert f"warning: {said}" in shown.blocks
    assert shown.data["results"]["verdict"] == said
    assert shown.exit_code == 0
    assert not [block for block in probe_result(probed(tmp_path)).blocks if "warning" in str(block)]


def test_the_last_table_of_a_run_has_the_baselines_and_the_spread(tmp_path: Path) -> None:
    figures = summarise(Done(records={"probe": probed(tmp_path)}))
    figures |= {"accuracy_seeds": {"mean": 0.985, "std": 0.0055, "n": 3}}
    rows = {name.strip(): figure for name, figure, _ in figure_table(figures, "").rows}
    assert rows["linear probe, trained features"] == "98.61 % (96.8 – 99.4)"
    assert rows["over seeds, mean ± deviation"] == "98.50 ± 0.55 % (n = 3)"
    assert rows["random weights"] == "75.00 % (70.3 – 79.2)"
    assert rows["pixels, logistic regression"] == "96.70 % (94.3 – 98.1)"
    assert rows["pixels, kNN"] == "99.20 %"
