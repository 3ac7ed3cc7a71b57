"""The headline: title, figures against the budget, and a banner where a run did not finish."""

from __future__ import annotations

from tinyssl.report.chain import Chain, results
from tinyssl.report.page import HeadlineCard
from tinyssl.report.sections.accuracy import agreement, compared, task_of_chain
from tinyssl.report.sections.features import without_training
from tinyssl.report.sections.latency import unit
from tinyssl.report.sections.memory import budget, used
from tinyssl.report.values import MISSING, Fields, grouped, percent, ratio, short, size


def title(chain: Chain) -> str:
    """Model on board."""
    model = Fields(chain.pretrain.config if chain.pretrain else None).text("backbone")
    if not model and chain.build is not None:
        model = str(chain.build.model_path).replace("\\", "/").rsplit("/", 1)[-1]
    board = chain.board.name if chain.board else str(chain.build.board) if chain.build else ""
    return " on ".join(filter(None, (model, board))) or "Bench run"


def subtitle(chain: Chain) -> str:
    """Engine, data, date."""
    data = next((Fields(run.data).text("name") for run in chain.runs if run.data), "")
    engine = {"aot": "ahead-of-time C", "tflm": "TensorFlow Lite Micro"}
    parts = [
        f"INT8, {engine.get(str(chain.build.engine), chain.build.engine)}" if chain.build else "",
        f"data set {data}" if data else "",
        f"emulated {chain.board.id}" if chain.board and chain.board.emulated else "",
        f"measured {str(chain.bench.started).replace('T', ' ').removesuffix('+00:00')} UTC",
    ]
    return " · ".join(filter(None, parts))


def banner(chain: Chain) -> str:
    """Why the figures are not those of a finished run; empty where they are."""
    bench = chain.bench
    if bench.status == "complete":
        return ""
    images = compared(results(bench))
    ended = {"interrupted": "was interrupted", "failed": "failed", "running": "never ended"}
    done = f" after {grouped(images)} inputs" if images else ""
    why = f": {bench.error}" if bench.error else "."
    return f"Partial record. This bench run {ended.get(bench.status, bench.status)}{done}{why}"


def cards(chain: Chain) -> tuple[HeadlineCard, ...]:
    """Accuracy, agreement, latency, flash and RAM."""
    return (
        _accuracy(chain),
        _agreement(chain),
        _latency(chain),
        _memory(chain, "flash", "Flash"),
        _memory(chain, "ram", "RAM"),
    )


def _accuracy(chain: Chain) -> HeadlineCard:
    metric = task_of_chain(chain).metric
    convert, bench = results(chain.convert), results(chain.bench)
    host, device = (bench.number(f"{metric.name}_{where}") for where in ("host", "device"))
    beside = [
        f"{name} {metric.text(value)}"
        for name, value in (
            ("float", convert.number(f"{metric.name}_float")),
            ("INT8 host", convert.number(f"{metric.name}_int8") if host is None else host),
        )
        if value is not None
    ] + without_training(chain)
    value = MISSING if device is None else metric.text(device).removesuffix(" %")
    unit = "%" if metric.percent and device is not None else ""
    return HeadlineCard(f"{metric.title} on device", value, unit, ", ".join(beside))


def _agreement(chain: Chain) -> HeadlineCard:
    bench = results(chain.bench)
    share, images = agreement(bench), compared(bench)
    if share is None:
        return HeadlineCard("Device equals host", MISSING)
    equal = f"{grouped(bench.number('equal'))} of {grouped(images)} outputs" if images else ""
    value = "100" if share == 1 else percent(min(share, 0.9999)).removesuffix(" %")
    tone = "good" if share == 1 else "bad"
    return HeadlineCard("Device equals host", value, "%", f"{equal} byte-equal".strip(), tone=tone)


def _latency(chain: Chain) -> HeadlineCard:
    spread = results(chain.bench).fields("latency")
    median, runs = spread.number("median"), spread.integer("runs")
    low, high = spread.number("min"), spread.number("max")
    detail = "median" + (f" of {runs} runs" if runs else "")
    if low is not None and high is not None:
        detail += "; all equal" if low == high else f"; spread {percent(ratio(high - low, median))}"
    value, _, prefix = short(median).partition(" ")
    return HeadlineCard(
        f"Latency in {unit(chain)}", value, prefix, detail if value != MISSING else ""
    )


def _memory(chain: Chain, name: str, label: str) -> HeadlineCard:
    taken, limit = used(chain, name), budget(chain, name)
    value, _, prefix = size(taken).partition(" ")
    share = ratio(taken, limit)
    detail = f"of {size(limit)} budget, {percent(share, 1)}" if share is not None else ""
    tone = "bad" if share is not None and share > 1 else "plain"
    return HeadlineCard(label, value, prefix, detail, used=share, tone=tone)
