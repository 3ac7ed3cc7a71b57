"""The table of figures that `run` and `bench` end with: accuracy, latency, flash and RAM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyssl.cli.output import Table, format_value
from tinyssl.core.intervals import interval_text

SIZES = ("flash", "ram", "arena")
COUNTED_ON = {
    "accuracy": "test_images",
    "accuracy_random": "test_images",
    "accuracy_raw": "test_images",
    "accuracy_float": "test_images",
    "accuracy_int8": "test_images",
    "accuracy_host": "images",
    "accuracy_device": "images",
}
"""Share -> the figure that says on how many samples it was counted"""
TITLES = {
    "accuracy": "linear probe, trained features",
    "accuracy_seeds": "  over seeds, mean ± deviation",
    "accuracy_random": "  random weights",
    "accuracy_raw": "  pixels, logistic regression",
    "knn_raw": "  pixels, kNN",
    "accuracy_float": "accuracy, float",
    "accuracy_int8": "accuracy, INT8 on this computer",
    "sqnr_db_output": "output of INT8 against float",
    "accuracy_host": "accuracy, INT8 on this computer",
    "accuracy_device": "accuracy, INT8 on the device",
    "mae_float": "mean absolute error, float",
    "mae_int8": "mean absolute error, INT8 on this computer",
    "mae_host": "mean absolute error, INT8 on this computer",
    "mae_device": "mean absolute error, INT8 on the device",
    "agreement": "same answer on both",
    "latency": "latency, median",
    "flash_bytes": "flash",
    "ram_bytes": "RAM",
    "arena_bytes": "  of it arena",
    "stack_bytes": "  most stack used",
}


def figure_table(figures: Mapping[str, Any], where: str) -> Table:
    """Rows for those keys of `TITLES` that `figures` has.

    Args:
        figures: Accuracies and `agreement` as fractions, `accuracy_seeds` with `mean`, `std` and
            `n`, `latency` with `median` and `unit`, sizes as `<name>_bytes`, limits as
            `<name>_budget_bytes`. `test_images` and `images` say on how many samples accuracies
            were counted; these then have a 95 % interval.
        where: Heading of the figures, for example `on mps2_an500`.
    """
    rows = [
        (title, _figure(name, figures), _budget(figures, name))
        for name, title in TITLES.items()
        if figures.get(name) is not None
    ]
    return Table(("figure", where, "budget"), rows)


def _figure(name: str, figures: Mapping[str, Any]) -> str:
    value = figures[name]
    if name == "accuracy_seeds":
        return f"{100 * value['mean']:.2f} ± {100 * value['std']:.2f} % (n = {value['n']})"
    if isinstance(value, Mapping):  # latency: spread and unit
        shown = value.get("median")
        number = f"{shown:,.0f}" if isinstance(shown, (int, float)) else "–"
        return f"{number} {value.get('unit', '')}".strip()
    return format_value(name, value) + _interval(value, figures.get(COUNTED_ON.get(name, "")))


def _interval(share: float, samples: int | None) -> str:
    """` (39 – 86)`, in percent; nothing where it is not known on how many it was counted."""
    return f" ({interval_text(share, samples)})" if samples else ""


def _budget(figures: Mapping[str, Any], name: str) -> str:
    limit = figures.get(name.replace("_bytes", "_budget_bytes"))
    if not name.endswith("_bytes") or not limit:
        return ""
    return f"{100 * figures[name] / limit:.1f} % of {limit:,} B"
