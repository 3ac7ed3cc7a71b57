"""A device that is played: it answers as tinyssl's firmware would, or as badly as one can.

`Hostile` spoils honest replies, in ways and with numbers that a seed chooses; some never end.
`PlayedLink` hands replies to a session without a line, `PlayedPort` over a pseudo-terminal.
"""

import contextlib
import os
import random
import threading
import tty
import zlib
from collections import deque
from collections.abc import Callable, Iterator

from tinyssl.device.words import words

INPUT_BYTES, OUTPUT_BYTES, OPS = 48, 10, 6
READY = b"m-ready\r\n"
IDENTITY = {
    "protocol": str(words().version),
    "board": "host",
    "engine": "aot",
    "model": "kws-%5Bint8%5D",
    "sha256": "00" * 32,
    "build": "0123456789abcdef",
    "input": f"{INPUT_BYTES},uint8,kept",
    "output": f"{OUTPUT_BYTES},-128,256000",
    "tensors": "1,1,2",
    "frame": "128",
    "ops": str(OPS),
    "flash": "0",
    "ram": "0",
    "arena": "2144",
    "clock": "1000000000",
    "tick": "nanoseconds,1000000000",
    "warning": "",
    "reset": "power-on",
}
VALUES = (
    *(
        "",
        "six",
        "-1",
        "0",
        "1",
        "00",
        "+1",
        " 1",
        "1 ",
        "1_0",
        "1e5",
        "0x10",
        "nan",
        "inf",
        "-inf",
    ),
    *(
        "9" * 6000,
        "9" * 20,
        "4294967296",
        "18446744073709551615",
        "-2147483649",
        "٣",
        "1,2",
        ",,,,",
    ),
    *("1,2,3,4,5,6,7,8", "zz", "0", "00" * 100_000, "\x1b[2J\x1b]0;x\x07", "\x9b31m", "\u202e"),
    *(
        "a" * 5000,
        "]-00000000",
        "m-ready",
        "%",
        "%zz",
        "%FF%00",
        "[",
        "]",
        "\x00",
        "\x7f",
        "caf\udce9",
    ),
)
"""What a field may be told in place of its value"""
BOOT = b"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x10 (RTCWDT_RTC_RESET)\r\nflash read err, 1000\r\n"
BANNER = b"m-timestamp-mode-performance\r\nm-lap-us-9\r\nm-init-done\r\n" + READY
FAULTS = (
    b"e-[fault pc=0x0000012a lr=0x000000f1 cfsr=0x00008200 FORCED PRECISERR]\r\n",
    b"e-[fault lr=0x000000f1]\r\n",
    b"e-[fault" + b" pc=0x00000000" * 300 + b"]\r\n",
    b"e-[fault pc=0x00000000" + b" A" * 1000 + b"]\r\n",
    b"e-[\x1b[2Jm-ready]\r\n",
    b"e-[" + b"x" * 3000 + b"]\r\n",
    b"e-[]\r\n",
)


def seal(key: str, text: str) -> bytes:
    """A line with a right CRC."""
    body = f"m-tinyssl-{key}-[{text}]".encode("utf-8", "surrogateescape")
    return body + f"-{zlib.crc32(body):08x}\r\n".encode()


RUN = seal("run", f"1000,{'00' * OUTPUT_BYTES}")
LOADED = b"m-load-done\r\n"
REPLIES = {
    "name": [b"m-name-dut-[host]\r\n"],
    "tinyssl": [seal(key, text) for key, text in IDENTITY.items()],
    "run": [RUN],
    "run frame": [LOADED, RUN],
    "bin frame": [LOADED],
    "tensors": [
        seal("tensor", f"0,input,int8,1x{INPUT_BYTES},3b808081,-128,image"),
        seal("tensor", f"1,output,int8,1x{OUTPUT_BYTES},3b800000,-128,scores"),
    ],
    "set frame": [LOADED],
    "get": [seal("data", f"1,0,{'00' * OUTPUT_BYTES}")],
    "state": [seal("state", "reset")],
    "prof": [*(seal("op", f"{i},10,#{i} ADD") for i in range(OPS)), seal("total", "70")],
    "mem": [seal("memory", "2144,2144,0,0")],
    "watchdog": [seal("watchdog", "3000")],
}
"""What firmware replies, without its `m-ready`"""
FRAMED = ("bin", "run", "set")
"""Commands that a frame follows, where they have arguments"""


def honest_lines(command: str) -> list[bytes]:
    """The reply of firmware, without its `m-ready`."""
    name, *rest = command.split() or [""]
    return list(REPLIES.get(f"{name} frame" if rest and name in FRAMED else name, []))


Reply = Iterator[bytes]


def honest(command: str) -> Reply:
    """The reply of firmware."""
    yield b"".join(honest_lines(command)) + READY


class Hostile:
    """Spoils about one reply of `one_in`.

    Args:
        seed: Of all choices.
        one_in: Honest replies between two bad ones, about.
        ways: Names of the ways it may take; default: all.
    """

    def __init__(self, seed: int, one_in: int = 8, ways: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self.one_in = one_in
        self.ways = ways or WAYS

    def __call__(self, command: str) -> Reply:
        rare = 5 if command == "name" else 1  # without a name no conversation begins
        if self.random.randrange(self.one_in * rare):
            return honest(command)
        way: Callable[[list[bytes]], Reply] = getattr(self, self.random.choice(self.ways))
        return way(honest_lines(command))

    def values(self, lines: list[bytes]) -> Reply:
        """Sealed lines with right CRCs and other values."""
        for number, line in enumerate(lines):
            if line.startswith(b"m-tinyssl-") and self.random.randrange(2):
                key, text = line.decode().removeprefix("m-tinyssl-").split("-[", 1)
                parts = text.rsplit("]-", 1)[0].split(",")
                parts[self.random.randrange(len(parts))] = self.random.choice(VALUES)
                lines[number] = seal(key, ",".join(parts))
        yield b"".join(lines) + READY

    def order(self, lines: list[bytes]) -> Reply:
        """Lines that are missing, doubled or shuffled."""
        kept = [line for line in lines for _ in range(self.random.choice((0, 1, 1, 2)))]
        if self.random.randrange(2):
            self.random.shuffle(kept)
        yield b"".join(kept) + READY

    def damage(self, lines: list[bytes]) -> Reply:
        """Bytes changed, lost and put in; the `m-ready` perhaps among them."""
        data = bytearray(b"".join(lines) + READY)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(data) + 1)
            data[at : at + self.random.randrange(3)] = self.random.randbytes(
                self.random.randrange(4)
            )
        yield bytes(data)

    def split(self, lines: list[bytes]) -> Reply:
        """All that is right, in pieces."""
        data = b"".join(lines) + READY
        while data:
            size = self.random.randint(1, 9)
            yield data[:size]
            data = data[size:]

    def fault(self, lines: list[bytes]) -> Reply:
        """A fault or error in the middle, well formed or not, and perhaps a restart."""
        lines.insert(self.random.randint(0, len(lines)), self.random.choice(FAULTS))
        yield b"".join(lines) + self.random.choice((READY, BANNER, b""))

    def restart(self, lines: list[bytes]) -> Reply:
        """The boot banner in place of the rest."""
        yield b"".join(lines[: self.random.randint(0, len(lines))]) + BANNER

    def silence(self, lines: list[bytes]) -> Reply:
        """Nothing, or half of it."""
        yield b"".join(lines)[: self.random.randrange(40)]

    def boot_loop(self, lines: list[bytes]) -> Reply:
        """A boot ROM's banner, for ever."""
        while True:
            yield BOOT

    def endless_lines(self, lines: list[bytes]) -> Reply:
        """One line, for ever."""
        line = self.random.choice((b"x\r\n", b"\r\n", b"\n", *lines))
        while True:
            yield line * 1000

    def endless_line(self, lines: list[bytes]) -> Reply:
        """A line without an end."""
        part = self.random.choice((b"x", b"\0", b"\r", b"m-ready", b"\xff", b"m-tinyssl-run-["))
        while True:
            yield part * 1000

    def noise(self, lines: list[bytes]) -> Reply:
        """What a wrong baud rate gives, for ever."""
        while True:
            yield self.random.randbytes(4000)


WAYS = tuple(name for name in vars(Hostile) if not name.startswith("_"))
ENDLESS = ("boot_loop", "endless_lines", "endless_line", "noise")


class Player:
    """Reads what a host sends, as firmware does, and queues replies."""

    def __init__(self, reply: Callable[[str], Reply]) -> None:
        self._reply = reply
        self._text = b""
        self._frame = 0
        self._command = ""
        self.replies: deque[Reply] = deque()

    def feed(self, data: bytes) -> None:
        while data:
            if self._frame:
                taken = min(self._frame, len(data))
                self._frame, data = self._frame - taken, data[taken:]
                if not self._frame:
                    self.replies.append(self._reply(self._command))
                continue
            head, end, data = data.partition(b"%")
            self._text += head.translate(None, b"\r\n\0")
            if end:
                self._command, self._text = self._text.decode(), b""
                name, *sizes = self._command.split() or [""]
                self._frame = int(sizes[-2]) if sizes and name in FRAMED else 0
                if not self._frame:
                    self.replies.append(self._reply(self._command))

    def next(self) -> bytes:
        """More of the first reply that is not at its end; empty where there is none."""
        while self.replies:
            for part in self.replies[0]:
                return part
            self.replies.popleft()
        return b""


class PlayedLink:
    """A `Link` to a played device, without waiting: where nothing comes, nothing will."""

    name = "played"
    baud = 10**9

    def __init__(self, reply: Callable[[str], Reply]) -> None:
        self._player = Player(reply)

    def write(self, data: bytes) -> None:
        self._player.feed(data)

    def read(self, timeout: float) -> bytes:
        return self._player.next()

    def close(self) -> None:
        pass


class PlayedPort:
    """A pseudo-terminal with a played device at its other end.

    Args:
        reply: What each command is answered.
        pause: Seconds before each part of a reply.
    """

    def __init__(self, reply: Callable[[str], Reply], pause: float = 0.0) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.name = os.ttyname(self._slave)
        self._player = Player(reply)
        self._pause = pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def _play(self) -> None:
        while not self._ended.wait(self._pause or 0.001):
            with contextlib.suppress(BlockingIOError):
                self._player.feed(os.read(self._master, 65536))
            data = self._player.next()
            while data and not self._ended.is_set():
                try:
                    data = data[os.write(self._master, data) :]
                except BlockingIOError:
                    self._ended.wait(0.001)
