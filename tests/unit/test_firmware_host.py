"""The firmware, byte by byte, on a pseudo-terminal: MLPerf Tiny's commands, ours, every guard.

Oracle of the values: the test engine's three sums in numpy.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.host_firmware import HostFirmware
from tinyssl.device.link import Link, open_link
from tinyssl.device.protocol import unseal

INPUT_BYTES = 48
WIRE = bytes(range(INPUT_BYTES))
READY = "m-ready"


def expected_output(wire: bytes) -> list[int]:
    """Sum, exclusive or and alternating sum of q = u - 128, mod 256, as int8."""
    values = np.frombuffer(wire, np.uint8) ^ 0x80
    sums = [
        int(values.sum()) % 256,
        int(np.bitwise_xor.reduce(values)),
        (int(values[::2].sum()) - int(values[1::2].sum())) % 256,
    ]
    return [value - 256 if value > 127 else value for value in sums]


class Terminal:
    """Sends bytes, gives back lines."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def lines(self, silence: float = 0.1) -> list[str]:
        """All that comes until the device is silent."""
        received = self.link.read(5.0)
        while data := self.link.read(silence):
            received += data
        assert received == b"" or received.endswith(b"\r\n")
        return received.decode().split("\r\n")[:-1]

    def until_ready(self, count: int = 1) -> list[str]:
        """Lines up to the count-th `m-ready`, each of which must be there."""
        received = b""
        while received.count(b"m-ready\r\n") < count:
            data = self.link.read(5.0)
            assert data, f"no m-ready after {received!r}"
            received += data
        assert received.endswith(b"m-ready\r\n")
        return received.decode().split("\r\n")[:-1]

    def ask(self, command: str | bytes) -> list[str]:
        """Reply without its `m-ready`."""
        self.link.write(command.encode() if isinstance(command, str) else command)
        *reply, ready = self.until_ready()
        assert ready == READY
        return reply


def frame(command: str, data: bytes, crc: int | None = None) -> bytes:
    return f"{command} {len(data)} {zlib.crc32(data) if crc is None else crc:08x}%".encode() + data


def opened(link: Link) -> Terminal:
    """The banner is dropped: opening the port may have cut it."""
    while link.read(0.2):
        pass
    return Terminal(link)


@pytest.fixture(scope="module")
def shared_terminal(shared_firmware) -> Iterator[Terminal]:
    link = open_link(shared_firmware.port, 115200)
    yield opened(link)
    link.close()


@pytest.fixture
def terminal(shared_terminal: Terminal) -> Terminal:
    """The firmware just after its start."""
    mode, lap, done = shared_terminal.ask("reset%")
    assert (mode, done) == ("m-timestamp-mode-performance", "m-init-done")
    assert re.fullmatch("m-lap-us-[0-9]+", lap)
    return shared_terminal


def test_a_burst_of_eight_names_gets_eight_answers(terminal: Terminal) -> None:
    terminal.link.write(b"name%" * 8)
    assert terminal.until_ready(8) == ["m-name-dut-[host]", READY] * 8


def test_nothing_comes_unasked_after_ready(terminal: Terminal) -> None:
    terminal.ask("name%")
    assert terminal.link.read(0.3) == b""


def frame_usage(command: str) -> str:
    return f"e-[Command '{command}' takes the number of bytes and their CRC-32 (8 hex digits)]"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("name%", ["m-name-dut-[host]"]),
        ("\r\nna\0me\n%", ["m-name-dut-[host]"]),
        ("  name  %", ["m-name-dut-[host]"]),
        ("profile%", ["m-profile-[tinyssl 0.1.0]", "m-model-[sum]"]),
        ("%", []),
        (" %", []),
        ("bogus 1%", ["e-[Unknown command: bogus]"]),
        ("NAME%", ["e-[Unknown command: NAME]"]),
        ("m-ready%", ["e-[Unknown command: m?ready]"]),
        ("a]b\x1b[31m%", ["e-[Unknown command: a?b??31m]"]),
        (b"\xff\xfe%", ["e-[Unknown command: ??]"]),
        ("y" * 128 + "%", [f"e-[Unknown command: {'y' * 24}]"]),
        ("x" * 129 + "%", ["e-[Command is longer than 128 characters]"]),
        ("x" * 5000 + "%", ["e-[Command is longer than 128 characters]"]),
        ("db%", ["e-[Command 'db' requires a subcommand]"]),
        ("db load%", ["e-[Command 'db load' requires the # of bytes]"]),
        ("db load 0%", ["e-[Command 'db load' must be >0 bytes]"]),
        ("db load 49%", ["e-[Command 'db load' takes 1 to 48 bytes]"]),
        ("db load -1%", ["e-[Command 'db load' takes 1 to 48 bytes]"]),
        ("db load 4294967297%", ["e-[Command 'db load' takes 1 to 48 bytes]"]),
        ("db 00%", ["e-[Command 'db' needs 'db load' first]"]),
        ("db print%", []),
        ("results%", ["e-[No inference has run yet]"]),
        ("infer 0%", ["e-[Inference iterations must be >0]"]),
        ("infer x%", ["e-[Inference iterations must be >0]"]),
        ("infer 4294967296%", ["e-[Inference iterations must be >0]"]),
        ("infer 1 -1%", ["e-[Inference warmups must be >=0]"]),
        ("infer 1 0%", ["e-[Input has 0 of 48 bytes]"]),
        ("run%", ["e-[Input has 0 of 48 bytes]"]),
        ("prof%", ["e-[Input has 0 of 48 bytes]"]),
        ("bin%", [frame_usage("bin")]),
        ("bin 48%", [frame_usage("bin")]),
        ("bin 0 00000000%", [frame_usage("bin")]),
        ("run 48 123456789%", [frame_usage("run")]),
        ("run 48 1234567%", [frame_usage("run")]),
        ("run 48 1234567g%", [frame_usage("run")]),
    ],
)
def test_reply(terminal: Terminal, command: str | bytes, reply: list[str]) -> None:
    assert terminal.ask(command) == reply
    assert terminal.ask("name%") == ["m-name-dut-[host]"]


def test_timestamps_are_microseconds_and_rise(terminal: Terminal) -> None:
    first, second = (int(terminal.ask("timestamp%")[0].removeprefix("m-lap-us-")) for _ in "ab")
    assert 0 < second - first < 10_000_000


def test_help_names_every_command(terminal: Terminal) -> None:
    words = {
        line.removeprefix("m-help-[").split(":")[0].split()[0] for line in terminal.ask("help%")
    }
    assert words >= {"name", "profile", "timestamp", "db", "infer", "results", "help"}
    assert words >= {"tinyssl", "bin", "run", "prof", "mem", "reset"}


def load_hex(terminal: Terminal, wire: bytes) -> None:
    """As MLPerf's runner does: 31 bytes a line."""
    assert terminal.ask(f"db load {len(wire)}%") == [f"m-[Expecting {len(wire)} bytes]"]
    parts = [wire[i : i + 31] for i in range(0, len(wire), 31)]
    for part in parts[:-1]:
        assert terminal.ask(f"db {part.hex()}%") == []
    assert terminal.ask(f"db {parts[-1].hex().upper()}%") == ["m-load-done"]


def results_line(wire: bytes) -> str:
    milli = [int((q + 128) * 1000 / 256 + 0.5) for q in expected_output(wire)]
    return "m-results-[" + ",".join(f"{value / 1000:.3f}" for value in milli) + "]"


@pytest.mark.parametrize(("count", "warmups"), [(1, 0), (3, 0), (1, 2), (4, 3)])
def test_infer_gives_the_first_result_though_the_engine_overwrites_its_input(
    terminal: Terminal, count: int, warmups: int
) -> None:
    wire = bytes(7 * i % 256 for i in range(INPUT_BYTES))
    load_hex(terminal, wire)
    for _ in range(2):  # the wire's copy of the input is still whole the second time
        reply = terminal.ask(f"infer {count} {warmups}%")
        assert reply[:3] == [
            f"m-warmup-start-{warmups}",
            "m-warmup-done",
            f"m-infer-start-{count}",
        ]
        start, stop = (int(line.removeprefix("m-lap-us-")) for line in reply[3:5])
        assert stop >= start
        assert reply[5:] == ["m-infer-done", results_line(wire)]
    assert terminal.ask("results%") == [results_line(wire)]


def test_infer_defaults_are_those_of_the_reference(terminal: Terminal) -> None:
    load_hex(terminal, WIRE)
    reply = terminal.ask("infer%")
    assert (reply[0], reply[2]) == ("m-warmup-start-10", "m-infer-start-1")


def test_db_refuses_what_would_not_fit(terminal: Terminal) -> None:
    assert terminal.ask("db load 4%") == ["m-[Expecting 4 bytes]"]
    assert terminal.ask("db 0%") == ["e-[Insufficent number of hex digits]"]
    assert terminal.ask("db 01g2%") == ["e-[Invalid hex digit 'g2']"]
    assert terminal.ask("db 0102%") == []
    assert terminal.ask("db 0304ffffffff%") == ["m-load-done"]  # digits after the last are dropped
    assert terminal.ask("db 05%") == ["e-[All 4 bytes are loaded; 'db load' starts again]"]
    assert terminal.ask("db print%") == ["m-buffer-01-02-03-04"]
    assert terminal.ask("infer 1 0%") == ["e-[Input has 4 of 48 bytes]"]


def test_db_prints_eight_bytes_a_line(terminal: Terminal) -> None:
    load_hex(terminal, WIRE)
    reply = terminal.ask("db print%")
    assert len(reply) == 6
    assert reply[1] == "m-buffer-08-09-0a-0b-0c-0d-0e-0f"


def test_run_takes_a_frame_and_answers_output_and_ticks(terminal: Terminal) -> None:
    wire = b"%" * 24 + bytes(24)  # bytes that would be commands, or ignored, in text
    loaded, sealed = terminal.ask(frame("run", wire))
    fields = unseal(sealed)
    key, value = fields.key, fields.text
    ticks, output = value.split(",")
    assert (loaded, key) == ("m-load-done", "run")
    assert int(ticks) > 0
    assert np.frombuffer(bytes.fromhex(output), np.int8).tolist() == expected_output(wire)
    assert unseal(terminal.ask("run%")[0]).text.split(",")[1] == output
    assert terminal.ask("results%") == [results_line(wire)]


@pytest.mark.parametrize(
    ("spare", "fate"), [(None, "used"), (INPUT_BYTES - 1, "used"), (INPUT_BYTES, "kept")]
)
def test_a_large_input_is_kept_where_spare_ram_has_room(
    start_firmware: Callable[..., HostFirmware], spare: int | None, fate: str
) -> None:
    room = [] if spare is None else [f"TEST_SPARE_BYTES={spare}"]
    firmware = start_firmware("TINYSSL_KEEP_INPUT=0", *room)
    terminal = opened(open_link(firmware.port, 115200))
    identity = {line.key: line.text for line in map(unseal, terminal.ask("tinyssl%"))}
    assert identity["input"] == f"{INPUT_BYTES},uint8,{fate}"
    sealed = terminal.ask(frame("run", WIRE))[1]
    output = bytes(value % 256 for value in expected_output(WIRE)).hex()
    assert unseal(sealed).text.split(",")[1] == output
    (again,) = terminal.ask("run%")
    if fate == "kept":
        assert unseal(again).text.split(",")[1] == output
    else:
        assert again == "e-[Input has 0 of 48 bytes]"
    load_hex(terminal, WIRE)  # and received piece by piece
    assert terminal.ask("infer 2 1%")[-1] == results_line(WIRE)
    terminal.link.close()


def test_a_frame_with_a_wrong_crc_is_refused_and_not_run(terminal: Terminal) -> None:
    assert terminal.ask(frame("bin", WIRE)) == ["m-load-done"]
    wrong = zlib.crc32(WIRE) ^ 1
    assert terminal.ask(frame("run", WIRE, wrong)) == [
        f"e-[Frame CRC is {zlib.crc32(WIRE):08x}, not {wrong:08x}]"
    ]
    assert terminal.ask("run%") == ["e-[Input has 0 of 48 bytes]"]


@pytest.mark.parametrize("size", [1, 47, 49, 5000])
def test_a_frame_of_another_size_is_taken_and_refused(terminal: Terminal, size: int) -> None:
    reply = terminal.ask(frame("bin", b"name%" * (size // 5) + b"x" * (size % 5)))
    assert reply == [f"e-[Frame has {size} bytes; the input has 48]"]
    assert terminal.ask("name%") == ["m-name-dut-[host]"]


@pytest.mark.parametrize("missing", [1, 48])
def test_a_frame_that_never_ends_is_given_up(terminal: Terminal, missing: int) -> None:
    data = frame("run", WIRE)
    assert terminal.ask(data[:-missing]) == [f"e-[Frame ended after {48 - missing} of 48 bytes]"]
    assert terminal.ask("name%") == ["m-name-dut-[host]"]


def test_profile_has_every_operator(terminal: Terminal) -> None:
    terminal.ask(frame("bin", WIRE))
    *ops, total = map(unseal, terminal.ask("prof%"))
    rows = [op.text.split(",") for op in ops]
    assert [(row[0], row[2]) for row in rows] == [
        ("0", "#0 SUM"),
        ("1", "#1 XOR"),
        ("2", "#2 ALTERNATE"),
        ("3", "#3 COPY"),
    ]
    assert total.key == "total"
    assert sum(int(row[1]) for row in rows) <= int(total.text)


def test_an_engine_that_fails_is_an_error_line(terminal: Terminal) -> None:
    wire = b"\xff" * INPUT_BYTES  # q = 127 everywhere: the test engine's error 7
    assert terminal.ask(frame("run", wire)) == ["m-load-done", "e-[Engine error 7]"]
    assert terminal.ask("prof%") == ["e-[Engine error 7]"]
    assert terminal.ask("infer 1 0%")[-1] == "e-[Engine error 7]"
    assert terminal.ask("results%") == ["e-[No inference has run yet]"]


def test_an_engine_that_does_not_start_still_answers(
    start_firmware: Callable[..., HostFirmware],
) -> None:
    firmware = start_firmware(environment={"TEST_ENGINE_BROKEN": "1"})
    terminal = opened(open_link(firmware.port, 115200))
    assert terminal.ask("name%") == ["m-name-dut-[host]"]
    assert terminal.ask(frame("run", WIRE)) == ["m-load-done", "e-[Engine: arena is too small]"]
    terminal.link.close()


def test_reset_starts_anew_on_the_same_terminal(terminal: Terminal) -> None:
    load_hex(terminal, WIRE)
    assert terminal.ask("reset%")[-1] == "m-init-done"
    assert terminal.ask("run%") == ["e-[Input has 0 of 48 bytes]"]


def test_energy_mode_pulses_instead_of_printing(
    start_firmware: Callable[..., HostFirmware], tmp_path: Path
) -> None:
    pulses = tmp_path / "pulses"
    firmware = start_firmware(
        "TINYSSL_ENERGY_MODE=1", environment={"TINYSSL_HOST_PULSES": str(pulses)}
    )
    terminal = opened(open_link(firmware.port, 115200))
    assert terminal.ask("reset%") == ["m-timestamp-mode-energy", "m-init-done"]
    load_hex(terminal, WIRE)
    before = len(pulses.read_text().splitlines())
    reply = terminal.ask("infer 2 1%")
    assert not any("m-lap" in line for line in reply)
    assert len(pulses.read_text().splitlines()) - before == 2
    terminal.link.close()
