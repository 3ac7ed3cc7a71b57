"""Reply lines to values. Oracle of the CRC: zlib; damage is done byte by byte."""

import zlib

import pytest

from tinyssl.core.errors import DeviceError
from tinyssl.device.fields import LineFields
from tinyssl.device.protocol import (
    Garbled,
    Inference,
    MemoryPeaks,
    WasReset,
    check_lines,
    frame,
    parse_identity,
    parse_inference,
    parse_memory,
    parse_profile,
    unseal,
)
from tinyssl.device.words import words


def seal(key: str, value: str) -> str:
    body = f"m-tinyssl-{key}-[{value}]"
    return f"{body}-{zlib.crc32(body.encode()):08x}"


def identity_lines(**changes: str) -> list[str]:
    values = {
        "protocol": str(words().version),
        "board": "host",
        "engine": "aot",
        "model": "sum",
        "sha256": "00" * 32,
        "build": "0123456789abcdef",
        "input": "48,uint8,kept",
        "output": "3,-128,256000",
        "tensors": "1,1,2",
        "frame": "4096",
        "ops": "4",
        "flash": "0",
        "ram": "0",
        "arena": "64",
        "clock": "1000000000",
        "tick": "nanoseconds,1000000000",
        "warning": "PLL did not lock: 64 MHz",
        "reset": "brown-out",
    }
    return [seal(key, value) for key, value in (values | changes).items()]


def test_every_lost_or_changed_byte_of_a_sealed_line_is_noticed() -> None:
    line = seal("run", "1022,6800e8")
    assert unseal(line) == LineFields(line, "run", "1022,6800e8")
    for i in range(len(line)):
        for damaged in (line[:i] + line[i + 1 :], line[:i] + chr(ord(line[i]) ^ 1) + line[i + 1 :]):
            with pytest.raises(Garbled):
                unseal(damaged)


def test_inference() -> None:
    assert parse_inference([seal("run", "9007199254740992,80ff7f")]) == Inference(
        2**53, b"\x80\xff\x7f"
    )


def test_profile_and_a_missing_operator() -> None:
    ops = [seal("op", "0,10,#0 CONV_2D"), seal("op", "1,20,#1 ADD"), seal("total", "31")]
    profile = parse_profile(ops)
    assert [(op.name, op.ticks) for op in profile.ops] == [("#0 CONV_2D", 10), ("#1 ADD", 20)]
    assert profile.total_ticks == 31
    with pytest.raises(Garbled, match="operator 0 is missing"):
        parse_profile(ops[1:])
    with pytest.raises(Garbled, match="expected op, total"):
        parse_profile(ops[:2])
    with pytest.raises(Garbled):
        parse_profile([])


def test_memory() -> None:
    assert parse_memory([seal("memory", "48,64,900,8192")]) == MemoryPeaks(48, 64, 900, 8192)


def test_identity() -> None:
    identity = parse_identity(identity_lines(input="490,int8,used"))
    assert identity.board == "host"
    assert (identity.input_bytes, identity.input_is_uint8, identity.input_kept) == (
        490,
        False,
        False,
    )
    assert (identity.output_bytes, identity.output_zero_point) == (3, -128)
    assert (identity.tick_unit, identity.ticks_per_second) == ("nanoseconds", 10**9)
    assert identity.warning == "PLL did not lock: 64 MHz"
    assert identity.reset == "brown-out"


def test_identity_with_a_line_missing() -> None:
    for i in range(1, len(words().identity)):
        lines = identity_lines()
        del lines[i]
        with pytest.raises(Garbled):
            parse_identity(lines)


def test_another_version_of_the_protocol_is_named() -> None:
    with pytest.raises(DeviceError, match=f"version 99 .* speaks {words().version}") as error:
        parse_identity(identity_lines(protocol="99", extra="new"))
    assert "tinyssl flash" in error.value.hint
    assert not isinstance(error.value, Garbled)


def test_error_lines_and_the_boot_banner() -> None:
    check_lines(["m-load-done"])
    with pytest.raises(DeviceError, match="Engine error 7"):
        check_lines(["m-load-done", "e-[Engine error 7]"])
    with pytest.raises(WasReset, match="was reset"):
        check_lines(["m-load-done", "m-timestamp-mode-performance", "m-lap-us-9", "m-init-done"])


def test_frame() -> None:
    assert frame("run", b"123456789") == b"run 9 cbf43926%123456789"
