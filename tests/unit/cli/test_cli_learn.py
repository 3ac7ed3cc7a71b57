"""What `tinyssl learn` prints of a record: each thing that a device may say of its learning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tinyssl.cli.learn import learn_result
from tinyssl.cli.output import Table
from tinyssl.core.records import RunRecord

DRIFT = {"on": True, "found": 0, "sample": 0}
CHECKS = {"samples": 0, "checks": 0, "returns": 0}
RETURNED = {"samples": 20, "checks": 7, "returns": 2}
RESULTS: dict[str, Any] = {
    "accuracy_before": 0.96,
    "accuracy_online": 0.8928,
    "accuracy_after": 0.9467,
    "loss_first": 5.714,
    "loss_last": 0.0643,
    "classes": {"pulses": {"samples": 9, "before": 1.0, "after": 0.6}},
    "inference": {"unit": "instructions", "median": 11_320_360},
    "training_step": {"unit": "instructions", "median": 2_960},
    "parameters": 520,
    "ram_bytes": 44_504,
    "refused": 0,
    "bytes_sent": 430_980,
    "statistics": {"validation": CHECKS, "drift": DRIFT},
    "equal": 1,
}


def printed(**changes: Any) -> str:
    record = RunRecord("learn", Path("runs/learn-1"), "complete", "2026-11-30T00:00:00+00:00")
    record.results.update(RESULTS | changes)
    lines = []
    for block in learn_result(record).blocks:
        rows = block.rows if isinstance(block, Table) else [[block]]
        lines += [" | ".join(row) for row in rows]
    return "\n".join(lines)


def test_the_usual_record() -> None:
    text = printed()
    for line in (
        "accuracy | 96.00 % | 89.28 % | 94.67 %",
        "loss | 5.7140 |  | 0.0643",
        "pulses | 9 | 100.0 % | 60.0 %",
        "an inference takes 11,320,360 instructions, the training step behind it 2,960",
        "520 parameters learn; RAM 44,504 B",
        "430,980 bytes sent",
        "no drift",
        "all parameters have the bits that this computer learns",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"refused": 3}, "3 samples taught nothing: no class, or no finite loss"),
        (
            {
                "statistics": {
                    "validation": {"samples": 20, "checks": 7, "returns": 2},
                    "drift": DRIFT,
                }
            },
            "the device judged itself 7 times by 20 samples and went back to its best parameters 2 "
            "times",
        ),
        (
            {
                "statistics": {
                    "validation": CHECKS,
                    "drift": {"on": True, "found": 1, "sample": 250},
                }
            },
            "1 drift, the last at sample 250",
        ),
        ({"class_names": ["a", "b"], "replayed": 0}, "2 classes: a, b"),
        (
            {"class_names": ["a"], "replayed": 21},
            "each pass repeated 21 samples of the classes that it knew",
        ),
        (
            {"store": {"length": 2_124, "left": 30}},
            "saved in the device's flash: 2,124 bytes, 30 more saves before it is erased",
        ),
    ],
)
def test_what_else_a_device_says(changes: dict[str, Any], line: str) -> None:
    assert line in printed(**changes).splitlines()


def test_a_record_of_an_older_version_says_less() -> None:
    text = printed(statistics=None, equal=0)
    assert "drift" not in text
    assert "bits" not in text
