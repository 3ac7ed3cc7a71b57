"""What the output of a failed upload means: the traps of probes, cables and permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tinyssl.core.errors import (
    EXIT_NOT_FOUND,
    EXIT_TIMEOUT,
    DeviceError,
    DeviceNotFound,
    DeviceTimeout,
    TinysslError,
)
from tinyssl.device.chip import WRONG_CHIP
from tinyssl.device.link import port_users

OWN = re.compile(
    r"^Error: (?P<message>.+)\nhint: (?P<hint>.*(?:\n(?!\*\*\*|=|$).+)*)", re.MULTILINE
)
"""How our own uploaders report"""
STATUS = re.compile(r"\*\*\* \[upload\] Error (\d+)")
KINDS = {EXIT_NOT_FOUND: DeviceNotFound, EXIT_TIMEOUT: DeviceTimeout}
"""Exit status of our own uploaders -> error"""
RESET = (
    "check power and cable; hold the board's reset button while it connects: firmware that sleeps "
    "or switches the debug pins off can only be reached under reset"
)
UDEV = "`tinyssl flash --list-probes` prints the udev rule that is missing"


@dataclass(frozen=True)
class Trap:
    """A line of a tool, and what it means."""

    pattern: re.Pattern[str]
    error: type[TinysslError]
    message: str
    """`{0}`: what the pattern's group holds"""
    hint: str


def _trap(pattern: str, error: type[TinysslError], message: str, hint: str) -> Trap:
    return Trap(re.compile(pattern, re.MULTILINE), error, message, hint)


TRAPS = (
    _trap(r"^Error: (wrong chip: .*)$", DeviceNotFound, "{0}", WRONG_CHIP),
    _trap(
        r"This chip is (\S+(?: \(.*\))?,? not \S+?)\.? Wrong",
        DeviceNotFound,
        "wrong chip: it is {0}; nothing was written",
        WRONG_CHIP,
    ),
    _trap(
        r"(LIBUSB_ERROR_ACCESS|[Ii]nsufficient permissions|Permission denied: '/dev/bus/usb.*')",
        DeviceNotFound,
        "this user may not open the probe ({0})",
        UDEV,
    ),
    _trap(
        r"^Error: (open failed|[Nn]o (?:.* )?device(?: was)? found.*|Invalid serial number.*"
        r"|unable to find .*)$",
        DeviceNotFound,
        "no debug probe answered: {0}",
        "plug in the board's USB cable; `tinyssl flash --list-probes` lists what is attached",
    ),
    _trap(
        r"^Error: (?:the probe does not reach the chip|init mode failed)(.*)$",
        DeviceNotFound,
        "the probe does not reach the chip{0}",
        RESET,
    ),
    _trap(r"^Error: (the register .* cannot be read: .*)$", DeviceNotFound, "{0}", RESET),
    _trap(
        r"\*\* (Verify|Programming) Failed \*\*",
        DeviceError,
        "{0} failed: the flash does not hold the image",
        "flash again; if it stays, the flash is write-protected or worn out",
    ),
    _trap(
        r"Failed to connect to (ESP\S*?):",
        DeviceNotFound,
        "the boot loader of the {0} does not answer",
        "hold BOOT, press and let go RESET, let go BOOT, flash again: the board's DTR/RTS circuit "
        "did not do it; a cable for charging only has no data lines",
    ),
    _trap(
        r"(MD5 of file does not match.*|Verification failed.*|Verify failed.*)",
        DeviceError,
        "verify failed: {0}",
        "flash again, at a lower --baud; if it stays, the flash is worn out",
    ),
    _trap(
        r"couldn't bind .* port (\d+)",
        DeviceNotFound,
        "port {0} is in use: another OpenOCD runs",
        "end it; a probe serves one program at a time",
    ),
)
BUSY = re.compile(
    r"(?:[Cc]ould not open|could not exclusively lock|port is busy).*?(/dev/\S+?|COM\d+)[,:' ]"
)


def uploader_error(output: str) -> type[TinysslError] | None:
    """What the exit status of one of our own uploaders says; None where it says nothing."""
    status = STATUS.search(output)
    return KINDS.get(int(status[1])) if status else None


def upload_error(output: str) -> TinysslError | None:
    """The error that a tool's output stands for; None where it is not known."""
    own = OWN.search(output)
    if own:
        kind = uploader_error(output) or DeviceError
        return kind(own["message"], hint=own["hint"].strip())
    busy = BUSY.search(output)
    if busy:
        users = ", ".join(f"{name} (process {pid})" for pid, name in port_users(busy[1]))
        return DeviceNotFound(
            f"{busy[1]} is in use by {users}" if users else f"{busy[1]} is in use, or gone",
            hint="end that program (a serial monitor, another tinyssl bench), then try again",
        )
    for trap in TRAPS:
        found = trap.pattern.search(output)
        if found:
            detail = found[1].strip() if found.groups() else ""
            return trap.error(trap.message.format(detail), hint=trap.hint)
    return None
