"""Boards of a test: firmware in processes of this computer."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

from tests.host_firmware import HostFirmware


@dataclass
class Boards:
    """Firmware that can be started, stopped and started again."""

    elf: Path
    running: list[HostFirmware] = field(default_factory=list)

    def start(self) -> HostFirmware:
        self.running.append(HostFirmware(self.elf))
        return self.running[-1]

    def stop(self) -> str:
        """Ends all; what they wrote to stderr."""
        for board in self.running:
            if board.running:
                os.kill(board.pid, signal.SIGCONT)
        return "".join(board.stop() for board in self.running)
