"""Rows of a comparison from records that the real writers wrote, with invented figures."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tinyssl.core.errors import TrainingError
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.report.compare import ComparedRow, Figure, as_json, rows
from tinyssl.report.compare_table import table

DATA = {"name": "npz", "fingerprint": "a1" * 32, "train": 1000, "val": 100, "test": 200}
OTHER = DATA | {"fingerprint": "b2" * 32}
TEACHER = {
    "name": "efficientnet_lite2", "image_size": 160, "sha256": "c3" * 32, "supervised": True,
    "source": "PyPI", "given": "efficientnet_lite2",
}  # fmt: skip


def pretrain(workspace: Workspace, method: str, seed: int = 0, **changes: Any) -> RunRecord:
    config: dict[str, Any] = {
        "method": method, "backbone": "mobilenet_v2_035", "stem_stride": 1, "epochs": 20,
        "seed": seed, "device": "cpu", "method_config": {"crop_min": 0.2}, "teacher": None,
        "parameters": {"backbone": 396128, "trained": 822624}, "knn_every": seed,
    }  # fmt: skip
    data = changes.pop("images", DATA)
    with workspace.start("pretrain", config | changes, seed=seed, data=data) as run:
        run.file("backbone", "backbone.safetensors").write_bytes(f"{method}{seed}".encode())
        run.results(loss=1.0, images_per_second=400.0 + seed, seconds=50.0, teacher_seconds=120.0)
    return run.record


def measure(workspace: Workspace, source: RunRecord, accuracy: float, **more: Any) -> RunRecord:
    config = {"run": str(source.folder), "epochs": more.pop("epochs", 20), "seed": source.seed}
    inputs = {"backbone": source.path("backbone")}
    data = more.pop("images", DATA)
    with workspace.start("probe", config, inputs=inputs, data=data) as run:
        run.file("backbone", "backbone.safetensors").write_bytes(source.folder.name.encode())
        run.file("head", "head.safetensors").write_bytes(b"head")
        run.results(accuracy=accuracy, accuracy_std=0.001, accuracy_random=0.1, knn=0.3, **more)
    return run.record


def further(workspace: Workspace, probe: RunRecord) -> None:
    """Evaluation, conversion, evaluation of INT8 and bench of one probe run."""
    with workspace.start("evaluate", {}, inputs={"head": probe.path("head")}) as run:
        run.results(
            accuracy_corrupted=0.4,
            few_labels={"0.01": {"accuracy": 0.11, "std": 0.01}, "0.1": {"accuracy": 0.22}},
            finetune={"accuracy": 0.66, "std": None},
            finetune_few_labels={"0.1": {"accuracy": 0.33, "std": 0.02}},
        )
    with workspace.start("convert", {}, inputs={"backbone": probe.path("backbone")}) as run:
        run.file("model", "model.tflite").write_bytes(b"model")
        run.results(accuracy_int8=0.617)
    model = {"model": run.record.path("model")}
    with workspace.start("evaluate", {}, inputs=model) as run:
        run.results(accuracy_corrupted=0.39, accuracy_board=0.5, board_inputs=50, board_equal=49)
    with workspace.start("bench", {}, inputs=model) as run:
        run.results(accuracy_device=0.616, images=150, equal=150)


@pytest.fixture
def measured(workspace: Workspace) -> Workspace:
    """Supervised with one seed, CA-DSSL with two, SimCLR on other epochs."""
    measure(workspace, pretrain(workspace, "supervised", teacher_seconds=0), 0.6)
    for seed, accuracy in ((1, 0.58), (0, 0.56)):
        probe = measure(workspace, pretrain(workspace, "ca_dssl", seed, teacher=TEACHER), accuracy)
    further(workspace, probe)
    measure(workspace, pretrain(workspace, "simclr", epochs=5), 0.45)
    return workspace


def by_method(found: list[ComparedRow]) -> dict[str, ComparedRow]:
    return {row.method: row for row in found}


def test_seeds_of_a_setting_are_one_row(measured):
    found = by_method(rows(measured.all()))
    assert set(found) == {"supervised", "ca_dssl", "simclr"}
    row = found["ca_dssl"]
    assert row.seeds == (0, 1)
    assert len(row.runs) == 2
    assert row.figures["linear"].mean == pytest.approx(0.57)
    assert row.figures["linear"].std == pytest.approx(0.02 / 2**0.5)
    assert row.figures["linear"].n == 2
    assert row.figures["images_per_second"].mean == 400.5
    assert row.images_seen == 20_000
    assert row.parameters == {"backbone": 396_128, "heads": 426_496}
    assert row.teacher == "efficientnet_lite2 at 160 px, supervised teacher"
    # one run: the spread of the probe's own seeds
    assert found["simclr"].figures["linear"] == Figure(0.45, 0.001, 1)


def test_everything_measured_later_is_found_by_its_inputs(measured):
    figures = by_method(rows(measured.all()))["ca_dssl"].figures
    expected = {
        "few_1": 0.11, "few_10": 0.22, "finetune": 0.66, "finetune_few_10": 0.33,
        "corruption": 0.4, "int8": 0.617, "corruption_int8": 0.39, "board": 0.616,
        "board_equal": 199 / 200,
    }  # fmt: skip
    assert {name: figures[name].mean for name in expected} == pytest.approx(expected)
    assert figures["few_1"].std == 0.01
    assert "int8" not in by_method(rows(measured.all()))["simclr"].figures


def test_gap_to_supervised(measured):
    found = by_method(rows(measured.all()))
    assert found["ca_dssl"].gap == pytest.approx(-0.03)
    assert found["ca_dssl"].ratio == pytest.approx(0.95)
    assert found["supervised"].gap is None
    assert "gap to a supervised run of 20 epochs" in found["simclr"].marks


def test_what_is_not_comparable_is_marked(workspace):
    for method in ("supervised", "seed", "byol"):
        measure(workspace, pretrain(workspace, method), 0.5)
    assert all(not row.marks for row in rows(workspace.all()))
    measure(workspace, pretrain(workspace, "simclr", 7), 0.5)
    measure(workspace, pretrain(workspace, "dino", epochs=40), 0.5)
    measure(workspace, pretrain(workspace, "moco_v2", images=OTHER), 0.5, images=OTHER)
    found = by_method(rows(workspace.all()))
    assert found["simclr"].marks == ("seeds 7, most rows 0",)
    assert found["dino"].marks[0] == "40 epochs, most rows 20"
    assert found["moco_v2"].marks == (
        "measured on other images (npz, fingerprint b2b2b2b2b2b2)",
        "pretrained on other images (fingerprint b2b2b2b2b2b2)",
    )
    assert found["moco_v2"].gap is None  # no supervised run on these images
    assert not found["byol"].marks


def test_settings_that_differ_are_rows_of_their_own_and_named(workspace):
    for lr in (0.1, 0.2):
        measure(workspace, pretrain(workspace, "simclr", lr=lr), 0.5)
    measure(workspace, pretrain(workspace, "simclr", lr=0.1, method_config={"crop_min": 0.5}), 0.5)
    labels = {row.label for row in rows(workspace.all())}
    assert labels == {
        "simclr (crop_min=0.2, lr=0.1)",
        "simclr (crop_min=0.2, lr=0.2)",
        "simclr (crop_min=0.5, lr=0.1)",
    }


@pytest.mark.parametrize("curriculum", [True, None])
def test_a_list_is_named_only_where_nothing_shorter_tells_rows_apart(workspace, curriculum):
    for stages in ([0.0, 0.3], [0.0]):
        settings = {"stages": stages} | ({"curriculum": len(stages) > 1} if curriculum else {})
        measure(workspace, pretrain(workspace, "ca_dssl", method_config=settings), 0.5)
    labels = {row.label for row in rows(workspace.all())}
    names = (
        {"curriculum=True", "curriculum=False"}
        if curriculum
        else {"stages=[0.0, 0.3]", "stages=[0.0]"}
    )
    assert labels == {f"ca_dssl ({name})" for name in names}


def test_a_record_that_is_older_than_an_option_is_of_the_same_setting(workspace):
    """`crop_min` alone, no `optimizer`: as if both options had not been there yet."""
    later = {"crop_min": 0.2, "solarise": 0.0, "alpha": None, "bicubic": False}
    pretrain(workspace, "dino", 0)
    pretrain(workspace, "dino", 1, method_config=later, optimizer="adamw", lr=1e-3)
    pretrain(workspace, "dino", 2, method_config=later | {"alpha": 0.0})
    pretrain(workspace, "dino", 3, optimizer="lars")
    found = rows(workspace.all())
    assert [row.seeds for row in found] == [(0, 1), (2,), (3,)]
    assert [row.label for row in found] == [
        "dino (alpha=None, optimizer=adamw)",
        "dino (alpha=0.0, optimizer=adamw)",
        "dino (alpha=None, optimizer=lars)",
    ]


def test_other_settings_of_the_probe_are_named_too(workspace):
    for seed, epochs in ((0, 20), (1, 100)):
        measure(workspace, pretrain(workspace, "simclr", seed), 0.5, epochs=epochs)
    labels = {row.label for row in rows(workspace.all())}
    assert labels == {"simclr (probe_epochs=20)", "simclr (probe_epochs=100)"}


def test_a_collapse_is_a_row_and_other_failures_are_not(workspace):
    class Collapsed(TrainingError):
        pass

    for error in (Collapsed("all alike"), TrainingError("disk full")):
        with pytest.raises(TrainingError), workspace.start("pretrain", {"method": "byol"}):
            raise error
    (row,) = rows(workspace.all())
    assert row.collapsed
    assert row.marks == ("stopped: all embeddings became alike",)


def test_random_weights_were_not_trained(workspace):
    measure(workspace, pretrain(workspace, "random"), 0.1)
    measure(workspace, pretrain(workspace, "seed"), 0.5)
    found = by_method(rows(workspace.all()))
    assert (found["random"].epochs, found["random"].images_seen) == (0, 0)
    assert "heads" not in found["random"].parameters
    assert not found["random"].marks


def test_columns_only_where_there_is_data(measured):
    compared = table(rows(measured.all()))
    assert compared.columns[0] == "method"
    assert "fine-tuned, 10 %" in compared.columns
    assert "20 % labels" not in compared.columns
    first = dict(zip(compared.columns, compared.rows[0], strict=True))
    assert first["method"].startswith("supervised")  # the best linear probe is on top
    row = next(row for row in compared.rows if row[0].startswith("ca_dssl"))
    cells = dict(zip(compared.columns, row, strict=True))
    assert cells["linear probe"] == "57.00 ± 1.41"
    assert cells["to supervised"] == "-3.00 (95.0 %)"
    assert cells["time"] == "50 s + 2.0 min"
    assert cells["random weights"] == "10.00 ± 0.00" or cells["random weights"] == "10.00"
    assert "pixels, linear" not in compared.columns


def test_pixels_stand_beside_the_random_weights(workspace):
    for seed, accuracy in ((0, 0.98), (1, 0.99)):
        run = pretrain(workspace, "simclr", seed)
        measure(workspace, run, accuracy, accuracy_raw=0.967, knn_raw=0.992)
    compared = table(rows(workspace.all()))
    (row,) = compared.rows
    cells = dict(zip(compared.columns, row, strict=True))
    assert cells["linear probe"] == "98.50 ± 0.71"
    assert (cells["pixels, linear"], cells["pixels, kNN"]) == ("96.70 ± 0.00", "99.20 ± 0.00")


def test_a_limit_of_the_probe_makes_no_other_setting(workspace):
    run = pretrain(workspace, "simclr")
    measure(workspace, run, 0.98)
    other = pretrain(workspace, "simclr", 1)
    inputs = {"backbone": other.path("backbone")}
    config = {"run": str(other.folder), "epochs": 20, "seed": 1, "min_accuracy": 98.0}
    with workspace.start("probe", config, inputs=inputs, data=DATA) as probed:
        probed.results(accuracy=0.99)
    (row,) = rows(workspace.all())
    assert row.figures["linear"].n == 2


def test_markdown_holds_every_mark_once(measured):
    text = table(rows(measured.all())).markdown()
    lines = text.splitlines()
    assert lines[1].startswith("| --- | ---:")
    assert len({line.count("|") for line in lines[:5]}) == 1
    assert "supervised teacher" in text
    found = rows(measured.all())
    for mark in {mark for row in found for mark in row.marks}:
        assert sum(line.endswith(mark) for line in lines) == 1
    json.dumps(as_json(found))


def test_a_probe_on_other_images_is_a_row_of_its_own(workspace):
    source = pretrain(workspace, "simclr")
    measure(workspace, source, 0.5)
    measure(workspace, source, 0.9, images=OTHER)
    found = rows(workspace.all())
    assert sorted(row.figures["linear"].mean for row in found) == [0.5, 0.9]
    assert any("measured on other images" in mark for row in found for mark in row.marks)


def test_the_last_probe_counts(workspace):
    source = pretrain(workspace, "simclr")
    for accuracy in (0.5, 0.6):
        last = measure(workspace, source, accuracy)
    later = replace(last, started="2099-01-01T00:00:00+00:00")
    records = [record for record in workspace.all() if record.folder != last.folder]
    (row,) = rows([later, *records])
    assert row.figures["linear"].mean == 0.6


def test_a_backbone_that_was_replaced_is_not_the_probes(workspace):
    source = pretrain(workspace, "simclr")
    measure(workspace, source, 0.5)
    source.path("backbone").write_bytes(b"another one")
    (row,) = rows(workspace.all())
    assert "linear" not in row.figures


def test_a_workspace_that_was_moved(measured, tmp_path):
    before = as_json(rows(measured.all()))
    shutil.move(measured.runs, tmp_path / "elsewhere" / "runs")
    assert as_json(rows(Workspace(Path(tmp_path / "elsewhere")).all())) == before
