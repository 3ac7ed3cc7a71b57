"""Engines side by side.

    python -m tools.bench_engines                                  # all, without TFLM
    python -m tools.bench_engines --tflm TREE --cmsis-nn TREE      # measures TFLM with CMSIS-NN too
    python -m tools.bench_engines --boards mps2_an500 --engines aot,bakenn --only kws
    python -m tools.bench_engines --families                       # one model of each family
    python -m tools.bench_engines --check [--update]               # the regression gate

Writes docs/engines.json, docs/engines.md and docs/images/engines_*.svg; with --families
docs/families.json and docs/families.md. Rows that a call does not
measure, because an engine is not here or was not named, stay as they are in the JSON with the
commit and date of their measurement.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tinyssl.targets.boards import find_board
from tools.bench_engines import baseline, tflm
from tools.bench_engines.document import document, families_document
from tools.bench_engines.measure import ENGINES, Session, describe, layers, measure
from tools.bench_engines.models import REFERENCES, Subject, all_subjects, families
from tools.bench_engines.plot import step_plot
from tools.stamp import ROOT

JSON = ROOT / "docs" / "engines.json"
MARKDOWN = ROOT / "docs" / "engines.md"
FAMILIES_JSON = ROOT / "docs" / "families.json"
FAMILIES_MARKDOWN = ROOT / "docs" / "families.md"
CACHE = ROOT / "build" / "bench-engines"
BOARDS = "mps2_an500,mps2_an386,mps3_an547"
DETAILED = "mps2_an500"
"""Board of the tables step by step"""

Row = dict[str, Any]


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    default = ROOT.parent / "shared" / "models"
    parser.add_argument("--models", type=Path, default=default, help="MLPerf Tiny references")
    parser.add_argument("--boards", default=BOARDS)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--only", default="", help="models, comma-separated")
    parser.add_argument("--families", action="store_true", help="one model of each family")
    parser.add_argument("--tflm", type=Path, help="local tree of TensorFlow Lite Micro")
    parser.add_argument("--cmsis-nn", type=Path, help="local copy of CMSIS-NN")
    parser.add_argument("--check", action="store_true", help="compare with the baseline")
    parser.add_argument("--update", action="store_true", help="with --check: write the baseline")
    return parser.parse_args(arguments)


def subjects(options: argparse.Namespace) -> list[Subject]:
    """The models that were asked for; says which are not here."""
    found = families(options.models, CACHE) if options.families else _engine_subjects(options)
    wanted = set(filter(None, options.only.split(",")))
    return [subject for subject in found if not wanted or subject.name in wanted]


def _engine_subjects(options: argparse.Namespace) -> list[Subject]:
    found = all_subjects(options.models, CACHE)
    missing = sorted(set(REFERENCES) - {subject.name for subject in found})
    if missing:
        say(f"SKIPPED, not in {options.models}: {', '.join(missing)}")
    return found


def key(row: Row) -> tuple[str, str, str]:
    return row["board"], row["model"], row["engine"]


def measure_all(options: argparse.Namespace, content: dict[str, Any]) -> None:
    """Fills `content` model by model and stores it after each, so that nothing is lost."""
    given = options.tflm and options.cmsis_nn
    session = Session(tflm.Copies(options.tflm, options.cmsis_nn, CACHE) if given else None)
    for subject in subjects(options):
        facts = {model["name"]: model for model in content["models"]}
        content["models"] = list((facts | {subject.name: describe(subject)}).values())
        for board in map(find_board, options.boards.split(",")):
            rows = [measure(subject, board, name, session) for name in options.engines.split(",")]
            for row in rows:
                _keep(content, row)
                figure = row.get("instructions", row.get("refused"))
                say(f"{subject.name}, {board.id}, {row['engine']}: {figure}")
            own = [row for row in content["rows"] if key(row)[:2] == (board.id, subject.name)]
            if (
                not options.families
                and board.id == DETAILED
                and any(row["engine"] == "aot" for row in rows)
            ):
                steps = layers(subject, board, own)
                content["layers"].setdefault(board.id, {})[subject.name] = steps
        write_families(content) if options.families else write(content)


def _keep(content: dict[str, Any], row: Row) -> None:
    """A new figure takes the place of the old one; a refusal does so only where there is none."""
    known = {key(old): old for old in content["rows"]}
    if "refused" in row and "refused" not in known.get(key(row), row):
        return
    content["rows"] = list((known | {key(row): row}).values())


def write(content: dict[str, Any]) -> None:
    """JSON, pictures and the document."""
    pictures = {}
    for board, models in content["layers"].items():
        for name, steps in models.items():
            file = f"engines_{name.replace(' ', '_')}.svg"
            curve = [(step["instructions"], step["ram"]) for step in steps]
            title = f"{name} on {board}: arena in use against instructions"
            (MARKDOWN.parent / "images" / file).write_text(
                step_plot(title, {"aot": curve}), encoding="utf-8"
            )
            pictures[name] = f"images/{file}"
    JSON.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    MARKDOWN.write_text(document(content, pictures), encoding="utf-8")


def write_families(content: dict[str, Any]) -> None:
    """JSON and the document."""
    FAMILIES_JSON.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    FAMILIES_MARKDOWN.write_text(families_document(content), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Measures and writes, or checks; 1 when a figure became worse."""
    options = parse(arguments)
    if options.check:
        return baseline.check(update=options.update)
    content: dict[str, Any] = {"models": [], "rows": [], "layers": {}}
    kept = FAMILIES_JSON if options.families else JSON
    if kept.exists():
        content = json.loads(kept.read_text(encoding="utf-8"))
    measure_all(options, content)
    return int(any(row.get("equal") is False for row in content["rows"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
