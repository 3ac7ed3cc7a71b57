"""What the step to INT8 costs, layer by layer."""

from __future__ import annotations

from tinyssl.report import charts
from tinyssl.report.chain import Chain, results, stored_json
from tinyssl.report.page import Block, Column, PageSection, PageTable, Picture
from tinyssl.report.values import Fields, decimal, grouped, rows

NOISELESS_DB = 200.0
"""What verify writes for a layer without noise, as JSON has no infinity"""

ENGINES = {
    "tflm": "TensorFlow Lite Micro",
    "aot-host": "our C",
    "litert-ref": "LiteRT, reference kernels",
    "litert-xnnpack": "LiteRT, XNNPACK",
}


def quantisation(chain: Chain) -> PageSection | None:
    """What conversion changed, byte equality of the engines, noise of every layer."""
    blocks: list[Block] = []
    if chain.convert is not None:
        blocks.append(_conversion(Fields(chain.convert.results)))
    if (engines := _engines(results(chain.verify))) is not None:
        blocks.append(engines)
    layers = rows(stored_json(chain.verify, "layers"))
    if any(_decibels(row) is not None for row in layers):
        blocks.append(_picture(layers))
    if not blocks:
        return None
    lead = "How far the INT8 model is from the float model, and whether all engines agree on it."
    return PageSection("quantisation", "Quantisation", lead, tuple(blocks))


def _conversion(found: Fields) -> PageTable:
    pairs = (
        ("Loss, points", decimal(found.number("drop_points"))),
        ("Operators", grouped(found.number("operators"))),
        ("Constants, bytes", grouped(found.number("constant_bytes"))),
        ("File, bytes", grouped(found.number("model_bytes"))),
        ("Before, bytes", grouped(found.number("model_bytes_before"))),
        ("TFLM arena, bytes", grouped(found.number("tflm_arena_bytes"))),
    )
    return PageTable(
        tuple(Column(name) for name, _ in pairs),
        (tuple(value for _, value in pairs),),
        "Conversion. Loss: accuracy in float minus accuracy in INT8. Before: the file as the"
        " quantiser wrote it, before it was made canonical. TFLM arena: what TensorFlow Lite Micro"
        " needs for the same model on the host.",
    )


def _engines(found: Fields) -> PageTable | None:
    lines = [
        (
            ENGINES.get(name, name),
            grouped(engine.number("images")),
            grouped(engine.number("equal")),
            grouped(engine.number("max_difference")),
        )
        for name, engine in found.fields("engines").items()
    ]
    if not lines:
        return None
    return PageTable(
        (
            Column("Engine on the host", numeric=False),
            Column("Inputs"),
            Column("Byte-equal"),
            Column("Largest difference, LSB"),
        ),
        tuple(lines),
        "Outputs against TensorFlow Lite Micro. Our C must be equal in every byte; LiteRT is there"
        " for information, as it rounds otherwise.",
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
