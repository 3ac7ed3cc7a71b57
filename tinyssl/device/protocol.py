"""What a device's reply lines mean. Text in, values out: no link, no waiting.

A reply is a list of lines without their ends and without the closing `m-ready`. Lines of tinyssl's
own commands are sealed: `m-tinyssl-<key>-[<values>]-<crc>`, the CRC-32 of all before its `-`.

Whatever the lines hold, the functions raise `DeviceError` and its subclasses alone.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyssl.core.errors import DeviceError
from tinyssl.core.text import percent_decoded
from tinyssl.device.faults import Fault, find_fault
from tinyssl.device.fields import SHOWN, LineFields
from tinyssl.device.words import words
from tinyssl.graph.model import DType

ERROR_LINE = re.compile(r"e-\[(.*)\]")
SEALED_LINE = re.compile(r"(m-tinyssl-([a-z0-9]+)-\[(.*)\])-([0-9a-f]{8})")
CABLE = "check cable and baud rate"

UINT32 = 2**32 - 1
MAX_TENSOR_BYTES = 2**24
"""Of input and output: more than any microcontroller's RAM"""
MAX_TENSORS = 2**10
MAX_OPS = 2**16
MAX_TICKS = 2**53
"""104 days in nanoseconds; whatever a tick is, figures made of it are exact"""
MAX_RATE = 10**12
"""Of ticks and clock, a second"""
MAX_MEMORY = 2**40
INPUT_TYPES = tuple(dtype.value for dtype in DType)
TICK_UNITS = ("cycles", "instructions", "microseconds", "nanoseconds")


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
    """Of the first input"""
    input_is_uint8: bool
    """`bin` and `run` take its int8 as pixels, q + 128"""
    input_kept: bool
    """Inputs serve many inferences; false: they must be sent again for each"""
    output_bytes: int
    """Of the first output"""
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
    inputs: int = 1
    outputs: int = 1
    tensors: int = 2
    """Named tensors in all"""
    frame_bytes: int = 128
    """Most bytes of parameters, states or samples in one frame"""
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
class MemoryPeaks:
    """Most bytes that were ever in use; 0 of 0: unknown."""

    arena_used: int
    arena_bytes: int
    stack_used: int
    stack_bytes: int


def frame(command: str, data: bytes) -> bytes:
    """`command` (bin, run, or set with tensor and offset) with `data` behind it."""
    return f"{command} {len(data)} {zlib.crc32(data):08x}%".encode() + data


def restarted(line: str) -> bool:
    """Whether a line tells of a restart: a fault's report, or a line of the boot banner."""
    replies = words().replies
    banner = (replies["init_done"], replies["mode_performance"], replies["mode_energy"])
    return line in banner or find_fault(line) is not None


def check_lines(lines: Sequence[str]) -> None:
    """Refuses a reply that holds a fault's report, a boot banner or an error.

    Raises:
        Faulted: The report of a fault is in it.
        WasReset: The boot banner is in it.
        DeviceError: An `e-[…]` line is in it.
    """
    for line in lines:
        if fault := find_fault(line):
            raise Faulted(fault)
    if any(map(restarted, lines)):
        raise WasReset(
            "the device was reset while it should have answered",
            hint="check its supply and cable, then run the command again",
        )
    for line in lines:
        if error := ERROR_LINE.fullmatch(line):
            raise DeviceError(
                f"the device answered: {error[1][:SHOWN]}", hint="docs/PROTOCOL.md lists its errors"
            )


def unseal(line: str) -> LineFields:
    """Key and values of a sealed line.

    Raises:
        Garbled: It is none, or its CRC is wrong.
    """
    match = SEALED_LINE.fullmatch(line)
    if match is None:
        raise Garbled(f"unexpected reply {line[:SHOWN]!r}", hint=CABLE)
    body, key, text, crc = match.groups()
    found = zlib.crc32(body.encode("utf-8", "surrogateescape"))
    if int(crc, 16) != found:
        raise Garbled(f"CRC of a reply is {found:08x}, not {crc}: {line[:SHOWN]!r}", hint=CABLE)
    return LineFields(line, key, text)


def sealed_lines(lines: Sequence[str], *keys: str) -> list[LineFields]:
    """Sealed lines that must be exactly `keys`, in order."""
    found = [unseal(line) for line in lines]
    if [fields.key for fields in found] != list(keys):
        raise Garbled(
            f"reply has the lines {_shown([fields.key for fields in found])};"
            f" expected {_shown(keys)}",
            hint=CABLE,
        )
    return found


def _shown(keys: Sequence[str]) -> str:
    text = ", ".join(keys) or "none"
    return text if len(text) <= 2 * SHOWN else f"{text[: 2 * SHOWN]} … ({len(keys)} lines)"


def parse_identity(lines: Sequence[str]) -> Identity:
    """Reply to `tinyssl%`.

    Raises:
        Garbled: A line was lost or damaged.
        BadValue: A value is none that it can be.
        DeviceError: The firmware speaks another version of the protocol.
    """
    first = unseal(lines[0]) if lines else None
    if first is not None and first.key == "protocol":
        version = first.number(0, UINT32)
        if version != words().version:
            raise DeviceError(
                f"the firmware speaks version {version} of the protocol; this tinyssl speaks"
                f" {words().version}",
                hint="run `tinyssl build` and `tinyssl flash`",
            )
    keys = list(words().identity)
    fields = dict(zip(keys, sealed_lines(lines, *keys), strict=True))
    return Identity(
        protocol=words().version,
        board=fields["board"].name,
        engine=fields["engine"].name,
        model=fields["model"].name,
        warning=fields["warning"].name,
        reset=fields["reset"].name,
        model_sha256=fields["sha256"].text,
        build_id=fields["build"].text,
        frame_bytes=fields["frame"].number(1, UINT32),
        ops=fields["ops"].number(1, MAX_OPS),
        flash_bytes=fields["flash"].number(0, MAX_MEMORY),
        ram_bytes=fields["ram"].number(0, MAX_MEMORY),
        arena_bytes=fields["arena"].number(0, UINT32),
        clock_hz=fields["clock"].number(1, MAX_RATE),
        **_input(fields["input"]),
        **_output(fields["output"]),
        **_tensors(fields["tensors"]),
        **_tick(fields["tick"]),
    )


def _input(fields: LineFields) -> dict[str, Any]:
    size, kind, fate = fields.split(3)
    return {
        "input_bytes": fields.number(1, MAX_TENSOR_BYTES, size),
        "input_is_uint8": fields.choice(INPUT_TYPES, kind) == "uint8",
        "input_kept": fields.choice(("kept", "used"), fate) == "kept",
    }


def _output(fields: LineFields) -> dict[str, Any]:
    size, zero_point, scale = fields.split(3)
    fields.number(0, UINT32, scale)
    return {
        "output_bytes": fields.number(1, MAX_TENSOR_BYTES, size),
        "output_zero_point": fields.number(-(2**31), 2**31 - 1, zero_point),
    }


def _tensors(fields: LineFields) -> dict[str, Any]:
    numbers = zip(("inputs", "outputs", "tensors"), fields.split(3), strict=True)
    return {name: fields.number(1, MAX_TENSORS, text) for name, text in numbers}


def _tick(fields: LineFields) -> dict[str, Any]:
    unit, rate = fields.split(2)
    return {
        "tick_unit": fields.choice(TICK_UNITS, unit),
        "ticks_per_second": fields.number(1, MAX_RATE, rate),
    }


def parse_inference(lines: Sequence[str], output_bytes: int | None = None) -> Inference:
    """The sealed line of `run%`.

    Args:
        lines: The reply.
        output_bytes: What `Identity` says; None: any.

    Raises:
        Garbled: It was lost or damaged.
        BadValue: Ticks or output are none, or the output has another size.
    """
    (fields,) = sealed_lines(lines, "run")
    ticks, output = fields.split(2)
    return Inference(fields.number(0, MAX_TICKS, ticks), fields.hex_bytes(output_bytes, output))


def parse_profile(lines: Sequence[str], ops: int | None = None) -> Profile:
    """Reply to `prof%`.

    Args:
        lines: The reply.
        ops: Operators, as `Identity` says; None: as many as there are lines.

    Raises:
        Garbled: A line was lost or damaged, or an operator is missing.
        BadValue: A value is none that it can be.
    """
    count = len(lines) - 1 if ops is None else ops
    *rows, total = sealed_lines(lines, *["op"] * count, "total")
    found = []
    for position, row in enumerate(rows):
        index, ticks, name = row.split(3)
        if row.number(0, MAX_OPS, index) != position:
            raise Garbled(f"operator {position} is missing in the profile", hint=CABLE)
        found.append(OpTicks(position, percent_decoded(name), row.number(0, UINT32, ticks)))
    return Profile(tuple(found), total.number(0, MAX_TICKS))


def parse_watchdog(lines: Sequence[str]) -> int:
    """Milliseconds of the reply to `watchdog N%`.

    Raises:
        Garbled: The line was lost or damaged.
        BadValue: It is no such number.
    """
    (fields,) = sealed_lines(lines, "watchdog")
    return fields.number(1, UINT32)


def parse_memory(lines: Sequence[str]) -> MemoryPeaks:
    """Reply to `mem%`.

    Raises:
        Garbled: The line was lost or damaged.
        BadValue: A value is none that it can be.
    """
    (fields,) = sealed_lines(lines, "memory")
    return MemoryPeaks(*(fields.number(0, UINT32, text) for text in fields.split(4)))
