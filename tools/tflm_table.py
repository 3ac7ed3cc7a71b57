"""Writes the measured tables of docs/tflm.md: engine `tflm` built by PlatformIO, run in QEMU.

    python -m tools.tflm_table --tflm FOLDER [--cmsis-nn FOLDER] [--only "kws,backbone 96x96"]

For each model, with TFLM's reference kernels and with CMSIS-NN: `tinyssl build --engine tflm
--tighten-arena`, `flash`, `bench`. Rows that a call does not measure stay as they are in
docs/tflm.json, with the commit and date of their measurement.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.project.arena import arena_use
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tools.bench_engines.measure import EMULATED_BY
from tools.bench_engines.models import Subject, backbone, references
from tools.stamp import ROOT, stamp

BOARD = "mps2_an500"
JSON = ROOT / "docs" / "tflm.json"
DOCUMENT = ROOT / "docs" / "tflm.md"
BEGIN = "<!-- Written by `make tflm-table`; do not edit. -->\n"
END = "<!-- The end of what is written. -->\n"
REFERENCE, CMSIS = "reference", "CMSIS-NN"
INPUTS = 16
FIGURES = ("flash", "ram", "host", "given", "used", "smallest", "stack", "instructions")

Row = dict[str, Any]


def measure(subject: Subject, kernels: str, copies: argparse.Namespace) -> Row:
    """Builds with the smallest arena, flashes, and compares inferences with TFLM on this computer.

    Raises:
        TinysslError: A step failed; Mismatch where the search for the arena met other bytes.
    """
    with tempfile.TemporaryDirectory(prefix="tinyssl-tflm-") as folder:
        model = Path(folder) / f"{subject.name.replace(' ', '_')}.tflite"
        model.write_bytes(subject.data)
        place = Workspace(Path(folder) / "workspace")
        trees = {"tflm": copies.tflm} | ({"cmsis_nn": copies.cmsis_nn} if kernels == CMSIS else {})
        config = BuildConfig(
            board=BOARD, model=model, engine="tflm", check=False, tighten_arena=True, **trees
        )
        info = build(config, place)
        try:
            flash(FlashConfig(), place)
            found = bench(BenchConfig(images=INPUTS, profile=False), place).results
        finally:
            stop_emulators(place)
    tight = info.arena["tightened"]
    return {
        "model": subject.name,
        "kernels": kernels,
        "flash": info.sizes["flash"],
        "ram": info.sizes["ram"],
        "host": arena_use(subject.data).total,
        "given": tight["given"],
        "used": tight["used"],
        "smallest": tight["bytes"],
        "stack": found["memory"]["stack_used"],
        "instructions": found["latency"]["median"],
        "equal": found["equal"],
        "inputs": found["inputs"],
    } | stamp(*EMULATED_BY)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The table, and where its rows are from."""
    yield (
        "| model | kernels | flash | RAM | arena: TFLM here | given | in use | smallest | stack "
        "| instructions | equal |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        figures = " | ".join(f"{row[name]:,}" for name in FIGURES)
        equal = f"{row['equal']} of {row['inputs']}"
        yield f"| {row['model']} | {row['kernels']} | {figures} | {equal} |"
    yield ""
    origins: dict[str, list[str]] = {}
    for row in rows:
        origin = f"commit {row['commit']}, {row['date']}, {row['machine']}"
        origins.setdefault(origin, []).append(f"{row['model']} {row['kernels']}")
    for origin, names in origins.items():
        yield f"- {origin}: {', '.join(names)}"


def write(rows: Sequence[Row]) -> None:
    """docs/tflm.json, and its part of docs/tflm.md."""
    JSON.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    DOCUMENT.write_text(
        f"{head}{BEGIN}\n{chr(10).join(table(rows))}\n\n{END}{tail}", encoding="utf-8"
    )


def main() -> int:
    """Measures and writes, row by row; 1 where an output was not TFLM's."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = ROOT.parent / "shared" / "models"
    options.add_argument("--models", type=Path, default=shared, help="MLPerf Tiny references")
    options.add_argument("--tflm", type=Path, required=True, help="local copy of TFLM")
    options.add_argument("--cmsis-nn", type=Path, help="local copy of CMSIS-NN")
    options.add_argument("--only", default="", help="models, comma-separated")
    given = options.parse_args()
    cache = ROOT / "build" / "bench-engines"
    subjects = [backbone("backbone 96x96", cache), *references(given.models)]
    wanted = set(filter(None, given.only.split(","))) or {subject.name for subject in subjects}
    known = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else []
    rows = {(row["model"], row["kernels"]): row for row in known}
    for subject in (subject for subject in subjects if subject.name in wanted):
        for kernels in (REFERENCE, CMSIS) if given.cmsis_nn else (REFERENCE,):
            row = measure(subject, kernels, given)
            rows[subject.name, kernels] = row
            sys.stderr.write(f"{json.dumps(row)}\n")
            order = [(subject.name, kind) for subject in subjects for kind in (REFERENCE, CMSIS)]
            write([rows[key] for key in [*order, *rows.keys() - set(order)] if key in rows])
    return int(any(row["equal"] != row["inputs"] for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
