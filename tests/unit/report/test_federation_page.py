"""What devices learnt together, as a section and as a page of its own."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tinyssl.core.config import ReportConfig
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.report import report

DEVICE = {
    "board": "mps2_an386",
    "rounds": 3,
    "left_out": 1,
    "ram_bytes": 14_768,
    "training_step": 17_360.0,
    "unit": "instructions",
    "line_bytes_parameters": 30_000,
    "line_bytes_samples": 1_744,
    "flash_erases": 2,
    "before": {"loss": 9.195},
    "after": {"reason": "no reply within 30 s"},
}


def federated(workspace: Workspace, builds: dict[str, str], **more: object) -> RunRecord:
    with workspace.start("federate", {"task": "sine"}, seed=0) as run:
        for number in range(1, 5):
            run.log(event="round", round=number, loss=1.0, bytes_down=5_800, bytes_up=3_900)
            run.log(event="judged", round=number, loss_before=4.5, loss_after=5.0 / number)
        run.results(
            **{"strategy": "tinymetafed", "task": "sine", "rounds": 4, "per_round": 2},
            **{"parameters": 1153, "common": 1120, "samples": 32, "simulated": 10},
            **{"first_loss_before": 4.4, "first_loss_after": 5.6, "online_steps": 10},
            **{"loss_before": 4.5, "loss_after": 1.25, "bytes_down": 5800, "bytes_up": 3900},
            **{"left_out": 1, "builds": builds},
            **more,
        )
    return run.record


def texts(workspace: Workspace, run: Path | None) -> tuple[str, str]:
    made = report(ReportConfig(run=run), workspace)
    html = made.path("html").read_text(encoding="utf-8")
    return html, made.path("markdown").read_text(encoding="utf-8")


def test_a_federation_has_a_page(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    run = federated(workspace, {}, devices={"mps2_an386 1": DEVICE}, compared=11, different=0)
    html, markdown = texts(workspace, run.folder)
    assert "# sine, tinymetafed" in markdown
    assert "| Loss, first model | 4.400 | 5.600 |" in markdown
    assert "| Loss, learnt together | 4.500 | 1.250 |" in markdown
    row = "| mps2_an386 1 | 3 | 1 | 14.4 KiB | 17,360 | 31.0 KiB | 2 | 9.20 | – |"
    assert row in markdown
    assert "11 answers of boards had all the bits" in html
    assert ">round</text>" in html
    assert "without federation 5.600" in html


def test_other_bits_are_told(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    run = federated(workspace, {}, devices={"host": DEVICE}, compared=10, different=1)
    assert "1 answers of boards had other bits" in texts(workspace, run.folder)[1]


def test_a_record_of_nothing_has_a_page(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(RuntimeError), workspace.start("federate", {}) as run:
        raise RuntimeError("before the first figure")
    html, _ = texts(workspace, run.folder)
    assert "Partial record: this run is failed." in html


def test_a_bench_report_has_it_too(workspace: Workspace, chains: ModuleType) -> None:
    chains.whole(workspace)
    bench = next(workspace.newest("bench"))
    build = bench.json("build")
    assert "Learning together" not in texts(workspace, None)[1]
    federated(workspace, {build["board"]: "another build"})
    assert "Learning together" not in texts(workspace, None)[1]
    federated(workspace, {build["board"]: build["build_id"]})
    assert "## Learning together" in texts(workspace, None)[1]
