"""`tinyssl evaluate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.cli.stage_result import record_result
from tinyssl.core.config import EvaluateConfig
from tinyssl.core.records import RunRecord, read_record
from tinyssl.stages.call import Call


def evaluate(call: Call) -> Result:
    """Few labels, fine-tuning, corrupted images: float, INT8 and on a board.

    --run says of what: a probe run gives the float model's figures, a convert run those of its INT8
    model on this computer and, with --board, on an emulated board.
    """
    config = call.config(EvaluateConfig)
    kind = read_record(call.workspace.run_folder(config.run)).kind if config.run else "probe"
    if kind == "convert":
        from tinyssl.stages.evaluate_int8 import evaluate_int8

        return evaluate_result(evaluate_int8(config, call.workspace, call.progress))
    from tinyssl.stages.evaluate_float import evaluate as stage  # torch takes seconds to load

    return evaluate_result(stage(config, call.workspace, call.progress))


def evaluate_result(record: RunRecord) -> Result:
    """The figures, and a line a kind of corruption."""
    return Result(record_result(record).data, tuple(_blocks(record)))


def _blocks(record: RunRecord) -> Iterator[Table | str]:
    plain = {name: value for name, value in record.results.items() if name != "corruption_kinds"}
    yield Table(("evaluate", ""), value_rows(plain))
    yield ""
    if "corruptions" in record.files:
        yield from _corruptions(record.json("corruptions"))
    yield f"run: {record.folder}"


def _corruptions(content: Mapping[str, Any]) -> Iterator[Table | str]:
    """Accuracy by kind and level, for every form of the model."""
    for form, table in content["accuracy"].items():
        levels = [f"level {level}" for level in content["levels"]]
        rows = [
            (kind, *(f"{100 * share:.1f}" for share in (*shares, sum(shares) / len(shares))))
            for kind, shares in table.items()
        ]
        title = f"{form}, % of {content['images']:,} images"
        yield Table((title, *levels, "mean"), rows)
        yield ""
    for kind, text in content["ours"].items():
        yield f"{kind}: {text}"


command = make_command(evaluate, stages=("evaluate",))
