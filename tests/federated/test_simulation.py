"""Flower's simulation on Ray, with our C as the learner of each device."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.federated.averages import average
from tests.federated.simulated import ROUNDS, TASK
from tinyssl.graph.interface import Outputs
from tools.simulation_scale import ScaleFigures, table

ROOT = Path(__file__).parents[2]


def simulated(*words: str | Path) -> dict[str, Any]:
    """What `tests.federated.simulated` prints."""
    command = [sys.executable, "-m", "tests.federated.simulated", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_simulated_devices_learn_what_numpy_learns(first: Outputs, tmp_path: Path) -> None:
    found = simulated(tmp_path / "learnt.npz")
    assert found["during"] > 1
    assert (found["after"], found["marked"], found["error"]) == (0, False, "")
    assert found["reasons"] == [""] * 2 * ROUNDS
    with np.load(tmp_path / "learnt.npz") as learnt:
        for name, value in average(first, ROUNDS, TASK.samples).items():
            np.testing.assert_array_equal(learnt[name], value, err_msg=name)


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_a_server_that_fails_leaves_no_process(tmp_path: Path) -> None:
    found = simulated(tmp_path / "nothing.npz", "fails")
    assert (found["after"], found["marked"], found["error"]) == (0, False, "no strategy")


def test_the_table_has_all_figures() -> None:
    figures = ScaleFigures(1000, 3, 30.0, [12.0, 11.5], 200 << 20, 500 << 20, (5831, 5896), 0, 2.5)
    text = table(figures)
    for part in ("| 1,000 |", "| 12, 11.5 |", "| 200 |", "| 500 |", "| 5,831 and 5,896 |"):
        assert part in text
