"""What TensorFlow Lite Micro calls each of its operators: also those that only it has here.

From `micro_mutable_op_resolver.h` and the folder `kernels` of tflite-micro (2026-06). An operator
of ours says it in its own `TflmNames`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.core.errors import UnsupportedModel
from tinyssl.ops import OPS

SOURCES = {
    "ADD_N": "add_n",
    "ARG_MAX": "arg_min_max",
    "ARG_MIN": "arg_min_max",
    "BATCH_MATMUL": "batch_matmul",
    "BATCH_TO_SPACE_ND": "batch_to_space_nd",
    "BROADCAST_ARGS": "broadcast_args",
    "BROADCAST_TO": "broadcast_to",
    "CAST": "cast",
    "CUMSUM": "cumsum",
    "CUSTOM CIRCULAR_BUFFER": "circular_buffer",
    "CUSTOM TFLite_Detection_PostProcess": "detection_postprocess",
    "DEPTH_TO_SPACE": "depth_to_space",
    "DIV": "div",
    "DYNAMIC_UPDATE_SLICE": "dynamic_update_slice",
    "EMBEDDING_LOOKUP": "embedding_lookup",
    "EQUAL": "comparisons",
    "FILL": "fill",
    "FLOOR_DIV": "floor_div",
    "FLOOR_MOD": "floor_mod",
    "GATHER": "gather",
    "GATHER_ND": "gather_nd",
    "GREATER": "comparisons",
    "GREATER_EQUAL": "comparisons",
    "IF": "if",
    "L2_NORMALIZATION": "l2norm",
    "L2_POOL_2D": "l2_pool_2d",
    "LESS": "comparisons",
    "LESS_EQUAL": "comparisons",
    "LOGICAL_AND": "logical",
    "LOGICAL_NOT": "elementwise",
    "LOGICAL_OR": "logical",
    "LOG_SOFTMAX": "log_softmax",
    "MAXIMUM": "maximum_minimum",
    "MINIMUM": "maximum_minimum",
    "NOT_EQUAL": "comparisons",
    "PACK": "pack",
    "PRELU": "prelu",
    "SELECT_V2": "select",
    "SHAPE": "shape",
    "SPACE_TO_BATCH_ND": "space_to_batch_nd",
    "SQUARED_DIFFERENCE": "squared_difference",
    "STRIDED_SLICE": "strided_slice",
    "SUB": "sub",
    "TRANSPOSE_CONV": "transpose_conv",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "unidirectional_sequence_lstm",
    "UNPACK": "unpack",
    "WHILE": "while",
    "ZEROS_LIKE": "zeros_like",
}
"""Operator -> source file of its reference kernel, where tinyssl has no kernel of its own"""
ADDERS = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "CUSTOM CIRCULAR_BUFFER": "AddCircularBuffer",
    "CUSTOM TFLite_Detection_PostProcess": "AddDetectionPostprocess",
    "L2_POOL_2D": "AddL2Pool2D",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}
"""Method that registers it, where the name does not follow from the operator's"""
FURTHER = {
    "circular_buffer": ("circular_buffer_flexbuffers_generated_data",),
    "detection_postprocess": ("detection_postprocess_flexbuffers_generated_data",),
    "unidirectional_sequence_lstm": ("lstm_eval", "micro_tensor_utils"),
}
"""Source file -> others of that folder that it needs, beside `<source>_common.cc`"""
BY_HANDLE = ("VAR_HANDLE", "CALL_ONCE")
"""Operators of resource variables that are no operator of ours"""


@dataclass(frozen=True)
class TflmKernel:
    """An operator as TFLM has it."""

    adder: str
    """Method of `MicroMutableOpResolver`"""
    source: str
    """`<source>.cc`"""


def tflm_kernel(kind: str) -> TflmKernel:
    """Names of an operator.

    Raises:
        UnsupportedModel: The engine `tflm` does not build it.
    """
    if kind in BY_HANDLE or (kind in OPS and OPS[kind].tflm.by_handle):
        raise UnsupportedModel(
            f"the engine tflm has no resource variables, which {kind} needs",
            hint="build with --engine aot",
        )
    if kind in OPS and OPS[kind].tflm.source:
        return TflmKernel(OPS[kind].tflm.adder, OPS[kind].tflm.source)
    if kind not in SOURCES:
        raise UnsupportedModel(
            f"the engine tflm does not build {kind}",
            hint="TensorFlow Lite Micro has no such operator, or keeps it in a library of its own",
        )
    usual = "Add" + "".join(word.capitalize() for word in kind.split("_"))
    return TflmKernel(ADDERS.get(kind, usual), SOURCES[kind])
