"""What the step to INT8 costs, layer by layer."""

from __future__ import annotations

from tinyssl.report import charts
from tinyssl.report.chain import Chain, read_json, results
from tinyssl.report.page import Block, Column, Picture, Section, Table
from tinyssl.report.values import Fields, grouped, rows

NOISELESS_DB = 200.0
"""What verify writes for a layer without noise, as JSON has no infinity"""


def quantisation(chain: Chain) -> Section | None:
    """Byte equality of the engines, and the signal-to-noise ratio of every layer."""
    if chain.verify is None:
        return None
    blocks: list[Block] = []
    if (engines := _engines(results(chain.verify))) is not None:
        blocks.append(engines)
    stored = read_json(chain.verify, "layers")
    layers = rows(stored) or Fields(stored).rows("layers")
    if any(_decibels(row) is not None for row in layers):
        blocks.append(_picture(layers))
    if not blocks:
        return None
    lead = "How far the INT8 model is from the float model, and whether all engines agree on it."
    return Section("quantisation", "Quantisation", lead, tuple(blocks))


def _engines(found: Fields) -> Table | None:
    lines = []
    for name, engine in found.fields("engines").items():
        images = engine.number("images")
        lines.append(
            (
                name,
                grouped(images if images is not None else found.number("images")),
                grouped(engine.number("equal")),
                grouped(engine.number("max_difference", "worst")),
            )
        )
    if not lines:
        return None
    return Table(
        (
            Column("Engine", numeric=False),
            Column("Inputs"),
            Column("Byte-equal"),
            Column("Largest difference"),
        ),
        tuple(lines),
        "Against TensorFlow Lite Micro on the host, over all output bytes.",
    )


def _picture(layers: list[Fields]) -> Picture:
    kinds = [row.text("kind") or "operator" for row in layers]
    return Picture(
        name="sqnr",
        template="columns",
        data=charts.columns(
            [
                f"#{row.text('index') or place} {kind}"
                for place, (row, kind) in enumerate(zip(layers, kinds, strict=True))
            ],
            [_decibels(row) for row in layers],
            kinds,
            "dB",
        ),
        title=f"Signal-to-quantisation-noise ratio of {len(layers)} layers",
        caption="Signal-to-quantisation-noise ratio of each layer's output, float against INT8,"
        " with the noise of earlier layers in it, in decibels. Higher is better; 6 dB are about one"
        " bit. A layer without any noise has no column.",
    )


def _decibels(row: Fields) -> float | None:
    found = row.number("sqnr_db")
    return found if found is not None and found < NOISELESS_DB else None
