"""The C that says what an inference found: class, name and score in a struct."""

from __future__ import annotations

from tinyssl.codegen.literals import utf8_literal
from tinyssl.codegen.render import render
from tinyssl.codegen.tensors import NUMBERS
from tinyssl.core.sources import Sources
from tinyssl.data.class_order import BINARY
from tinyssl.graph.interface import named_values, of_kind
from tinyssl.graph.model import Model, ValueKind
from tinyssl.ops.common.params import c_type


def can_answer(model: Model, classes: int) -> bool:
    """Whether the scores of so many classes are the model's first output."""
    output = of_kind(named_values(model), ValueKind.OUTPUT)[0]
    wanted = (classes, 1) if classes == BINARY else (classes,)
    return classes > 0 and output.elements in wanted and output.dtype in NUMBERS


def render_answer(model: Model, names: tuple[str, ...]) -> Sources:
    """`answer.h` and `answer.c`.

    Args:
        model: Whose first output has a score for each class, or one that is above a half for the
            second of two.
        names: Of the classes, in the order of the scores.
    """
    output = of_kind(named_values(model), ValueKind.OUTPUT)[0]
    context = {
        "names": [utf8_literal(name) for name in names],
        "type": c_type(output.dtype),
        "single": output.elements == 1,
        "quantised": output.quant is not None,
    }
    return {name: render(f"answer/{name}.j2", context) for name in ("answer.h", "answer.c")}
