"""A compiled program as plain C11: `model.*`, `weights.*`, the kernels used, the engine glue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.codegen.context import model_context, rows
from tinyssl.codegen.render import Sources, kernel_text, render
from tinyssl.compiler.arena import overlaps
from tinyssl.compiler.program import Program
from tinyssl.graph.model import Model
from tinyssl.targets.kernels import COMMON_FILES, SIZE_FIRST

MODEL_FILES = ("model.h", "model.c", "weights.h", "weights.c")
FOLDER_FILES = ("README.md", "selftest.c", "Makefile", "CMakeLists.txt")


def render_aot(program: Program) -> Sources:
    """The model and its kernels: no heap, no stdio, no globals. The caller owns the arena.

    Returns:
        `model.h`, `model.c`, `weights.h`, `weights.c`, `kernels/*`; equal input gives equal text.

    Raises:
        ValueError: The plan places values over each other.
    """
    if collisions := overlaps(program.plan):
        raise ValueError(f"the plan places tensors over each other: {collisions}")
    context = model_context(program)
    sources = {name: render(f"aot/{name}.j2", context) for name in MODEL_FILES}
    return sources | _kernels(program)


def render_engine_aot(program: Program) -> Sources:
    """`engine_aot.c`: the model behind firmware/engine/engine.h, with a static arena."""
    return {"engine_aot.c": render("aot/engine_aot.c.j2", model_context(program))}


def render_c_folder(
    program: Program, golden_input: NDArray[np.int8], golden_output: NDArray[np.int8]
) -> Sources:
    """A folder to drop into any firmware: the model, its kernels, a README and a self-test.

    Args:
        program: The compiled model.
        golden_input: One input, int8, of the model's input shape.
        golden_output: What TFLM gives for it, int8.

    Raises:
        ValueError: The golden arrays do not have the model's sizes.
    """
    check_golden(program.graph, golden_input, golden_output)
    sources = render_aot(program)
    context = model_context(program) | {
        "golden_input": rows(golden_input.ravel()),
        "golden_output": rows(golden_output.ravel()),
        "files": sorted(name for name in sources if name.endswith(".c")),
        "size_first": [name for name in SIZE_FIRST if name in sources],
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


def _kernels(program: Program) -> Sources:
    texts = {name: kernel_text(name) for name in COMMON_FILES}
    for call in program.calls:
        if call.kernel is not None:
            texts |= {name: kernel_text(name, call.kernel.folder) for name in call.kernel.files}
    return {f"kernels/{name}": texts[name] for name in sorted(texts)}
