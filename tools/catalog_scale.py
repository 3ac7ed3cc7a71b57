"""Times the catalogue with many devices and models, and writes the table of docs/catalog.md.

    python -m tools.catalog_scale                            # 107,000 devices, 2,000 models
    python -m tools.catalog_scale --devices 1000 --models 20 # a look, in seconds
    python -m tools.catalog_scale --write                    # and the table

Devices and models are drawn by a seed and described as `tinyssl catalog` describes real ones. The
file of descriptions is made first; what is timed is what a user waits for.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

import numpy as np
import rdflib
from rdflib.query import ResultRow

from tinyssl.catalog.describe import describe_fit, describe_model, describe_system
from tinyssl.catalog.facts import LayerFacts, ModelFacts, ModelOrigin, TensorFacts
from tinyssl.catalog.fit import Fit
from tinyssl.catalog.match import known_fits, needs
from tinyssl.catalog.names import board_iri, device_iri, model_iri
from tinyssl.catalog.places import Matches, Question, rank
from tinyssl.catalog.quantity import Basis, Quantity
from tinyssl.catalog.store import EmbeddedStore
from tinyssl.catalog.terms import RDF, S3N, SCHEMA, SENSORS, TD, TINY, prologue
from tinyssl.catalog.triples import Description
from tinyssl.core.config import CatalogConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.catalog import PLACES, Catalog, open_catalog
from tinyssl.targets.boards import all_boards
from tools.stamp import ROOT, stamp

JSON = ROOT / "docs" / "catalog_scale.json"
DOCUMENT = ROOT / "docs" / "catalog.md"
BEGIN = "<!-- Written by `python -m tools.catalog_scale`; do not edit. -->\n"
END = "<!-- The end of what is written. -->\n"
QUESTIONS = 100
"""Models that are asked for, one after the other"""
PAIRS = 10**6
ANCHOR = 1000
"""Devices of the graph that rdflib has, too"""
FITTING = (
    "SELECT ?d WHERE { ?d tiny:freeRam ?ram ; tiny:freeFlash ?flash ; "
    "tiny:hasSensor sosa_extend:Camera . FILTER(?ram >= 96000 && ?flash >= 500000) }"
)
"""Asked of both stores"""
TARGETS = {"triples_per_second": 50_000, "p95": 1.0, "all_pairs": 60.0}
Figures = dict[str, float]
T = TypeVar("T")
KINDS = 2000
"""Kinds of devices: RAM and flash that are free, and sensors"""
NAME = "zNAMEz"
"""Stands in a kind's text for a device's name"""
BLANK = re.compile(r"_:\w+")


def device_kind(rng: random.Random) -> str:
    """N-Quads of a device of a kind of its own, with `NAME` in place of its name."""
    iri = device_iri(NAME)
    found = Description(iri, NAME)
    board = rng.choice([board.id for board in all_boards()])
    found.add(iri, RDF.type, TINY.Device, S3N.SmartSensor).add(iri, TD.title, f"{board} {NAME}")
    found.add(iri, SCHEMA.serialNumber, NAME).add(iri, TD.description, f"{board} at {NAME}")
    found.add(iri, TINY.board, board_iri(f"{board} of another maker"))
    found.add(iri, TINY.emulated, False).add(iri, TINY.port, f"ssh://{NAME}/dev/ttyACM0")
    found.add(iri, TINY.lastSeen, "2026-11-30T12:00:00+00:00").add(iri, TINY.health, "good")
    found.add(iri, TINY.runs, model_iri(f"{rng.getrandbits(256):064x}"))
    found.add(iri, TINY.image, f"{rng.getrandbits(64):016x}").add(iri, TINY.engine, "aot")
    found.add(iri, TINY.reset, "power").add(iri, TINY.stackUsed, rng.randrange(500, 4000))
    free = (rng.randrange(16_000, 1_000_000), rng.randrange(64_000, 4_000_000))
    describe_system(found, iri, free, tuple(kind for kind in SENSORS if rng.random() < 0.4))
    return BLANK.sub(lambda match: f"{match[0]}{NAME}", text_of(found))


def text_of(found: Description) -> str:
    """N-Quads."""
    return "".join(f"{quad} .\n" for quad in found.quads())


def model(rng: random.Random) -> Description:
    """A model of 10 to 60 layers."""
    sensors = tuple(kind for kind in SENSORS if rng.random() < 0.1)
    digest = f"{rng.getrandbits(256):064x}"
    origin = ModelOrigin(
        f"model {digest[:8]}",
        task=rng.choice(("classification", "keyword", "person", "anomaly")),
        sensors=sensors,
        classes=tuple(f"class {number}" for number in range(rng.randrange(2, 12))),
        licence="Apache-2.0",
        accuracies=(Quantity("Accuracy", rng.uniform(0.5, 1), Basis.MEASURED, "drawn"),),
    )
    tensor = TensorFacts("input", "int8", (1, 96, 96, 3))
    layers = tuple(
        LayerFacts(n, "CONV_2D", "int8", "1x48x48x8", "1x48x48x8", rng.randrange(10**6))
        for n in range(rng.randrange(10, 60))
    )
    sizes = rng.randrange(20_000, 2_000_000), rng.randrange(4_000, 600_000)
    facts = ModelFacts(
        digest, sizes[0], origin, ("CONV_2D",), (tensor,), (tensor,), layers,
        sum(layer.macs for layer in layers), *sizes,
    )  # fmt: skip
    return describe_model(facts)


def fits(digest: str, rng: random.Random) -> Iterator[Description]:
    """What the compiler found on some boards."""
    for board in all_boards():
        reasons = () if rng.random() < 0.7 else ("RAM short by 4,112 bytes",)
        takes = (Quantity("RAM", rng.randrange(10**5), Basis.ESTIMATED, "drawn"),)
        yield describe_fit(Fit(digest, board.id, reasons, takes))


def write_descriptions(file: TextIO, devices: int, models: int, seed: int) -> int:
    """N-Quads of all; returns how many triples."""
    rng, count = random.Random(seed), 0
    kinds = [device_kind(rng) for _ in range(min(KINDS, devices))]
    lines = [kind.count("\n") for kind in kinds]
    for number in range(devices):
        at = rng.randrange(len(kinds))
        file.write(kinds[at].replace(NAME, f"d{number:07}"))
        count += lines[at]
    for _ in range(models):
        found = model(rng)
        digest = found.iri.value.rpartition(":")[2]
        for part in (found, *fits(digest, rng)):
            text = text_of(part)
            file.write(text)
            count += text.count("\n")
    return count


def make(folder: Path, devices: int, models: int, seed: int) -> Figures:
    """The files of descriptions: all, and those of `ANCHOR` devices."""
    with (folder / "all.nq").open("w", encoding="utf-8") as file:
        triples = write_descriptions(file, devices, models, seed)
    with (folder / "anchor.nq").open("w", encoding="utf-8") as file:
        anchor = write_descriptions(file, min(ANCHOR, devices), 1, seed)
    return {"triples": triples, "anchor_triples": anchor}


def bring_in(folder: Path) -> Figures:
    """`catalog import`."""
    catalog = open_catalog(Workspace(folder))
    seconds, triples = timed(lambda: catalog.load(folder / "all.nq"))
    return {"import": seconds, "stored": triples, "triples_per_second": triples / seconds}


def first_match(folder: Path) -> Figures:
    """The first question after a change reads all boards and devices from the graph."""
    (folder / PLACES).unlink(missing_ok=True)
    catalog, names = opened(folder)
    seconds, _ = timed(lambda: ask(catalog, names[0]))
    return {"first": seconds}


def each_match(folder: Path) -> Figures:
    """`match --model` for many models, one after the other."""
    catalog, names = opened(folder)
    start, _ = timed(lambda: ask(catalog, names[0]))  # reads the columns from their file
    times = sorted(timed(partial(ask, catalog, name))[0] for name in names)
    return {
        "start": start,
        "median": float(np.median(times)),
        "p95": float(np.quantile(times, 0.95)),
        "questions": len(times),
    }


def all_pairs(folder: Path) -> Figures:
    """All models on as many places as make `PAIRS`, each pair with its reasons, sorted."""
    catalog, _ = opened(folder)
    models = needs(catalog.store)
    places = catalog.places()
    places = places.take(np.arange(min(len(places), max(PAIRS // len(models), 1))))
    known = known_fits(catalog.store)

    def match() -> Matches:
        return Matches.merged([rank(Question(m, known.get(m.iri, {})), places) for m in models])

    seconds, found = timed(match)
    return {"all_pairs": seconds, "pairs": len(found.pairs), "fitting": found.fitting}


def anchor(folder: Path) -> Figures:
    """One SPARQL question in rdflib and in the embedded store, of a graph that rdflib manages."""
    warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's own, in its parser
    graph, text = (
        rdflib.Dataset(default_union=True),
        (folder / "anchor.nq").read_text(encoding="utf-8"),
    )
    load, _ = timed(lambda: graph.parse(data=text, format="nquads"))
    slow, rows_of_rdflib = timed(lambda: list(graph.query(prologue() + FITTING)))
    theirs = sorted(str(next(iter(row))) for row in rows_of_rdflib if isinstance(row, ResultRow))
    store = EmbeddedStore()
    own_load, _ = timed(lambda: store.load(folder / "anchor.nq", Silent()))
    fast, rows = timed(lambda: store.ask(FITTING))
    ours = sorted(str(row["d"].value) for row in rows if row["d"] is not None)
    if ours != theirs:
        raise SystemExit(f"rdflib finds {len(theirs)} devices, the embedded store {len(ours)}")
    return {
        "rdflib_import": load,
        "rdflib_query": slow,
        "own_import": own_load,
        "own_query": fast,
        "anchor_found": len(ours),
    }


PHASES: dict[str, Callable[[Path], Figures]] = {
    "import": bring_in,
    "first": first_match,
    "match": each_match,
    "pairs": all_pairs,
    "anchor": anchor,
}
"""Each in a process by itself, so that its memory is its own"""


def opened(folder: Path) -> tuple[Catalog, list[str]]:
    """The catalogue, and names of models to ask for."""
    catalog = open_catalog(Workspace(folder))
    names = sorted(need.name for need in needs(catalog.store))
    return catalog, names[:QUESTIONS]


def ask(catalog: Catalog, name: str) -> Matches:
    """As `tinyssl catalog match --model NAME` does."""
    return catalog.match(CatalogConfig(model=name), compiling=False, most=100)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came out."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def phase(name: str, folder: Path) -> Figures:
    """A phase in a process by itself: its figures, CPU seconds and peak memory."""
    words = [sys.executable, "-m", "tools.catalog_scale", "--phase", name, "--folder", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def run_phase(name: str, folder: Path) -> None:
    """What `phase` starts."""
    found = PHASES[name](folder)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found |= {
        f"{name}_cpu": usage.ru_utime + usage.ru_stime,
        f"{name}_memory": usage.ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(found) + "\n")


def measure(devices: int, models: int, seed: int) -> dict[str, Any]:
    """All phases."""
    with tempfile.TemporaryDirectory(prefix="tinyssl-scale-") as name:
        folder = Path(name)
        figures = make(folder, devices, models, seed)
        for each in PHASES:
            sys.stderr.write(f"{each} …\n")
            figures |= phase(each, folder)
    sizes = {"devices": devices, "models": models, "seed": seed}
    return {**sizes, **figures, **stamp()}


def table(row: dict[str, Any]) -> str:
    """Markdown."""
    memory = {name: f"{row[f'{name}_memory'] / 2**20:,.0f} MiB" for name in PHASES}
    rate, p95, pairs = (float(row[name]) for name in TARGETS)
    lines = [
        ("import of one file", f"{row['stored']:,} triples",
         f"{row['import']:.1f} s: {rate:,.0f} triples/s", "≥ 50,000 triples/s",
         rate >= TARGETS["triples_per_second"], memory["import"]),
        ("first `match --model` after a change", "reads all places from the graph",
         f"{row['first']:.1f} s", "–", None, memory["first"]),
        ("`match --model`, p95", f"{row['questions']:,} models, one after the other",
         f"{p95:.3f} s (median {row['median']:.3f}; the first {row['start']:.2f})", "< 1 s",
         p95 < TARGETS["p95"], memory["match"]),
        ("all pairs, with reasons, sorted", f"{row['pairs']:,} pairs, {row['fitting']:,} fit",
         f"{pairs:.1f} s", "< 60 s", pairs < TARGETS["all_pairs"], memory["pairs"]),
    ]  # fmt: skip
    text = "| | of | took | asked | met | peak memory |\n|---|---|---|---|---|---|\n"
    for what, of, took, asked, met, peak in lines:
        reached = "–" if met is None else "yes" if met else "**no**"
        text += f"| {what} | {of} | {took} | {asked} | {reached} | {peak} |\n"
    return text + (
        f"\nrdflib, {row['anchor_triples']:,} triples of {min(ANCHOR, row['devices']):,} devices: "
        f"import {row['rdflib_import']:.1f} s, one question {row['rdflib_query']:.2f} s; the "
        f"embedded store {row['own_import']:.2f} and {row['own_query']:.4f} s, with the same "
        f"{row['anchor_found']:,} devices.\n"
        f"\n- {row['devices']:,} devices, {row['models']:,} models, seed {row['seed']}, commit "
        f"{row['commit']}, {row['date']}, {row['machine']}, two cores\n"
    )


def write(row: dict[str, Any]) -> None:
    """The figures to docs/catalog_scale.json, the table to docs/catalog.md."""
    JSON.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(row)}\n{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--devices", type=int, default=107_000)
    parser.add_argument("--models", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/catalog.md")
    parser.add_argument("--phase", choices=list(PHASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.phase:
        run_phase(given.phase, given.folder)
        return 0
    row = measure(given.devices, given.models, given.seed)
    sys.stdout.write(table(row))
    if given.write:
        write(row)
    met = row["triples_per_second"] >= TARGETS["triples_per_second"]
    return (
        0 if met and row["p95"] < TARGETS["p95"] and row["all_pairs"] < TARGETS["all_pairs"] else 1
    )


if __name__ == "__main__":
    sys.exit(main())
