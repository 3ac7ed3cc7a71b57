"""Operators of a graph as the file format has them.

The graph holds explicit paddings and no axis or shape tensors; each operator's `TfliteFormat` turns
them into SAME, VALID or a PAD, and the constants that TFLite wants as inputs.
"""

from __future__ import annotations

from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.model import Model
from tinyssl.ops import OPS, spec_of, supported_hint
from tinyssl.ops.common.tflite import Lowering


def lower(model: Model) -> Lowering:
    """Operators and tensors as the file has them.

    Raises:
        UnsupportedModel: TFLite cannot say this operator.
    """
    result = Lowering(model)
    for op in model.ops:
        if op.kind not in OPS:
            raise UnsupportedModel(f"{op.label}: operator cannot be written", supported_hint())
        result.ops.append(spec_of(op).tflite.write(op, result))
    return result
