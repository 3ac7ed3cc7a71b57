"""The sections of a board file, checked by pydantic: memory, serial line, emulator, upload."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MEMORY_END = 2**32
"""Addresses have 32 bits"""

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]
"""A name that stays one word wherever it is put"""
Size = Annotated[int, Field(gt=0, le=MEMORY_END)]
Hertz = Annotated[int, Field(gt=0, lt=MEMORY_END)]
Flag = Annotated[str, Field(pattern=r"^-[DUm][A-Za-z0-9_]+(=[A-Za-z0-9_.+-]*)?$")]
"""Compiler option that defines a name or chooses a core: others can name programs to run"""
UsbId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{4}$")]
Pin = Annotated[str, Field(pattern=r"^P[01]\.([0-2]\d|3[01])$")]
Command = Annotated[tuple[str | tuple[str, ...], ...], Field(min_length=1, max_length=64)]


class Section(BaseModel):
    """A section that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def parse_numbers(values: object, *keys: str) -> object:
    """A section whose numbers may also be texts ("0x20000000"): JSON has no hex."""
    if not isinstance(values, dict):
        return values
    texts = {key: int(values[key], 0) for key in keys if isinstance(values.get(key), str)}
    return values | texts


class Region(Section):
    """A named piece of memory."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    origin: Annotated[int, Field(ge=0, lt=2**32)]
    """Address; JSON has no hex, so files may also say "0x20000000\""""
    size: Size
    """Bytes"""
    access: Literal["rx", "rwx", "rw"]
    use: tuple[Literal["vectors", "code", "weights", "data", "stack", "arena", "store"], ...] = ()
    """What the linker puts here; each use must have exactly one region, but for `store`, which
    `targets.store` adds: nothing of the image lies there"""
    view_of: str = ""
    """Name of the region of code, where this one shows the same memory at other addresses because
    code's own are not for data; constants then lie here too"""
    source: str = ""
    """Document and table the figures are from"""

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: object) -> object:
        return parse_numbers(values, "origin", "size")

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.origin + self.size

    @model_validator(mode="after")
    def _ends_in_memory(self) -> Region:
        if self.end > MEMORY_END:
            raise ValueError(f"{self.name} ends at {self.end:#x}, beyond 32 bits")
        return self


class Serial(Section):
    """The line between host and board."""

    uart: str
    """Peripheral that the port uses, as the reference manual names it"""
    baud: Annotated[int, Field(ge=300, le=20_000_000)] = 115200
    usb_ids: tuple[tuple[UsbId, UsbId], ...] = ()
    """(vid, pid) of the probe's serial port, hex strings"""
    tx: Pin | None = None
    """Pin that the board sends on, where the port leaves the choice to the board: P1.03"""
    rx: Pin | None = None
    """Pin that it receives on"""

    @model_validator(mode="after")
    def _both_pins(self) -> Serial:
        if (self.tx is None) != (self.rx is None):
            raise ValueError("tx and rx are given together, or neither is")
        return self

    @staticmethod
    def pin_number(pin: str) -> int:
        """32 for each port before the pin's, and its number there: 35 for P1.03."""
        return 32 * int(pin[1]) + int(pin[3:])


class Emulator(Section):
    """How to run the board without the board."""

    command: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    """Program and arguments; {elf} is replaced; the serial line is added by tinyssl"""
    instructions_per_second: Annotated[int, Field(gt=0)]
    """Instructions in a second of the emulator's virtual time"""
    ticks_per_second: Hertz | None = None
    """Of the emulated timer, where the firmware cannot know it; default: what the device says"""


class Arduino(Section):
    """The board under the Arduino framework: packages that PlatformIO fetches."""

    platform: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@~^=<>+#-]*$")]
    """PlatformIO's platform: ststm32, nordicnrf52, espressif32, …"""
    board: Word
    """Its id there"""
    build_flags: tuple[Flag, ...] = ()
    """More lines of `build_flags`: -D, -U and -m options"""


class Fast(Section):
    """Memory beside the core, without wait states or caches (TCM, CCM): names of regions."""

    kernels: str | None = None
    """Takes the code of the model and its kernels, which is copied there at start-up"""
    arena: str | None = None
    """Takes the tensor arena where that fits beside what the region holds already; where not, the
    arena stays in the region whose `use` says so"""


class Sectors(Section):
    """Sectors of one size, one after the other."""

    size: Size
    """Bytes of each: what an erase takes at least"""
    count: Annotated[int, Field(ge=1, le=256)] = 1

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: object) -> object:
        return parse_numbers(values, "size")


class Store(Section):
    """Flash for what a model learns (docs/flash_log.md); used by firmware that learns alone."""

    driver: Annotated[str, Field(pattern=r"^flash_[a-z0-9_]+$")]
    """C file that implements port_flash.h, found as a port is"""
    origin: Annotated[int, Field(ge=0, lt=2**32)]
    """Address of the first sector"""
    sectors: Annotated[tuple[Sectors, ...], Field(max_length=16)]
    """In order of their addresses, without gaps"""
    write_unit: Literal[4, 8, 16, 32, 64]
    """Bytes that are written at once"""
    erase_cycles: Annotated[int, Field(gt=0)] | None = None
    """Erases that the manufacturer warrants for a sector; None: not flash, and wears not"""
    source: str = ""
    """Documents and tables the figures are from"""
    reserved: bool = False
    """Set by `targets.store.with_store`: this image keeps the range"""

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: object) -> object:
        return parse_numbers(values, "origin")

    @property
    def sector_bytes(self) -> tuple[int, ...]:
        """Size of every sector."""
        return tuple(each.size for each in self.sectors for _ in range(each.count))

    @property
    def size(self) -> int:
        """Bytes of all sectors."""
        return sum(self.sector_bytes)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.origin + self.size

    @model_validator(mode="after")
    def _two_slots(self) -> Store:
        if len(self.sector_bytes) == 1:
            raise ValueError("a store needs two sectors: one keeps the parameters while the other "
                             "is erased")  # fmt: skip
        if any(size % self.write_unit for size in self.sector_bytes):
            raise ValueError(f"a sector is not a multiple of {self.write_unit} bytes")
        return self


class Budget(Section):
    """Limits of the build gate, in bytes."""

    flash: Size
    ram: Size


class Chip(BaseModel):
    """A register that tells the chip: what `upload.chip` of a board file must hold."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _./+-]*$")]
    address: int
    mask: int
    value: int

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: object) -> object:
        return parse_numbers(values, "address", "mask", "value")


class Upload(BaseModel):
    """What tinyssl reads of the `upload` section; PlatformIO's own keys are kept beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    commands: dict[Word, Command]
    """Upload protocol -> program and arguments; a list within for when a port is chosen"""
    maximum_size: Size | None = None
    maximum_ram_size: Size | None = None
    protocol: Word | None = None
    protocols: tuple[Word, ...] = ()
    chip: Chip | None = None
    mbed_codes: tuple[UsbId, ...] = ()


class Build(BaseModel):
    """What PlatformIO and our builder read of the `build` section.

    Other keys are refused: `extra_flags` may name programs that the compiler then runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: Word | None = None
    f_cpu: Annotated[str, Field(pattern=r"^[0-9]{1,10}U?L?$")] | None = None
    mcu: Word | None = None


class Debug(BaseModel):
    """What uploaders read of the `debug` section."""

    model_config = ConfigDict(extra="allow", frozen=True)

    pyocd_target: Word = "cortex_m"
    jlink_device: Word | None = None
    connect_under_reset: bool = False


SECTIONS: dict[str, type[BaseModel]] = {"build": Build, "upload": Upload, "debug": Debug}
"""Sections outside `tinyssl` -> what they must hold"""
