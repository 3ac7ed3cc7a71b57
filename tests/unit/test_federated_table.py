"""docs/federated.md: its tables are those of docs/federated.json, and what they say is right."""

from __future__ import annotations

from typing import Any

import pytest

from tools import federated_table as table


def row(way: str, after: float, **more: Any) -> table.Row:
    """A run of sine with 100 rounds, which gets better by 0.1 each tenth of them."""
    curve = [[10 * n, after + 0.1 * (10 - n)] for n in range(1, 11)]
    return {
        **{"task": "sine", "way": way, "metric": "loss", "first": 5.5, "before": 5.0},
        **{"after": after, "online_steps": 10, "rounds": 100, "visits": 100, "steps": 4000},
        **{"bytes": 2_000_000, "arena": 5000, "kept": 0, "curve": curve, "seconds": 1},
        **{"seed": 0, "commit": "abc", "date": "2026-11-30", "machine": "x86_64"},
        **more,
    }


def test_the_document_holds_the_tables_of_the_figures() -> None:
    text = table.DOCUMENT.read_text(encoding="utf-8")
    part = text.partition(table.BEGIN)[2].partition(table.END)[0]
    assert part.strip() == "\n".join(table.tables(table.stored())).strip()


def test_claims_are_at_equal_quality() -> None:
    rows = [row("Reptile", 0.5, steps=16_000, kept=5000), row("TinyReptile", 0.3)]
    lines = list(table.tables(rows))
    # TinyReptile is at Reptile's last 0.5 after 80 of its 100 rounds.
    assert "| sine | TinyReptile over Reptile | 1 | 0.500 | 0.50 | 0.20 | 0.80 |" in lines
    assert "| sine, 10 online steps | none | 1 | | 5.500 | | | | |" in lines
    assert "| sine | Reptile | 1 | 5.000 | 0.500 | 100 | 16,000 | 2.0 MB | 10,000 B |" in lines


def test_seeds_are_a_mean_and_a_spread() -> None:
    rows = [row("Reptile", 0.5, steps=16_000, kept=5000, seed=seed) for seed in (0, 1)]
    rows += [row("TinyReptile", 0.3, seed=0), row("TinyReptile", 0.5, seed=1)]
    lines = list(table.tables(rows))
    figures = "5.000 ± 0.000 | 0.400 ± 0.141 | 100 | 4,000 | 2.0 MB | 5,000 B"
    assert f"| sine | TinyReptile | 2 | {figures} |" in lines
    # seed by seed: after 80 of 100 rounds, and at the end
    figures = "0.500, 0.500 | 0.50 | 0.20 – 0.25 | 0.80 – 1.00"
    assert f"| sine | TinyReptile over Reptile | 2 | {figures} |" in lines


def test_more_accuracy_is_better() -> None:
    curve = [[50, 0.6], [100, 0.9]]
    better = row("TinyReptile", 0.9, metric="accuracy", curve=curve)
    worse = row("Reptile", 0.6, metric="accuracy", curve=[[50, 0.4], [100, 0.6]])
    lines = list(table.tables([worse, better]))
    assert "| sine | TinyReptile over Reptile | 1 | 60.0 % | 1.00 | 0.50 | 0.50 |" in lines


def test_settings_visit_devices_equally_often() -> None:
    visits = {
        way: config.rounds * config.per_round
        for way in table.WAYS
        if (config := table.config_of("sine", way, 0)).rounds
    }
    assert set(visits.values()) == {3000}


def test_the_command_knows_its_families() -> None:
    with pytest.raises(SystemExit, match="2"):
        table.main(["sines"])
