"""Writes docs/quantisation.md: what each way of quantising gains on the models of a list.

    python -m tools.quantisation_table MODELS.json [--only NAME] [--way WAY]

MODELS.json is a list of objects with `name`, `source` (what it is, from where, its licence) and
options of `tinyssl convert`: `model` (path or FILE.py:FACTORY), `calibration`, and, where there are
labels, `test_data`; `input_shape` and `pixels` as the model needs them. No model or sample is part
of the repository. Models that a call does not measure stay as they are in docs/quantisation.json,
with the commit and date of their measurement. Each way is written there as soon as it is measured,
so a call that you stop keeps those that it has; a way without a row was not measured. With `--way`
the other ways of a model stay, too, and the page names the commit of each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tinyssl.core.config import ConvertConfig
from tinyssl.core.errors import AccuracyDrop, TinysslError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.convert_model import convert_model
from tools.stamp import ROOT, stamp

JSON = ROOT / "docs" / "quantisation.json"
DOCUMENT = ROOT / "docs" / "quantisation.md"
CALIBRATION = 256
WAYS: dict[str, dict[str, Any]] = {
    "minmax (default)": {},
    "`--ranges percentile`": {"ranges": "percentile"},
    "`--ranges mse`": {"ranges": "mse"},
    "`--equalise`": {"equalise": True},
    "`--bias-correction`": {"bias_correction": True},
    "mse, equalise, bias correction": {"ranges": "mse", "equalise": True, "bias_correction": True},
    "`--finetune-epochs 10`": {"finetune_epochs": 10},
    "`--int16-layers 4 --max-drop 0`": {"int16_layers": 4, "max_drop": 0.0},
}
"""Name -> options of `tinyssl convert`"""
FIGURES = (
    "sqnr_db_output", "agreement", "accuracy_float", "accuracy_int8", "test_images",
    "equalised_pairs", "corrected_layers", "finetune_loss_before", "finetune_loss_after",
    "int16_activations", "model_bytes",
)  # fmt: skip

Row = dict[str, Any]
INTRODUCTION = """\
# What each way of quantising gains

`tinyssl convert` takes activation ranges from the extremes unless you ask for more. This page shows
what the other options gain, so that you can tell whether they are worth a try with your model.

- dB: how much more the worst output varies from input to input than INT8 changes it
  (`sqnr_db_output`, 32 calibration samples; 6 dB are about one bit).
- same: share of these 32 with the largest score in the same place as in the float model.
- accuracy: of INT8 on labelled samples that did not calibrate and chose nothing; the heading has
  that of float32.
- changed: what the option did; nothing where the model gave no occasion.

No way is best everywhere, and two that help alone may not help together: try them on your model.
`--int16-layers` does nothing where all calibration samples keep their answer, or where no try
brings one back. A way without a row was not measured.

The dB of `--finetune-epochs` are of samples that it learnt from; the accuracy is of others.

The dB are those of few samples. Where most inputs get a probability of nearly 0 or 1, as from the
face detectors, two or three dB are no difference: look at samples of your own before you decide.

Written by `python -m tools.quantisation_table MODELS.json`; its help says how to write that list.
"""


def measure(entry: Row, ways: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """(way, figures) of one model."""
    given = {key: value for key, value in entry.items() if key not in ("name", "source")}
    for way in ways:
        options = WAYS[way]
        settings = {"max_drop": 100.0, "calibration_images": CALIBRATION, **given, **options}
        with tempfile.TemporaryDirectory() as folder:
            workspace = Workspace(Path(folder))
            try:
                convert_model(ConvertConfig(**settings), workspace, Silent())
            except AccuracyDrop:
                pass  # its record is complete
            except TinysslError as error:
                yield way, {"refused": error.message}
                continue
            results = workspace.all("convert")[-1].results
        yield way, {key: results[key] for key in FIGURES if key in results}


def page(rows: dict[str, Row]) -> str:
    """The document."""
    parts = [INTRODUCTION]
    for name, row in rows.items():
        found = row["ways"]
        float32 = next(
            (each["accuracy_float"] for each in found.values() if "accuracy_float" in each), None
        )
        title = f"## {name}" + (f": float32 {float32:.2%}" if float32 is not None else "")
        table = ["| way | dB | same | accuracy | changed |", "|---|---|---|---|---|"]
        table += [_line(way, each) for way, each in found.items()]
        places = [_place(row["stamp"])]
        places += [
            f"{way} at {_place(each['stamp'])}" for way, each in found.items() if "stamp" in each
        ]
        source = f"{row['source']}. Measured at {'; '.join(places)}."
        parts += [title, "", source, "", *table, ""]
    return "\n".join(parts)


def _place(measured: Row) -> str:
    return f"commit {measured['commit']}, {measured['date']}, seed 0, {measured['machine']}"


def _line(way: str, row: Row) -> str:
    if "refused" in row:
        return f"| {way} | refused: {row['refused']} | | | |"
    accuracy = f"{row['accuracy_int8']:.2%}" if "accuracy_int8" in row else ""
    changed = [
        f"{row['equalised_pairs']} pairs" if "equalised_pairs" in row else "",
        f"{row['corrected_layers']} biases" if "corrected_layers" in row else "",
        _learnt(row),
        _wide(row.get("int16_activations", ())),
    ]
    words = "; ".join(filter(None, changed))
    return (
        f"| {way} | {row['sqnr_db_output']:.1f} | {row['agreement']:.0%} | {accuracy} | {words} |"
    )


def _wide(kinds: Sequence[str]) -> str:
    """`int16: 3 CONV_2D, 1 ADD`"""
    counts = ", ".join(f"{count} {kind}" for kind, count in Counter(kinds).items())
    return f"int16: {counts}" if counts else ""


def _learnt(row: Row) -> str:
    if "finetune_loss_after" not in row:
        return ""
    return f"loss {row['finetune_loss_before']:.2g} to {row['finetune_loss_after']:.2g}"


def main(arguments: list[str]) -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="?", help="the list; none: only the page")
    parser.add_argument("--only", help="name of the one model that is measured")
    parser.add_argument("--way", choices=list(WAYS), help="the one way that is measured")
    options = parser.parse_args(arguments)
    rows: dict[str, Row] = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else {}
    entries = json.loads(options.models.read_text(encoding="utf-8")) if options.models else []
    for entry in entries:
        if options.only in (None, entry["name"]):
            row = rows.get(entry["name"], {}) if options.way else {}
            row = {"stamp": stamp(), "ways": {}} | row | {"source": entry["source"]}
            for way, figures in measure(entry, [options.way] if options.way else list(WAYS)):
                own = {} if row["stamp"] == stamp() else {"stamp": stamp()}
                row["ways"] = {
                    each: (row["ways"] | {way: figures | own})[each]
                    for each in WAYS
                    if each in row["ways"] or each == way
                }
                sys.stdout.write(f"{entry['name']}: {way}: {figures}\n")
                sys.stdout.flush()
                rows[entry["name"]] = row
                JSON.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    DOCUMENT.write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
