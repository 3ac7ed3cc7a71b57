"""`tinyssl federate`: rounds on this computer, a server that is killed, what may leave a device."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.federated.families import federation_of
from tinyssl.cli.app import cli
from tinyssl.core.config import FederateConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data.episodes import Group, find_family
from tinyssl.federated.grid import from_bytes
from tinyssl.federated.rounds import Checkpoint
from tinyssl.stages.federate import federate
from tinyssl.stages.federate_boards import parse_boards
from tinyssl.targets.boards import find_board

SMALL: dict[str, Any] = {"rounds": 8, "simulate": 6, "samples": 6, "unseen": 3, "evaluate_every": 2}
STRATEGIES = ("fedavg", "reptile", "tinyreptile", "tinymetafed")


def learnt(record: RunRecord) -> dict[str, np.ndarray]:
    with np.load(record.path("parameters")) as found:
        return {name: found[name] for name in found.files}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_leaves_a_record(strategy: Any, tmp_path: Path) -> None:
    config = FederateConfig(strategy=strategy, **SMALL)
    record = federate(config, Workspace(tmp_path))
    results, rows = record.results, record.metrics()
    assert (record.status, results["rounds"], results["simulated"]) == ("complete", 8, 6)
    assert results["parameters"] == 1153
    assert results["common"] == (1120 if strategy == "tinymetafed" else 1153)
    assert [row["round"] for row in rows if row["event"] == "round"] == list(range(1, 9))
    assert [row["round"] for row in rows if row["event"] == "judged"] == [2, 4, 6, 8]
    devices = 1 if strategy == "tinyreptile" else 4
    assert {row["devices"] for row in rows if row["event"] == "round"} == {devices}
    assert results["left_out"] == 0
    # 6 bytes for each of the larger half of 1,120 changes, 4 for each of all parameters.
    payload = 560 * 6 if strategy == "tinymetafed" else 1153 * 4
    assert devices * payload < results["bytes_up"] < devices * (payload + 1800)
    for name in ("first_loss_before", "first_loss_after", "loss_before", "loss_after"):
        assert 0 < results[name] < 20
    found = learnt(record)
    assert {*found} == {f"layer{n}/{part}" for n in (1, 2, 3) for part in ("weight", "bias")}
    assert any(np.abs(each).max() > 0 for name, each in found.items() if name.endswith("bias"))


def test_a_run_begins_with_what_another_learnt(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first = federate(FederateConfig(**SMALL), workspace)
    second = federate(FederateConfig(**SMALL | {"start": first.folder}), workspace)
    assert second.results["first_loss_after"] == first.results["loss_after"]
    with pytest.raises(UsageError, match="parameters of another model"):
        federate(FederateConfig(**SMALL | {"task": "digits", "start": first.folder}), workspace)


def killed(root: Path, words: list[str], when: Callable[[Path], bool]) -> Path:
    """Kills `tinyssl federate` with SIGKILL once its run is so far; the run's folder."""
    command = [sys.executable, "-m", "tinyssl", "-w", str(root), "federate", *words]
    end = time.monotonic() + 120
    with subprocess.Popen(command, start_new_session=True, env=dict(os.environ)) as process:
        while process.poll() is None and time.monotonic() < end:
            found = list((root / "runs").glob("federate-*"))
            if found and when(found[0]):
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.005)
        process.wait(30)
    return next((root / "runs").glob("federate-*"))


def test_a_killed_server_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    settings = SMALL | {"rounds": 120, "evaluate_every": 120}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]

    def far(folder: Path) -> bool:
        path = folder / "checkpoint.npz"
        return path.exists() and Checkpoint.load(path).round >= 3

    folder = killed(tmp_path / "killed", words, far)
    workspace = Workspace(tmp_path / "killed")
    (record,) = workspace.all("federate")
    done = Checkpoint.load(folder / "checkpoint.npz").round
    assert record.status == "running"
    assert 3 <= done < 120
    with pytest.raises(UsageError, match="the run to resume has rounds 120, not 7"):
        federate(FederateConfig(resume=folder, rounds=7), workspace)
    resumed = federate(FederateConfig(resume=folder), workspace)
    whole = federate(FederateConfig(**settings), Workspace(tmp_path / "whole"))
    assert resumed.status == "complete"
    assert [r["round"] for r in resumed.metrics() if r["event"] == "round"] == [*range(1, 121)]
    for name, each in learnt(whole).items():
        assert learnt(resumed)[name].tobytes() == each.tobytes(), name
    for name in ("loss_after", "left_out", "bytes_up", "first_loss_after"):
        # Flower's serialisation of numbers has a byte more or less, by the node's id
        assert resumed.results[name] == pytest.approx(whole.results[name], rel=1e-3)
    assert not list(folder.glob(".*"))
    assert federate(FederateConfig(resume=folder), workspace) == resumed


def test_a_damaged_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(DataError, match="no checkpoint"):
        Checkpoint.load(tmp_path / "checkpoint.npz")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_sample_leaves_a_device(strategy: Any) -> None:
    """All messages of some rounds: their bytes, and what they have room for."""
    config = FederateConfig(strategy=strategy, **SMALL)
    federation = federation_of(config)
    traffic: list[tuple[bytes, bool]] = []
    federation.watch = lambda data, down: traffic.append((data, down))
    federation.train(Checkpoint(0, federation.first), lambda _: None, lambda _: None)
    family = find_family("sine", None, config.seed)
    samples = [
        family.device(Group.TRAIN, device).support(6, visit)
        for device in range(6)
        for visit in range(1, 9)
    ]
    numbers = {value.tobytes() for each in samples for value in (*each.inputs, *each.targets)}
    assert len(numbers) == 2 * 6 * 6 * 8
    sizes = {name: each.size for name, each in federation.first.items()}
    up = [data for data, down in traffic if not down]
    assert len(up) == 8 * (1 if strategy == "tinyreptile" else 4)
    for data in up:
        held = {data[at : at + 4] for at in range(len(data) - 3)}
        assert numbers.isdisjoint(held)
        content = from_bytes(data).content
        assert {*content} == {"arrays", "metrics", "config", "device"}
        assert {*content["config"]} == {"server-round"}
        assert {*content["metrics"]} <= {"num-examples", "loss", "refused"}
        for name, array in content.array_records["arrays"].items():
            assert array.numpy().size == sizes.get(name, 560)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--task", "sines"], 2, "sine"),
        (["--boards", "mps2_an385:0"], 2, "names no boards"),
        (["--boards", "mps2_an385,mps2_an385"], 2, "twice"),
        (["--boards", "nucleo_h743zi:2"], 2, "no emulated board"),
        (["--boards", "mps2"], 2, "mps2"),
        (["--strategy", "reptile", "--simulate", "3"], 2, "4 devices are to learn in a round"),
        (["--resume", "nowhere"], 2, "nowhere"),
        (["--task", "presence"], 2, "needs the files"),
        (["--share", "1.5"], 2, "share"),
    ],
)
def test_what_cannot_be_is_told(words: list[str], code: int, told: str, tmp_path: Path) -> None:
    command = ["-w", str(tmp_path), "federate", "--rounds", "1", *words]
    done = CliRunner().invoke(cli, command, prog_name="tinyssl")
    assert (done.exit_code, told in done.stderr) == (code, True), done.stderr


def test_the_command_tells_and_gives_json(tmp_path: Path) -> None:
    words = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    command = ["-w", str(tmp_path), "federate", *words]
    done = CliRunner().invoke(cli, command, prog_name="tinyssl")
    assert done.exit_code == 0, done.stderr
    assert "8 rounds of tinyreptile" in done.stdout
    shown = [line for line in done.stderr.splitlines() if not line.startswith("rounds: ")]
    assert shown == []  # Flower's own lines are not
    plain = CliRunner().invoke(cli, [*command, "--json"], prog_name="tinyssl")
    assert json.loads(plain.stdout)["results"]["rounds"] == 8


def test_boards_and_their_numbers() -> None:
    found = parse_boards("mps2_an500:4, host")
    assert [(each.board.id, each.count) for each in found] == [("mps2_an500", 4), ("host", 1)]
    assert found[0].board == find_board("mps2_an500")


def test_sine_in_short(tmp_path: Path) -> None:
    """A fifteenth of the specification's rounds: learning shows, random parameters do not."""
    config = FederateConfig(rounds=200, simulate=200, unseen=20, evaluate_every=200)
    found = federate(config, Workspace(tmp_path)).results
    assert found["first_loss_after"] > 3
    assert found["loss_after"] < 0.6 * found["loss_before"]


@pytest.mark.nightly
def test_sine_as_the_specification_has_it(tmp_path: Path) -> None:
    """(b) and (d): 3,000 rounds of 32 samples, 40 unseen devices, one pass over 10 samples."""
    config = FederateConfig(rounds=3000, unseen=40, online_steps=10)
    found = federate(config, Workspace(tmp_path)).results
    family = find_family("sine")
    answers = [family.device(Group.UNSEEN, number).query.targets for number in range(40)]
    zero = float(np.mean(np.square(answers)))
    assert found["first_loss_before"] > 3
    assert found["first_loss_after"] > 3
    assert found["loss_before"] == pytest.approx(zero, rel=0.15)  # tasks average to zero
    assert found["loss_after"] < 0.5
    assert found["loss_after_passes"] < found["loss_after"] * 1.2
