"""Why a device restarted in the middle of a measurement, and the watchdog that ends a hang."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DeviceError, UsageError
from tinyssl.core.text import printable
from tinyssl.device import Faulted, Session, WasReset

WATCHDOG_HINT = (
    "an inference that takes longer needs a longer --watchdog; else the firmware hangs:"
    " `tinyssl flash` renews it, and a debugger shows where"
)
CAUSES = {
    "watchdog": ("the watchdog reset the board", WATCHDOG_HINT),
    "brown-out": ("the supply's voltage fell and the board restarted", "check supply and cable"),
    "power-on": ("the board lost its supply", "check supply and cable"),
    "pin": ("the reset pin was pulled", "is a debugger or another program at the board?"),
    "fault": ("a fault reset the board; its report was lost", "run the command again to see it"),
    "lockup": ("the core locked up (a fault within a fault)", "run the command again to see it"),
}
"""Word of `Identity.reset` -> what happened, and what to do"""


def arm_watchdog(session: Session, config: BenchConfig) -> float:
    """Arms the board's watchdog with `config.watchdog` seconds; returns what it waits.

    Raises:
        UsageError: bench itself would give up first.
        DeviceError: The board has no watchdog, or none that waits so long.
    """
    assert config.watchdog is not None
    if config.watchdog >= config.timeout:
        raise UsageError(
            f"--watchdog {config.watchdog:g} s is not shorter than --timeout {config.timeout:g} s",
            hint=f"give --timeout more than {config.watchdog:g}",
        )
    return session.watchdog(config.watchdog)


@contextmanager
def explain_reset(session: Session, doing: str) -> Iterator[None]:
    """Says of a restart within: why, and during what.

    Raises:
        DeviceError: In place of `WasReset`.
    """
    try:
        yield
    except Faulted as error:
        fault = error.fault
        happened = (
            "the watchdog reset the board" if fault.by_watchdog else "a fault reset the board"
        )
        raise DeviceError(f"{happened} during {doing}: {fault}", hint=fault.hint) from error
    except WasReset as error:
        session.sync()
        cause = session.identity().reset
        happened, hint = CAUSES.get(
            cause, (f"the board was reset ({printable(cause)})", error.hint)
        )
        raise DeviceError(f"{happened} during {doing}", hint=hint) from error
