"""docs/learning.md: its tables are those of docs/learning.json, and the targets are met."""

from pathlib import Path

import pytest

from tools.learning_table import document
from tools.learning_table.row import Costs, Found, Measure, Session, Task, failed, measured
from tools.learning_table.tasks import find_task, task_names

MEASURES = (
    Measure("accuracy", "≥ 85 %", True, 0.912, 0.92, 0.91, 0.013, percent=True),
    Measure("error", "< 0.5", True, 0.1534),
)
SESSION = Session("mps2_an500", 3, Path(), print)


def _task(**changes: object) -> Task:
    costs = {"ram": 1000, "flash": 2000, "inference": 10, "step": 20, "steps": 5, "equal": True}
    return Task("words", "few", lambda _: Found(MEASURES, Costs(**costs | changes)))  # type: ignore[arg-type]


def test_a_row_has_its_figures_its_costs_and_where_it_is_from() -> None:
    lines = list(document.tables([measured(_task(), SESSION)]))
    assert lines[2] == "| words | few | accuracy | ≥ 85 % | yes | 92.0 % | 91.2 ± 1.3 % | 91.0 % |"
    assert lines[3] == "|  |  | error | < 0.5 | yes | – | 0.153 | – |"
    assert lines[7] == "| words | mps2_an500 | 1,000 | 2,000 | 10 | 20 | 5 | yes |"
    assert lines[9].startswith("- seed 3, commit ")
    assert lines[9].endswith(": words on mps2_an500")


def test_a_missed_target_or_other_bits_fail() -> None:
    assert not failed(measured(_task(), SESSION))
    assert failed(measured(_task(equal=False), SESSION))
    row = measured(_task(), SESSION)
    row["measures"][1]["met"] = False
    assert failed(row)
    assert "**no**" in list(document.tables([row]))[3]


def test_a_new_row_takes_the_place_of_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "learning.md"
    page.write_text(f"before\n{document.BEGIN}old\n{document.END}after\n")
    monkeypatch.setattr(document, "DOCUMENT", page)
    monkeypatch.setattr(document, "JSON", tmp_path / "learning.json")
    for steps in (7, 8):
        document.keep(measured(_task(steps=steps), SESSION))
    assert page.read_text().startswith(f"before\n{document.BEGIN}\n| task |")
    assert page.read_text().endswith(f"words on mps2_an500\n\n{document.END}after\n")
    assert [row["steps"] for row in document.stored()] == [8]


def test_every_task_is_found_by_its_name() -> None:
    assert [find_task(name).name for name in task_names()] == [*task_names()]


def test_the_page_has_what_was_measured() -> None:
    rows = document.stored()
    assert "\n".join(document.tables(rows)) in document.DOCUMENT.read_text()
    assert all(row["equal"] for row in rows)
    # What misses its target says so on the page, and why below the table; nothing else may miss.
    assert {row["task"] for row in rows if failed(row)} <= {"keywords"}
    assert {row["task"] for row in rows} <= {*task_names()}


def test_a_part_that_the_device_measured_has_the_hosts_figure_beside_it() -> None:
    part = Measure("accuracy", "≥ 50 %", True, 0.6, 0.61, 0.7, percent=True, same_part=0.7)
    costs = Costs(ram=1, flash=1, inference=1, step=1, steps=1, equal=True)
    row = measured(Task("words", "few", lambda _: Found((part,), costs)), SESSION)
    assert list(document.tables([row]))[2].endswith("| 70.0 % (host, the same part: 70.0 %) |")
