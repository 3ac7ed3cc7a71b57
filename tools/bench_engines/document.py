"""docs/engines.md from the rows of docs/engines.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tinyssl.targets.boards import Isa, find_board
from tools.bench_engines.measure import BAKENN, ENGINES, TFLM

Row = dict[str, Any]

HEAD = """\
# Engines side by side

Written by `make bench-engines`; do not edit. Every engine runs the same models in the same bare
program (`tools/bench_engines/harness.c`): start-up, the engine, a timer, no application. Figures
are instructions of the second inference in QEMU (`-icount shift=0`), never a time, in steps of
{tick} as the timer ticks; bytes of flash of the whole program; bytes of RAM with data, bss, arena
and input, the stack apart; bytes of stack that were painted and then used, with what the compiler's
figures allow at most. Every output was compared with TensorFlow Lite Micro's on this computer.
"Code" is all flash but weights, biases and tables of the requantisation (but the model file, for
`tflm`): instructions, constants, the parameters of each step, and the program's own start-up.

- `aot`: tinyssl, `-O2`. `reference`: the same with `--kernels reference`.
- `bakenn`: BakeNN of PyPI with the CMSIS-NN that it brings, `-O3 -flto`. `bakenn padded`: the same
  with asymmetric paddings made operators of their own, for which it has a faster path.
- `tflm`: TensorFlow Lite Micro with CMSIS-NN, `-O3`, and `tflm small`, `-Os`, from local copies:
  measured once by this tool where they were given, with commit and date of that measurement. Ratios
  are to the better of the two, figure by figure.
"""


TARGETS = {
    "backbone 96x96": (0.36, 0.70, 0.67, 0.20),
    "backbone 32x32": (0.40, 0.75, 0.67, 0.20),
    "vww_96": (0.42, 0.85, 0.70, 0.50),
    "resnet8": (0.45, 0.95, 0.65, 0.75),
    "kws": (0.45, 0.90, 0.60, 0.60),
}
"""What `aot` is to take of `tflm`: instructions, on a core with MVE, flash, RAM"""
TFLM_FLASH = {
    "backbone 96x96": 876_084,
    "backbone 32x32": 872_164,
    "vww_96": 385_596,
    "resnet8": 148_836,
    "kws": 106_244,
}
"""Bytes of flash of TFLM, `-O3`, on a Cortex-M7 when the shares were set"""
CODE_LIMIT = 16 * 1024
FIGURES = ("instructions", "flash", "ram")


def document(content: dict[str, Any], pictures: dict[str, str]) -> str:
    """The Markdown.

    Args:
        content: What docs/engines.json holds.
        pictures: Model -> file of its plot, relative to the document.
    """
    ticks = sorted({_tick(row["board"]) for row in content["rows"]})
    lines = [HEAD.format(tick=" or ".join(ticks))]
    lines += ["## Models", "", *_models(content["models"]), ""]
    for board in dict.fromkeys(row["board"] for row in content["rows"]):
        rows = [row for row in content["rows"] if row["board"] == board]
        lines += [f"## {find_board(board).name}", "", *_table(content["models"], rows), ""]
        lines += [*_targets(rows), *_refusals(rows), *_notes(rows)]
    lines += [*_layers(content["layers"], pictures)]
    return "\n".join(lines).rstrip() + "\n"


FAMILIES_HEAD = """\
# One model of each family

Written by `make bench-families`; do not edit. The engines and what is measured are those of
[engines.md](engines.md): the same bare program, instructions in QEMU and never a time. "Equal"
compares the bytes of all outputs after three inferences, the states going on, with TensorFlow Lite
Micro's reference kernels on this computer. `tflm` gets the file as tinyssl simplifies it, without
shape arithmetic; where it is not equal, CMSIS-NN rounds otherwise than those kernels.
"""


def families_document(content: dict[str, Any]) -> str:
    """The Markdown of docs/families.md, from what docs/families.json holds."""
    lines = [FAMILIES_HEAD, *_models(content["models"]), ""]
    for board in dict.fromkeys(row["board"] for row in content["rows"]):
        rows = [row for row in content["rows"] if row["board"] == board]
        lines += [f"## {find_board(board).name}", "", *_table(content["models"], rows), ""]
        lines += [*_behind(rows), *_refusals(rows), *_notes(rows)]
    return "\n".join(lines).rstrip() + "\n"


def _behind(rows: Sequence[Row]) -> Iterator[str]:
    """Where `aot` is not ahead of the best of the others, by figure."""
    found = []
    for own in (row for row in rows if row["engine"] == "aot" and "refused" not in row):
        peers = [
            row
            for row in rows
            if row["model"] == own["model"]
            and row["engine"] in (*TFLM, *BAKENN)
            and "refused" not in row
        ]
        for name in FIGURES if peers else ():
            ratio = _ratio(own, peers, name)
            if ratio >= 1:
                found.append(f"- {own['model']}: {ratio:.2f} times the {name} of the best other")
    yield from (
        ["`aot` is behind:", "", *found, ""] if found else ["`aot` is ahead everywhere.", ""]
    )


def _tick(board: str) -> str:
    found = find_board(board)
    assert found.tinyssl.emulator is not None
    return f"{found.tinyssl.emulator.instructions_per_second / found.tinyssl.clock_hz:g}"


def _models(models: Sequence[Row]) -> Iterator[str]:
    yield "| model | MACs | .tflite, B | SHA-256 | origin |"
    yield "|---|---|---|---|---|"
    for model in models:
        yield (
            f"| {model['name']} | {model['macs']:,} | {model['bytes']:,} | "
            f"`{model['sha256'][:12]}` | {model['origin']} |"
        )


def _table(models: Sequence[Row], rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "| model | engine | instructions | per MAC | flash, B | of it code, B | RAM, B "
        "| stack used (bound), B | ratio to tflm: instructions, flash, RAM | equal |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for model in models:
        own = {row["engine"]: row for row in rows if row["model"] == model["name"]}
        for engine in ENGINES:
            row = own.get(engine)
            if row is not None and "refused" not in row:
                yield _line(model, row, [own[name] for name in TFLM if name in own])


def _line(model: Row, row: Row, peers: Sequence[Row]) -> str:
    peers = [peer for peer in peers if "refused" not in peer]
    ratios = "–"
    if peers:
        ratios = ", ".join(f"{_ratio(row, peers, name):.2f}" for name in FIGURES)
    # BakeNN has its weights among the other constants.
    code = "–" if row["engine"] in BAKENN else f"{row['code']:,}"
    per_mac = row["instructions"] / model["macs"]
    return (
        f"| {model['name']} | {row['engine']} | {row['instructions']:,} | {per_mac:.2f} | "
        f"{row['flash']:,} | {code} | {row['ram']:,} | {_stack(row)} | {ratios} | "
        f"{'yes' if row['equal'] else '**no**'} |"
    )


def _ratio(row: Row, peers: Sequence[Row], figure: str) -> float:
    return float(row[figure] / min(peer[figure] for peer in peers))


def _targets(rows: Sequence[Row]) -> Iterator[str]:
    """`aot` against what it is to reach, and against the best figure of BakeNN."""
    found = {(row["model"], row["engine"]): row for row in rows if "refused" not in row}
    lines = []
    for model, goal in TARGETS.items():
        own = found.get((model, "aot"))
        tflm = [found[model, name] for name in TFLM if (model, name) in found]
        bakenn = [found[model, name] for name in BAKENN if (model, name) in found]
        if own is None or not tflm:
            continue
        mve = find_board(own["board"]).tinyssl.isa is Isa.CORTEX_M55
        limits = dict(zip(FIGURES, (goal[1 if mve else 0], *goal[2:]), strict=True))
        cells = [_verdict(_ratio(own, tflm, name), limits[name]) for name in FIGURES]
        behind = [name for name in FIGURES if bakenn and _ratio(own, bakenn, name) > 1]
        cells.append((", ".join(behind) or "nowhere") if bakenn else "–")
        cells += [_bytes(own["flash"], int(goal[2] * TFLM_FLASH[model]))]
        cells += [_bytes(own["code"], CODE_LIMIT)]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    if lines:
        yield "Of `tflm` (target), and where `aot` is behind the best of `bakenn`; bytes of flash"
        yield "(target: the same share of TFLM's flash when the targets were set, which this"
        yield "`tflm` is smaller than), and of it code (target):"
        yield ""
        yield "| model | instructions | flash | RAM | behind BakeNN | flash, B | code, B |"
        yield "|---|---|---|---|---|---|---|"
        yield from lines
        yield ""


def _verdict(ratio: float, limit: float) -> str:
    return f"{ratio:.3f} ({limit:.2f}{'' if ratio <= limit else ', **missed**'})"


def _bytes(size: int, limit: int) -> str:
    return f"{size:,} ({limit:,}{'' if size <= limit else ', **missed**'})"


def _stack(row: Row) -> str:
    bound = row.get("stack_bound")
    return f"{row['stack']:,} ({bound:,})" if bound else f"{row['stack']:,}"


def _refusals(rows: Sequence[Row]) -> Iterator[str]:
    """Once each reason, with the models it holds for."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if "refused" in row:
            reasons.setdefault((row["engine"], row["refused"]), []).append(row["model"])
    if reasons:
        yield from ("Refused:", "")
        for (engine, reason), models in reasons.items():
            yield f"- `{engine}`, {', '.join(models)}: {' '.join(reason.split())}"
        yield ""


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """How each row came about: what was changed for it, commit, date, machine."""
    notes: dict[str, list[str]] = {}
    for row in rows:
        if "refused" not in row:
            changed = f"{row['note']}; " if row["note"] else ""
            text = f"{changed}commit {row['commit']}, {row['date']}, {row['machine']}"
            notes.setdefault(f"`{row['engine']}`: {text}", []).append(row["model"])
    yield from ("Measured:", "")
    for text, models in notes.items():
        yield f"- {text} ({', '.join(models)})"
    yield ""


def _layers(layers: dict[str, dict[str, list[Row]]], pictures: dict[str, str]) -> Iterator[str]:
    for board, models in layers.items():
        for name, steps in models.items():
            yield f"## {name}, step by step, {board}"
            yield ""
            if name in pictures:
                yield f"![RAM against instructions of {name}]({pictures[name]})"
                yield ""
            yield "| step | shape | MACs | instructions | per MAC | reference | ratio | RAM, B |"
            yield "|---|---|---|---|---|---|---|---|"
            for step in steps:
                yield _step(step)
            yield ""


def _step(step: Row) -> str:
    ticks, cost, before = step["instructions"], step["macs"], step["reference"]
    per_mac = f"{ticks / cost:.2f}" if cost else "–"
    ratio = f"{ticks / before:.2f}" if before else "–"
    return (
        f"| {step['text']} | {step['shape']} | {cost:,} | {ticks:,} | {per_mac} | "
        f"{before:,} | {ratio} | {step['ram']:,} |"
    )
