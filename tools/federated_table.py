"""Measures strategies on families of tasks, and writes the tables of docs/federated.md.

    python -m tools.federated_table                      # all of them: an hour and a half
    python -m tools.federated_table sine presence        # some families
    python -m tools.federated_table sine --boards        # the last adaptation, on emulated boards
    python -m tools.federated_table --write              # the tables again, from the figures

Figures go to docs/federated.json as soon as they are there, each with commit, seed, machine and
date. Families that read data find it in ../shared/data; without, they are left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyssl.core.config import FederateConfig
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data.episodes import find_family
from tinyssl.monitor.progress import PlainProgress
from tinyssl.stages.federate import federate
from tools.stamp import ROOT, stamp

JSON = ROOT / "docs" / "federated.json"
DOCUMENT = ROOT / "docs" / "federated.md"
BEGIN = "<!-- Written by `python -m tools.federated_table`; do not edit. -->\n"
END = "<!-- The end of what is written. -->\n"
SHARED = ROOT.parent / "shared" / "data"
PER_ROUND = 4
BOARDS = "mps2_an500:3,mps2_an386:3,riscv32_virt:2"

Row = dict[str, Any]


@dataclass(frozen=True)
class TaskRuns:
    """What is measured of a family."""

    visits: int
    """Of devices, in all: so many rounds of one device, or a quarter of them of four"""
    data: str = ""
    """Below ../shared/data"""


TASKS = {
    "sine": TaskRuns(3000),
    "presence": TaskRuns(400, "occupancy"),
    "keywords": TaskRuns(2000, "kws/kws01_1000.npz"),
    "omniglot": TaskRuns(1600, "omniglot"),
}
WAYS: dict[str, dict[str, Any]] = {
    "FedAvg": {"strategy": "fedavg"},
    "Reptile": {"strategy": "reptile"},
    "TinyReptile": {"strategy": "tinyreptile"},
    "TinyMetaFed": {"strategy": "tinymetafed"},
    "TinyMetaFed, one phase": {"strategy": "tinymetafed", "local_samples": 0},
    "TinyMetaFed, serial": {"strategy": "tinymetafed", "local_samples": 0, "per_round": 1},
}
"""Name -> settings. Serial: one device a round as TinyReptile, one phase, and the last layer learns
at half the rate; chosen for sine on seeds 101 and 102"""
REPTILE, SERIAL, SPARSE = "Reptile", "TinyReptile", "TinyMetaFed, serial"
LOCAL_SHARE = 0.5
"""Learning rate of the last layer over that of the rest, where a way is serial"""


def config_of(task: str, way: str, seed: int) -> FederateConfig:
    """Settings of a run: as many visits to devices for all strategies."""
    given, wanted = dict(WAYS[way]), TASKS[task]
    each = given.pop("per_round", 1 if given["strategy"] == "tinyreptile" else PER_ROUND)
    if each == 1 and given["strategy"] == "tinymetafed":
        rate = find_family(task, data_of(task), seed).settings.learning_rate
        given["local_rate"] = LOCAL_SHARE * rate
    return FederateConfig(
        task=task,
        data=data_of(task),
        rounds=wanted.visits // each,
        per_round=each,
        unseen=30,
        seed=seed,
        **given,
    )


def data_of(task: str) -> Path | None:
    """File or folder of a family's data; None: it makes its own."""
    name = TASKS[task].data
    return SHARED / name if name else None


def row_of(task: str, way: str, record: RunRecord) -> Row:
    """The figures of a run."""
    results = record.results
    curve = [row for row in record.metrics() if row["event"] == "judged"]
    metric = "accuracy" if "accuracy_after" in results else "loss"
    visits = results["rounds"] * results["per_round"]
    return {
        "task": task,
        "way": way,
        "metric": metric,
        "first": results[f"first_{metric}_after"],
        "before": results[f"{metric}_before"],
        "after": results[f"{metric}_after"],
        "online_steps": results["online_steps"],
        "rounds": results["rounds"],
        "visits": visits,
        "steps": visits * results["samples"] * results["passes"],
        "bytes": results["rounds"] * (results["bytes_down"] + results["bytes_up"]),
        "arena": results["arena_bytes"],
        "kept": results["kept_bytes"],
        "curve": [[row["round"], row[f"{metric}_after"]] for row in curve],
        "seconds": round(record.seconds),
        "seed": record.seed,
        **stamp(),
    }


def measure(task: str, ways: Sequence[str], seed: int, progress: Progress) -> None:
    """Runs and keeps each way."""
    with tempfile.TemporaryDirectory() as folder:
        for way in ways:
            record = federate(config_of(task, way, seed), Workspace(Path(folder)), progress)
            keep(row_of(task, way, record))


def measure_boards(task: str, seed: int, progress: Progress) -> None:
    """TinyReptile's start on emulated boards: four rounds side by side, then unseen devices."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        first = federate(config_of(task, SERIAL, seed), workspace, progress)
        config = FederateConfig(
            task=task,
            data=data_of(task),
            strategy="reptile",
            passes=1,
            meta_rate=0.1,
            rounds=4,
            per_round=8,
            boards=BOARDS,
            start=first.folder,
            unseen=8,
            seed=seed,
        )
        record = federate(config, workspace, progress)
        results = record.results
        keep(
            {
                "task": task,
                "way": "boards",
                "boards": results["devices"],
                "compared": results["compared"],
                "different": results["different"],
                "seed": seed,
                **stamp("qemu-system-arm", "arm-none-eabi-gcc"),
            }
        )


def stored() -> list[Row]:
    """The rows of docs/federated.json."""
    rows: list[Row] = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else []
    return rows


def keep(row: Row) -> None:
    """Puts a row in the place of the older one, and writes both files."""
    rows = {key_of(each): each for each in [*stored(), row]}
    write([rows[key] for key in sorted(rows)])


def key_of(row: Row) -> tuple[int, int, int]:
    """Places of task and way in the tables, and the seed."""
    return list(TASKS).index(row["task"]), [*WAYS, "boards"].index(row["way"]), row["seed"]


def write(rows: Sequence[Row]) -> None:
    """docs/federated.json, and its part of docs/federated.md."""
    JSON.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    text = "\n".join(tables(rows))
    tail = rest.partition(END)[2]
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text}\n\n{END}{tail}", encoding="utf-8")


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Quality, costs, claims, boards, and where the rows are from."""
    runs = [row for row in rows if row["way"] in WAYS]
    yield from _qualities(runs)
    yield ""
    yield from _claims(runs)
    boards = [row for row in rows if row["way"] == "boards"]
    if boards:
        yield ""
        yield from _boards(boards)
    yield ""
    origins: dict[str, list[str]] = {}
    for row in rows:
        origin = f"seed {row['seed']}, commit {row['commit']}, {row['date']}, {row['machine']}"
        origins.setdefault(origin, []).append(f"{row['task']} ({row['way']})")
    for origin, names in origins.items():
        yield f"- {origin}: {', '.join(names)}"


def _qualities(runs: Sequence[Row]) -> Iterator[str]:
    yield "| task | strategy | seeds | before | after | rounds | steps on devices | bytes | RAM |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for task in dict.fromkeys(row["task"] for row in runs):
        own = [row for row in runs if row["task"] == task]
        steps, first = f"{own[0]['online_steps']} online steps", _spread(_once_a_seed(own), "first")
        yield f"| {task}, {steps} | none | {len(_once_a_seed(own))} | | {first} | | | | |"
        for way, rows in _by_way(own).items():
            row = rows[0]
            ram = f"{row['arena'] + row['kept']:,} B"
            cells = [task, way, str(len(rows)), _spread(rows, "before"), _spread(rows, "after")]
            cells += [f"{row['rounds']:,}", f"{row['steps']:,}", _mega(row["bytes"]), ram]
            yield f"| {' | '.join(cells)} |"


def _by_way(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Way -> its rows, one a seed."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["way"], []).append(row)
    return found


def _once_a_seed(rows: Sequence[Row]) -> list[Row]:
    """The first row of each seed: later ones may have adapted their first model at other rates."""
    return list({row["seed"]: row for row in reversed(rows)}.values())


def _spread(rows: Sequence[Row], name: str) -> str:
    """Mean and sample standard deviation over the seeds."""
    values = [row[name] for row in rows]
    mean = _shown(rows[0], statistics.fmean(values))
    if len(values) < 2:
        return mean
    return f"{mean.removesuffix(' %')} ± {_shown(rows[0], statistics.stdev(values))}"


def _claims(runs: Sequence[Row]) -> Iterator[str]:
    """At the quality that the worse of two strategies ends with, seed by seed."""
    yield "| task | what is compared | seeds | at | RAM | steps | bytes |"
    yield "|---|---|---|---|---|---|---|"
    by_key = {(row["task"], row["way"], row["seed"]): row for row in runs}
    seeds = sorted({row["seed"] for row in runs})
    for task in TASKS:
        for one, other in ((SERIAL, REPTILE), (SPARSE, SERIAL), (SPARSE, REPTILE)):
            pairs = [(by_key.get((task, one, n)), by_key.get((task, other, n))) for n in seeds]
            found = [_compared(left, right) for left, right in pairs if left and right]
            if found:
                columns = [
                    _range(ratios) for ratios in zip(*(row[1] for row in found), strict=True)
                ]
                at = ", ".join(row[0] for row in found)
                cells = [task, f"{one} over {other}", str(len(found)), at, *columns]
                yield f"| {' | '.join(cells)} |"


def _compared(left: Row, right: Row) -> tuple[str, tuple[float, float, float]]:
    """Quality at which both are compared, and ratios of RAM, steps and bytes."""
    quality = _worse(left, left["after"], right["after"])
    shares = [_share_until(row, quality) for row in (left, right)]
    ram = (left["arena"] + left["kept"]) / (right["arena"] + right["kept"])
    steps, sent = (
        left[what] * shares[0] / (right[what] * shares[1]) for what in ("steps", "bytes")
    )
    return _shown(left, quality), (ram, steps, sent)


def _range(values: Sequence[float]) -> str:
    """The least and the greatest; one where they are equal."""
    return " – ".join(dict.fromkeys(f"{each:.2f}" for each in (min(values), max(values))))


def _share_until(row: Row, quality: float) -> float:
    """Share of the rounds after which a run is first as good as this."""
    for number, value in row["curve"]:
        if value == quality or _worse(row, value, quality) == quality:
            return float(number) / float(row["rounds"])
    return 1.0


def _worse(row: Row, one: float, other: float) -> float:
    return min(one, other) if row["metric"] == "accuracy" else max(one, other)


def _boards(rows: Sequence[Row]) -> Iterator[str]:
    yield "| task | board | RAM | flash | a training step | loss, before and after | equal bits |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        equal = "no" if row["different"] else f"{row['compared']} answers"
        for name, each in row["boards"].items():
            cells = [row["task"], name, f"{each['ram_bytes']:,} B", f"{each['flash_bytes']:,} B"]
            cells += [f"{each['training_step']:,.0f} {each['unit']}"]
            cells += [f"{each['before']['loss']:.3f}, {each['after']['loss']:.3f}", equal]
            yield f"| {' | '.join(cells)} |"


def _shown(row: Row, value: float) -> str:
    return f"{100 * value:.1f} %" if row["metric"] == "accuracy" else f"{value:.3f}"


def _mega(count: float) -> str:
    return f"{count / 1e6:.1f} MB"


def task_name(text: str) -> str:
    """One of the families, for the command line."""
    if text not in TASKS:
        raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(TASKS)}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("tasks", nargs="*", type=task_name, help=", ".join(TASKS))
    parser.add_argument("--way", action="append", choices=list(WAYS), default=[])
    parser.add_argument("--boards", action="store_true", help="emulated boards, and nothing else")
    parser.add_argument("--write", action="store_true", help="write the tables again")
    parser.add_argument("--seed", type=int, action="append", help="several: one after the other")
    given = parser.parse_args(arguments)
    if given.write:
        write(stored())
        return 0
    progress: Progress = PlainProgress(sys.stderr) if sys.stderr.isatty() else Silent()
    for task in given.tasks or list(TASKS):
        data = data_of(task)
        if data is not None and not data.exists():
            sys.stderr.write(f"{task}: left out, for {data} is not there\n")
            continue
        for seed in given.seed or [0]:
            if given.boards:
                measure_boards(task, seed, progress)
            else:
                measure(task, given.way or list(WAYS), seed, progress)
    return 0


if __name__ == "__main__":
    sys.exit(main())
