"""When a table rests, so that a computer is free by day or while somebody works on it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tinyssl.core.errors import UsageError

STAT = Path("/proc/stat")
WINDOW = 10.0
"""Seconds over which the use by others is measured"""
BUSY = 0.25
"""Cores that others use on average from which the table rests"""
CALM = 60.0
"""Seconds without such use after which it goes on"""
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
HINT = "write the time of day as 07:00, a span as 22:00-07:00"


def clock_minutes(text: str, option: str) -> int:
    """Minutes since midnight of `07:30`.

    Raises:
        UsageError: It is no time of day.
    """
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{option} {text!r} is no time of day", hint=HINT)
    return 60 * int(found[1]) + int(found[2])


def seconds_until(text: str, now: datetime) -> float:
    """From `now` (local time) to the next `07:00`, in (0, 86,400].

    Raises:
        UsageError: It is no time of day.
    """
    minutes = clock_minutes(text, "--until")
    then = now.replace(hour=minutes // 60, minute=minutes % 60, second=0, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return (then - now).total_seconds()


@dataclass(frozen=True)
class Hours:
    """A span of the day, in minutes since midnight; it may go over midnight."""

    start: int
    end: int

    @classmethod
    def of(cls, text: str) -> Hours:
        """Reads `22:00-07:00`.

        Raises:
            UsageError: It is no span.
        """
        parts = text.split("-")
        if len(parts) != 2:
            raise UsageError(f"--hours {text!r} is no span of time", hint=HINT)
        start, end = (clock_minutes(part, "--hours") for part in parts)
        if start == end:
            raise UsageError(f"--hours {text!r} begins where it ends", hint=HINT)
        return cls(start, end)

    def include(self, now: datetime) -> bool:
        """Whether a moment (local time) lies in the span; its end does not."""
        minutes = 60 * now.hour + now.minute
        if self.start < self.end:
            return self.start <= minutes < self.end
        return minutes >= self.start or minutes < self.end


@dataclass
class OtherUsers:
    """How many cores programs use that are not niced: those of people, not of a table.

    Args:
        stat: The system's file of counters, as Linux has it.
        clock: Seconds that only grow.
    """

    stat: Path = STAT
    clock: Callable[[], float] = time.monotonic
    _before: tuple[float, int] | None = None
    _busy_at: float | None = None
    """When others were last seen at work"""

    def __post_init__(self) -> None:
        if not self.stat.exists():
            raise UsageError(
                "--idle reads /proc/stat, which this system does not have",
                hint="use --hours or --until",
            )

    def at_work(self) -> bool:
        """True from the end of a busy window on, until it was calm for long enough."""
        now, ticks = self.clock(), _user_ticks(self.stat)
        if self._before is None:
            self._before = (now, ticks)
        then, counted = self._before
        if now - then >= WINDOW:
            cores = (ticks - counted) / os.sysconf("SC_CLK_TCK") / (now - then)
            self._before = (now, ticks)
            if cores >= BUSY:
                self._busy_at = now
        return self._busy_at is not None and now - self._busy_at < CALM


def _user_ticks(stat: Path) -> int:
    """Time that programs at niceness 0 or below have had on all cores: the first counter."""
    return int(stat.read_text(encoding="ascii").split()[1])


@dataclass(frozen=True)
class Rest:
    """What makes a table rest."""

    hours: Hours | None = None
    """It works only then"""
    others: OtherUsers | None = None
    """It works only while they do not"""
    now: Callable[[], datetime] = field(default=datetime.now)

    def why(self) -> str:
        """Why it rests at this moment; empty: it works."""
        if self.hours is not None and not self.hours.include(self.now()):
            hour, minute = divmod(self.hours.start, 60)
            return f"until {hour:02}:{minute:02}"
        if self.others is not None and self.others.at_work():
            return "while others use the computer"
        return ""
