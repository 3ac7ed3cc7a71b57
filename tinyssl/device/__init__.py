"""The device: its port, its line, and what it says (docs/PROTOCOL.md)."""

from tinyssl.device.learning import LearningStep
from tinyssl.device.link import Link, SerialLink, open_link
from tinyssl.device.ports import SerialPort, find_ports, only_port
from tinyssl.device.protocol import (
    Faulted,
    Garbled,
    Identity,
    Inference,
    MemoryPeaks,
    OpTicks,
    Profile,
    WasReset,
)
from tinyssl.device.session import Session

__all__ = [
    "Faulted",
    "Garbled",
    "Identity",
    "Inference",
    "LearningStep",
    "Link",
    "MemoryPeaks",
    "OpTicks",
    "Profile",
    "SerialLink",
    "SerialPort",
    "Session",
    "WasReset",
    "find_ports",
    "only_port",
    "open_link",
]
