"""The TFLite file format: bytes to `ir.Model` and back."""

from tinyssl.frontends.tflite.canonical import is_canonical
from tinyssl.frontends.tflite.complete import Completed, complete, first_operators, simplify
from tinyssl.frontends.tflite.control import has_control
from tinyssl.frontends.tflite.file import read_file
from tinyssl.frontends.tflite.outline import count_variables, operator_kinds, read_outline
from tinyssl.frontends.tflite.reader import read_model
from tinyssl.frontends.tflite.skeleton import Skeleton, read_skeleton
from tinyssl.frontends.tflite.writer import write_model

__all__ = [
    "Completed",
    "Skeleton",
    "complete",
    "count_variables",
    "first_operators",
    "has_control",
    "is_canonical",
    "operator_kinds",
    "read_file",
    "read_model",
    "read_outline",
    "read_skeleton",
    "simplify",
    "write_model",
]
