"""Which chip a board must have: a register that identifies it, from the board file.

    "upload": {"chip": {"name": "STM32H74x/H75x", "address": "0x5C001000", "mask": "0xFFF",
                        "value": "0x450", "source": "RM0433 rev 8, …"}}

Uploaders compare it before they write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from tinyssl.core.errors import DeviceNotFound
from tinyssl.targets.boards import Board


@dataclass(frozen=True)
class Chip:
    """A register and what it must hold."""

    name: str
    address: int
    mask: int
    value: int

    @classmethod
    def of(cls, board: Board) -> Self | None:
        """The chip of a board; None where its file names none."""
        given: Any = board.upload.get("chip")
        if not given:
            return None
        numbers = {key: int(str(given[key]), 0) for key in ("address", "mask", "value")}
        return cls(str(given["name"]), **numbers)

    def check(self, word: int) -> None:
        """Compares the register's content.

        Raises:
            DeviceNotFound: It is another chip.
        """
        found = word & self.mask
        if found != self.value:
            raise DeviceNotFound(
                f"wrong chip: register {self.address:#010x} is {found:#x}; {self.name} has "
                f"{self.value:#x}; nothing was written",
                hint=WRONG_CHIP,
            )


WRONG_CHIP = "another board is attached: name the right probe with --port, or build for that board"
