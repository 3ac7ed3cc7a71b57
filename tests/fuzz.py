"""Command lines for the fuzz of the protocol, and how many answers they must get.

`Framing` is the oracle: it reads the same bytes as the device, written from docs/PROTOCOL.md, and
counts. It knows nothing of what an answer says; `check_answers` knows what lines there are.
"""

import copy
import random
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tinyssl.device.protocol import unseal
from tinyssl.device.words import words

READY = b"m-ready\r\n"
LONGEST_COMMAND = 128
MOST_INFERENCES = 50
"""In one `infer`: it ends after 60 s of the device's time, but a fuzz has none to spend"""


@dataclass
class Framing:
    """Reads what a device reads, and counts the answers that it owes."""

    input_bytes: int
    answers: int = 0
    refused: int = 0
    """Frames among them that are of another size, cut, or changed"""
    left: int = 0
    """Bytes that an open frame still needs"""
    misplaced: bool = False
    """The open frame has no place: another size, tensor or offset than there is"""
    announced: int = 0
    """CRC"""
    crc: int = 0
    """Of the bytes so far"""
    text: bytes = b""
    """Of a command whose % has not come"""
    starting: bool = False
    """After `reset`: what comes without a pause is dropped"""
    commands: list[list[bytes]] = field(default_factory=list)
    """Those of the last `feed()`"""

    def feed(self, data: bytes) -> None:
        """Bytes of a burst, or a part of it."""
        self.commands = []
        while data and not self.starting:
            if self.left:
                taken = min(self.left, len(data))
                self.crc = zlib.crc32(data[:taken], self.crc)
                self.left, data = self.left - taken, data[taken:]
                if self.left == 0:
                    self.answers += 1
                    self.refused += self.misplaced or self.crc != self.announced
                continue
            head, end, data = data.partition(b"%")
            self.text += head.translate(None, b"\r\n\0")
            if not end:
                return
            line, self.text = self.text, b""
            self._command(line)

    def silence(self) -> None:
        """A second without a byte: an open frame is given up, which is an answer, too."""
        self.answers += self.left > 0
        self.refused += self.left > 0
        self.left = 0
        self.starting = False

    def _command(self, line: bytes) -> None:
        parts = [part for part in line.split(b" ") if part]
        if len(line) > LONGEST_COMMAND or not parts:
            self.answers += 1
            return
        self.commands.append(parts)
        parts = parts[: arguments(parts) + 1]  # what stands behind is not read
        self.left = frame_size(parts)
        self.announced, self.crc = int(parts[-1], 16) if self.left else 0, 0
        self.misplaced = self.left > 0 and not self._fits(parts)
        self.answers += self.left == 0
        self.starting = parts[0] == b"reset"

    def _fits(self, parts: list[bytes]) -> bool:
        """All of the input, or by `set` a part of it: nothing else is written, nothing learns."""
        if parts[0] == b"learn":
            return False
        if parts[0] != b"set":
            return self.left == self.input_bytes
        return number(parts[1]) == 0 and number(parts[2]) + self.left <= self.input_bytes


def number(word: bytes) -> int:
    """A decimal number of 32 bits, or -1."""
    value = int(word) if re.fullmatch(rb"[0-9]+", word) else -1
    return value if value < 1 << 32 else -1


ARGUMENTS = {b"bin": 2, b"run": 2, b"set": 4}
"""Command that announces a frame -> words behind it, of which the last two are size and CRC"""
OF_SAMPLES = {b"batch": 5, b"eval": 4, b"keep": 5}
"""Word behind `learn` -> the same, with that word"""


def arguments(parts: list[bytes]) -> int:
    """Words behind a command that announces a frame; 0 for others."""
    if parts[0] == b"learn" and len(parts) > 1:
        return OF_SAMPLES.get(parts[1], 0)
    return ARGUMENTS.get(parts[0], 0)


def frame_size(parts: list[bytes]) -> int:
    """Bytes of the frame that a command announces; 0: none."""
    if len(parts) != arguments(parts) + 1 or len(parts) < 3:
        return 0
    if parts[0] == b"learn" and (min(map(number, parts[2:-2])) < 0 or number(parts[-3]) == 0):
        return 0
    if parts[0] == b"set" and number(parts[2]) < 0:
        return 0
    sealed = re.fullmatch(rb"[0-9a-fA-F]{8}", parts[-1])
    return max(number(parts[-2]), 0) if sealed else 0


def frame(command: str, data: bytes, crc: int | None = None, size: int | None = None) -> bytes:
    """`bin`, `run` or `set …` with its bytes; CRC and size may be wrong ones."""
    crc = zlib.crc32(data) if crc is None else crc
    return f"{command} {len(data) if size is None else size} {crc:08x}%".encode() + data


class Lines:
    """Seeded command lines: valid, mutated and random ones, in bursts.

    Args:
        input_bytes: Of the model on the device.
        seed: Of the choice.
        allowed: Is asked about each command that a line completes; false: the line is left out.
    """

    def __init__(
        self, input_bytes: int, seed: int, allowed: Callable[[list[bytes]], bool] = bool
    ) -> None:
        self.framing = Framing(input_bytes)
        self.random = random.Random(seed)
        self._allowed = allowed
        self._size = input_bytes
        # `reset` now and then only: what comes after it in a burst is dropped
        plain = [f"{name}%".encode() for name in words().commands if name != "reset"]
        # … and what an error must not quote as it is
        self._words = [*plain * 4, b"db print%", b"m-ready%", b"db m-ready%", b"\x1b]%", b"reset%"]

    def bursts(self, count: int, most: int) -> Iterator[bytes]:
        """`count` lines in bursts of at most `most`; `framing` is then where the device is."""
        while count > 0:
            lines = [self._line() for _ in range(min(count, self.random.randint(1, most)))]
            count -= len(lines)
            yield b"".join(lines)

    def _line(self) -> bytes:
        """The next line that may be sent."""
        while True:
            line = self._candidate()
            trial = copy.copy(self.framing)
            trial.feed(line)
            pending = trial.text.split()  # a % in the next line may complete it
            if all(map(self._harmless, [*trial.commands, *[pending][: len(pending)]])):
                self.framing = trial
                return line

    def _harmless(self, parts: list[bytes]) -> bool:
        counts = [number(part) for part in parts[1:3]] if parts[0] == b"infer" else []
        return sum(counts) <= MOST_INFERENCES and self._allowed(parts)

    def _candidate(self) -> bytes:
        kind = self.random.random()
        if kind < 0.35:
            return self._valid()
        if kind < 0.9:
            data = bytearray(self._valid())
            for _ in range(self.random.randint(1, 3)):
                self._mutate(data)
            return bytes(data)
        return self.random.randbytes(self.random.randrange(200)) + b"%" * self.random.randrange(2)

    def _valid(self) -> bytes:
        kind = self.random.randrange(16)
        if kind < 3:
            return self.random.choice(self._words)
        if kind < 6:
            size = self._size if kind == 3 else self.random.randint(1, self._size)
            return f"db load {size}%".encode()
        if kind < 9:
            return b"db " + self.random.randbytes(self.random.randint(1, 60)).hex().encode() + b"%"
        if kind < 10 and self.random.random() < 0.5:
            start = self.random.randrange(self._size + 2)
            return f"get {self.random.randrange(3)} {start} {self._size // 2}%".encode()
        if kind < 10:
            counts = self.random.randint(0, 4), self.random.randint(0, 4)
            return b"infer %d %d%%" % counts
        return self._frame()

    def _frame(self) -> bytes:
        """Half of them right; the others with a wrong CRC, or of another size."""
        offset = self.random.choice((0, 0, self._size // 2, self._size + 1))
        command = self.random.choice(
            (
                *("bin", "run", f"set {self.random.choice((0, 0, 0, 1, 9))} {offset}"),
                self.random.choice(("learn batch 3 2", "learn eval 1", "learn keep 0 0")),
            )
        )
        data = self.random.randbytes(self._size)
        if command.startswith("set"):
            data = data[: self._size - self._size // 2]
        match self.random.randrange(6):
            case 0:
                return frame(command, data, crc=self.random.getrandbits(32))
            case 1:
                return frame(command, data[: self.random.randrange(len(data))])
            case 2:
                return frame(command, data, size=self.random.choice((1, self._size + 9)))
            case _:
                return frame(command, data)

    def _mutate(self, data: bytearray) -> None:
        """Flips a bit, changes, cuts out, cuts off, doubles, puts in, or makes overlong."""
        at = self.random.randrange(len(data) + 1)
        match self.random.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << self.random.randrange(8)
            case 1:
                data[at : at + 1] = self.random.randbytes(1)
            case 2:
                del data[at : at + self.random.randint(1, 3)]
            case 3:
                del data[at:]
            case 4:
                data[at:at] = data[:at]
            case 5:
                data[at:at] = self.random.randbytes(self.random.randint(1, 8))
            case _:
                data[at:at] = data[at : at + 1] * self.random.choice((60, 128, 129, 400))


def check_answers(received: bytes, owed: Framing) -> None:
    """As many as are owed: whole lines, each of them one that the protocol has, then `m-ready`."""
    assert received.count(READY) == received.count(b"m-ready") == owed.answers, received
    assert received.count(b"e-[Frame ") == owed.refused, received
    assert received == b"" or received.endswith(READY), received[-80:]
    for line in set(received.decode("ascii").split("\r\n")):
        assert known_line(line), line


def known_line(line: str) -> bool:
    """True for a reply, an error and a sealed line whose CRC is right."""
    if line.startswith("m-tinyssl-"):
        return unseal(line).key in words().identity | words().sealed
    return KNOWN.fullmatch(line) is not None


def _known() -> re.Pattern[str]:
    fields = {"%s": "[^\r\n]*", "%u": "[0-9]+", "%x": "[0-9a-f]{8}"}

    def pattern(text: str) -> str:
        return "".join(fields.get(part, re.escape(part)) for part in re.split("(%[sux])", text))

    replies = {name: pattern(text) for name, text in words().replies.items()}
    replies["buffer"] += "(-[0-9a-f]{2}){1,8}"
    replies["results"] += r"-?[0-9]+\.[0-9]{3}(,-?[0-9]+\.[0-9]{3})*\]"
    errors = [rf"e-\[{pattern(text)}\]" for text in words().errors.values()]
    return re.compile("|".join(["", *replies.values(), *errors]))


KNOWN = _known()
