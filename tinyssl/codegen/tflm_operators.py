"""What TensorFlow Lite Micro calls each of its operators: also those that only it has here.

From `micro_mutable_op_resolver.h` and the folder `kernels` of tflite-micro (2026-06). An operator
of ours says it in its own `TflmNames`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.core.errors import UnsupportedModel
from tinyssl.ops import OPS
from tinyssl.ops.common.spec import TFLM_KERNELS

SOURCES = {
    "CALL_ONCE": "call_once",
    "IF": "if",
    "VAR_HANDLE": "var_handle",
    "WHILE": "while",
}
"""Operator -> source file of its reference kernel, where tinyssl has no kernel of its own"""
FURTHER = {
    "circular_buffer": ("circular_buffer_flexbuffers_generated_data",),
    "detection_postprocess": ("detection_postprocess_flexbuffers_generated_data",),
    "fft_auto_scale_kernel": ("fft_auto_scale_common",),
    "unidirectional_sequence_lstm": ("lstm_eval", "micro_tensor_utils"),
}
"""Source file -> others of that folder that it needs, beside `<source>_common.cc`"""


@dataclass(frozen=True)
class TflmKernel:
    """An operator as TFLM has it."""

    adder: str
    """Method of `MicroMutableOpResolver`"""
    source: str
    """`<source>.cc`"""
    folder: str = TFLM_KERNELS
    """Of TFLM's tree, where that lies"""


def tflm_kernel(kind: str) -> TflmKernel:
    """Names of an operator.

    Raises:
        UnsupportedModel: The engine `tflm` does not build it.
    """
    if kind in OPS and OPS[kind].tflm.source:
        names = OPS[kind].tflm
        return TflmKernel(names.adder, names.source, names.folder)
    if kind not in SOURCES:
        raise UnsupportedModel(
            f"the engine tflm does not build {kind}",
            hint="TensorFlow Lite Micro has no such operator, or keeps it in a library of its own",
        )
    adder = "Add" + "".join(word.capitalize() for word in kind.split("_"))
    return TflmKernel(adder, SOURCES[kind])
