"""The gateway on loopback: Flower's own programs, TLS, node keys; two devices in processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flwr.app import Context, Metadata, RecordDict, UserConfig
from flwr.app.message.message import make_message
from flwr.cli.config_utils import load_and_validate

from tests.federated.flower import Flower, make_node_key
from tinyssl.bench.subject import load_model
from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.errors import Mismatch, UsageError
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.data.episodes import find_family
from tinyssl.federated.gateway import federate_config, first_parameters, gateway_node
from tinyssl.federated.records import RoundTask, to_arrays
from tinyssl.federated.rounds import Checkpoint
from tinyssl.frontends.tflite import write_model
from tinyssl.project import Flashed, stop_emulators
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

APP = Path(__file__).parents[2] / "examples" / "federated"


def test_a_node_says_which_key_is_missing(tmp_path: Path) -> None:
    context = Context(1, 2, {"workspace": str(tmp_path)}, RecordDict(), {})
    with pytest.raises(UsageError, match="the configuration has no board"):
        gateway_node(context)


def test_settings_of_federate_are_those_of_a_run() -> None:
    found = federate_config({"per-round": 3, "strategy": "reptile", "out": "x", "board": "y"})
    assert (found.per_round, found.strategy, found.task) == (3, "reptile", "sine")


def test_the_example_is_an_app_of_flower() -> None:
    found, warnings = load_and_validate(APP / "pyproject.toml")
    assert warnings == []
    assert found["tool"]["flwr"]["app"]["components"]["clientapp"] == "client_app:app"


@pytest.fixture
def workspaces(tmp_path: Path) -> Iterator[list[Workspace]]:
    """Two folders with the same build, whose firmware runs."""
    model = tmp_path / "sine.tflite"
    model.write_bytes(write_model(find_family("sine").network(0)))
    first = Workspace(tmp_path / "first")
    config = BuildConfig(board="host", model=model, train="all", loss="squared-error", check=False)
    build(config, first)
    shutil.copytree(first.root, tmp_path / "second")
    found = [first, Workspace(tmp_path / "second")]
    for each in found:
        flash(FlashConfig(board="host"), each)
    yield found
    for each in found:
        stop_emulators(each)


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_two_devices_behind_supernodes_learn_together(
    workspaces: list[Workspace], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with Flower(tmp_path) as flower:
        flower.superlink()
        for name in ("first", "second", "stranger"):
            make_node_key(tmp_path / f"{name}.key")
        for name in ("first", "second"):
            flower.flwr("supernode", "register", f"{name}.pub", "here")
        refused = "stranger"  # its key is not registered
        flower.supernode(refused, "device=0", until="")
        for number, workspace in enumerate(workspaces):
            config = f'workspace="{workspace.root}" board="host" task="sine" device={number}'
            flower.supernode(workspace.root.name, config, until="Uvicorn running")
        run = f'workspace="{workspaces[0].root}" board="host" out="{out}" rounds=2 samples=8'
        flower.flwr("run", str(APP), "here", "--stream", "--run-config", run)
        rows = [json.loads(line) for line in (out / "exchanges.jsonl").read_text().splitlines()]
        assert [(row["round"], row["kind"], row["reason"]) for row in rows] == [
            (number, "train", "") for number in (1, 1, 2, 2)
        ]
        assert len({row["node"] for row in rows}) == 2
        assert all(row["device"]["board"] == "host" for row in rows)
        assert all(row["device"]["training-step"] > 0 for row in rows)
        done = Checkpoint.load(out / "parameters.npz")
        assert done.round == 2
        assert all(np.isfinite(each).all() for each in done.parameters.values())
        # One of the devices dies: the other goes on.
        pid = Flashed.load(workspaces[1].builds / "host").pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        flower.flwr("run", str(APP), "here", "--stream", "--run-config", run)
        rows = [json.loads(line) for line in (out / "exchanges.jsonl").read_text().splitlines()]
        assert sorted(bool(row["reason"]) for row in rows) == [False, False, True, True]
        assert any("has ended" in row["reason"] for row in rows)


@pytest.mark.nightly
def test_other_firmware_than_the_builds_is_refused(workspaces: list[Workspace]) -> None:
    root = workspaces[0].root
    config: UserConfig = {"workspace": str(root), "board": "host", "task": "sine", "device": 0}
    node = gateway_node(Context(1, 2, config, RecordDict(), {}))
    first = first_parameters(load_model(BuildInfo.load(root / "build" / "host", root))[0])
    task = RoundTask(samples=3).config()
    content = RecordDict({"arrays": to_arrays(first), "config": task})
    metadata = Metadata(1, "1", 1, 2, "", "", 0.0, 60.0, "train")
    message = make_message(metadata, content=content)
    assert node.train(message)["metrics"]["num-examples"] == 3
    path = root / "build" / "host" / BuildInfo.FILE
    path.write_text(path.read_text().replace(BuildInfo.load(path.parent, root).build_id, "0" * 16))
    for _ in range(2):  # the line was given back
        with pytest.raises(Mismatch, match="build id is"):
            gateway_node(Context(1, 2, config, RecordDict(), {})).train(message)
