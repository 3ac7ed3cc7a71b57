"""A compiled program as plain C11: `model.*`, `weights.*`, the kernels used, the engine glue."""

from __future__ import annotations

from tinyssl.codegen.context import model_context, weights_context
from tinyssl.codegen.render import firmware_text, kernel_text, render
from tinyssl.codegen.tensors import golden_context
from tinyssl.compiler.arena import overlaps
from tinyssl.compiler.program import Program
from tinyssl.core.sources import Sources
from tinyssl.graph.interface import Feeds
from tinyssl.targets.kernels import COMMON_FILES, SIZE_FIRST

MODEL_FILES = ("model.h", "model.c", "weights.h", "weights.c")
FOLDER_FILES = ("README.md", "selftest.c", "Makefile", "CMakeLists.txt")


def render_aot(program: Program) -> Sources:
    """The model and its kernels: no heap, no stdio, no globals. The caller owns the arena.

    Returns:
        `model.h`, `model.c`, `tensor.h`, `weights.h`, `weights.c`, `kernels/*`; equal input gives
        equal text.

    Raises:
        ValueError: The plan places values over each other.
    """
    if collisions := overlaps(program.plan):
        raise ValueError(f"the plan places tensors over each other: {collisions}")
    context = model_context(program) | weights_context(program)
    sources = {name: render(f"aot/{name}.j2", context) for name in MODEL_FILES}
    sources["tensor.h"] = firmware_text("engine/tensor.h")
    return sources | _kernels(program)


def render_engine_aot(program: Program) -> Sources:
    """`engine_aot.c`: the model behind firmware/engine/engine.h, with a static arena."""
    return {"engine_aot.c": render("aot/engine_aot.c.j2", model_context(program))}


def render_c_folder(
    program: Program, feeds: Feeds, outputs: Feeds, extras: Sources | None = None
) -> Sources:
    """A folder to drop into any firmware: the model, its kernels, a README and a self-test.

    Args:
        program: The compiled model.
        feeds: Inputs of one inference, by name.
        outputs: What TFLM gives for them, by name.
        extras: `camera.*` and `answer.*`, as far as the model has them.

    Raises:
        ValueError: The arrays do not have the model's names, types or sizes.
    """
    sources = render_aot(program) | (extras or {})
    context = model_context(program) | {
        "goldens": golden_context(program.graph, feeds, outputs),
        "files": sorted(name for name in sources if name.endswith(".c")),
        "camera": "camera.h" in sources,
        "answer": "answer.h" in sources,
        "size_first": [name for name in SIZE_FIRST if name in sources],
    }
    return sources | {name: render(f"c/{name}.j2", context) for name in FOLDER_FILES}


def _kernels(program: Program) -> Sources:
    texts = {name: kernel_text(name) for name in COMMON_FILES}
    for call in program.calls:
        if call.kernel is not None:
            texts |= {name: kernel_text(name, call.kernel.folder) for name in call.kernel.files}
    return {f"kernels/{name}": texts[name] for name in sorted(texts)}
