"""When a table rests: hours of the day, and while others use the computer."""

from datetime import datetime
from pathlib import Path

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.stages.rest import CALM, WINDOW, Hours, OtherUsers, Rest, seconds_until

NOON = datetime(2026, 12, 1, 12)


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [("22:00-07:00", (22, 23, 0, 6), (7, 12, 21)), ("9:00-17:00", (9, 16), (17, 8, 0))],
)
def test_hours_may_go_over_midnight(span, inside, outside):
    hours = Hours.of(span)
    assert all(hours.include(NOON.replace(hour=hour)) for hour in inside)
    assert not any(hours.include(NOON.replace(hour=hour)) for hour in outside)


@pytest.mark.parametrize("span", ["22:00", "22-7", "25:00-07:00", "07:00-07:00", "07:60-08:00", ""])
def test_spans_that_are_none(span):
    with pytest.raises(UsageError, match="--hours"):
        Hours.of(span)


def test_until_is_the_next_time_of_that_name() -> None:
    assert seconds_until("12:30", NOON) == 1800
    assert seconds_until("07:00", NOON) == 19 * 3600
    assert seconds_until("12:00", NOON) == 86400
    with pytest.raises(UsageError, match="--until 'noon'"):
        seconds_until("noon", NOON)


def test_it_says_until_when_it_rests() -> None:
    rest = Rest(Hours.of("22:00-07:00"), now=lambda: NOON)
    assert rest.why() == "until 22:00"
    assert Rest(Hours.of("11:00-13:00"), now=lambda: NOON).why() == ""
    assert Rest().why() == ""


def test_others_are_programs_that_are_not_niced(tmp_path: Path) -> None:
    stat, time = tmp_path / "stat", [0.0]

    def use(seconds: float, user: int, niced: int) -> bool:
        time[0] += seconds
        stat.write_text(f"cpu  {user} {niced} 500 9000 0 0 0 0 0 0\n")
        return others.at_work()

    stat.write_text("cpu  0 0 0 0\n")
    others = OtherUsers(stat, lambda: time[0])
    assert not use(0, 0, 0)
    assert not use(WINDOW, 0, 100_000)  # our own children
    assert not use(WINDOW, 10, 200_000)  # 0.1 s of 10
    assert use(WINDOW, 1010, 200_000)  # a whole core
    assert use(CALM - 1, 1010, 300_000)  # calm, and not yet for long enough
    assert not use(1, 1010, 300_000)
    assert Rest(others=others).why() == ""


def test_idle_needs_the_counters_of_linux(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not have"):
        OtherUsers(tmp_path / "none")
