"""The device: its port, its line, and what it says (docs/PROTOCOL.md)."""

from tinyssl.device.learning import (
    Evaluation,
    GuardEvent,
    LearningBatch,
    LearningStatistics,
    LearningStep,
    ValidationState,
)
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
    "Evaluation",
    "Faulted",
    "Garbled",
    "GuardEvent",
    "Identity",
    "Inference",
    "LearningBatch",
    "LearningStatistics",
    "LearningStep",
    "Link",
    "MemoryPeaks",
    "OpTicks",
    "Profile",
    "SerialLink",
    "SerialPort",
    "Session",
    "ValidationState",
    "WasReset",
    "find_ports",
    "only_port",
    "open_link",
]
