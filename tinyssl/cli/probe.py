"""`tinyssl probe`."""

from __future__ import annotations

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import ProbeConfig
from tinyssl.core.intervals import wilson
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
    return Result(plain.data, (accuracy_table(record), "", *plain.blocks))


def accuracy_table(record: RunRecord) -> Table:
    """Linear probe with its 95 % interval, and kNN: trained, random weights, pixels."""
    results = record.results
    images = results["test_images"]
    rows = []
    what = sample_noun(record.data)
    for ending, name in FEATURES.items():
        if (share := results.get(f"accuracy{ending}")) is None:
            continue
        low, high = wilson(share, images)
        interval = f"{100 * low:.1f} – {100 * high:.1f}"
        near = results.get(f"knn{ending}")
        knn = "-" if near is None else format_value("knn", near)
        shown = name if what == "image" else name.replace("pixels", "samples")
        rows.append((shown, format_value("accuracy", share), interval, knn))
    return Table((f"of {images} test {what}s", "linear", "95 % interval", "kNN"), rows)


command = make_command(probe, stages=("probe", "data"))
