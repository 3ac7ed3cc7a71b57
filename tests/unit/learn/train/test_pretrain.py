"""The stage on small images: exactness of resumed runs (bit for bit), and every way to stop."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import DataError, TrainingError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import METRICS, RunRecord, Workspace, hold_run, read_record
from tinyssl.data import find_reader, load_dataset
from tinyssl.data.packing import pack, pictures_of
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.train.checkpoint import CURRENT, PREVIOUS
from tinyssl.learn.train.setup import build_job, make_schedule
from tinyssl.learn.train.world import World
from tinyssl.stages.pretrain import pretrain

CONFIG = PretrainConfig(
    backbone="mobilenet_v2_tiny",
    epochs=3,
    batch_size=16,
    warmup_epochs=1,
    device="cpu",
    checkpoint_seconds=0,
)
STEPS = 9
"""Three epochs of three steps"""


class Killed(BaseException):
    """Stands for SIGKILL in tests that stay inside one process."""


class Stop(Silent):
    """Calls `action` when a tracker has advanced `after` times."""

    def __init__(self, after: int, action: Callable[[], None]) -> None:
        self.after = after
        self.action = action
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Stop]:
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        if "loss" in fields:
            self.after -= 1
            if self.after == 0:
                self.action()


def kill() -> None:
    raise Killed


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("data") / "images.npz"
    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images)
    return DataConfig(dataset="npz", data_path=path, image_size=16)


@pytest.fixture(scope="module")
def unbroken(data: DataConfig, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    workspace = Workspace(tmp_path_factory.mktemp("unbroken"))
    return pretrain(CONFIG, data, workspace, Silent())


def start(data: DataConfig, workspace: Workspace, progress: Stop) -> Path:
    """Starts a run that `progress` stops; its folder."""
    with pytest.raises((Killed, KeyboardInterrupt)):
        pretrain(CONFIG, data, workspace, progress)
    return workspace.all("pretrain")[-1].folder


def resume(data: DataConfig, folder: Path, progress: Silent | None = None) -> RunRecord:
    config = PretrainConfig(resume=folder)
    return pretrain(config, data, Workspace(folder.parent.parent), progress or Silent())


def figures(run: RunRecord) -> list[dict[str, object]]:
    clocks = ("seconds", "images_per_second")
    return [{k: v for k, v in row.items() if k not in clocks} for row in run.metrics()]


def assert_equal(run: RunRecord, other: RunRecord) -> None:
    assert run.path("backbone").read_bytes() == other.path("backbone").read_bytes()
    assert figures(run) == figures(other)
    assert run.results["loss"] == other.results["loss"]


def test_what_a_run_leaves(unbroken, data):
    assert unbroken.status == "complete"
    assert unbroken.seed == 0
    assert unbroken.config["method_config"]["temperature"] == 0.5
    assert unbroken.config["data"]["data_path"] == str(data.data_path)
    assert unbroken.data["train"] == 50
    assert set(unbroken.results) == {
        "loss", "steps", "images_seen", "images_per_second", "seconds", "verdict"
    }  # fmt: skip
    assert (unbroken.results["steps"], unbroken.results["images_seen"]) == (STEPS, 16 * STEPS)
    backbone, info = load_backbone(unbroken.path("backbone"))
    assert (info.backbone, info.stem_stride, info.image_size) == ("mobilenet_v2_tiny", 2, 16)
    assert not backbone.training
    rows = unbroken.metrics()
    assert [row["step"] for row in rows if row["event"] == "step"] == list(range(1, STEPS + 1))
    epochs = [row for row in rows if row["event"] == "epoch"]
    assert [row["epoch"] for row in epochs] == [1, 2, 3]
    losses = [row["loss"] for row in rows if row["event"] == "step"]
    assert epochs[-1]["loss"] == pytest.approx(sum(losses[-3:]) / 3)


def test_same_seed_same_bits_other_seed_other_weights(unbroken, data, tmp_path):
    again = pretrain(CONFIG, data, Workspace(tmp_path), Silent())
    assert_equal(again, unbroken)
    other = pretrain(replace(CONFIG, seed=1, epochs=1), data, Workspace(tmp_path), Silent())
    assert other.path("backbone").read_bytes() != unbroken.path("backbone").read_bytes()


@pytest.mark.parametrize("after", [1, 4, 6, STEPS])
def test_killed_and_resumed_is_as_never_killed(unbroken, data, tmp_path, after):
    folder = start(data, Workspace(tmp_path), Stop(after, kill))
    torch.manual_seed(1234)  # whatever another process would have done
    run = resume(data, folder)
    assert run.folder == folder
    assert run.status == "complete"
    assert_equal(run, unbroken)


def test_killed_twice(unbroken, data, tmp_path):
    folder = start(data, Workspace(tmp_path), Stop(4, kill))
    with pytest.raises(Killed):
        resume(data, folder, Stop(4, kill))
    assert_equal(resume(data, folder), unbroken)


def test_killed_before_the_first_checkpoint(unbroken, data, tmp_path):
    folder = start(data, Workspace(tmp_path), Stop(1, kill))
    (folder / CURRENT).unlink()
    assert_equal(resume(data, folder), unbroken)


def test_ctrl_c_leaves_a_checkpoint_of_that_step(unbroken, data, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    progress = Stop(5, lambda: signal.raise_signal(signal.SIGINT))
    workspace = Workspace(tmp_path / "my runs")
    with pytest.raises(KeyboardInterrupt) as stopped:
        pretrain(CONFIG, data, workspace, progress)
    folder = workspace.all("pretrain")[-1].folder
    assert signal.getsignal(signal.SIGINT) is before
    record = json.loads((folder / "record.json").read_text())
    assert record["status"] == "interrupted"
    command = str(stopped.value).removeprefix("go on with: ")
    assert shlex.split(command) == ["tinyssl", "pretrain", "--resume", str(folder)]
    notes = Stop(-1, kill)
    assert_equal(resume(data, folder, notes), unbroken)
    assert f"resuming {folder.name} at step 5 of 9" in notes.notes


def test_damaged_checkpoint_falls_back_to_the_one_before(unbroken, data, tmp_path):
    folder = start(data, Workspace(tmp_path), Stop(7, kill))
    current = folder / CURRENT
    content = bytearray(current.read_bytes())
    content[-1000] ^= 1
    current.write_bytes(content)
    notes = Stop(-1, kill)
    run = resume(data, folder, notes)
    assert_equal(run, unbroken)
    assert notes.notes[0].endswith("its SHA-256 does not match; trying the one before")
    assert f"resuming {folder.name} at step 3 of 9" in notes.notes


def test_all_checkpoints_damaged(data, tmp_path):
    folder = start(data, Workspace(tmp_path), Stop(7, kill))
    for name in (CURRENT, PREVIOUS):
        (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(TrainingError) as caught:
        resume(data, folder)
    assert caught.value.message.count("is damaged") == 2
    assert "without --resume" in caught.value.hint


def test_metrics_cut_short_by_a_crash_are_repaired(unbroken, data, tmp_path):
    folder = start(data, Workspace(tmp_path), Stop(5, kill))
    with (folder / METRICS).open("a") as file:
        file.write('{"event": "st')
    assert_equal(resume(data, folder), unbroken)


def test_loss_that_is_not_finite(data, tmp_path):
    workspace = Workspace(tmp_path)
    config = replace(CONFIG, lr=1e30, warmup_epochs=0)
    with pytest.raises(TrainingError, match=r"(loss|gradient norm) is (nan|inf) at step") as caught:
        pretrain(config, data, workspace, Silent())
    run = workspace.all("pretrain")[-1]
    assert f"last good checkpoint is of step 0, in {run.folder}" in caught.value.message
    assert "--lr below 1e+30" in caught.value.hint
    assert run.status == "failed"
    assert run.error == caught.value.message
    state = torch.load(_payload(run.folder / CURRENT), weights_only=True)
    assert all(value.isfinite().all() for value in state["method"].values())


def _payload(path: Path) -> Path:
    payload = path.with_suffix(".payload")
    payload.write_bytes(path.read_bytes()[40:])
    return payload


def test_resumed_runs_keep_their_settings(unbroken, data):
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"lr": 0.5}, "has lr 0.001, not 0.5"),
        ({"epochs": 7}, "has epochs 3, not 7"),
    )
    for changed, message in refused:
        record = replace(unbroken, status="running")
        folder = _copy(record, changed)
        with pytest.raises(UsageError, match=message) as caught:
            pretrain(
                PretrainConfig(resume=folder, **changed), data, Workspace(folder.parent), Silent()
            )
        assert "leave --" in caught.value.hint


def _copy(record: RunRecord, changed: dict[str, object]) -> Path:
    folder = record.folder.parent / ("copy-" + "-".join(changed))
    folder.mkdir()
    content = json.loads((record.folder / "record.json").read_text()) | {"status": "running"}
    (folder / "record.json").write_text(json.dumps(content))
    return folder


def test_resume_of_a_complete_run_does_nothing(unbroken, data):
    before = unbroken.path("backbone").stat().st_mtime_ns
    assert resume(data, unbroken.folder).results == unbroken.results
    assert unbroken.path("backbone").stat().st_mtime_ns == before


def test_a_run_is_resumed_by_one_process_at_a_time_a_copy_by_another(tmp_path: Path) -> None:
    root = tmp_path / "first"
    root.mkdir()
    path = root / "images.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), np.uint8))
    given = DataConfig(dataset="npz", data_path=path, image_size=16)
    folder = start(given, Workspace(root), Stop(1, kill))
    lock, before = hold_run(folder), read_record(folder)
    with pytest.raises(UsageError, match=f"writing .*: process {os.getpid()} on "):
        resume(DataConfig(), folder)
    copy = tmp_path / "copy" / "runs" / folder.name
    shutil.copytree(root, tmp_path / "copy")
    path.unlink()  # the copy has its own images
    done = resume(DataConfig(), copy)
    lock.release()
    assert done.status == "complete"
    assert done.folder == copy
    assert read_record(folder) == before
    assert not (copy / ".lock").exists()
    steps = [row["step"] for row in done.metrics() if row["event"] == "step"]
    assert steps == sorted(set(steps))


def test_resume_with_other_images(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    given = DataConfig(dataset="npz", data_path=path, image_size=16)
    np.savez(path, images=np.zeros((70, 16, 16, 3), np.uint8))
    folder = start(given, Workspace(tmp_path), Stop(1, kill))
    np.savez(path, images=np.ones((70, 16, 16, 3), np.uint8))
    with pytest.raises(DataError, match="the images are not those of"):
        resume(given, folder)


@pytest.mark.parametrize(
    ("images", "batch", "accumulate", "processes", "hint"),
    [
        (2, 32, 1, 1, "--batch-size 2"),
        (31, 32, 1, 1, "--batch-size 31"),
        (31, 32, 4, 1, "--batch-size 7"),
        (7, 32, 4, 1, "--batch-size 2 --accumulate 3"),
        (7, 32, 4, 2, "--batch-size 2 --accumulate 1"),
        (3, 32, 1, 4, "1 processes with --batch-size 2 --accumulate 1"),
    ],
)
def test_the_batch_that_a_message_names_is_filled(images, batch, accumulate, processes, hint):
    given = PretrainConfig(batch_size=batch, accumulate=accumulate)
    world = World(torch.device("cpu"), size=processes)
    dataset = replace(load_dataset(DataConfig()), train=np.arange(images))
    with pytest.raises(DataError, match=f"{images} training images do not fill") as caught:
        make_schedule(given, dataset, world)
    assert caught.value.hint.endswith(hint)
    named = dict(re.findall(r"--([a-z-]+) ([0-9]+)", hint))
    accumulate = int(named.get("accumulate", accumulate))
    way_out = replace(given, batch_size=int(named["batch-size"]), accumulate=accumulate)
    fewer = World(world.device, size=1 if "processes" in hint else processes)
    assert make_schedule(way_out, dataset, fewer).epoch_steps >= 1


def test_mistakes_are_found_before_the_run(data, tmp_path):
    workspace = Workspace(tmp_path)
    for changed, error, message in (
        ({"batch_size": 64}, DataError, "50 training images do not fill a batch of 64"),
        ({"method": "simcrl"}, UsageError, "no method"),
        ({"backbone": "resnet"}, UsageError, "no backbone"),
        ({"method_options": {"heat": 1}}, UsageError, "no option of simclr 'heat'"),
    ):
        with pytest.raises(error, match=message):
            pretrain(replace(CONFIG, **changed), data, workspace, Silent())
    assert workspace.all() == []


@pytest.fixture
def in_shards(data: DataConfig, tmp_path: Path) -> DataConfig:
    """The images of `data` in shards."""
    source = find_reader(data.dataset).value.read(data, Silent())
    pack(pictures_of(source, "images"), data, tmp_path / "pack", "ppm", Silent())
    return replace(data, dataset="packed", data_path=tmp_path / "pack")


def test_training_from_shards_ends_in_the_bits_of_training_from_memory(
    in_shards: DataConfig, unbroken: RunRecord, tmp_path: Path
) -> None:
    """In one go, and interrupted in the middle of an epoch and resumed."""
    assert_equal(pretrain(CONFIG, in_shards, Workspace(tmp_path / "whole"), Silent()), unbroken)
    stop = Stop(4, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert_equal(resume(in_shards, start(in_shards, Workspace(tmp_path / "half"), stop)), unbroken)


def test_processes_read_their_own_images_from_shards(in_shards: DataConfig) -> None:
    """Two processes of eight images see what one sees of sixteen."""
    dataset = load_dataset(in_shards)
    device = torch.device("cpu")

    def views(config: PretrainConfig, world: World) -> torch.Tensor:
        batcher = build_job(config, dataset, world, Silent()).batcher(Silent())
        return torch.cat([batcher.batch(step).views[0] for step in range(3)])

    alone = views(CONFIG, World(device)).chunk(3)
    half = replace(CONFIG, batch_size=8, sync_batch_norm=False)
    both = [views(half, World(device, rank, 2)).chunk(3) for rank in (0, 1)]
    for step in range(3):
        assert torch.equal(alone[step], torch.cat([both[0][step], both[1][step]]))
