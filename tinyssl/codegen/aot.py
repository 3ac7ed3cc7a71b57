"""A planned model as plain C11: `model.*`, `weights.*`, the kernels used, and the engine glue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.codegen.context import constant_bytes, model_context, rows
from tinyssl.codegen.render import Sources, kernel_text, render
from tinyssl.compiler.arena import Plan, overlaps
from tinyssl.compiler.schedule import kernel_of
from tinyssl.graph.model import Model
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import COMMON_FILES

MODEL_FILES = ("model.h", "model.c", "weights.h", "weights.c")
FOLDER_FILES = ("README.md", "selftest.c", "Makefile", "CMakeLists.txt")


def render_aot(model: Model, plan: Plan, *, isa: Isa = Isa.HOST) -> Sources:
    """The model and its kernels: no heap, no stdio, no globals. The caller owns the arena.

    Args:
        model: A verified model.
        plan: Its plan, made for the steps that `choose_steps` chose.
        isa: Instruction set the kernels are chosen for.

    Returns:
        `model.h`, `model.c`, `weights.h`, `weights.c`, `kernels/*`; equal input gives equal text.
    """
    if overlaps(plan):
        raise ValueError(f"the plan places tensors over each other: {overlaps(plan)}")
    context = model_context(model, plan, isa)
    sources = {name: render(f"aot/{name}.j2", context) for name in MODEL_FILES}
    return sources | _kernels(model, plan, isa)


def render_engine_aot(model: Model, plan: Plan, *, isa: Isa = Isa.HOST) -> Sources:
    """`engine_aot.c`: the model behind firmware/engine/engine.h, with a static arena."""
    context = model_context(model, plan, isa)
    return {"engine_aot.c": render("aot/engine_aot.c.j2", context)}


def render_c_folder(
    model: Model,
    plan: Plan,
    golden_input: NDArray[np.int8],
    golden_output: NDArray[np.int8],
    *,
    isa: Isa = Isa.HOST,
) -> Sources:
    """A folder to drop into any firmware: the model, its kernels, a README and a self-test.

    Args:
        model: A verified model.
        plan: Its plan.
        golden_input: One input, int8, of the model's input shape.
        golden_output: What TFLM gives for it, int8.
        isa: Instruction set the kernels are chosen for.

    Raises:
        ValueError: The golden arrays do not have the model's sizes.
    """
    check_golden(model, golden_input, golden_output)
    sources = render_aot(model, plan, isa=isa)
    context = model_context(model, plan, isa) | {
        "golden_input": rows(golden_input.ravel()),
        "golden_output": rows(golden_output.ravel()),
        "files": sorted(name for name in sources if name.endswith(".c")),
    }
    return sources | {name: render(f"c/{name}.j2", context) for name in FOLDER_FILES}


def check_golden(
    model: Model, golden_input: NDArray[np.int8], golden_output: NDArray[np.int8]
) -> None:
    """Raises ValueError where the arrays do not have the sizes of the model's input and output."""
    if (golden_input.size, golden_output.size) != (model.input.elements, model.output.elements):
        raise ValueError(
            f"golden arrays of {golden_input.size} and {golden_output.size} elements; the model "
            f"has {model.input.elements} and {model.output.elements}"
        )


def weight_bytes(model: Model, plan: Plan, isa: Isa = Isa.HOST) -> int:
    """Bytes of the arrays in `weights.c`: weights, biases, and the tables of the requantisation."""
    return constant_bytes(model, plan, isa)


def _kernels(model: Model, plan: Plan, isa: Isa) -> Sources:
    names = set(COMMON_FILES)
    for step in plan.steps:
        kernel = kernel_of(model, step, isa)
        names.update(kernel.files if kernel else ())
    return {f"kernels/{name}": kernel_text(name) for name in sorted(names)}
