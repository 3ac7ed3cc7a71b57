"""Kills a training at random moments: `python -m tools.kill_runs --seed 1 --kills 20`.

Each kill is SIGKILL at a moment that the seed draws; then the same run is resumed. In the end the
run is complete, holds each step once, and neither half-written files nor locks are left.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tinyssl.records import RunRecord, Workspace

OPTIONS = (
    "--backbone", "mobilenet_v2_tiny", "--epochs", "30", "--image-size", "16",
    "--batch-size", "256",
    "--warmup-epochs", "0", "--checkpoint-seconds", "0", "--seed", "2",
)  # fmt: skip
LONGEST = 600.0
"""Seconds that the last resume may take"""


def train(root: Path, seconds: float | None) -> int | None:
    """Starts the training or resumes it; None where it was killed after `seconds`."""
    before = [str(run.folder) for run in Workspace(root).all("pretrain")]
    resume = ["--resume", before[-1]] if before else []
    command = [sys.executable, "-m", "tinyssl", "-w", str(root), "pretrain", *OPTIONS, *resume]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=dict(os.environ)) as process:
        try:
            return process.wait(LONGEST if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def faults(root: Path) -> list[str]:
    """What is wrong with the workspace after the last resume."""
    runs = Workspace(root).all("pretrain")
    found = [text for run in runs[-1:] for text in _faults_of(run)]
    left = [str(path) for path in root.rglob("*") if path.name.endswith((".tmp", ".lock"))]
    return found + [
        f"left behind: {name}" for name in left if runs and runs[-1].folder.name in name
    ]


def _faults_of(run: RunRecord) -> list[str]:
    steps = [row["step"] for row in run.metrics() if row.get("event") == "step"]
    found = [] if steps == sorted(set(steps)) else ["a step stands twice"]
    return found if run.status == "complete" else [*found, f"the run is {run.status}"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=20)
    given = parser.parse_args(arguments)
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        killed = sum(train(Path(folder), draw.uniform(1, 15)) is None for _ in range(given.kills))
        code = train(Path(folder), None)
        wrong = faults(Path(folder)) + ([f"the last resume ended with {code}"] if code else [])
    sys.stdout.write("\n".join([*wrong, f"{killed} kills, {len(wrong)} faults"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
