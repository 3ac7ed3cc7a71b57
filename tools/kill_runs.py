"""Kills commands at random moments: `python -m tools.kill_runs --seed 1 --kills 20`.

Each kill is SIGKILL at a moment that the seed draws. A training is then resumed, a federation too,
every other stage called again. In the end each stage is complete, a training holds each step once,
a federation each round, and neither half-written files nor locks are left in what it wrote.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.records import RunRecord, Workspace

RESUMED = {"pretrain": "step", "federate": "round"}
"""Command that goes on with a run -> what its metrics count"""
LONGEST = 600.0
"""Seconds that the last call of a stage may take"""
OPTIONS = (
    "--backbone", "mobilenet_v2_tiny", "--epochs", "30", "--image-size", "16",
    "--batch-size", "256",
    "--warmup-epochs", "0", "--checkpoint-seconds", "0", "--seed", "2",
)  # fmt: skip
TABLE = """title = "killed"
[data]
dataset = "digits"
image_size = 16
[pretrain]
backbone = "mobilenet_v2_tiny"
epochs = 2
[probe]
baseline = false
[[row]]
name = "simclr"
method = "simclr"
[[row]]
name = "random"
method = "random"
"""


@dataclass(frozen=True)
class Stage:
    """A command that is killed, and what it must leave in the end."""

    kind: str
    words: tuple[str, ...]
    longest: float
    """Seconds after which it is killed at most"""
    folder: str = ""
    """What it writes beside its run, below the workspace"""


STAGES = (
    Stage("pretrain", ("pretrain", *OPTIONS), 15),
    Stage("probe", ("probe", "--no-baseline"), 8),
    Stage("convert", ("convert", "--max-drop", "100"), 15),
    Stage("build", ("build", "--board", "host", "--no-check"), 8, "build"),
    Stage("probe", ("table", "killed.toml"), 20, "tables"),
    Stage("federate", ("federate", "--rounds", "400", "--simulate", "20", "--unseen", "4"), 10),
)


def call(root: Path, stage: Stage, seconds: float | None) -> int | None:
    """Calls a stage, or resumes it; None where it was killed after `seconds`, with its children."""
    before = [str(run.folder) for run in Workspace(root).all(stage.kind)]
    resume = ["--resume", before[-1]] if before and stage.words[0] in RESUMED else []
    command = [sys.executable, "-m", "tinyssl", "-w", str(root), *stage.words, *resume]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, stdout=quiet, stderr=quiet, env=dict(os.environ), cwd=root, start_new_session=True
    ) as process:
        try:
            return process.wait(LONGEST if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None


def faults(root: Path, stage: Stage) -> list[str]:
    """What is wrong with the workspace after the last call of a stage."""
    name = " ".join(stage.words[:1])
    runs = Workspace(root).all(stage.kind)
    if not runs:
        return [f"{name}: there is no run"]
    folders = [runs[-1].folder, *([root / stage.folder] if stage.folder else [])]
    left = [path for folder in folders for path in sorted(folder.rglob("*")) if _is_left(path)]
    found = [f"left behind: {path.relative_to(root)}" for path in left]
    return [f"{name}: {text}" for text in (*_faults_of(runs[-1]), *found)]


def _is_left(path: Path) -> bool:
    return path.name.endswith((".tmp", ".lock", ".new"))


def _faults_of(run: RunRecord) -> list[str]:
    unit = RESUMED.get(run.kind, "step")
    steps = [row[unit] for row in run.metrics() if row.get("event") == unit]
    found = [] if steps == sorted(set(steps)) else [f"a {unit} stands twice"]
    return found if run.status == "complete" else [*found, f"the run is {run.status}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Kills every stage `--kills` times; exit status 1 where a fault is left."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=20, help="of each stage")
    given = parser.parse_args(arguments)
    draw = random.Random(given.seed)
    killed, wrong = 0, []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "killed.toml").write_text(TABLE, encoding="utf-8")
        for stage in STAGES:
            moments = [draw.uniform(0.5, stage.longest) for _ in range(given.kills)]
            killed += sum(call(root, stage, moment) is None for moment in moments)
            code = call(root, stage, None)
            wrong += [f"{stage.words[0]}: the last call ended with {code}"] if code else []
            wrong += faults(root, stage)
    sys.stdout.write("\n".join([*wrong, f"{killed} kills, {len(wrong)} faults"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
