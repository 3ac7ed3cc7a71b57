"""A device that learns, as it goes: curves on a terminal, lines elsewhere."""

from __future__ import annotations

import io
from typing import Any

from tinyssl.monitor.figures import LineFigures
from tinyssl.monitor.lesson import LessonFigures


def rows(steps: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"event": "begin", "steps": steps, "ram_bytes": 34_848, "parameters": 1281},
        {"event": "judged", "when": "before", "figures": {"accuracy": 0.25}},
    ]
    for number in range(1, steps + 1):
        means = {"loss": 2 / number, "right": number / steps, "right_old": 0.5}
        took = {"inference": 6_459_000, "training": 21_080, "unit": "instructions"}
        drift = {"drift": 1} if number == 7 else {}
        found.append(
            {"event": "step", "step": number, **means, **took, "sent": 40 * number} | drift
        )
    after = {"accuracy": 0.75, "forgotten": 0.03}
    return [*found, {"event": "judged", "when": "after", "figures": after}]


def test_curves_and_all_that_a_sample_takes() -> None:
    seen = LessonFigures()
    assert list(seen.lines(80)) == []
    for row in rows(40):
        seen.add(row)
    lines = list(seen.lines(72))
    assert lines[0] == "before learning: accuracy 25.0 %"
    assert lines[1] == ("after learning: accuracy 75.0 %; the class that lost most lost 3.0 points")
    assert lines[2] == "right answers before the step, mean of the last samples: 1"
    assert lines[10] == "of these the classes that it knew before: 0.5"
    assert lines[-2:] == [
        "step 40 of 40: loss 0.05, right 100 %, old classes 50 %, 1,600 bytes sent, 1 drift",
        "6,459,000 instructions for the answer, 21,080 for the step; 34,848 bytes of RAM, "
        "1,281 parameters",
    ]


def test_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with LineFigures(LessonFigures(), stream) as display:
        for row in rows(40):
            display.show(row)
    said = stream.getvalue().splitlines()
    assert len(said) == 2 + 20 + 1  # judgements, every second step, and the one with the drift
    assert said[3].startswith("step 6 of 40: loss 0.3333")
    assert said[3].endswith("no drift")
    assert said[4].startswith("step 7 of 40")
    assert said[4].endswith("1 drift")
