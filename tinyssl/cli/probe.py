"""`tinyssl probe`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import ProbeConfig
from tinyssl.core.intervals import interval_text
from tinyssl.core.records import RunRecord
from tinyssl.data.spec import sample_noun
from tinyssl.stages.call import Call
from tinyssl.stages.probe_data import probe_data

FEATURES = {"": "trained", "_random": "random weights", "_raw": "pixels, no network"}
"""Ending of a result's name -> what was classified"""


def probe(call: Call) -> Result:
    """Measure a backbone: linear probe and kNN on frozen features.

    The same backbone with random weights is measured beside it, and classifiers on the pixels too.
    The data set is that of the pretrain run unless one is given; what is not said about it (the
    image size, say) is as it was there.
    """
    config = call.config(ProbeConfig)
    data = probe_data(call, config)
    from tinyssl.stages import probe as stage  # after the options were checked: torch loads slowly

    return probe_result(stage.probe(config, data, call.workspace, call.progress))


def probe_result(record: RunRecord) -> Result:
    """Trained features beside what there is without training, then the other figures."""
    plain = record_result(record)
    if "accuracy" not in record.results:
        return plain
    blocks: list[Table | str] = [accuracy_table(record), ""]
    if "folds" in record.results:
        blocks = [folds_table(record), "", *blocks]
    return Result(plain.data, (*blocks, *plain.blocks))


def folds_table(record: RunRecord) -> Table:
    """Every labelled sample judged by a classifier that has not seen it."""
    folds = record.results["folds"]
    noun = sample_noun(record.data)
    given = {"": folds["accuracy"]} | {e: folds[f"accuracy{e}"] for e in ("_random", "_raw")}
    rows = [
        (
            _classified(ending, noun),
            format_value("accuracy", share),
            interval_text(share, folds["samples"]),
        )
        for ending, share in given.items()
    ]
    rows.append((*_always(folds), ""))
    title = f"all {folds['samples']} {noun}s, {folds['repeats']} x {folds['folds']} folds"
    return Table((title, "linear", "95 % interval"), rows)


def accuracy_table(record: RunRecord) -> Table:
    """Linear probe with its 95 % interval, and kNN: trained, random weights, pixels."""
    results = record.results
    noun = sample_noun(record.data)
    rows = []
    for ending in FEATURES:
        if (share := results.get(f"accuracy{ending}")) is None:
            continue
        near = results.get(f"knn{ending}")
        knn = "-" if near is None else format_value("knn", near)
        shown = format_value("accuracy", share)
        interval = interval_text(share, results["test_images"])
        rows.append((_classified(ending, noun), shown, interval, knn))
    if "majority" in results:
        rows.append((*_always(results), "", ""))
    return Table(
        (f"of {results['test_images']} test {noun}s", "linear", "95 % interval", "kNN"), rows
    )


def _classified(ending: str, noun: str) -> str:
    name = FEATURES[ending]
    return name if noun == "image" else name.replace("pixels", "samples")


def _always(found: Mapping[str, Any]) -> tuple[str, str]:
    """What the most frequent class alone is right in."""
    return f"always “{found['majority_class']}”", format_value("accuracy", found["majority"])


command = make_command(probe, stages=("probe", "data"))
