"""Flash and RAM of an image, per kind and per region, read from the ELF; and the budget gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from tinyssl.core.errors import BudgetExceeded, BuildError
from tinyssl.device.flashers.job import load_segments
from tinyssl.project.platformio import options
from tinyssl.targets.board_sections import Region
from tinyssl.targets.boards import Board

WEIGHTS = ".tinyssl_weights"
ARENA = ".tinyssl_arena"
STACK = ".stack"

ALLOC = 2
"""SHF_ALLOC: takes memory in the device"""
EXECUTABLE = 4
WRITABLE = 1


@dataclass(frozen=True)
class ElfSection:
    """A section of the image that takes memory."""

    name: str
    kind: str
    """text, rodata, weights, data, bss, arena or stack"""
    address: int
    """Where it runs"""
    load_address: int
    """Where its bytes lie in flash"""
    size: int


@dataclass(frozen=True)
class Size:
    """Memory use of an image in bytes."""

    sizes: dict[str, int]
    """text, rodata, weights, data, bss, arena, stack, and the totals flash and ram"""
    regions: dict[str, dict[str, int]]
    """Region name -> {size, used}; only regions that the linker uses"""


def measure(elf: Path, board: Board) -> Size:
    """Reads the size of a linked image.

    `flash` is what the image takes in non-volatile memory: code, constants, weights and the first
    values of `data`. `ram` is data, bss, arena and stack. On the host, where there is one memory,
    the stack is not known and counts as 0.

    Raises:
        BuildError: The file is not an ELF image.
    """
    sections = read_sections(elf)
    kinds = ("text", "rodata", "weights", "data", "bss", "arena", "stack")
    sizes = {
        kind: sum(section.size for section in sections if section.kind == kind) for kind in kinds
    }
    sizes["flash"] = sizes["text"] + sizes["rodata"] + sizes["weights"] + sizes["data"]
    sizes["ram"] = sizes["data"] + sizes["bss"] + sizes["arena"] + sizes["stack"]
    regions = {
        region.name: {"size": region.size, "used": _used(region, sections)}
        for region in board.tinyssl.regions
        if region.use or _used(region, sections)
    }
    return Size(sizes, regions)


def read_sections(elf: Path) -> list[ElfSection]:
    """The sections of an image that take memory in the device.

    Raises:
        BuildError: The file is not an ELF image.
    """
    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            segments = [part for part in image.iter_segments() if part["p_type"] == "PT_LOAD"]
            return [
                ElfSection(
                    section.name,
                    _kind(section),
                    section["sh_addr"],
                    _load_address(section, segments),
                    section["sh_size"],
                )
                for section in image.iter_sections()
                if section["sh_flags"] & ALLOC and section["sh_size"]
            ]
    except Exception as error:  # pyelftools raises many kinds for a damaged file
        raise _damaged(elf, error) from error


def _damaged(elf: Path, error: Exception) -> BuildError:
    return BuildError(
        f"{elf} is not a readable ELF image: {error}", hint="run `tinyssl build` again"
    )


def _kind(section: Any) -> str:
    named = {WEIGHTS: "weights", ARENA: "arena", STACK: "stack"}
    if section.name in named:
        return named[section.name]
    if section["sh_type"] == "SHT_NOBITS":
        return "bss"
    if section["sh_flags"] & WRITABLE:
        return "data"
    return "text" if section["sh_flags"] & EXECUTABLE or section.name == ".vectors" else "rodata"


def _load_address(section: Any, segments: list[Any]) -> int:
    start, size = section["sh_addr"], section["sh_size"]
    for segment in segments:
        offset = start - segment["p_vaddr"]
        if offset >= 0 and offset + size <= segment["p_memsz"]:
            return int(segment["p_paddr"] + offset)
    return int(start)


def _used(region: Region, sections: list[ElfSection]) -> int:
    def inside(address: int) -> bool:
        return region.origin <= address < region.origin + region.size

    if "store" in region.use:
        return region.size
    used = sum(section.size for section in sections if inside(section.address))
    copied = [
        section.size
        for section in sections
        if section.kind in ("data", "text")
        and section.load_address != section.address
        and inside(section.load_address)
    ]
    return used + sum(copied)


def check_budget(size: Size, flash_budget: int, ram_budget: int) -> None:
    """The gate of `tinyssl build`.

    Raises:
        BudgetExceeded: Flash or RAM is larger than its budget; the message holds every part.
    """
    parts = {
        "flash": ("text", "rodata", "weights", "data"),
        "ram": ("data", "bss", "arena", "stack"),
    }
    for what, budget in (("flash", flash_budget), ("ram", ram_budget)):
        used = size.sizes[what]
        if used > budget:
            detail = ", ".join(f"{name} {size.sizes[name]:,}" for name in parts[what])
            raise BudgetExceeded(
                f"{what}: {used:,} bytes used, budget {budget:,}, "
                f"{used - budget:,} too many ({detail})",
                hint=options(f"--{what}-budget"),
            )


def check_image(elf: Path, board: Board) -> None:
    """Whether an image fits the memory of a board, before anything is written there.

    Raises:
        BudgetExceeded: It has bytes outside the board's regions, or more than its flash holds.
        BuildError: The file is not an ELF image.
    """
    if not board.tinyssl.regions:
        return
    try:
        segments = load_segments(elf)
    except Exception as error:  # pyelftools raises many kinds for a damaged file
        raise _damaged(elf, error) from error
    for segment in segments:
        end = segment.address + len(segment.data)
        if not any(r.origin <= segment.address and end <= r.origin + r.size for r in
                   board.tinyssl.regions):  # fmt: skip
            raise BudgetExceeded(
                f"the image has bytes at {segment.address:#010x} to {end:#010x}, where {board.id} "
                "has no memory; nothing was written",
                hint=f"run `tinyssl build --board {board.id}`",
            )
    total = sum(len(segment.data) for segment in segments)
    limit = board.upload.get("maximum_size")
    if isinstance(limit, int) and total > limit:
        raise BudgetExceeded(
            f"the image has {total:,} bytes, the flash of {board.id} {limit:,}; nothing was "
            "written",
            hint=options(),
        )
