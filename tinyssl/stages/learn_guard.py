"""How the stage `learn` guards a device: samples that it judges itself by, and the way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tinyssl.device import GuardEvent
from tinyssl.graph.interface import Outputs
from tinyssl.graph.training import RATES
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel


class GuardMirror:
    """Our C on this computer goes back to its best parameters when the device does.

    Args:
        device: It may keep samples to judge itself by.
        host: With the same parameters.
    """

    def __init__(self, device: DeviceModel, host: HostModel) -> None:
        self._device, self._host = device, host
        self._best: Outputs = host.snapshot()
        """The device judges itself before its first step"""

    def keep(self, samples: list[bytes]) -> int:
        """Gives the device as many of the samples as it has room for; returns how many."""
        session = self._device.session
        room = session.learning_statistics().validation.room
        for at, sample in enumerate(samples[:room]):
            session.keep_samples([sample], at)
        return min(room, len(samples))

    def follow(self, event: GuardEvent) -> None:
        """Does what the device did after a step."""
        if event is GuardEvent.BEST:
            self._best = self._host.snapshot()
        elif event is GuardEvent.BACK:
            now = self._host.snapshot()
            rates = {name: now[name] for name in RATES if name in now}
            self._host.restore(self._best | rates)
            self._host.reset()

    def results(self) -> dict[str, Any]:
        """What the device says of its learning, for the record."""
        found = self._device.session.learning_statistics()
        told = asdict(found) | {"accuracy": found.accuracy}
        return {"statistics": {name: told[name] for name in told if name != "store"}}
