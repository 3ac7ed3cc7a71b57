"""The line in which a device reports a fault, in words: `e-[fault pc=0x… lr=0x… NAME NAME]`.

`pc`, and `lr` (Arm) or `ra` (RISC-V): where it happened, and who had called. On Arm `cfsr` and
`hfsr` are the fault status registers and `address` what was accessed, where the core knows it; on
RISC-V `mcause` and `mtval` are the trap's. The names are those of the architectures' manuals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE = re.compile(r"e-\[fault((?: [a-z]+=0x[0-9a-f]{8}){1,16})((?: [A-Z_]{1,40}){0,32})\]")
WATCHDOG = "WATCHDOG"

MEANINGS = {
    "IACCVIOL": "code where none may run",
    "DACCVIOL": "access to memory that is guarded: the stack is too small, or a pointer is wrong",
    "MSTKERR": "the stack is too small (an exception found no room)",
    "IBUSERR": "code from an address where nothing is",
    "PRECISERR": "access to an address where nothing is",
    "IMPRECISERR": "access to an address where nothing is, some instructions earlier",
    "STKERR": "no memory where the stack should be",
    "UNDEFINSTR": "an instruction that this core does not have",
    "INVSTATE": "a jump to what is no Thumb code",
    "INVPC": "a damaged return from an exception",
    "NOCP": "floating point where there is none, or it is off",
    "STKOF": "the stack is too small",
    "UNALIGNED": "an access that is not aligned",
    "DIVBYZERO": "a division by zero",
    "VECTTBL": "the vector table cannot be read",
    "INSTRUCTION_ACCESS_FAULT": "code from an address where nothing is",
    "ILLEGAL_INSTRUCTION": "an instruction that this core does not have",
    "LOAD_ADDRESS_MISALIGNED": "a load that is not aligned",
    "LOAD_ACCESS_FAULT": "a load from an address where nothing is",
    "STORE_ADDRESS_MISALIGNED": "a store that is not aligned",
    "STORE_ACCESS_FAULT": "a store where nothing is or that is guarded: the stack is too small, or"
    " a pointer is wrong",
    WATCHDOG: "nothing fed the watchdog: it hung",
}
"""Name of a bit or cause -> what it usually means; names that only say more are left out"""


@dataclass(frozen=True)
class Fault:
    """A fault as the device reported it."""

    values: dict[str, int]
    """pc, lr or ra, and the registers"""
    names: tuple[str, ...]

    @property
    def by_watchdog(self) -> bool:
        """The watchdog interrupted a program that hung; no instruction failed."""
        return WATCHDOG in self.names

    def __str__(self) -> str:
        reasons = [MEANINGS[name] for name in self.names if name in MEANINGS]
        address = self.values.get("address", self.values.get("mtval"))
        parts = [f"{'; '.join(reasons) or 'unknown cause'} ({' '.join(self.names) or 'no bits'})"]
        if address is not None:
            parts.append(f"address 0x{address:08x}")
        parts.append(f"pc=0x{self.values['pc']:08x}")
        return ", ".join(parts)

    @property
    def hint(self) -> str:
        """The command that finds the line of the source."""
        prefix = "riscv64-unknown-elf" if "ra" in self.values else "arm-none-eabi"
        places = [self.values["pc"], self.values.get("ra", self.values.get("lr", 0))]
        return (
            f"`{prefix}-addr2line -fe firmware.elf {' '.join(f'0x{place:x}' for place in places)}`"
            " in the build's .pio/build folder names the function, and its caller"
        )


def find_fault(line: str) -> Fault | None:
    """The fault that a line reports, or None."""
    match = LINE.fullmatch(line)
    if match is None:
        return None
    pairs = (pair.split("=") for pair in match[1].split())
    values = {key: int(value, 16) for key, value in pairs}
    return Fault(values, tuple(match[2].split())) if "pc" in values else None
