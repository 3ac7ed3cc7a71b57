"""Writes the figures of the last `make demo` into README.md, between the `demo:` comments.

    python tools/readme_figures.py [--workspace demo]

Every figure comes from the run records; commit, seed, machine and date stand below the table.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from tinyssl.boards import find_board
from tinyssl.cli.output import format_value
from tinyssl.records import RunRecord, Workspace, write_atomic

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- demo: begin.*?-->\n).*?(<!-- demo: end -->)", re.DOTALL)


def rows(probe: dict[str, Any], convert: dict[str, Any], bench: dict[str, Any]) -> list[str]:
    """The lines of the table."""
    budget = find_board(bench["board"]).tinyssl.budget
    memory = bench["memory"]
    cells = [
        ("linear probe, trained without labels", format_value("accuracy", probe["accuracy"])),
        ("linear probe, random weights", format_value("accuracy", probe["accuracy_random"])),
        ("accuracy, float32", format_value("accuracy", convert["accuracy_float"])),
        (
            "accuracy, INT8 on the host (TFLite Micro)",
            format_value("accuracy", convert["accuracy_int8"]),
        ),
        ("accuracy, INT8 on the device", format_value("accuracy", bench["accuracy_device"])),
        ("outputs byte-equal, device and host", f"{bench['equal']:,} of {bench['images']:,}"),
        ("one inference", f"{bench['latency']['median']:,.0f} {bench['latency']['unit']}"),
        ("flash", f"{bench['flash_bytes']:,} B of {budget.flash:,}"),
        ("RAM", f"{bench['ram_bytes']:,} B of {budget.ram:,}"),
        ("of it arena", f"{memory['arena_bytes']:,} B"),
        ("stack, most used", f"{memory['stack_used']:,} B"),
    ]
    return ["| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in cells)]


def origin(pretrain: RunRecord, bench: RunRecord) -> str:
    """Commit, seed, machine and date of the figures."""
    machine = bench.machine
    return (
        f"`make demo` of {bench.started[:10]}, commit {bench.commit[:7]}, seed {pretrain.seed}, "
        f"{machine['cores']} cores ({machine['cpu']}), board `{bench.results['board']}` in QEMU. "
        f"Training took {pretrain.results['seconds']:.0f} s."
    )


def block(workspace: Workspace) -> str:
    """What goes between the comments."""
    pretrain, bench = workspace.latest("pretrain"), workspace.latest("bench")
    probe, convert = workspace.latest("probe"), workspace.latest("convert")
    table = rows(probe.results, convert.results, bench.results)
    return "\n" + "\n".join([*table, "", origin(pretrain, bench), ""]) + "\n"


def main() -> None:
    """Replaces the block."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workspace", type=Path, default=Path("demo"))
    text = block(Workspace(parser.parse_args().workspace))
    old = README.read_text()
    if not BLOCK.search(old):
        raise SystemExit(f"{README} has no `demo:` comments")
    new = BLOCK.sub(lambda found: found[1] + text + found[2], old)
    write_atomic(README, new.encode())


if __name__ == "__main__":
    main()
