"""A cell finds its runs by settings and images, and knows what is left to do."""

import json
from dataclasses import asdict, replace

import pytest

from tests.unit.table.table_helpers import TABLE, cell_of, kept_probe, pretrain_run, probe_run
from tinyssl.core.errors import Collapsed, TrainingError
from tinyssl.core.kept import kept_file
from tinyssl.core.records import Workspace
from tinyssl.stages.table import CellState, estimate, look_up, probe_seconds
from tinyssl.stages.table.curve import curve_of
from tinyssl.stages.table.outcome import fresh_words


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def test_run_is_found_by_its_settings(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    assert cell.is_pretrain(pretrain_run(cell, workspace))
    assert cell.is_pretrain(pretrain_run(cell, workspace, checkpoint_every=7, knn_every=5))
    assert cell.is_pretrain(pretrain_run(cell, workspace, teacher="unused by simclr"))


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 0.5},
        {"epochs": 3},
        {"seed": 4},
        {"method_config": {"temperature": 0.1}},
        {"teacher": {"given": "efficientnet_lite2"}},
    ],
)
def test_other_settings_are_another_cell(tmp_path, workspace, change):
    cell = cell_of(tmp_path, "simclr")
    assert not cell.is_pretrain(pretrain_run(cell, workspace, **change))


def test_other_images_are_another_cell(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace)
    assert not cell.is_pretrain(replace(run, data=run.data | {"fingerprint": "0" * 64}))


def test_field_that_an_older_record_lacks_has_its_default(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace)
    older = {name: value for name, value in run.config.items() if name != "accumulate"}
    assert cell.is_pretrain(replace(run, config=older))


def test_option_that_an_older_record_lacks_has_its_default(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace)
    older = {k: v for k, v in run.config["method_config"].items() if k != "solarise"}
    assert cell.is_pretrain(replace(run, config=run.config | {"method_config": older}))
    other = older | {"solarise": 0.2}
    assert not cell.is_pretrain(replace(run, config=run.config | {"method_config": other}))


def test_settings_left_open_are_those_that_a_record_holds(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace)
    assert cell.pretrain.weight_decay is None
    assert run.config["weight_decay"] == 0.05
    assert cell.is_pretrain(run)
    assert not cell.is_pretrain(replace(run, config=run.config | {"weight_decay": 0.1}))
    assert not cell.is_pretrain(replace(run, config=run.config | {"optimizer": "lars"}))


def test_teacher_of_a_record_is_the_one_that_was_given(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    taught = replace(cell, pretrain=replace(cell.pretrain, teacher="efficientnet_lite0"))
    teacher = {"name": "efficientnet_lite0", "given": "efficientnet_lite0", "sha256": "ab"}
    run = pretrain_run(taught, workspace, teacher=teacher)
    assert taught.is_pretrain(run)
    assert not cell.is_pretrain(run)


def test_a_cell_goes_from_pretrain_to_probe_to_done(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    first = look_up(cell, workspace)
    assert (first.state, first.step) == (CellState.OPEN, "pretrain")
    assert first.words() == fresh_words(cell)
    assert first.words()[:3] == ["pretrain", "--method", "simclr"]
    run = pretrain_run(cell, workspace)
    second = look_up(cell, workspace)
    assert (second.state, second.step) == (CellState.OPEN, "probe")
    assert second.words()[:3] == ["probe", "--run", str(run.folder)]
    probe_run(cell, run, workspace, 0.5)
    third = look_up(cell, workspace)
    assert third.state is CellState.DONE
    assert third.probe is not None
    assert third.pretrain is not None
    assert third.probe.results["accuracy"] == 0.5
    assert third.pretrain.folder == run.folder


def test_probe_of_other_settings_does_not_count(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace)
    other = replace(cell, probe=replace(cell.probe, epochs=cell.probe.epochs + 1))
    probe_run(other, run, workspace, 0.5)
    assert look_up(cell, workspace).step == "probe"


def test_killed_and_interrupted_runs_are_gone_on_with(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace, KeyboardInterrupt)
    outcome = look_up(cell, workspace)
    assert (outcome.state, outcome.step) == (CellState.OPEN, "pretrain")
    assert outcome.words() == ["pretrain", "--resume", str(run.folder)]


def test_collapse_is_a_result_with_its_step_and_probe(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace, Collapsed)
    assert look_up(cell, workspace).step == "probe"
    probe_run(cell, run, workspace, 0.1)
    outcome = look_up(cell, workspace)
    assert (outcome.state, outcome.collapsed_step) == (CellState.COLLAPSED, 5)


def test_failed_cells_stay_failed_until_they_are_forgiven(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    pretrain_run(cell, workspace, TrainingError)
    outcome = look_up(cell, workspace)
    assert (outcome.state, outcome.error) == (CellState.FAILED, "as asked")
    assert look_up(cell, workspace, forgive="9999").state is CellState.OPEN


def test_estimate_comes_from_runs_that_are_alike(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    first = estimate(look_up(cell, workspace), workspace)
    assert (first.training, first.measuring, first.known) == (None, None, 0)
    assert first.unknown == ("training", "probes")
    other = cell_of(tmp_path, "supervised")
    pretrain_run(other, workspace)
    guess = estimate(look_up(cell, workspace), workspace)
    steps = cell.images["train"] // 256 * 2
    assert guess.training == pytest.approx(steps * 256 / 200)
    assert guess.unknown == ("probes",)
    assert "other methods" in guess.basis
    interrupted = pretrain_run(cell, workspace, KeyboardInterrupt)
    found = look_up(cell, workspace)
    assert found.pretrain is not None
    assert found.pretrain.folder == interrupted.folder
    guess = estimate(found, workspace)
    assert guess.training == pytest.approx((steps - 5) * 256 / 100)
    assert guess.steps == steps - 5


def test_estimate_of_another_size_is_by_pixels(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    larger = replace(cell, images={**cell.images, "image_size": 32})
    pretrain_run(larger, workspace, lr=0.5)
    guess = estimate(look_up(cell, workspace), workspace)
    assert guess.training == pytest.approx(cell.steps * 256 / (4 * 200))
    assert "by pixels" in guess.basis


def test_features_of_a_teacher_are_unknown_until_a_run_has_had_them(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    taught = replace(cell, pretrain=replace(cell.pretrain, teacher="efficientnet_lite0"))
    assert "teacher's features" in estimate(look_up(taught, workspace), workspace).unknown
    other = replace(taught, pretrain=replace(taught.pretrain, lr=0.5))
    teacher = {"name": "efficientnet_lite0", "given": "efficientnet_lite0", "sha256": "ab"}
    run = pretrain_run(other, workspace, teacher=teacher)
    content = json.loads((run.folder / "record.json").read_text())
    content["results"]["teacher_seconds"] = 3.0
    (run.folder / "record.json").write_text(json.dumps(content))
    assert estimate(look_up(taught, workspace), workspace).features == 0


def test_kept_backbones_are_probed_once_the_cell_is_measured(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace, keep_every=1)  # it changes no weights
    assert cell.is_pretrain(run)
    for step in (4, 2):
        path = kept_file(run.folder, step)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"%d" % step)
    assert look_up(cell, workspace).step == "probe"
    assert curve_of(cell, run, workspace) == []
    probe_run(cell, run, workspace, 0.5)
    for step, accuracy in ((2, 0.2), (4, 0.4)):
        outcome = look_up(cell, workspace)
        assert (outcome.step, outcome.backbone) == ("curve", kept_file(run.folder, step))
        words = outcome.words()
        assert words[:3] == ["probe", "--backbone", str(kept_file(run.folder, step))]
        assert words[words.index("--dataset") + 1] == "digits"
        kept_probe(cell, kept_file(run.folder, step), workspace, accuracy)
    assert look_up(cell, workspace).state is CellState.DONE
    points = curve_of(cell, run, workspace)
    assert [point.linear for point in points] == [0.2, 0.4, 0.5]
    assert points[-1].epoch == 5 / cell.epoch_steps


def test_kept_backbone_whose_probe_failed_is_left_out(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr")
    run = pretrain_run(cell, workspace)
    path = kept_file(run.folder, 3)
    path.parent.mkdir()
    path.write_bytes(b"3")
    probe_run(cell, run, workspace, 0.5)
    kept_probe(cell, path, workspace, 0.2, TrainingError)
    assert look_up(cell, workspace).state is CellState.DONE
    assert look_up(cell, workspace, forgive="9999").step == "curve"


def test_evaluation_is_a_step_where_the_table_asks_for_it(tmp_path, workspace):
    cell = cell_of(tmp_path, "simclr", text=TABLE + "[evaluate]\nfinetune = []\nsubsets = 2\n")
    run = pretrain_run(cell, workspace)
    probe = probe_run(cell, run, workspace, 0.5)
    outcome = look_up(cell, workspace)
    assert outcome.step == "evaluate"
    assert outcome.words()[:3] == ["evaluate", "--run", str(probe.folder)]
    assert cell.evaluate is not None
    content = asdict(cell.evaluate) | {"run": str(probe.folder)}
    with workspace.start("evaluate", content):
        pass
    assert look_up(cell, workspace).state is CellState.DONE


def test_time_of_a_probe_is_known_from_the_last_ones(tmp_path, workspace):
    assert probe_seconds(workspace) == 0
    cell = cell_of(tmp_path, "simclr")
    run = probe_run(cell, pretrain_run(cell, workspace), workspace, 0.5)
    path = run.folder / "record.json"
    content = json.loads(path.read_text())
    content |= {"started": "2026-01-01T10:00:00+00:00", "finished": "2026-01-01T10:01:40+00:00"}
    path.write_text(json.dumps(content))
    assert probe_seconds(workspace) == pytest.approx(1.2 * 100)
