"""Real launches of `torchrun` with two processes on gloo against one process with all images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.learn.methods import METHODS
from tinyssl.learn.train.recorded import shared_out
from tinyssl.stages.pretrain import pretrain

REPOSITORY = Path(__file__).parents[4]
BATCH = 16
"""Of one process alone; two have half each"""
TOLERANCE = 1e-4
METHODS_TO_COMPARE = [
    "ca_dssl",
    "seed",
    "simreg",
    "simclr",
    "byol",
    "dino",
    "moco_v2",
    "swav",
    "supervised",
]
OPTIONS: dict[str, dict[str, float]] = {
    "seed": {"queue": 40},
    "moco_v2": {"queue": 40},
    "swav": {"queue": 40, "queue_from": 0.0, "prototypes": 10},
}

SCRIPT = """
import json, os, signal, sys
import torch
import torch.distributed as dist
from pathlib import Path
from pydantic import TypeAdapter
from tinyssl.learn.backbones import BACKBONES
from tinyssl.learn.backbones.base import Backbone
from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.pretrain import pretrain

torch.set_num_threads(1)

class Plain(Backbone):
    '''Three convolutions, with batch norm or without.'''
    def __init__(self, normed):
        super().__init__()
        self.feature_dim, self.map_channels = 12, {8: 8, 16: 10, 32: 12}
        widths = [3, 8, 10, 12]
        self.layers = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Conv2d(a, b, 3, 2, 1),
                torch.nn.BatchNorm2d(b) if normed else torch.nn.Identity())
            for a, b in zip(widths, widths[1:]))
    def forward_all(self, images):
        maps = {}
        for stride, layer in zip((8, 16, 32), self.layers):
            images = torch.tanh(layer(images))
            maps[stride] = images
        return images.mean((2, 3)), maps
    def forward_features(self, images):
        return self.forward_all(images)[1]
    def forward(self, images):
        return self.forward_all(images)[0]

BACKBONES["plain"] = lambda spec, stem_stride: Plain(normed=False)
BACKBONES["normed"] = lambda spec, stem_stride: Plain(normed=True)

class Fail(Silent):
    '''Ends the process at a step, as the kernel would; in the first attempt only.'''
    def __init__(self, step):
        self.step = step
    def track(self, title, total, unit="step"):
        from contextlib import nullcontext
        return nullcontext(self)
    def advance(self, count=1, **fields):
        if "loss" in fields:
            self.step -= 1
            if self.step == 0 and os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0":
                os.kill(os.getpid(), signal.SIGKILL)

root, jobs = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
fail = int(sys.argv[3]) if len(sys.argv) > 3 else -1
data = TypeAdapter(DataConfig).validate_python(jobs.pop("data"))
if len(jobs) > 1 and dist.is_torchelastic_launched():
    dist.init_process_group("gloo")  # one for all runs but the last, which makes its own
for name, content in jobs.items():
    if name == list(jobs)[-1] and dist.is_initialized():
        dist.destroy_process_group()
    config = TypeAdapter(PretrainConfig).validate_python(content)
    pretrain(config, data, Workspace(root / name), Fail(fail))
"""


def config_of(method: str, teacher: Path) -> PretrainConfig:
    return PretrainConfig(
        method=method,
        method_options=OPTIONS.get(method, {}),
        backbone="normed",
        teacher=str(teacher) if METHODS[method].needs_teacher else None,
        teacher_grid=2,
        epochs=4,
        batch_size=BATCH,
        warmup_epochs=1,
        lr=1e-4,
        device="cpu",
        stop_on_collapse=False,
        checkpoint_seconds=0,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("data") / "images.npz"
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(70) % 3)
    return DataConfig(dataset="npz", data_path=path, image_size=16)


@pytest.fixture(scope="module")
def teacher(data: DataConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = PretrainConfig(method="random", backbone="mobilenet_v2_tiny", device="cpu", seed=5)
    run = pretrain(config, data, Workspace(tmp_path_factory.mktemp("teacher")), Silent())
    return run.path("backbone")


def launch(
    folder: Path,
    jobs: dict[str, PretrainConfig],
    data: DataConfig,
    *more: str,
    processes: int = 2,
    compiler: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """The script in `processes` processes; all in `more` that starts with a dash is torchrun's.

    Processes share memory where there is a C compiler; a `compiler` that is not there prevents it.
    """
    folder.mkdir(exist_ok=True)
    script, plan = folder / "script.py", folder / "jobs.json"
    script.write_text(SCRIPT)
    content = {name: vars(config) for name, config in jobs.items()} | {"data": vars(data)}
    plan.write_text(json.dumps(content, default=str))
    options = [word for word in more if word.startswith("-")]
    arguments = [word for word in more if not word.startswith("-")]
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone"]
        command += [f"--nproc-per-node={processes}", *options]
    command += [str(script), str(folder), str(plan), *arguments]
    environment = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "OMP_NUM_THREADS": "1",
        "TINYSSL_CACHE": str(folder / "cache"),
    }
    environment |= {"CC": compiler} if compiler else {}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, timeout=900
    )


def launched(
    folder: Path, jobs: dict[str, PretrainConfig], data: DataConfig, processes: int = 2
) -> Path:
    """The folder, with the runs of all jobs."""
    done = launch(folder, jobs, data, processes=processes)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def to_compare(teacher: Path) -> dict[str, PretrainConfig]:
    """Runs of one process alone, by name."""
    alone = {name: config_of(name, teacher) for name in METHODS_TO_COMPARE}
    for name in ("seed", "supervised"):  # not one batch norm in them
        alone[f"plain_{name}"] = replace(alone[name], backbone="plain", sync_batch_norm=False)
    alone["mobilenet"] = replace(alone["simclr"], backbone="mobilenet_v2_tiny")
    return alone


def losses(run: RunRecord) -> list[float]:
    return [row["loss"] for row in run.metrics() if row["event"] == "step"]


def only_run(folder: Path) -> RunRecord:
    (run,) = Workspace(folder).all("pretrain")
    return run


def difference(run: RunRecord, other: RunRecord) -> float:
    """Largest difference between two loss curves of twelve steps, which are curves indeed."""
    assert run.status == other.status == "complete"
    found, wanted = losses(run), losses(other)
    assert len(found) == len(wanted) == 12
    assert max(wanted) - min(wanted) > 20 * TOLERANCE
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True))


@pytest.fixture(scope="module")
def single(data, teacher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of one process: each method, and one whose batch comes in parts."""
    jobs = to_compare(teacher)
    whole = replace(jobs["plain_supervised"], batch_size=BATCH // 4, accumulate=4)
    return launched(tmp_path_factory.mktemp("single"), jobs | {"parts": whole}, data, processes=1)


@pytest.fixture(scope="module")
def double(data, teacher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of two processes, which have half of the batch each."""
    jobs = to_compare(teacher)
    two = {name: replace(config, batch_size=BATCH // 2) for name, config in jobs.items()}
    return launched(tmp_path_factory.mktemp("double"), two, data)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_are_one_with_the_doubled_batch(single, double, teacher):
    worst = {}
    for name in to_compare(teacher):
        one, other = only_run(single / name), only_run(double / name)
        worst[name] = difference(other, one)
        assert other.config["global_batch"] == one.config["global_batch"] == BATCH
        assert other.config["processes"] == 2
    assert max(worst.values()) < TOLERANCE, worst


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_so_are_two_that_talk_through_gloo(single, double, data, teacher, tmp_path):
    names = ("simclr", "byol", "mobilenet")
    two = {name: replace(to_compare(teacher)[name], batch_size=BATCH // 2) for name in names}
    done = launch(tmp_path, two, data, compiler="no-such-compiler")
    assert done.returncode == 0, done.stderr[-3000:]
    for name in names:
        run = only_run(tmp_path / name)
        assert difference(run, only_run(single / name)) < TOLERANCE
        shared = only_run(double / name).path("backbone").read_bytes()
        assert run.path("backbone").read_bytes() != shared, "it did not take gloo"


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_restarted_by_torchrun_after_a_killed_process(double, data, teacher, tmp_path):
    config = replace(config_of("supervised", teacher), batch_size=BATCH // 2)
    broken = launch(tmp_path, {"run": config}, data, "--max-restarts=1", "8")
    assert broken.returncode == 0, broken.stderr[-3000:]
    assert "Signal 9" in broken.stderr or "exitcode: -9" in broken.stderr
    run = only_run(tmp_path / "run")
    assert difference(run, only_run(double / "supervised")) < 1e-6
    steps = [row["step"] for row in run.metrics() if row["event"] == "step"]
    assert steps == list(range(1, 13))


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_killed_process_ends_all_with_a_reason(data, teacher, tmp_path):
    config = replace(
        config_of("supervised", teacher), batch_size=BATCH // 2, backbone="mobilenet_v2_tiny"
    )
    broken = launch(tmp_path, {"run": config}, data, "8")
    assert broken.returncode != 0
    # torchrun ends the other process as soon as it looks; where that one was faster, it says why.
    told = ("process 1 of 2 lost another one, so all end", "Signal 9 (SIGKILL) received")
    assert any(text in broken.stderr for text in told)
    run = only_run(tmp_path / "run")
    assert run.status == "running", "a killed run says no more"
    # Its batch of 16 can be gone on with by one process.
    resumed = pretrain(
        PretrainConfig(resume=run.folder), data, Workspace(tmp_path / "run"), Silent()
    )
    assert resumed.status == "complete"
    assert resumed.metrics()[-1]["step"] == 12


@pytest.mark.parametrize(
    ("processes", "batch_size", "accumulate"), [(1, 8, 4), (2, 8, 2), (4, 8, 1), (8, 4, 1)]
)
def test_another_number_of_processes_keeps_the_batch(processes, batch_size, accumulate):
    config = PretrainConfig(batch_size=8, accumulate=2)
    record = RunRecord("pretrain", Path(), "running", "", config={"global_batch": 32})
    found = shared_out(config, record, processes)
    assert (found.batch_size, found.accumulate) == (batch_size, accumulate)
    with pytest.raises(UsageError, match="3 processes cannot share the run's batch of 32"):
        shared_out(config, record, 3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_accumulated_parts_are_one_large_batch(single):
    """Where every image has a loss of its own, and nothing is normalised over the batch."""
    whole, parts = only_run(single / "plain_supervised"), only_run(single / "parts")
    assert difference(parts, whole) < TOLERANCE
