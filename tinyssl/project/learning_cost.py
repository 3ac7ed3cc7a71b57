"""What learning takes of the board: instructions of a step, estimated, and flash, as linked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyssl.compiler import Program
from tinyssl.compiler.calls import KernelCall, call_ops
from tinyssl.ops import macs
from tinyssl.targets.fusing import fusing_for
from tinyssl.targets.training_cost import held_out, training_op_cost

PER_MAC = PER_ELEMENT = 6.0
"""Instructions of kernels that no cost model knows"""
UNKNOWN_ERROR = 1.0
"""Of these: within a factor of two"""
MAP = "firmware.map"
"""Of the linker, beside the image"""
PLACED = re.compile(r"^ \.(text|rodata|data)(\S*)\s+0x(\w+)\s+0x(\w+) (\S+?)\.o\)?$", re.MULTILINE)
"""Kind and name of a section, address, size and object file, perhaps in an archive"""
FIRMWARE = re.compile(r"/(app/(learning\w*|learnt|drift)|storage/\w+|port/flash_\w+)$")
"""Objects of the firmware that only an image has which learns"""
FIRST_VALUES = re.compile(r"\.first\d+|\.tinyssl_model_init(\..*)?")
"""Tables, and the function that copies them, which holds the small ones itself"""


@dataclass(frozen=True)
class LearningCost:
    """Estimated before anything ran."""

    inference: int
    """Instructions of an inference, with the layers that learn in it"""
    step: int
    """Instructions of the training step behind it"""
    error: float
    """Largest relative error of a step that was seen, more where a kernel is not known"""
    models: int
    """Held out of the fit, on which the error was seen"""
    median: float
    """Median error of these"""

    def as_text(self) -> str:
        """One line for `build`."""
        return (
            f"a training step takes about {self.step:,} instructions behind the inference's "
            f"{self.inference:,} (estimated; {self.models} other models: {100 * self.median:.0f} % "
            f"off in the median, {100 * self.error:.0f} % at most)"
        )


def learning_cost(program: Program) -> LearningCost:
    """Instructions by the fitted cost models, and by a rate where they do not know a kernel."""
    inference = sum(_cost(program, call)[0] for call in program.inference_calls if call.kernel)
    behind = program.calls[len(program.inference_calls) :]
    steps = [_cost(program, call) for call in behind if call.kernel]
    step = sum(cost for cost, _ in steps)
    unknown = sum(cost for cost, known in steps if not known)
    models, median, worst = held_out(program.isa)
    error = worst + (UNKNOWN_ERROR - worst) * unknown / step if step else worst
    return LearningCost(round(inference), round(step), round(error, 3), models, median)


def _cost(program: Program, call: KernelCall) -> tuple[float, bool]:
    """Instructions of a call, and whether a model knows its kernel."""
    graph, fusing = program.graph, fusing_for(program.isa)
    assert call.kernel is not None  # views take nothing
    if fusing is not None and call.block is not None:
        return fusing.block_cost(graph, call.block, call.cache_taps), True
    op = graph.ops[call.first]
    if call.block is None:
        found = training_op_cost(graph, op, call.kernel.name, program.isa)
        if found is not None:
            return found, True
        known = fusing.op_cost(graph, op) if fusing is not None else 0.0
        if known:
            return known, True
    ops = call_ops(graph, call)
    elements = sum(graph.tensor(index).elements for each in ops for index in each.outputs)
    return PER_MAC * sum(macs(graph, each) for each in ops) + PER_ELEMENT * elements, False


def learning_flash(image: Path, program: Program) -> dict[str, int]:
    """Bytes of flash that learning takes in a linked image, by the linker's map.

    Args:
        image: The ELF.
        program: What it runs.

    Returns:
        `code` (kernels that only the step uses, commands, checks and the log, with their
        constants) and `first_values` (of the parameters); empty where there is no map.
    """
    path = image.with_name(MAP)
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8", errors="replace").partition("\nLinker script and")[2]
    joined = re.sub(r"^( \.\S+)\n\s+", r"\1 ", text, flags=re.MULTILINE)
    files, functions = _own_kernels(program)
    found = {"code": 0, "first_values": 0}
    for _, section, address, size, source in PLACED.findall(joined):
        if int(address, 16) == 0:
            continue
        if FIRST_VALUES.fullmatch(section):
            found["first_values"] += int(size, 16)
        elif (
            FIRMWARE.search(source)
            or re.split(r"[/(]", source)[-1] in files
            or section in functions
        ):
            found["code"] += int(size, 16)
    return found


def _own_kernels(program: Program) -> tuple[set[str], set[str]]:
    """What no inference call uses: files without their endings, and sections of functions."""
    inference = program.inference_calls
    behind = program.calls[len(inference) :]
    own, shared = ([call.kernel for call in calls if call.kernel] for calls in (behind, inference))
    files = [
        {f.removesuffix(".c") for kernel in each for f in kernel.files} for each in (own, shared)
    ]
    names = [{f".tinyssl_{kernel.name}" for kernel in each} for each in (own, shared)]
    return files[0] - files[1], names[0] - names[1]


def learning_record(cost: LearningCost, flash: dict[str, int]) -> dict[str, Any]:
    """For the build's record."""
    return {
        "inference_instructions": cost.inference,
        "step_instructions": cost.step,
        "error": cost.error,
        **{f"flash_{name}": size for name, size in flash.items()},
    }
