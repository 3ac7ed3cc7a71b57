"""Lines to real firmware on which somebody meddles."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice

import numpy as np

from tests.played_device import READY, Hostile, seal
from tinyssl.core.errors import DeviceTimeout
from tinyssl.device import Link
from tinyssl.device.protocol import unseal

SECONDS = 5.0
MOST_PARTS = 20
"""Of a reply that never ends"""


class MeddledLink:
    """Passes all on, until `trouble` names what is to go wrong.

    Args:
        link: To the firmware.
        trouble: Asked at every command.
    """

    def __init__(self, link: Link, trouble: Callable[[], str]) -> None:
        self._link = link
        self.name, self.baud = link.name, link.baud
        self._trouble = trouble
        self._command = b""
        self._old: dict[bytes, bytes] = {}
        """First reply to each `get`"""
        self._queue = b""
        self._learnt = 0

    def write(self, data: bytes) -> None:
        self._command = data
        way = getattr(self, f"_{self._trouble()}", None)
        if way is None or not way(data):
            self._link.write(data)
            if data.startswith(b"get ") and data not in self._old:
                self._old[data] = self._queue = _reply(self._link)

    def read(self, timeout: float) -> bytes:
        data, self._queue = self._queue, b""
        return data or self._link.read(timeout)

    def close(self) -> None:
        self._link.close()

    def _resets(self, data: bytes) -> bool:
        """Before the fourth step."""
        self._learnt += data.startswith(b"learn")
        if self._learnt == 4:
            self._learnt = 0
            self._link.write(b"reset%")
        return False

    def _damaged(self, data: bytes) -> bool:
        if not data.startswith(b"get "):
            return False
        self._link.write(data)
        reply = _reply(self._link)
        self._queue = reply[:30] + bytes([reply[30] ^ 1]) + reply[31:]
        return True

    def _stale(self, data: bytes) -> bool:
        """What the device answered in an earlier round, with a right CRC."""
        self._queue = self._old.get(data, b"")
        return bool(self._queue)

    def _oversized(self, data: bytes) -> bool:
        """More bytes than were asked for, with a right CRC."""
        if not data.startswith(b"get "):
            return False
        _, tensor, offset, size = data.rstrip(b"%").split()
        self._queue = seal("data", f"{tensor.decode()},{offset.decode()},{'00' * 10 * int(size)}")
        self._queue += READY
        return True

    def _nan(self, data: bytes) -> bool:
        return self._broken(data, math.nan)

    def _infinite(self, data: bytes) -> bool:
        return self._broken(data, math.inf)

    def _broken(self, data: bytes, number: float) -> bool:
        """A bit of the device's memory falls over: a parameter is no finite number."""
        if not data.startswith(b"get ") or data.endswith(b" 4%"):  # the loss has 4 bytes
            return False
        self._link.write(data)
        line, _ready = _reply(self._link).decode().split("\r\n", 1)
        tensor, offset, digits = unseal(line).split(3)
        broken = np.float32(number).tobytes().hex() + digits[8:]
        self._queue = seal("data", f"{tensor},{offset},{broken}") + READY
        return True


class SpoiltLink:
    """Replies of real firmware, some of them spoilt as a hostile device would."""

    def __init__(self, link: Link, hostile: Hostile) -> None:
        self._link = link
        self.name, self.baud = link.name, 10**9
        self._hostile = hostile
        self._queue = b""

    def write(self, data: bytes) -> None:
        self._link.write(data)
        self._queue = _reply(self._link)
        if self._hostile.random.randrange(self._hostile.one_in) == 0:
            way = getattr(self._hostile, self._hostile.random.choice(self._hostile.ways))
            lines = self._queue.removesuffix(READY).splitlines(keepends=True)
            self._queue = b"".join(islice(way(lines), MOST_PARTS))

    def read(self, timeout: float) -> bytes:
        data, self._queue = self._queue, b""
        return data or self._link.read(min(timeout, 0.05))

    def close(self) -> None:
        self._link.close()


def _reply(link: Link) -> bytes:
    data = b""
    while not data.endswith(READY):
        part = link.read(SECONDS)
        if not part:
            raise DeviceTimeout("no reply", hint="")
        data += part
    return data
