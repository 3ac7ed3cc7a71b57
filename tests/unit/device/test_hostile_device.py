"""Whatever a device sends, a session ends in time, keeps little, and says what was sent.

`tools/hostile_device.py` is the long form of the conversations.
"""

import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.played_device import (
    BANNER,
    BOOT,
    ENDLESS,
    IDENTITY,
    INPUT_BYTES,
    OUTPUT_BYTES,
    READY,
    VALUES,
    Hostile,
    PlayedLink,
    PlayedPort,
    Reply,
    honest,
    honest_lines,
    seal,
)
from tinyssl.core.errors import DeviceError, DeviceTimeout
from tinyssl.device import Session, WasReset, open_link
from tinyssl.device import link as link_module
from tinyssl.device.fields import BadValue
from tinyssl.device.protocol import (
    Faulted,
    check_lines,
    parse_identity,
    parse_inference,
    parse_memory,
    parse_profile,
    parse_watchdog,
)
from tinyssl.device.tensors import parse_data, parse_state, parse_tensors
from tinyssl.device.words import words
from tools.hostile_device import campaign

WIRE = bytes(INPUT_BYTES)
PARSERS = (
    check_lines,
    parse_identity,
    parse_inference,
    parse_memory,
    parse_profile,
    parse_watchdog,
    parse_state,
    partial(parse_tensors, count=2),
    partial(parse_data, tensor=1, offset=0, size=OUTPUT_BYTES),
)


def test_conversations_with_a_device_that_does_anything() -> None:
    ends = campaign(range(150))
    assert ends["ok"] > 20
    assert {"DeviceTimeout", "WasReset", "BadValue"} <= set(ends)


KEYS = st.sampled_from([*IDENTITY, *words().sealed])
TEXTS = st.sampled_from(VALUES) | st.lists(st.sampled_from(VALUES), max_size=5).map(",".join)
LINES = st.one_of(
    st.builds(seal, KEYS, TEXTS).map(lambda line: line.decode("utf-8", "surrogateescape").strip()),
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.sampled_from(["m-init-done", "e-[x]", "e-[fault pc=0x00000000 A]", "m-load-done"]),
)


@given(st.lists(LINES, max_size=18), st.sampled_from(PARSERS))
def test_parsers_raise_device_errors_alone(
    lines: list[str], parse: Callable[[list[str]], object]
) -> None:
    told = None
    try:
        parse(lines)
    except DeviceError as error:
        told = error
    assert told is None or (told.hint and len(told.message) < 1500)


def replied(**changes: tuple[str, str]) -> Callable[[str], Reply]:
    """A device that tells other values in one reply: command -> (key, text)."""

    def reply(command: str) -> Reply:
        name = command.split(maxsplit=1)[0] if command else ""
        lines = honest_lines(command)
        if name in changes:
            key, text = changes[name]
            start = f"m-tinyssl-{key}-".encode()
            lines = [seal(key, text) if line.startswith(start) else line for line in lines]
        yield b"".join(lines) + READY

    return reply


@pytest.mark.parametrize(
    ("command", "key", "text"),
    [
        ("tinyssl", "protocol", "x"),
        ("tinyssl", "ops", "six"),
        ("tinyssl", "ops", "-5"),
        ("tinyssl", "ops", "0"),
        ("tinyssl", "input", "784"),
        ("tinyssl", "input", "0,uint8,kept"),
        ("tinyssl", "input", "99999999999,uint8,kept"),
        ("tinyssl", "input", "48,float,kept"),
        ("tinyssl", "output", "10,-2147483649,0"),
        ("tinyssl", "tensors", "0,1,2"),
        ("tinyssl", "tensors", "1,1"),
        ("tinyssl", "output", "10,-128,nan"),
        ("tinyssl", "flash", "9" * 6000),
        ("tinyssl", "flash", "9" * 3000),
        ("tinyssl", "arena", "-1"),
        ("tinyssl", "clock", "0"),
        ("tinyssl", "tick", "nanoseconds,0"),
        ("tinyssl", "tick", "parsecs,1"),
        ("run", "run", "1000,zz"),
        ("run", "run", "1000,00"),
        ("run", "run", f"1000,{'00' * 1000}"),
        ("run", "run", f"-5,{'00' * 10}"),
        ("run", "run", f"{'9' * 30},{'00' * 10}"),
        ("run", "run", "1000"),
        ("prof", "op", "0,-1,#0 ADD"),
        ("prof", "op", "x,1,#0 ADD"),
        ("prof", "op", "0,1"),
        ("prof", "total", "nan"),
        ("mem", "memory", "1,2,3"),
        ("mem", "memory", "-1,5,99999999999999999999,-4"),
        ("mem", "memory", "1,2,3,4,5"),
        ("watchdog", "watchdog", "0"),
    ],
)
def test_a_value_that_cannot_be_names_its_line(command: str, key: str, text: str) -> None:
    """The CRC is right: no number, out of range, too few or too many, another size."""
    session = Session(PlayedLink(replied(**{command: (key, text)})), timeout=0.1, retries=3)
    use: dict[str, Callable[[], object]] = {
        "tinyssl": session.identity,
        "run": partial(session.infer, WIRE),
        "prof": session.profile,
        "mem": session.memory,
        "watchdog": partial(session.watchdog, 3.0),
    }
    with pytest.raises(DeviceError) as error:
        use[command]()
    if len(text) < 4000:  # else it is no line that a device sends
        assert isinstance(error.value, BadValue)
        assert f"m-tinyssl-{key}-[{text[:20]}" in error.value.message
        assert session.retried == 0  # asking again would not help
    assert len(error.value.message) < 1000


@pytest.mark.parametrize("ops", [5, 7])
def test_a_profile_of_other_operators_is_an_error(ops: int) -> None:
    def reply(command: str) -> Reply:
        if command != "prof":
            return honest(command)
        rows = [seal("op", f"{index},1,x") for index in range(ops)]
        return iter([b"".join([*rows, seal("total", "9")]) + READY])

    with pytest.raises(DeviceError, match="reply has the lines"):
        Session(PlayedLink(reply), timeout=0.1, retries=1).profile()


@pytest.mark.parametrize("way", ENDLESS)
@pytest.mark.parametrize("when", ["name", "tinyssl", "run", "prof"])
def test_what_never_ends_is_a_timeout_and_little_is_kept(way: str, when: str) -> None:
    hostile = Hostile(1, one_in=1, ways=(way,))

    def reply(command: str) -> Reply:
        return hostile("mem") if command.startswith(when) else honest(command)

    tracemalloc.start()
    try:
        started = time.monotonic()
        with pytest.raises((DeviceTimeout, DeviceError)) as error:
            converse(Session(PlayedLink(reply), timeout=0.2, retries=3))
        assert time.monotonic() - started < 2.0
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
    assert error.value.exit_code in (5, 1)
    assert re.search("it sent last: '|nothing but blank lines and NULs", error.value.message)
    assert len(error.value.message) < 1000


def converse(session: Session) -> None:
    session.sync()
    session.infer(WIRE)
    session.profile()


def boot_loop(command: str) -> Reply:
    """Honest up to the profile, in which the board restarts, for ever."""
    if command != "prof":
        yield from honest(command)
    while command == "prof":
        yield BOOT


@pytest.fixture
def play() -> Iterator[Callable[..., str]]:
    """reply -> a port at which it is played."""
    ports: list[PlayedPort] = []

    def start(reply: Callable[[str], Reply], pause: float = 0.0) -> str:
        ports.append(PlayedPort(reply, pause))
        return ports[-1].name

    yield start
    for port in ports:
        port.close()


def test_a_boot_loop_ends_in_time_and_shows_the_last_lines(play: Callable[..., str]) -> None:
    with Session(open_link(play(boot_loop, pause=0.02), 921600), timeout=0.5) as session:
        started = time.monotonic()
        with pytest.raises(DeviceTimeout) as error:
            converse(session)
        assert time.monotonic() - started < 12
    assert "'rst:0x10 (RTCWDT_RTC_RESET)' | 'flash read err, 1000'" in error.value.message
    assert "restarts in a loop" in error.value.hint


def test_a_line_now_and_then_does_not_renew_the_time(play: Callable[..., str]) -> None:
    def dribble(command: str) -> Reply:
        while command == "tinyssl":
            yield b"x\r\n"
        yield from honest(command)

    with Session(open_link(play(dribble, pause=0.1), 921600), timeout=0.6, retries=0) as session:
        session.sync()
        started = time.monotonic()
        with pytest.raises(DeviceTimeout, match="did not answer in time; it sent last: 'x'"):
            session.identity()
        assert time.monotonic() - started < 2


def test_a_reply_in_pieces_is_one(play: Callable[..., str]) -> None:
    pieces = Hostile(1, one_in=1, ways=("split",))
    with Session(open_link(play(pieces), 921600), timeout=5.0) as session:
        converse(session)
        assert session.retried == 0


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (b"e-[fault pc=0x00000001 lr=0x00000002 STKERR]\r\n", Faulted),
        (b"m-init-done\r\n", WasReset),
        (BANNER, WasReset),
    ],
)
def test_a_restart_that_is_followed_by_nothing_or_noise_is_told(
    end: bytes, kind: type[DeviceError]
) -> None:
    for rest in ([], [b"ets Jun 8\r\n" * 100] * 3):

        def reply(command: str, rest: list[bytes] = rest) -> Reply:
            return iter([end, *rest]) if command == "prof" else honest(command)

        with pytest.raises(kind):
            converse(Session(PlayedLink(reply), timeout=0.1, retries=1))


def test_a_line_that_is_too_long_is_cut_and_the_next_is_read() -> None:
    def reply(command: str) -> Reply:
        return iter([b"x" * 100_000 + b"\r\n"]) if command == "mem" else honest(command)

    session = Session(PlayedLink(reply), timeout=0.1, retries=0)
    with pytest.raises(DeviceTimeout, match="did not answer in time"):
        session.memory()
    assert session.identity().model == "kws-[int8]"


def test_a_device_that_stops_reading_is_a_timeout(play: Callable[..., str]) -> None:
    """It is stuck in a reply, and what would bring it back into step fills the terminal."""

    def stuck(command: str) -> Reply:
        return stalled() if command == "tinyssl" else honest(command)

    def stalled() -> Reply:
        time.sleep(3)
        yield b""

    link = open_link(play(stuck), 921600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link_module, "WRITE_TIMEOUT", 0.2)
        patch.setattr(link_module, "SLOWEST_LINE", 1e5)
        with Session(link, timeout=0.2) as session:
            session.sync()
            with pytest.raises(DeviceTimeout, match=r"did not take 8,198 bytes in 0\.3 s"):
                session.identity()
