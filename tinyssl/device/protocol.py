"""What a device's reply lines mean. Text in, values out: no link, no waiting.

A reply is a list of lines without their ends and without the closing `m-ready`. Lines of tinyssl's
own commands are sealed: `m-tinyssl-<key>-[<values>]-<crc>`, the CRC-32 of all before its `-`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.device.faults import Fault, find_fault
from tinyssl.device.words import words
from tinyssl.errors import DeviceError

ERROR_LINE = re.compile(r"e-\[(.*)\]")


class Garbled(DeviceError):
    """Bytes were lost or changed on the line; asking again helps."""


class WasReset(DeviceError):
    """The device restarted while it should have answered; asking again would hide it."""


class Faulted(WasReset):
    """The device reported a fault, or its watchdog, and restarted."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"the device had a fault: {fault}", hint=fault.hint)
        self.fault = fault


@dataclass(frozen=True)
class Identity:
    """Who the device says it is."""

    protocol: int
    board: str
    engine: str
    model: str
    model_sha256: str
    build_id: str
    input_bytes: int
    input_is_uint8: bool
    input_kept: bool
    """An input serves many inferences; false: it must be sent again for each"""
    output_bytes: int
    output_zero_point: int
    ops: int
    flash_bytes: int
    """Of the linker; 0: unknown (a native build)"""
    ram_bytes: int
    """Of the linker, stack included; 0: unknown"""
    arena_bytes: int
    clock_hz: int
    tick_unit: str
    ticks_per_second: int
    warning: str
    """What did not come up at start; empty: nothing"""
    reset: str = "unknown"
    """Why the board started last: a word of `port_reset_cause()` in firmware/port/port.h"""


@dataclass(frozen=True)
class Inference:
    """One inference."""

    ticks: int
    output: bytes
    """int8 values"""


@dataclass(frozen=True)
class OpTicks:
    """One operator of one inference."""

    index: int
    name: str
    ticks: int


@dataclass(frozen=True)
class Profile:
    """One inference, operator by operator."""

    ops: tuple[OpTicks, ...]
    total_ticks: int
    """Of the whole inference, with the notes in between"""


@dataclass(frozen=True)
class Memory:
    """Most bytes that were ever in use; 0 of 0: unknown."""

    arena_used: int
    arena_bytes: int
    stack_used: int
    stack_bytes: int


def frame(command: str, data: bytes) -> bytes:
    """`command` (bin or run) with `data` behind it."""
    return f"{command} {len(data)} {zlib.crc32(data):08x}%".encode() + data


def check_lines(lines: Sequence[str]) -> None:
    """Refuses a reply that holds a fault's report, a boot banner or an error.

    Raises:
        Faulted: The report of a fault is in it.
        WasReset: The boot banner is in it.
        DeviceError: An `e-[…]` line is in it.
    """
    replies = words().replies
    for line in lines:
        if fault := find_fault(line):
            raise Faulted(fault)
    banner = {replies["init_done"], replies["mode_performance"], replies["mode_energy"]}
    if banner & set(lines):
        raise WasReset(
            "the device was reset while it should have answered",
            hint="check its supply and cable, then run the command again",
        )
    for line in lines:
        if error := ERROR_LINE.fullmatch(line):
            raise DeviceError(
                f"the device answered: {error[1]}", hint="docs/PROTOCOL.md lists its errors"
            )


def unseal(line: str) -> tuple[str, str]:
    """Key and values of a sealed line.

    Raises:
        Garbled: It is none, or its CRC is wrong.
    """
    replies = words().replies
    form = replies["sealed_open"] + "%s" + replies["sealed_close"] + replies["seal"]
    match = words().match(form, line)
    if match is None:
        raise Garbled(f"unexpected reply {line[:80]!r}", hint="check cable and baud rate")
    key, value, crc = match.groups()
    body = line[: -len("-") - len(crc)]
    found = zlib.crc32(body.encode())
    if int(crc, 16) != found:
        raise Garbled(
            f"CRC of a reply is {found:08x}, not {crc}: {line[:80]!r}",
            hint="check cable and baud rate",
        )
    return key, value


def _sealed(lines: Sequence[str], *keys: str) -> list[str]:
    """Values of sealed lines that must be exactly `keys`, in order."""
    found = [unseal(line) for line in lines]
    if [key for key, _ in found] != list(keys):
        raise Garbled(
            f"reply has the lines {', '.join(key for key, _ in found) or 'none'};"
            f" expected {', '.join(keys)}",
            hint="check cable and baud rate",
        )
    return [value for _, value in found]


def parse_identity(lines: Sequence[str]) -> Identity:
    """Reply to `tinyssl%`.

    Raises:
        Garbled: A line was lost or damaged.
        DeviceError: The firmware speaks another version of the protocol.
    """
    version = int(unseal(lines[0])[1]) if lines and "protocol" in lines[0] else words().version
    if version != words().version:
        raise DeviceError(
            f"the firmware speaks version {version} of the protocol; this tinyssl speaks"
            f" {words().version}",
            hint="run `tinyssl build` and `tinyssl flash`",
        )
    keys = list(words().identity)
    values = dict(zip(keys, _sealed(lines, *keys), strict=True))
    input_bytes, input_type, input_fate = values["input"].split(",")
    output_bytes, zero_point, _ = values["output"].split(",")
    tick_unit, rate = values["tick"].split(",")
    return Identity(
        protocol=version,
        board=values["board"],
        engine=values["engine"],
        model=values["model"],
        model_sha256=values["sha256"],
        build_id=values["build"],
        input_bytes=int(input_bytes),
        input_is_uint8=input_type == "uint8",
        input_kept=input_fate == "kept",
        output_bytes=int(output_bytes),
        output_zero_point=int(zero_point),
        ops=int(values["ops"]),
        flash_bytes=int(values["flash"]),
        ram_bytes=int(values["ram"]),
        arena_bytes=int(values["arena"]),
        clock_hz=int(values["clock"]),
        tick_unit=tick_unit,
        ticks_per_second=int(rate),
        warning=values["warning"],
        reset=values["reset"],
    )


def parse_inference(lines: Sequence[str]) -> Inference:
    """The sealed line of `run%`.

    Raises:
        Garbled: It was lost or damaged.
    """
    ticks, output = _sealed(lines, "run")[0].split(",")
    return Inference(int(ticks), bytes.fromhex(output))


def parse_profile(lines: Sequence[str]) -> Profile:
    """Reply to `prof%`.

    Raises:
        Garbled: A line was lost or damaged, or an operator is missing.
    """
    *rows, total = _sealed(lines, *["op"] * (len(lines) - 1), "total")
    ops = []
    for position, row in enumerate(rows):
        index, ticks, name = row.split(",", 2)
        if int(index) != position:
            raise Garbled(f"operator {position} is missing in the profile")
        ops.append(OpTicks(position, name, int(ticks)))
    return Profile(tuple(ops), int(total))


def parse_watchdog(lines: Sequence[str]) -> int:
    """Milliseconds of the reply to `watchdog N%`.

    Raises:
        Garbled: The line was lost or damaged.
    """
    return int(_sealed(lines, "watchdog")[0])


def parse_memory(lines: Sequence[str]) -> Memory:
    """Reply to `mem%`.

    Raises:
        Garbled: The line was lost or damaged.
    """
    return Memory(*map(int, _sealed(lines, "memory")[0].split(",")))
