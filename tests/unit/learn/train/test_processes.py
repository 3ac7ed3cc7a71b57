"""`--processes`: how many, and that they train what one would, killed and resumed too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import TrainingError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data import load_dataset
from tinyssl.learn.train import processes, team
from tinyssl.learn.train.processes import count_processes
from tinyssl.stages.pretrain import pretrain

REPOSITORY = Path(__file__).parents[4]
CPU = torch.device("cpu")
STEPS = 12
TWO = PretrainConfig(
    method="simclr", backbone="mobilenet_v2_tiny", epochs=3, batch_size=12, warmup_epochs=1,
    lr=1e-4, device="cpu", checkpoint_seconds=0, processes="2", stop_on_collapse=False,
)  # fmt: skip


class Watch(Silent):
    """Counts steps, and does something at one of them."""

    def __init__(self, at: int = -1) -> None:
        self.steps, self.at = 0, at
        self.warnings: list[str] = []

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Watch]:
        self.steps = 0
        yield self

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def advance(self, count: int = 1, **fields: object) -> None:
        self.steps += count
        if count and self.steps == self.at:
            self.act()

    def act(self) -> None:
        """At that step."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("data") / "images.npz"
    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(70) % 3)
    return DataConfig(dataset="npz", data_path=path, image_size=16)


@pytest.fixture(scope="module")
def unbroken(data: DataConfig, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return pretrain(TWO, data, Workspace(tmp_path_factory.mktemp("unbroken")), Silent())


def losses(run: RunRecord) -> list[float]:
    return [row["loss"] for row in run.metrics() if row["event"] == "step"]


def weights(run: RunRecord) -> bytes:
    return run.path("backbone").read_bytes()


@pytest.mark.slow
def test_two_processes_train_what_one_does(unbroken: RunRecord, data: DataConfig, tmp_path) -> None:
    alone = pretrain(replace(TWO, processes="1"), data, Workspace(tmp_path), Silent())
    found, wanted = losses(unbroken), losses(alone)
    assert len(found) == len(wanted) == STEPS
    assert max(wanted) - min(wanted) > 2e-3
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 1e-4
    assert weights(unbroken) != weights(alone), "sums are made in another order"
    told = [(run.config["processes"], run.config["threads"]) for run in (unbroken, alone)]
    assert told == [(2, 1), (1, torch.get_num_threads())]
    for name in ("batch_size", "global_batch"):
        assert unbroken.config[name] == alone.config[name] == 12
    assert [row["knn"] for row in unbroken.metrics() if "knn" in row]


@pytest.mark.slow
def test_a_killed_worker_ends_the_run_which_goes_on_to_the_same_bits(
    unbroken: RunRecord, data: DataConfig, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers: list[team.Member] = []

    class Known(team.Member):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            workers.append(self)

    class Kill(Watch):
        def act(self) -> None:
            workers[0]._process.kill()

    monkeypatch.setattr(team, "Member", Known)
    workspace = Workspace(tmp_path)
    with pytest.raises(TrainingError, match=r"one of its 2 processes: process 1 .* signal 9"):
        pretrain(TWO, data, workspace, Kill(at=7))
    (run,) = workspace.all("pretrain")
    assert run.status == "failed"
    assert not list(run.folder.glob("*.tmp"))
    resumed = pretrain(PretrainConfig(resume=run.folder), data, workspace, Silent())
    assert resumed.status == "complete"
    assert weights(resumed) == weights(unbroken)
    assert losses(resumed) == losses(unbroken)


@pytest.mark.nightly
def test_ctrl_c_saves_and_another_number_of_processes_may_go_on(
    unbroken: RunRecord, data: DataConfig, tmp_path
) -> None:
    class Interrupt(Watch):
        def act(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    workspace = Workspace(tmp_path)
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        pretrain(TWO, data, workspace, Interrupt(at=6))
    (run,) = workspace.all("pretrain")
    assert run.status == "interrupted"
    watch = Watch()
    one = PretrainConfig(resume=run.folder, processes="1")
    resumed = pretrain(one, data, workspace, watch)
    assert "had 2 processes" in watch.warnings[0]
    pairs = zip(losses(resumed), losses(unbroken), strict=True)
    assert max(abs(a - b) for a, b in pairs) < 1e-4


@pytest.mark.nightly
def test_a_killed_first_process_leaves_nobody_behind(data: DataConfig, tmp_path) -> None:
    words = ["pretrain", "--dataset", "npz", "--data-path", str(data.data_path)]
    words += ["--image-size", "16", "--epochs", "400", "--batch-size", "12", "--processes", "2"]
    words += ["--backbone", "mobilenet_v2_tiny", "--workspace", str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-m", "tinyssl", *words], cwd=REPOSITORY)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/*/metrics.jsonl")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(workers) == 1
    process.kill()
    process.wait()
    while Path("/proc", workers[0]).exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_worker_that_cannot_start_says_why(tmp_path) -> None:
    with (
        pytest.raises(TrainingError, match=r"did not start: exit code 1: .*no_such_module"),
        team.team(2, "no_such_module", None, {"PATH": os.environ["PATH"]}),
    ):
        pass


@pytest.mark.parametrize(
    ("cores", "batch_size", "count"),
    [(1, 128, 1), (2, 128, 2), (8, 128, 8), (3, 128, 2), (4, 33, 3), (2, 33, 1), (64, 32, 4)],
)
def test_auto_takes_a_process_a_core(monkeypatch, data, cores, batch_size, count) -> None:
    monkeypatch.setattr(processes, "cores", lambda: cores)
    monkeypatch.setattr(processes, "LEAST_NUMBERS", 0)
    dataset = load_dataset(data, Silent())
    dataset = replace(dataset, train=np.arange(batch_size))
    config = PretrainConfig(batch_size=batch_size)
    assert count_processes(config, dataset, CPU) == count
    assert count_processes(config, dataset, torch.device("cuda")) == 1
    assert count_processes(replace(config, method="random"), dataset, CPU) == 1


def test_auto_takes_one_where_more_do_not_pay(monkeypatch, data) -> None:
    monkeypatch.setattr(processes, "cores", lambda: 2)
    dataset = load_dataset(data, Silent())
    config = PretrainConfig(batch_size=32, epochs=3)
    assert count_processes(config, dataset, CPU) == 1, "over in a second"
    long = replace(config, epochs=100_000)
    assert count_processes(long, dataset, CPU) == 2
    monkeypatch.setattr(processes, "available", lambda: False)
    assert count_processes(long, dataset, CPU) == 1, "without a compiler"


def test_cores_are_those_that_torch_uses() -> None:
    assert processes.cores() == min(torch.get_num_threads(), len(os.sched_getaffinity(0)))


def test_counts_that_cannot_be_right(data) -> None:
    dataset = load_dataset(data, Silent())
    with pytest.raises(UsageError, match="5 processes cannot share a batch of 32") as caught:
        count_processes(PretrainConfig(processes="5"), dataset, CPU)
    assert "--processes 4" in caught.value.hint
    with pytest.raises(UsageError, match="shares a CPU"):
        count_processes(PretrainConfig(processes="2"), dataset, torch.device("cuda"))
    for wrong in ("0", "-1", "many", "1.5"):
        with pytest.raises(ValueError, match="auto or a number from 1"):
            PretrainConfig(processes=wrong)
    assert PretrainConfig(processes=3).processes == "3"  # type: ignore[arg-type]
