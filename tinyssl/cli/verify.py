"""`tinyssl verify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.core.config import VerifyConfig
from tinyssl.core.records import RunRecord
from tinyssl.stages.call import Call


def verify(call: Call) -> Result:
    """Prove that our C and TFLite Micro agree byte for byte.

    With --board, the firmware on that emulated board is compared too. Exit code 3 on a difference,
    with the first operator that differs.
    """
    from tinyssl.stages import verify as stage
    from tinyssl.stages import verify_board

    config = call.config(VerifyConfig)
    result = verify_result(stage.verify(config, call.workspace, call.progress))
    if config.board is None:
        return result
    device = verify_board.verify_on_board(config, call.workspace, call.progress)
    table = Table((f"on {config.board}", ""), value_rows(device))
    return Result({**result.data, "device": device}, (*result.blocks, "", table))


def verify_result(record: RunRecord) -> Result:
    """A line an engine, a line a layer, then the other figures."""
    layers: list[dict[str, Any]] = []
    if "layers" in record.files:
        layers = record.json("layers")
    results = {name: value for name, value in record.results.items() if name != "engines"}
    data = {
        "run": record.folder,
        "kind": record.kind,
        "status": record.status,
        "results": record.results,
        "layers": layers,
    }
    blocks: list[Table | str] = [_engines(record.results["engines"]), ""]
    if layers:
        blocks += [_layers(layers), ""]
    return Result(
        data, (*blocks, Table(("verify", ""), value_rows(results)), "", f"run: {record.folder}")
    )


def _engines(engines: Mapping[str, Mapping[str, int]]) -> Table:
    reference = "TFLM" if "tflm" in engines else "LiteRT"
    rows = [
        (name, f"{row['equal']:,} of {row['images']:,}", str(row["max_difference"]))
        for name, row in engines.items()
    ]
    return Table(("engine", f"byte-equal to {reference}", "largest difference (LSB)"), rows)


def _layers(layers: list[dict[str, Any]]) -> Table:
    rows = [
        (
            f"#{layer['index']} {layer['kind']}",
            "x".join(map(str, layer["shape"][1:])),
            f"{layer['sqnr_db']:.1f}",
        )
        for layer in layers
    ]
    return Table(("operator", "output", "SQNR float to INT8 (dB)"), rows)


command = make_command(verify, stages=("verify",))
