"""What of a model is computed in float32: it runs, but larger and slower than in INT8."""

from __future__ import annotations

from tinyssl.graph.model import DType, Model
from tinyssl.ops import spec_of


def float_note(model: Model) -> str:
    """A sentence on the MACs in float32 and the way out; empty where there are none.

    QUANTIZE and DEQUANTIZE at the ends multiply nothing in this count.
    """
    counts = {op: spec_of(op).macs(model, op) for op in model.ops}
    floats = [
        op
        for op, macs in counts.items()
        if macs and any(model.tensor(index).dtype is DType.FLOAT32 for index in op.outputs)
    ]
    if not floats:
        return ""
    share = sum(counts[op] for op in floats) / sum(counts.values())
    count = "1 operator computes" if len(floats) == 1 else f"{len(floats)} operators compute"
    return (
        f"{count} in float32 ({100 * share:.0f} % of the MACs), larger and slower than in INT8: "
        "`tinyssl convert --model FILE --calibration DATA` quantises a float model"
    )
