"""How long an inference takes, and in which operators."""

from __future__ import annotations

from tinyssl.report import charts
from tinyssl.report.chain import Chain, results
from tinyssl.report.layers import OperatorRow, by_kind, read_layers
from tinyssl.report.page import BarCell, Block, Column, Note, PageSection, PageTable, Picture
from tinyssl.report.values import Fields, decimal, grouped, percent, ratio, short
from tinyssl.targets.boards import Board

FOLD = 16
"""Longer tables of operators are folded away on screen"""

UNITS = ("instructions", "cycles", "microseconds", "nanoseconds")


def unit(chain: Chain) -> str:
    """What latency is counted in on this board."""
    named = results(chain.bench).fields("latency").text("unit")
    if named in UNITS:
        return named
    return chain.board.tinyssl.tick_unit if chain.board is not None else "ticks"


def latency(chain: Chain) -> PageSection | None:
    """Spread over the timed runs, and the share of each operator."""
    spread = results(chain.bench).fields("latency")
    layers = read_layers(chain)
    measured = any(layer.ticks is not None for layer in layers)
    if spread.number("median") is None and not measured:
        return None
    name = unit(chain)
    blocks: list[Block] = [_spread(spread, name, _resolution(chain))]
    blocks += [Note(text) for text in _meaning(chain.board, spread, name)]
    if measured:
        blocks += [_picture(layers, name, spread.number("median")), _kinds(layers, name)]
    if layers:
        blocks.append(_latency_table(layers, name))
    runs = spread.integer("runs")
    lead = f"One inference, in {name}" + (f", over {runs} timed runs." if runs else ".")
    return PageSection("latency", "Latency", lead, tuple(blocks))


def _resolution(chain: Chain) -> str:
    """What one tick of an emulator's timer is worth."""
    emulator = chain.board.tinyssl.emulator if chain.board is not None else None
    rate = results(chain.bench).fields("device").number("ticks_per_second")
    step = ratio(emulator.instructions_per_second, rate) if emulator is not None else None
    return f" One tick of the emulated timer is {grouped(step)} instructions." if step else ""


def _spread(spread: Fields, name: str, resolution: str) -> PageTable:
    keys = ("min", "median", "p95", "max")
    return PageTable(
        (Column("One inference", numeric=False), *(Column(key) for key in keys)),
        ((name, *(grouped(spread.number(key)) for key in keys)),),
        f"Counted on the device around the engine's call, without the serial line.{resolution}",
    )


def _meaning(board: Board | None, spread: Fields, name: str) -> list[str]:
    """What the figures are not."""
    notes = []
    if name == "instructions":
        notes.append(
            "The emulator counts instructions and knows nothing of wait states, caches or dual"
            " issue: these are no milliseconds of any chip."
        )
    elif name == "nanoseconds" and board is not None and board.tinyssl.port == "host":
        notes.append("Time on this computer, not on a microcontroller.")
    elif name == "cycles" and board is not None and (median := spread.number("median")):
        clock = board.tinyssl.clock_hz
        notes.append(f"At {clock / 1e6:,.0f} MHz the median is {decimal(1e3 * median / clock)} ms.")
    estimate = spread.number("estimate_ms")
    if estimate is not None:
        basis = spread.text("estimate_basis")
        notes.append(
            f"Estimate, not a measurement: {decimal(estimate)} ms"
            + (f" ({basis})." if basis else ".")
        )
    return notes


def _picture(layers: list[OperatorRow], name: str, median: float | None) -> Picture:
    covered = ratio(sum(layer.ticks or 0 for layer in layers), median)
    together = f" Together {percent(covered, 1)} of the median above." if covered else ""
    return Picture(
        name="layers",
        template="columns",
        data=charts.columns(
            [layer.label for layer in layers],
            [layer.ticks for layer in layers],
            [layer.kind for layer in layers],
            name,
        ),
        title=f"{name.capitalize()} of each of the {len(layers)} operators",
        caption=f"{name.capitalize()} of each operator in one inference, in order of execution."
        + together,
    )


def _kinds(layers: list[OperatorRow], name: str) -> PageTable:
    kinds = by_kind(layers)
    total = sum(kind.ticks for kind in kinds)
    return PageTable(
        (
            Column("Kind", numeric=False, code=True),
            Column("Operators"),
            Column(name.capitalize()),
            Column("Share"),
            Column("MACs"),
            Column(f"{name.capitalize()} per MAC"),
        ),
        tuple(
            (
                kind.name,
                str(kind.count),
                short(kind.ticks),
                _bar(kind.ticks, total),
                short(kind.macs or None),
                decimal(ratio(kind.ticks, kind.macs)),
            )
            for kind in kinds
        ),
        f"Sums over operators of one kind. MAC: multiply-accumulate; {name} per MAC tell how well"
        " a kernel uses the core.",
    )


def _latency_table(layers: list[OperatorRow], name: str) -> PageTable:
    total = sum(layer.ticks or 0 for layer in layers)
    return PageTable(
        (
            Column("Operator", numeric=False, code=True),
            Column("Shape", numeric=False),
            Column("MACs"),
            Column(name.capitalize()),
            Column("Share"),
            Column("per MAC"),
        ),
        tuple(
            (
                layer.label,
                layer.shape,
                grouped(layer.macs),
                grouped(layer.ticks),
                _bar(layer.ticks, total),
                decimal(layer.ticks_per_mac),
            )
            for layer in layers
        ),
        folded=f"All {len(layers)} operators" if len(layers) > FOLD else "",
    )


def _bar(part: float | None, whole: float) -> BarCell:
    share = ratio(part, whole)
    return BarCell(percent(share, 1), min(max(share or 0.0, 0.0), 1.0))
