"""A federation as it goes: curves on a terminal, lines elsewhere."""

from __future__ import annotations

import io
from typing import Any

from tinyssl.monitor.figures import LineFigures
from tinyssl.monitor.rounds import Rounds


def rows(rounds: int, left_out: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(1, rounds + 1):
        found.append(
            {
                **{"event": "round", "round": number, "loss": 5.0 / number, "devices": 4},
                **{"bytes_down": 23_536, "bytes_up": 23_644, "left_out": left_out},
            }
        )
        if number % 5 == 0:
            found.append({"event": "judged", "round": number, "loss_after": 10.0 / number})
    return found


def test_curves_are_as_wide_as_asked() -> None:
    seen = Rounds()
    assert list(seen.lines(80)) == []
    for row in rows(20, left_out=1):
        seen.add(row)
    lines = list(seen.lines(72))
    assert max(map(len, lines)) <= 72
    assert lines[0] == "loss of unseen devices, after their online steps: 0.5"
    assert lines[8] == "loss of the devices that learn: 0.25"
    assert lines[-1] == "round 20: 4 devices, 1 left out, 23,536 bytes to them, 23,644 back"
    assert len(lines) == 2 * (1 + 7) + 1


def test_accuracy_comes_first_and_what_is_no_number_is_left_out() -> None:
    seen = Rounds()
    seen.add({"event": "judged", "round": 1, "loss_after": float("nan"), "accuracy_after": 0.75})
    assert list(seen.curves) == ["accuracy_after"]
    assert next(seen.lines(60)).startswith("accuracy of unseen devices")


def test_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with LineFigures(Rounds(), stream) as display:
        for row in rows(10):
            display.show(row)
    said = stream.getvalue().splitlines()
    assert said == [
        f"round {number}: 4 devices, 23,536 bytes to them, 23,644 back; "
        f"loss after {10 / number:.4g}, loss {5 / number:.4g}"
        for number in (5, 10)
    ]
