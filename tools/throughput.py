"""Images per second of SimCLR: our loop, lightly's recipe, and a loop with nothing but the network.

    python -m tools.throughput [--device cuda] [--processes 1 2] [--markdown docs/throughput.md]

All train the same backbone and head with the same batch on this machine, in one run, their
repetitions in turns, so that whatever else the machine does meets all alike:

ours       `train.pretrain` itself, from uint8 images to metrics.jsonl; the clock runs from
           the end of one step to the end of a later one. Checkpoints, once an epoch, are outside.
           `ours x2` has `--processes 2`
torchrun   the same, in processes that `torchrun` started, batch norm synchronised
recipe     lightly's documented loop (tools/lightly_recipe.py says how it was rebuilt)
bound      forward, backward and optimiser on one synthetic batch, as our loop lays it out;
           `bound x2` is two processes that do not know of each other, with half of the batch each

First every setting (threads, worker processes) of each is tried once; then the best of each is
measured `--repeats` times. One image counts once, though two views of it are trained.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
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
TARGET_RECIPE, TARGET_BOUND = 2.0, 0.9
TARGET_PROCESSES, TARGET_TORCHRUN = 1.65, 1.4


@dataclass(frozen=True)
class Setting:
    """What may be turned to make a contender faster."""

    threads: int
    """torch's, in the process that trains"""
    workers: int = 0
    """Processes that make batches; only the recipe has them"""
    processes: int = 1
    """Processes that train, which share the batch"""

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        threads = f"{self.processes} processes of {threads}" if self.processes > 1 else threads
        return f"{threads}, {self.workers} workers" if self.workers else threads


@dataclass(frozen=True)
class Contender:
    """One of the loops, and what may be turned in it."""

    loop: str
    what: str
    settings: tuple[Setting, ...]

    @property
    def name(self) -> str:
        """`ours`, or `ours x2` with two processes."""
        count = self.settings[0].processes
        return self.loop if count == 1 else f"{self.loop} x{count}"

    def rate(self, job: Job, setting: Setting, under: Sequence[str]) -> float:
        """Images per second, measured in a fresh process that the command `under` starts."""
        request = asdict(job) | asdict(setting) | {"loop": self.loop}
        command = ["-m", "tools.throughput_loops", json.dumps(request)]
        if self.loop == "torchrun":
            launcher = ["-m", "torch.distributed.run", "--standalone"]
            command = [*launcher, f"--nproc-per-node={setting.processes}", *command]
        command = [*under, sys.executable, *command]
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


def contenders(device: str, counts: Sequence[int], method: str) -> tuple[Contender, ...]:
    """All of them. Settings beyond the processor's cores are left out.

    Args:
        device: cpu or cuda.
        counts: Numbers of processes that train.
        method: The recipe is there for SimCLR only.
    """
    cores = len(os.sched_getaffinity(0))
    threads = sorted({1, min(2, cores), cores})
    workers = sorted({0, 1, min(2, cores), *([cores] if device == "cuda" else [])})
    plain = tuple(Setting(count) for count in threads)
    most = threads if device == "cuda" else [1]  # a loader with more is slower on a CPU
    fed = tuple(Setting(count, fed) for count in most for fed in workers)
    shared = [(Setting(1, processes=count),) for count in counts if count > 1]
    found = (
        Contender("ours", "`tinyssl pretrain --processes 1`, whole", plain),
        *(Contender("ours", f"with `--processes {s[0].processes}`", s) for s in shared),
        *(Contender("torchrun", "the same through `torchrun`", s) for s in shared),
        Contender("recipe", "lightly's documented recipe, rebuilt", fed),
        Contender("bound", "network alone, on synthetic batches", plain),
        *(Contender("bound", "as many networks that share nothing", s) for s in shared),
    )
    return tuple(each for each in found if method == "simclr" or each.loop != "recipe")


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


def measure(
    job: Job, repeats: int, counts: Sequence[int], under: Sequence[str]
) -> dict[str, Measured]:
    """Name -> what was measured: first each setting once, then the best ones in turns."""
    every = contenders(job.device, counts, job.method)
    trial = replace(job, steps=max(job.steps // 2, 2))
    tried = {
        c.name: {s: c.rate(trial, s, under) if len(c.settings) > 1 else 0.0 for s in c.settings}
        for c in every
    }
    best = {name: max(rates, key=rates.__getitem__) for name, rates in tried.items()}
    turns = [{c.name: c.rate(job, best[c.name], under) for c in every} for _ in range(repeats)]
    return {
        c.name: Measured(c, best[c.name], tried[c.name], tuple(turn[c.name] for turn in turns))
        for c in every
    }


def ratio_line(names: tuple[str, str], found: dict[str, Measured], target: float) -> str:
    """`ours / recipe: 2.31 (target at least 2.00: reached)`."""
    ratio = found[names[0]].median / found[names[1]].median
    verdict = "reached" if ratio >= target else "missed"
    return f"{names[0]} / {names[1]}: {ratio:.2f} (target at least {target:.2f}: {verdict})"


def ratios(found: dict[str, Measured]) -> list[str]:
    """The figures that the tool is for."""
    ours = [name for name in found if name.startswith("ours")]
    best = max(ours, key=lambda name: found[name].median)
    pairs = [((best, "recipe"), TARGET_RECIPE)] if "recipe" in found else []
    pairs += [((name, name.replace("ours", "bound")), TARGET_BOUND) for name in ours]
    pairs += [((name, "ours"), TARGET_PROCESSES) for name in ours if name != "ours"]
    pairs += [((name, "ours"), TARGET_TORCHRUN) for name in found if name.startswith("torchrun")]
    return [ratio_line(names, found, target) for names, target in pairs]


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

{method}, `{backbone}` with stem stride 1, {size}x{size} images, batches of {batch}; an image counts
once, though SimCLR trains two views of it. Written by

    {command}

on {date}, at commit {commit}, on {machine}{load}.
{repeats} repetitions of {steps} steps each, in turns; every contender at its best setting.

{table}

{ratios}

- **ours** is `tinyssl pretrain` as the command line runs it: crops, colours, loss, optimiser, the
  check for numbers that are not finite, metrics.jsonl. Checkpoints, once an epoch, are outside the
  clock.
- **recipe** is lightly's documented PyTorch loop for SimCLR. lightly itself needs torchvision and
  PyTorch Lightning, which tinyssl does not install, so the loop was rebuilt with the modules that
  it rests on (PIL transforms an image at a time, `DataLoader` with worker processes, two forward
  passes a step, plain memory format, SGD, float32): `tools/lightly_recipe.py`. Where there was a
  choice it got the quicker one.
- **bound** is forward, backward and optimiser on a batch that lies ready, laid out as in our loop:
  what remains when data and records cost nothing. With several processes it is the sum of as many
  that share nothing, each with its part of the batch and the same batch norm in C as ours.
- **torchrun** is our loop in processes that `torchrun` started on this computer, with batch norm
  over all of them (the default).

What several processes compute is what one would, but for rounding: [scaling.md](scaling.md).

## Settings tried

One trial of each, shorter than a repetition; the best one was measured.

{tried}
"""


def page(job: Job, found: dict[str, Measured], load: tuple[float, float]) -> str:
    """docs/throughput.md."""
    tried = [("loop", "setting", "images/s")]
    tried += [(n, str(s), f"{r:.1f}") for n, m in found.items() for s, r in m.tried.items() if r]
    return PAGE.format(
        method="SimCLR" if job.method == "simclr" else "Supervised",
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
    parser.add_argument("--method", choices=("simclr", "supervised"), default="simclr")
    parser.add_argument("--size", type=int, default=32, help="side of the images in pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, help="timed steps of a repetition [10; cuda: 200]")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processes", type=int, nargs="+", help="[1 and one a core; cuda: 1]")
    parser.add_argument("--under", default="", help="command that starts each measurement")
    parser.add_argument("--markdown", type=Path, help="write the page of the documentation here")
    return parser.parse_args()


def main() -> None:
    """Measures, prints the table, writes the page."""
    given = arguments()
    gpu = given.device == "cuda"
    steps, warmup = given.steps or (200 if gpu else 10), 20 if gpu else 2
    job = Job(given.device, given.backbone, given.size, given.batch, steps, warmup, given.method)
    before = os.getloadavg()[0]
    counts = given.processes or ([1] if gpu else sorted({1, len(os.sched_getaffinity(0))}))
    found = measure(job, given.repeats, counts, shlex.split(given.under))
    text = [plain_table([COLUMNS, *rows(found)]), *ratios(found)]
    sys.stdout.write("\n".join(text) + "\n")
    if given.markdown:
        given.markdown.write_text(page(job, found, (before, os.getloadavg()[0])), encoding="utf-8")


if __name__ == "__main__":
    main()
