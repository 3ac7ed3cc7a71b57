"""Which chip a board must have: a register that identifies it, from the board file.

    "upload": {"chip": {"name": "STM32H74x/H75x", "address": "0x5C001000", "mask": "0xFFF",
                        "value": "0x450", "source": "RM0433 rev 8, …"}}

Uploaders compare it before they write.
"""

from __future__ import annotations

from tinyssl.core.errors import DeviceNotFound
from tinyssl.targets.board_sections import Chip, Upload
from tinyssl.targets.boards import Board

WRONG_CHIP = "another board is attached: name the right probe with --port, or build for that board"


def chip_of(board: Board) -> Chip | None:
    """The chip that a board must have; None where its file names none."""
    return Upload.model_validate(board.upload).chip


def check_chip(chip: Chip, word: int) -> None:
    """Compares the content of the register that identifies a chip.

    Args:
        chip: What is expected.
        word: The 32 bits at `chip.address`.

    Raises:
        DeviceNotFound: It is another chip.
    """
    masked = word & chip.mask
    if masked != chip.value:
        raise DeviceNotFound(
            f"wrong chip: register {chip.address:#010x} is {masked:#x}; {chip.name} has "
            f"{chip.value:#x}; nothing was written",
            hint=WRONG_CHIP,
        )
