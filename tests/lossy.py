"""Lines to a device that lose or replace bytes."""

from collections.abc import Callable

from tinyssl.device import Link


class LossyLink:
    """Loses byte `drop` of one direction, counted from the first write that starts with `after`."""

    def __init__(self, link: Link, drop: int, *, sent: bool, after: bytes) -> None:
        self._link = link
        self.name = link.name
        self.baud = link.baud
        self._drop = drop
        self._sent = sent
        self._after = after
        self._count = -1
        self.dropped = b""

    def write(self, data: bytes) -> None:
        if data.startswith(self._after) and self._count < 0:
            self._count = 0
        self._link.write(self._pass(data, self._sent))

    def read(self, timeout: float) -> bytes:
        return self._pass(self._link.read(timeout), not self._sent)

    def close(self) -> None:
        self._link.close()

    def _pass(self, data: bytes, ours: bool) -> bytes:
        if not ours or self._count < 0:
            return data
        at = self._drop - self._count
        self._count += len(data)
        if not 0 <= at < len(data):
            return data
        self.dropped = data[at : at + 1]
        return data[:at] + data[at + 1 :]


class EditedLink:
    """Passes what is sent and received through two functions."""

    def __init__(
        self,
        link: Link,
        *,
        sent: Callable[[bytes], bytes] = bytes,
        received: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._link = link
        self.name = link.name
        self.baud = link.baud
        self._edit_sent = sent
        self._edit_received = received

    def write(self, data: bytes) -> None:
        self._link.write(self._edit_sent(data))

    def read(self, timeout: float) -> bytes:
        return self._edit_received(self._link.read(timeout))

    def close(self) -> None:
        self._link.close()
