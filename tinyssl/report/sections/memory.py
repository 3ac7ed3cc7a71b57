"""What the image takes of flash and RAM, and how the arena is used."""

from __future__ import annotations

from tinyssl.core.records import BuildInfo
from tinyssl.report import charts, maps
from tinyssl.report.chain import Chain, results
from tinyssl.report.page import BarCell, Block, Column, PageSection, PageTable, Picture
from tinyssl.report.values import Fields, grouped, percent, ratio, rows, size

FLASH = ("text", "rodata", "weights", "data")
RAM = ("data", "bss", "arena", "stack")
"""Sections that each memory holds; initialised data lie in flash and are copied to RAM"""

COLOURS = {"weights": 1, "arena": 1, "text": 2, "rodata": 3, "bss": 3, "stack": 4, "data": 5}
"""Full accent for what the model itself takes"""

LARGEST = 10
"""Tensors in the table of the arena"""


def budget(chain: Chain, name: str) -> float | None:
    """Limit of `flash` or `ram` in bytes: the build's own, else the board's."""
    asked = Fields(chain.build_run.config if chain.build_run else None).number(f"{name}_budget")
    if asked is None and chain.board is not None:
        return float(getattr(chain.board.tinyssl.budget, name))
    return asked


def used(chain: Chain, name: str) -> float | None:
    """Bytes of `flash` or `ram` that the image takes."""
    sizes = Fields(chain.build.sizes if chain.build else None)
    measured = sizes.number(name)
    return measured if measured is not None else results(chain.bench).number(f"{name}_bytes")


def memory(chain: Chain) -> PageSection | None:
    """Budget, sections, regions and the arena plan."""
    if used(chain, "flash") is None and used(chain, "ram") is None:
        return None
    blocks: list[Block] = [_budget(chain)]
    if (picture := _map(chain)) is not None:
        blocks.append(picture)
    if (marks := _high_water(results(chain.bench).fields("memory"))) is not None:
        blocks.append(marks)
    plan = Fields(chain.build.arena if chain.build else None)
    if chain.build is not None and (tensors := _tensors(plan)):
        blocks += [_arena(plan, tensors, str(chain.build.engine)), _largest(tensors)]
        if (live := _live(plan, tensors, chain.build)) is not None:
            blocks.append(live)
    lead = "Bytes that the linked image takes, read from its ELF file, against the board's budget."
    return PageSection("memory", "Memory", lead, tuple(blocks))


def _budget(chain: Chain) -> PageTable:
    lines = []
    for name, label in (("flash", "Flash"), ("ram", "RAM")):
        taken, limit = used(chain, name), budget(chain, name)
        left = limit - taken if limit is not None and taken is not None else None
        bar = _share(taken, limit)
        lines.append((label, grouped(taken), grouped(limit), grouped(left), bar))
    return PageTable(
        (
            Column("Memory", numeric=False),
            Column("Used, bytes"),
            Column("Budget, bytes"),
            Column("Left, bytes"),
            Column("Share"),
        ),
        tuple(lines),
    )


def _map(chain: Chain) -> Picture | None:
    if chain.build is None:
        return None
    sizes = Fields(chain.build.sizes)
    found = []
    for name, label, sections in (("flash", "Flash", FLASH), ("ram", "RAM", RAM)):
        parts = tuple(maps.Part(key, _bytes(sizes, key), COLOURS[key]) for key in sections)
        filled = tuple(part for part in parts if part.bytes > 0)
        found.append(maps.MemoryMap(f"{label} budget", budget(chain, name), filled))
    for region, held in Fields(chain.build.regions).items():
        part = maps.Part("used", _bytes(held, "used"))
        found.append(maps.MemoryMap(f"Region {region}", held.number("size"), (part,)))
    return Picture(
        name="memory",
        template="memory",
        data=maps.memory(found),
        title="Use of the flash budget, the RAM budget and every memory region",
        caption="Sections of the image against the budget, then each memory region of the board."
        " Full colour in the first two bars is what the model itself takes: weights and arena. The"
        " palest part is free; the stack is what the linker reserves.",
    )


def _bytes(values: Fields, name: str) -> float:
    return max(values.number(name) or 0.0, 0.0)


def _tensors(plan: Fields) -> list[maps.ArenaBlock]:
    found = []
    for row in rows(plan.get("tensors")):
        offset, length = row.number("offset"), row.number("size")
        first, last = row.integer("first"), row.integer("last")
        if offset is None or length is None or first is None or last is None:
            continue
        # the input is there before operator 0, and is drawn from it on
        start = max(first, 0)
        found.append(
            maps.ArenaBlock(
                row.text("name"), max(offset, 0), max(length, 0), start, max(last, start)
            )
        )
    return found


def _arena(plan: Fields, tensors: list[maps.ArenaBlock], engine: str) -> Picture:
    ends = max(block.offset + block.size for block in tensors)
    peak, bound = plan.number("peak"), plan.number("lower_bound")
    peak = ends if peak is None else peak
    caption = (
        "Arena plan: one rectangle a tensor, as wide as it lives and as high as it is large."
        f" The peak is {size(peak)}{_above(peak, bound)}."
    )
    if engine == "tflm":
        caption += " This build uses TensorFlow Lite Micro, which plans its own arena at start."
    return Picture(
        name="arena",
        template="arena",
        data=maps.arena(tensors, peak, bound),
        title=f"Arena plan: {len(tensors)} tensors, peak {size(peak)}",
        caption=caption,
    )


def _calls(plan: Fields) -> list[tuple[int, int]]:
    """First and last operator of each; none where the record does not say."""
    found = plan.get("steps")
    pairs = found if isinstance(found, list) else []
    return [
        (pair[0], pair[1])
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(at, int) for at in pair)
    ]


def _live(plan: Fields, tensors: list[maps.ArenaBlock], build: BuildInfo) -> Picture | None:
    """Bytes in use while each kernel call runs; None where the record has no calls (TFLM)."""
    calls, ops = _calls(plan), rows(build.ops)
    if not calls or len(calls) != len(ops):
        return None
    used = [maps.live_bytes(tensors, first, last) for first, last in calls]
    highest = max(range(len(calls)), key=used.__getitem__)
    names = [f"{row.text('name')}, {row.text('shape')}" for row in ops]
    fused = [last > first for first, last in calls]
    several = sum(fused)
    inside = (
        f" {several} of {len(calls)} calls are blocks, whose inner tensors never exist as a whole."
    )
    tuning = Fields(build.tuning)
    return Picture(
        name="live",
        template="columns",
        data=charts.columns(
            names, used, ["block of operators" if one else "one operator" for one in fused], "bytes"
        ),
        title=f"Arena in use in each of the {len(calls)} kernel calls",
        caption="Bytes of the arena that hold something while a call runs, working memory included;"
        " an output that lies over an input counts once with it."
        f" The most, {size(used[highest])}, are in use in call {highest}, {names[highest]}."
        + (inside if several else "")
        + (_choice(tuning) if several or tuning.text("measured") else ""),
    )


def _choice(tuning: Fields) -> str:
    """Why these kernel calls and no others."""
    if not tuning.text("measured"):
        return (
            " Of the ways to cut the model into kernel calls, those were kept that need the least"
            " memory,"
            " and of these the one of the fewest instructions by the kernels' cost model;"
            " `tinyssl tune` measures them instead."
        )
    ways, total = grouped(tuning.number("candidates")), grouped(tuning.number("total"))
    return (
        f" `tinyssl tune` measured {ways} ways to cut the model into kernel calls on"
        f" {tuning.text('board')} ({tuning.text('measured')}); this one is the fastest whose image"
        f" fits: {total} {tuning.text('unit')} an inference."
    )


def _above(peak: float, bound: float | None) -> str:
    if bound is None or bound <= 0:
        return ""
    least = "the largest sum of tensors that live at the same time"
    if peak <= bound:
        return f", the least that is possible: {least}"
    return f", {percent(peak / bound - 1, 1)} above the lower bound of {size(bound)}, {least}"


def _high_water(found: Fields) -> PageTable | None:
    lines = []
    for name, label in (("arena", "Arena"), ("stack", "Stack")):
        taken, reserved = found.number(f"{name}_used"), found.number(f"{name}_bytes")
        if taken is None or not reserved:
            continue
        lines.append((label, grouped(taken), grouped(reserved), _share(taken, reserved)))
    if not lines:
        return None
    return PageTable(
        (
            Column("On the device", numeric=False),
            Column("Most used, bytes"),
            Column("Reserved, bytes"),
            Column("Share"),
        ),
        tuple(lines),
        "High-water marks that the device reports after the timed inferences; the stack's is found"
        " by painting it at start.",
    )


def _share(part: float | None, whole: float | None) -> BarCell:
    share = ratio(part, whole)
    return BarCell(percent(share, 1), min(max(share or 0.0, 0.0), 1.0))


def _largest(tensors: list[maps.ArenaBlock]) -> PageTable:
    order = sorted(tensors, key=lambda block: -block.size)[:LARGEST]
    return PageTable(
        (
            Column("Tensor", numeric=False, code=True),
            Column("Bytes"),
            Column("Offset"),
            Column("First operator"),
            Column("Last operator"),
        ),
        tuple(
            (b.name, grouped(b.size), grouped(b.offset), str(b.first), str(b.last)) for b in order
        ),
        folded=f"The {len(order)} largest of {len(tensors)} tensors",
    )
