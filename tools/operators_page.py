"""Writes docs/operators.md: every operator of TensorFlow Lite Micro, and our kernels for it.

    python -m tools.operators_page

The list of what TensorFlow Lite Micro registers is tools/tflm_operators.json, with its version.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tinyssl.frontends.tflite.control import BRANCH, LOOP
from tinyssl.frontends.tflite.variables import RUN_ONCE
from tinyssl.graph.model import DType, Operand, Role
from tinyssl.ops import OPS
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.spec import OpSpec
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import OPTIMISED
from tinyssl.targets.twins import TWINS
from tools.stamp import ROOT

DOCUMENT = ROOT / "docs" / "operators.md"
LIST = Path(__file__).with_name("tflm_operators.json")

COLUMNS = {"DSP": Isa.CORTEX_M7, "MVE": Isa.CORTEX_M55, "RV32": Isa.RV32IMC}
"""Heading -> an instruction set of the kind"""

READ_AWAY = {
    **dict.fromkeys(
        RUN_ONCE, "no code: variables become states of the model when the file is read"
    ),
    BRANCH: "no code: the subgraph that a constant condition chooses takes its place",
    LOOP: "no code: unrolled, where the number of rounds follows from constants",
}
REASONS = {
    "CUSTOM TFLM_DECODE": "weights that TensorFlow Lite Micro's own tool compressed: take the file "
    "from before that",
    "CUSTOM ethos-u": "commands of an NPU: take the model from before it was compiled for one",
}
"""Why there is none; `not yet` for all others"""

INTRODUCTION = """\
# Operators

Written by `make operators-page`; do not edit. These are the operators that TensorFlow Lite Micro
registers ({source}, {version}): {done} of {count} run here, each to TensorFlow Lite Micro's bytes.

- **types** are those of the values that an operator computes with, in and out. The rules of
  `tinyssl/ops/<name>.py` say what else must hold.
- **any core** names the plain C kernels of `firmware/kernels/`: the first that fits the operator is
  taken. **DSP** (Cortex-M4, M7), **MVE** (Cortex-M55) and **RV32** name the kernels of instruction
  sets, which are tried before; blocks of several operators have kernels besides
  ([engine.md](engine.md)).
- **no code** is an operator that costs nothing: its output is its input's storage, or it is known
  when the file is read.
"""


def kernels(names: Sequence[Any]) -> str:
    """`mean_s8, sum_s8`."""
    return ", ".join(dict.fromkeys(f"`{kernel.name}`" for kernel in names))


def types(operands: Sequence[Operand]) -> str:
    """`int8 float32`, of what is computed, not of weights."""
    computed = [
        operand
        for operand in operands
        if Role.ACTIVATION in operand.roles or Role.CONSTANT not in operand.roles
    ]
    found = {dtype for operand in computed or operands for dtype in operand.types}
    return " ".join(dtype.value for dtype in DType if dtype in found)


def type_text(spec: OpSpec[Any]) -> str:
    """Types of inputs, and of outputs where they are others."""
    read, written = types(spec.op.operands), types(spec.op.results)
    return read if written in ("", read) else f"{read} → {written}"


def code(spec: OpSpec[Any]) -> str:
    """Plain kernels, or why there are none."""
    if spec.kernels:
        return kernels(spec.kernels)
    return "no code: a view" if spec.is_view else "no code: folded"


def own_kernels(spec: OpSpec[Any], isa: Isa) -> list[Kernel[Any]]:
    """What an instruction set has of its own for an operator."""
    twins = TWINS.get(isa, {})
    return [
        *OPTIMISED[isa].get(spec.op, ()),
        *(twins[kernel.name] for kernel in spec.kernels if kernel.name in twins),
    ]


def line(kind: str) -> str:
    """An operator's line of the table."""
    spec = OPS.get(kind)
    name = kind.removeprefix("CUSTOM ")
    if spec is None:
        return f"| {name} | | {READ_AWAY.get(kind, REASONS.get(kind, 'not yet'))} | | | |"
    tables = [own_kernels(spec, isa) for isa in COLUMNS.values()]
    return (
        " | ".join([f"| {name}", type_text(spec), code(spec), *map(kernels, tables)]).rstrip()
        + " |"
    )


def table(kinds: Sequence[str]) -> Iterator[str]:
    """Operators in the order of their names."""
    yield f"| operator | types | any core | {' | '.join(COLUMNS)} |"
    yield "|---|---|---|---|---|---|"
    yield from map(line, sorted(kinds))


def in_training(kind: str) -> bool:
    """Whether only training on the device makes the operator."""
    return ".training." in OPS[kind].op.__module__


def page() -> str:
    """The whole document."""
    known = json.loads(LIST.read_text(encoding="utf-8"))
    kinds = list(known["operators"].values())
    done = sum(kind in OPS or kind in READ_AWAY for kind in kinds)
    head = INTRODUCTION.format(
        source=known["source"], version=known["version"], done=done, count=len(kinds)
    )
    lines = [head, *table([kind for kind in kinds if not kind.startswith("CUSTOM")])]
    lines += ["", "## Custom operators", "", *table([k for k in kinds if k.startswith("CUSTOM")])]
    others = [kind for kind in OPS if kind not in kinds]
    training = [kind for kind in others if in_training(kind)]
    if inference := [kind for kind in others if kind not in training]:
        title = "## Operators that TensorFlow Lite Micro does not have"
        lines += ["", title, "", *table(inference)]
    lines += ["", "## Operators of networks that learn on the device", "", *table(training)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the page."""
    DOCUMENT.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
