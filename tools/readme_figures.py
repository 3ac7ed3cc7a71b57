"""Writes the figures of the last `make demo` into README.md, between the `demo:` comments.

    python tools/readme_figures.py [--workspace demo]

Every figure comes from the run records; commit, seed, machine and date stand below the table. Where
`make demo-seeds` has trained more seeds in the same workspace, their spread stands there too.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyssl.cli.output import format_value
from tinyssl.core.intervals import wilson
from tinyssl.core.records import RunRecord, Workspace, write_atomic
from tinyssl.report.chain import Chain, follow
from tinyssl.report.compare import ComparedRow, Figure
from tinyssl.targets.boards import find_board

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- demo: begin.*?-->\n).*?(<!-- demo: end -->)", re.DOTALL)


def accuracy_rows(chain: Chain) -> list[tuple[str, str]]:
    """What training brings, and what INT8 costs."""
    assert chain.probe is not None
    assert chain.convert is not None
    probe, convert = chain.probe.results, chain.convert.results
    return [
        ("linear probe, trained without labels", _share(probe, "accuracy")),
        *_seed_rows(chain.seeds),
        ("without training: random weights, linear probe", _share(probe, "accuracy_random")),
        ("without a network: logistic regression on the pixels", _share(probe, "accuracy_raw")),
        ("without a network: kNN on the pixels", _share(probe, "knn_raw")),
        ("accuracy, float32", _share(convert, "accuracy_float")),
        ("accuracy, INT8 on the host (TFLite Micro)", _share(convert, "accuracy_int8")),
    ]


def _share(results: Mapping[str, Any], name: str) -> str:
    """Accuracy with its 95 % interval over the test images."""
    low, high = wilson(results[name], results["test_images"])
    return f"{format_value('accuracy', results[name])} ({100 * low:.1f} – {100 * high:.1f})"


def _seed_rows(seeds: ComparedRow | None) -> list[tuple[str, str]]:
    """Mean and spread over pretrainings with other seeds, where there are some."""
    if seeds is None:
        return []
    named = (("linear", "linear probe"), ("int8", "INT8"))
    numbers = ", ".join(map(str, seeds.seeds))
    return [
        (f"{title}, seeds {numbers}: mean ± deviation", _spread(seeds.figures[name]))
        for name, title in named
        if name in seeds.figures and seeds.figures[name].n > 1
    ]


def _spread(figure: Figure) -> str:
    return f"{100 * figure.mean:.2f} ± {100 * (figure.std or 0):.2f} %"


def device_rows(bench: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the board measured."""
    budget = find_board(bench["board"]).tinyssl.budget
    memory = bench["memory"]
    return [
        ("accuracy, INT8 on the device", format_value("accuracy", bench["accuracy_device"])),
        ("outputs byte-equal, device and host", f"{bench['equal']:,} of {bench['images']:,}"),
        ("one inference", f"{bench['latency']['median']:,.0f} {bench['latency']['unit']}"),
        ("flash", f"{bench['flash_bytes']:,} B of {budget.flash:,}"),
        ("RAM", f"{bench['ram_bytes']:,} B of {budget.ram:,}"),
        ("of it arena", f"{memory['arena_bytes']:,} B"),
        ("stack, most used", f"{memory['stack_used']:,} B"),
    ]


def origin(pretrain: RunRecord, bench: RunRecord, images: int) -> str:
    """Commit, seed, machine and date of the figures."""
    machine = bench.machine
    return (
        f"`make demo` of {bench.started[:10]}, commit {bench.commit[:7]}, seed {pretrain.seed}, "
        f"{machine['cores']} cores ({machine['cpu']}), board `{bench.results['board']}` in QEMU. "
        f"Training took {pretrain.results['seconds']:.0f} s. In brackets: 95 % intervals over "
        f"{images} test images."
    )


def block(workspace: Workspace) -> str:
    """What goes between the comments."""
    chain = follow(workspace.latest("bench"), workspace)
    if chain.pretrain is None or chain.probe is None or chain.convert is None:
        raise SystemExit(f"{workspace.root} holds no whole demo: run `make demo`")
    cells = accuracy_rows(chain) + device_rows(chain.bench.results)
    table = ["| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in cells)]
    below = origin(chain.pretrain, chain.bench, chain.probe.results["test_images"])
    return "\n" + "\n".join([*table, "", below, ""]) + "\n"


def main() -> None:
    """Replaces the block."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workspace", type=Path, default=Path("demo"))
    text = block(Workspace(parser.parse_args().workspace))
    old = README.read_text(encoding="utf-8")
    if not BLOCK.search(old):
        raise SystemExit(f"{README} has no `demo:` comments")
    new = BLOCK.sub(lambda found: found[1] + text + found[2], old)
    write_atomic(README, new.encode())


if __name__ == "__main__":
    main()
