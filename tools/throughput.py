"""Images per second of SimCLR: our loop, lightly's recipe, and a loop with nothing but the network.

    python -m tools.throughput [--device cuda] [--markdown docs/throughput.md]

All three train the same backbone and head with the same batch on this machine, in one run, their
repetitions in turns, so that whatever else the machine does meets all alike:

ours       `train.pretrain` itself, from uint8 images to metrics.jsonl; the clock runs from
           the end of one step to the end of a later one. Checkpoints, once an epoch, are outside
recipe     lightly's documented loop (tools/lightly_recipe.py says how it was rebuilt)
bound      forward, backward and optimiser on one synthetic batch, as our loop lays it out

First every setting (threads, worker processes) of each is tried once; then the best of each is
measured `--repeats` times. One image counts once, though two views of it are trained.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from tools.throughput_loops import Job

ROOT = Path(__file__).resolve().parent.parent
TARGET_RECIPE = 2.0
TARGET_BOUND = 0.85


@dataclass(frozen=True)
class Setting:
    """What may be turned to make a contender faster."""

    threads: int
    """torch's, in the process that trains"""
    workers: int = 0
    """Processes that make batches; only the recipe has them"""

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return f"{threads}, {self.workers} workers" if self.workers else threads


@dataclass(frozen=True)
class Contender:
    """One of the three loops, and what may be turned in it."""

    name: str
    what: str
    settings: tuple[Setting, ...]

    def rate(self, job: Job, setting: Setting) -> float:
        """Images per second, measured in a fresh process."""
        request = asdict(job) | asdict(setting) | {"loop": self.name}
        command = [sys.executable, "-m", "tools.throughput_loops", json.dumps(request)]
        environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(setting.threads)}
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environ,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            raise SystemExit(f"{self.name} ({setting}) failed:\n{done.stderr[-2000:]}")
        rate = float(done.stdout.split()[-1])
        print(f"{self.name:8} {setting!s:22} {rate:8.1f} images/s", file=sys.stderr, flush=True)  # noqa: T201 - a tool's progress
        return rate


def contenders(device: str) -> tuple[Contender, ...]:
    """All three. Settings beyond the processor's cores are left out."""
    cores = len(os.sched_getaffinity(0))
    threads = sorted({1, min(2, cores), cores})
    workers = sorted({0, 1, min(2, cores), *([cores] if device == "cuda" else [])})
    plain = tuple(Setting(count) for count in threads)
    fed = tuple(Setting(count, fed) for count in threads for fed in workers)
    return (
        Contender("ours", "`tinyssl pretrain`, whole", plain),
        Contender("recipe", "lightly's documented recipe, rebuilt", fed),
        Contender("bound", "network alone, on synthetic batches", plain),
    )


@dataclass(frozen=True)
class Measured:
    """A contender at its best setting."""

    contender: Contender
    setting: Setting
    tried: dict[Setting, float]
    """Every setting -> images/s of its one trial"""
    rates: tuple[float, ...]
    """Images/s of each repetition"""

    @property
    def median(self) -> float:
        return statistics.median(self.rates)


def measure(job: Job, repeats: int) -> dict[str, Measured]:
    """Name -> what was measured: first each setting once, then the best ones in turns."""
    every = contenders(job.device)
    trial = replace(job, steps=max(job.steps // 2, 2))
    tried = {c.name: {s: c.rate(trial, s) for s in c.settings} for c in every}
    best = {name: max(rates, key=rates.__getitem__) for name, rates in tried.items()}
    turns = [{c.name: c.rate(job, best[c.name]) for c in every} for _ in range(repeats)]
    return {
        c.name: Measured(c, best[c.name], tried[c.name], tuple(turn[c.name] for turn in turns))
        for c in every
    }


def ratio_line(what: str, ratio: float, target: float) -> str:
    """`ours / recipe: 2.31 (target at least 2.00: reached)`."""
    verdict = "reached" if ratio >= target else "missed"
    return f"ours / {what}: {ratio:.2f} (target at least {target:.2f}: {verdict})"


def ratios(found: dict[str, Measured]) -> list[str]:
    """Both figures that the tool is for."""
    ours = found["ours"].median
    return [
        ratio_line("recipe", ours / found["recipe"].median, TARGET_RECIPE),
        ratio_line("bound", ours / found["bound"].median, TARGET_BOUND),
    ]


COLUMNS = ("loop", "setting", "images/s, median", "least", "most")


def rows(found: dict[str, Measured]) -> list[tuple[str, ...]]:
    """A row of text for each contender, in the order of `COLUMNS`."""
    return [
        (
            f"{name}: {m.contender.what}",
            str(m.setting),
            *(f"{rate:.1f}" for rate in (m.median, min(m.rates), max(m.rates))),
        )
        for name, m in found.items()
    ]


def plain_table(lines: list[tuple[str, ...]]) -> str:
    """Columns under each other, for a terminal."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    aligned = [[cell.ljust(w) for cell, w in zip(line, widths, strict=True)] for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in aligned)


def markdown_table(lines: Sequence[tuple[str, ...]]) -> str:
    """The same as a Markdown table."""
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body])


def machine(device: str) -> str:
    """Processor (or GPU), cores, and how busy others kept them."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    processor = f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    gpu = f"{torch.cuda.get_device_name()}, " if device == "cuda" else ""
    return f"{gpu}{processor}, PyTorch {torch.__version__}"


def commit() -> str:
    """Commit of the checkout, `+` where it has changes."""
    git = ["git", "-C", str(ROOT)]
    head, changed = (
        subprocess.run(
            [*git, *rest],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        ).stdout.strip()
        for rest in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "-uno"))
    )
    return head + ("+" if changed else "")


PAGE = """# Throughput of pretraining

SimCLR, `{backbone}` with stem stride 1, {size}x{size} images, batches of {batch}; an image counts
once, though two views of it are trained. Written by

    {command}

on {date}, at commit {commit}, on {machine}{load}.
{repeats} repetitions of {steps} steps each, in turns; every contender at its best setting.

{table}

{ratios}

- **ours** is `train.pretrain` as the command line runs it: crops, colours, loss, optimiser,
  the check for numbers that are not finite, metrics.jsonl. Checkpoints, once an epoch, are outside
  the clock.
- **recipe** is lightly's documented PyTorch loop for SimCLR. lightly itself needs torchvision and
  PyTorch Lightning, which tinyssl does not install, so the loop was rebuilt with the modules that
  it rests on (PIL transforms an image at a time, `DataLoader` with worker processes, two forward
  passes a step, plain memory format, SGD, float32): `tools/lightly_recipe.py`. Where there was a
  choice it got the quicker one.
- **bound** is forward, backward and optimiser on a batch that lies ready, laid out as in our loop:
  what remains when data and records cost nothing.

## Settings tried

One trial of each, shorter than a repetition; the best one was measured.

{tried}
"""


def page(job: Job, found: dict[str, Measured], load: tuple[float, float]) -> str:
    """docs/throughput.md."""
    tried = [("loop", "setting", "images/s")]
    tried += [(n, str(s), f"{r:.1f}") for n, m in found.items() for s, r in m.tried.items()]
    return PAGE.format(
        backbone=job.backbone,
        size=job.size,
        batch=job.batch,
        steps=job.steps,
        repeats=len(found["ours"].rates),
        command=f"python -m tools.throughput {' '.join(sys.argv[1:])}".rstrip(),
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        commit=commit(),
        machine=machine(job.device),
        load=f"\n(load average {load[0]:.1f} before the run and {load[1]:.1f} at its end)",
        table=markdown_table([COLUMNS, *rows(found)]),
        ratios="\n".join(f"- {line}" for line in ratios(found)),
        tried=markdown_table(tried),
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--backbone", default="mobilenet_v2_035")
    parser.add_argument("--size", type=int, default=32, help="side of the images in pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, help="timed steps of a repetition [10; cuda: 200]")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--markdown", type=Path, help="write the page of the documentation here")
    return parser.parse_args()


def main() -> None:
    """Measures, prints the table, writes the page."""
    given = arguments()
    gpu = given.device == "cuda"
    steps, warmup = given.steps or (200 if gpu else 10), 20 if gpu else 2
    job = Job(given.device, given.backbone, given.size, given.batch, steps, warmup)
    before = os.getloadavg()[0]
    found = measure(job, given.repeats)
    text = [plain_table([COLUMNS, *rows(found)]), *ratios(found)]
    sys.stdout.write("\n".join(text) + "\n")
    if given.markdown:
        given.markdown.write_text(page(job, found, (before, os.getloadavg()[0])), encoding="utf-8")


if __name__ == "__main__":
    main()
