"""Tasks from files and packages, through the real stages."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.packages import install
from tinyssl.bench.judge import Judge
from tinyssl.cli.app import cli
from tinyssl.core import plugin_trust
from tinyssl.core.config import (
    ConvertConfig,
    DataConfig,
    PretrainConfig,
    ProbeConfig,
    VerifyConfig,
)
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.plugins import PluginChanged
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data import data_config_of
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import ValueKind
from tinyssl.learn.tasks import find_task
from tinyssl.report.chain import Chain
from tinyssl.report.sections.accuracy import task_of_chain
from tinyssl.stages.convert import convert
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe
from tinyssl.stages.table.cells import make_cells
from tinyssl.stages.table.spec import read_table
from tinyssl.stages.verify import verify
from tinyssl.verify.subject import load_split

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "plugins" / "multilabel.py"
QUICK: dict[str, Any] = {"method": "supervised", "backbone": "mlp", "device": "cpu", "knn_every": 0}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own: it keeps which plug-ins were named."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("TINYSSL_CACHE", str(folder))
    return folder


def tags(path: Path, task: str) -> DataConfig:
    """Three labels: the signs of three of four columns."""
    rows = np.random.default_rng(0).normal(size=(240, 4))
    np.savez(path, rows=rows, targets=(rows[:, :3] > 0).astype(np.float32))
    return DataConfig(dataset="table", data_path=path, task=task)


def test_the_example_from_training_to_our_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    path = Path(shutil.copy(EXAMPLE, tmp_path / "multilabel.py"))
    name, workspace = f"{path}:MultiLabel", Workspace(tmp_path)
    data = tags(tmp_path / "tags.npz", name)
    config = PretrainConfig(epochs=20, batch_size=16, lr=3e-3, warmup_epochs=0, **QUICK)
    trained = pretrain(config, data, workspace, Silent())
    origin = trained.config["plugins"]["task"]
    assert origin["source"] == name
    assert len(origin["sha256"]) == 64
    probed = probe(ProbeConfig(seeds=1), None, workspace, Silent())
    assert probed.results["exact"] > 0.8  # chance: 0.125
    assert probed.results["exact_random"] > 0.3
    assert probed.results["f1"] > 0.9
    assert probed.files.keys().isdisjoint({"confusion"})
    converted = convert(ConvertConfig(max_drop=10), workspace, Silent())
    assert converted.results["task"] == name
    assert converted.results["exact_int8"] > 0.75
    for run in (probed, converted):
        assert run.config["plugins"]["task"] == origin
    assert verify(VerifyConfig(images=24, max_drop=10), workspace).results["equal"] == 24
    split = load_split(converted)
    model = read_model(converted.path("model").read_bytes())
    outputs = [value for value in named_values(model) if value.kind is ValueKind.OUTPUT]
    judge = Judge(split.task, outputs, split.class_names)
    zeros = {model.output.name: np.zeros(model.output.shape, np.int8)}
    assert len(judge.add(zeros, zeros, split.answers[0])) == 3
    assert judge.results()["exact_device"] in (0.0, 1.0)
    chain = Chain(bench=converted, convert=converted)  # only the convert run says the task
    assert task_of_chain(chain).metric.name == "exact"
    with path.open("a") as file:
        file.write("# a remark\n")
    with pytest.warns(PluginChanged, match=r"multilabel\.py:MultiLabel changed since"):
        load_split(converted)
    (cache / "plugins.jsonl").unlink()
    monkeypatch.setattr(plugin_trust, "_named", set())
    for read in (load_split, data_config_of):
        with pytest.raises(UsageError, match="which you never named on this computer"):
            read(converted)
    path.unlink()
    (tmp_path / "moved").mkdir()
    moved = shutil.copy(EXAMPLE, tmp_path / "moved" / "multilabel.py")
    monkeypatch.setenv("TINYSSL_PLUGINS", str(moved))
    assert load_split(converted).task.name == f"{moved}:MultiLabel"
    assert data_config_of(converted).task == f"{moved}:MultiLabel"


def test_a_table_measures_again_when_the_task_changed(tmp_path: Path) -> None:
    path = Path(shutil.copy(EXAMPLE, tmp_path / "multilabel.py"))
    tags(tmp_path / "tags.npz", "")
    table = tmp_path / "table.toml"
    table.write_text(
        'seeds = [0]\n[data]\ndataset = "table"\ndata_path = "tags.npz"\n'
        'task = "multilabel.py:MultiLabel"\n[pretrain]\nepochs = 1\n'
        '[[row]]\nname = "ours"\nmethod = "supervised"\nbackbone = "mlp"\n'
    )
    (before,) = make_cells(read_table(table))
    assert before.data.task == f"{path}:MultiLabel"
    key = before.key  # made when it is asked for
    with path.open("a") as file:
        file.write("# a remark\n")
    assert make_cells(read_table(table))[0].key != key


def test_a_package_brings_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {"acme_tags.py": EXAMPLE.read_text()}
    points = {"tinyssl.tasks": {"acme_tags": "acme_tags:MultiLabel"}}
    install(tmp_path / "site", monkeypatch, modules, points)
    task = find_task("acme_tags")
    assert task.name == "acme_tags"
    assert task.origin is not None
    assert task.origin.source == "acme 1.2 (acme_tags:MultiLabel)"
    with pytest.raises(UsageError, match="no task 'acme_tag'") as caught:
        find_task("acme_tag")
    assert "did you mean acme_tags" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Mine = 3", "is not a subclass of tinyssl.learn.tasks.Task"),
        ("from tinyssl.learn.tasks import Task\nclass Mine(Task): ...", "does not define answers"),
        (
            "from tinyssl.learn.tasks import Regression\n"
            "class Mine(Regression):\n    def __init__(self):\n        raise ValueError('no')",
            "failed: line 4: ValueError: no",
        ),
    ],
)
def test_a_class_that_is_no_task(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        find_task(f"{path}:Mine")


def test_data_without_the_answers(tmp_path: Path) -> None:
    data = DataConfig(dataset="digits", image_size=8, task=f"{EXAMPLE}:MultiLabel")
    config = PretrainConfig(epochs=1, method="random", backbone="mobilenet_v2_tiny", device="cpu")
    pretrain(config, data, Workspace(tmp_path), Silent())
    with pytest.raises(DataError, match="digits has no answers for the task"):
        probe(ProbeConfig(), None, Workspace(tmp_path), Silent())


def test_the_command_line_knows_tasks() -> None:
    done = CliRunner().invoke(cli, ["data", "--task", "regresion"], prog_name="tinyssl")
    assert done.exit_code == 2
    assert "did you mean regression" in done.stderr
    shown = CliRunner().invoke(cli, ["pretrain", "--help"], prog_name="tinyssl").stdout
    assert "classification, regression" in " ".join(shown.replace("│", " ").split())
