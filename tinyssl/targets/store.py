"""The range of flash that keeps what a model learns: room for it, and what saving wears off.

The log itself is `firmware/storage/flash_log.c`; docs/flash_log.md describes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from tinyssl.targets.board_sections import Region, Store
from tinyssl.targets.boards import Board

HEADER, TRAILER = 32, 4
"""Bytes of a record beside the parameters"""
NOWHERE = Store(driver="flash_none", origin=0, sectors=(), write_unit=64)
"""Of a board without such flash"""
IN_FLASH = ("vectors", "code", "weights")


def with_store(board: Board) -> Board:
    """The board as an image sees it that stores what it learns: the range is kept free of all else.

    The region that holds the range is cut. The larger piece keeps its name and uses, but the
    vectors stay at its start. A board without a store gets the driver `flash_none`.
    """
    section = board.tinyssl
    store = (section.store or NOWHERE).model_copy(update={"reserved": True})
    regions = list(section.regions)
    if regions and store.size:
        regions = [piece for region in regions for piece in _cut(region, store, regions)]
        regions.append(
            Region(name="store", origin=store.origin, size=store.size, access="rw", use=("store",),
                   source=store.source)
        )  # fmt: skip
    room = sum(region.size for region in regions if {*region.use} & {*IN_FLASH[:2]})
    flash = min(section.budget.flash, room) if regions else section.budget.flash
    changed = section.model_copy(
        update={
            "store": store,
            "regions": tuple(regions),
            "budget": section.budget.model_copy(update={"flash": flash}),
        }
    )
    return board.model_copy(update={"tinyssl": changed})


def _cut(region: Region, store: Store, regions: list[Region]) -> list[Region]:
    """The region without the range; whole where it does not hold it."""
    seen = next((other for other in regions if other.name == region.view_of), region)
    if not (seen.origin <= store.origin and store.end <= seen.end):
        return [region]
    before, after = store.origin - seen.origin, seen.end - store.end
    low = region.model_copy(update={"size": before})
    high = region.model_copy(update={"origin": region.end - after, "size": after})
    if before >= after:
        rest = high.model_copy(update={"name": f"{region.name}_end", "use": ()})
        return [low, *([rest] if after else [])]
    first = tuple(use for use in region.use if use == "vectors")
    others = tuple(use for use in region.use if use != "vectors")
    head = low.model_copy(update={"name": f"{region.name}_start", "use": first})
    return [
        *([head] if before else []),
        high.model_copy(update={"use": others if before else region.use}),
    ]


@dataclass(frozen=True)
class Wear:
    """What saving costs."""

    slots: tuple[int, int]
    """Bytes of the two slots"""
    saves: tuple[int, int]
    """Saves that fit each of them: so many for one erase of each of its sectors"""
    erase_cycles: int | None

    def erases_per_save(self) -> float:
        """Erases of a sector that a save costs in the long run."""
        return 1 / sum(self.saves)

    def erases_a_day(self, saves_a_day: float) -> float:
        """Erases of every sector in a day."""
        return saves_a_day * self.erases_per_save()

    def years(self, saves_a_day: float) -> float | None:
        """How long the flash lasts; None where it does not wear."""
        if self.erase_cycles is None:
            return None
        return self.erase_cycles / self.erases_a_day(saves_a_day) / 365.25


def slots(store: Store) -> tuple[int, int]:
    """Bytes of the two slots: as `flash_survey.c` parts the sectors."""
    sums = list(accumulate(store.sector_bytes))[:-1]
    first = max(sums, key=lambda size: min(size, store.size - size), default=0)
    return first, (store.size - first if first else 0)


def capacity(store: Store) -> int:
    """The most bytes of parameters that can be stored; 0: none."""
    return max(0, min(slots(store)) - HEADER - TRAILER)


def record_bytes(store: Store, parameters: int) -> int:
    """What a record of so many bytes of parameters takes."""
    return -(-(HEADER + parameters + TRAILER) // store.write_unit) * store.write_unit


def wear(store: Store, parameters: int) -> Wear:
    """What saving so many bytes of parameters costs.

    Raises:
        ValueError: They are more than `capacity`.
    """
    if parameters > capacity(store):
        raise ValueError(f"{parameters} bytes of parameters; the store takes {capacity(store)}")
    first, second = slots(store)
    record = record_bytes(store, parameters)
    return Wear((first, second), (first // record, second // record), store.erase_cycles)
