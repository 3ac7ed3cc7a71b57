"""The constants of the cost model, fitted to measured instructions.

    python -m tools.fit_cost                 # measures and writes tinyssl/targets/cost_table.py
    python -m tools.fit_cost --only kws      # says what a fit to some of the models gives

Each model of the engine comparison is run on an emulated Cortex-M7 in as many ways as it takes for
each step that could be chosen to occur: each operator by itself, each block in each variant. The
instructions of all steps of a kernel are then fitted by its features (tinyssl/targets/features.py),
with constants of at least 0, so that the sum of the squared relative errors is least.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from tinyssl.codegen.aot import render_aot, render_engine_aot
from tinyssl.compiler import assemble
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.schedule import call_choices, measuring_covers
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.targets.boards import Board, find_board
from tinyssl.targets.cost import block_cost_features
from tinyssl.targets.features import STEM, Features, op_features
from tools.bench_engines.image import Parts, figures
from tools.bench_engines.measure import EMULATED_BY
from tools.bench_engines.models import all_subjects
from tools.stamp import ROOT, stamp

TABLE = ROOT / "tinyssl" / "targets" / "cost_table.py"
BOARD = "mps2_an500"
FLOOR = 2000
"""Instructions below which the timer's steps of 40 count for too much: errors are of this then"""

Samples = dict[str, list[tuple[Features, int]]]
"""Kernel -> features and instructions of each step that was measured"""


def measure(data: bytes, name: str, board: Board) -> Samples:
    """All steps that could be chosen for a model, measured once."""
    isa = board.tinyssl.isa
    model = run_passes(read_model(data, name))
    found: Samples = defaultdict(list)
    seen: set[KernelCall] = set()
    for calls in measuring_covers(call_choices(model, isa)):
        for call, count in zip(calls, _operators(model, calls, board), strict=True):
            if call not in seen and call.kernel is not None:
                kernel, features = call_features(model, call)
                if kernel != STEM:  # its constants are those of its parts
                    found[kernel].append((features, count))
            seen.add(call)
    return found


def call_features(model: Model, call: KernelCall) -> tuple[str, Features]:
    """Name of the kernel of a call, and its features.

    Raises:
        ValueError: The call is a view: there is nothing to compute.
    """
    if call.kernel is None:
        raise ValueError(f"operator {call.first} is a view")
    if call.block is not None:
        return block_cost_features(model, call.block, call.cache_taps)
    return call.kernel.name, op_features(model, model.ops[call.first], call.kernel)


def _operators(model: Model, calls: tuple[KernelCall, ...], board: Board) -> tuple[int, ...]:
    program = assemble(model, plan_arena(model, calls), board.tinyssl.isa)
    sources = render_aot(program) | render_engine_aot(program)
    return figures(Parts(sources), board).operators


def fit(samples: list[tuple[Features, int]]) -> tuple[dict[str, float], list[float]]:
    """Constants by feature, and the relative error of each sample."""
    names = sorted({name for features, _ in samples for name, count in features.items() if count})
    counted = np.array([[float(features[name]) for name in names] for features, _ in samples])
    measured = np.array([float(count) for _, count in samples])
    scale = np.maximum(measured, FLOOR)
    constants = non_negative(counted / scale[:, None], measured / scale)
    errors = (counted @ constants - measured) / scale
    kept = {
        name: float(f"{value:.4g}") for name, value in zip(names, constants, strict=True) if value
    }
    return kept, [float(error) for error in errors]


def non_negative(matrix: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """argmin |matrix x - target| over x >= 0; columns are brought to one length first."""
    norms = np.linalg.norm(matrix, axis=0)
    norms[norms == 0] = 1
    found, _ = nnls(matrix / norms, target)
    return np.asarray(found / norms)


def table_text(fitted: dict[str, tuple[dict[str, float], list[float]]], origin: str) -> str:
    """cost_table.py, as `ruff format` leaves it."""
    constants, residuals = "", ""
    for kernel, (found, errors) in sorted(fitted.items()):
        median, worst = (round(100 * value, 1) for value in _summary(errors))
        entries = "".join(f'        "{name}": {value!r},\n' for name, value in found.items())
        constants += f'    "{kernel}": {{\n{entries}    }},\n'
        residuals += f'    "{kernel}": ({len(errors)}, {median}, {worst}),\n'
    return (
        f'"""Written by `python -m tools.fit_cost`; do not edit.\n\n{origin}\n"""\n\n'
        f"CONSTANTS: dict[str, dict[str, float]] = {{\n{constants}}}\n"
        '"""Kernel -> feature (tinyssl/targets/features.py) -> instructions"""\n\n'
        f"RESIDUALS: dict[str, tuple[int, float, float]] = {{\n{residuals}}}\n"
        '"""Kernel -> steps measured, median and largest error of them in percent"""\n'
    )


def _summary(errors: list[float]) -> tuple[float, float]:
    sizes = np.abs(errors)
    return float(np.median(sizes)), float(sizes.max())


def main(arguments: list[str]) -> int:
    """Measures, fits, says how well; writes the table where all models were measured."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--models", type=Path, default=ROOT.parent / "shared" / "models")
    parser.add_argument("--only", default="", help="models, comma-separated; writes nothing")
    options = parser.parse_args(arguments)
    wanted = set(filter(None, options.only.split(",")))
    board = find_board(BOARD)
    samples: Samples = defaultdict(list)
    names = []
    for subject in all_subjects(options.models, ROOT / "build" / "bench-engines"):
        if not wanted or subject.name in wanted:
            names.append(subject.name)
            for kernel, found in measure(subject.data, subject.name, board).items():
                samples[kernel] += found
            sys.stderr.write(f"{subject.name}: measured\n")
    fitted = {kernel: fit(found) for kernel, found in samples.items()}
    for kernel, (_, errors) in sorted(fitted.items()):
        median, worst = _summary(errors)
        sys.stdout.write(
            f"{kernel:28} {len(errors):4} steps, error {median:.1%} median, {worst:.1%} worst\n"
        )
    if not wanted:
        facts = stamp(*EMULATED_BY)
        origin = f"Commit {facts['commit']}, {facts['date']}, {BOARD},\n{facts['machine']}.\n"
        TABLE.write_text(
            table_text(fitted, f"{origin}Models: {', '.join(names)}."), encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
