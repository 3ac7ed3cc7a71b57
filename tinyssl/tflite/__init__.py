"""The TFLite file format: bytes to `ir.Model` and back."""

from tinyssl.tflite.canonical import is_canonical, require_canonical
from tinyssl.tflite.complete import Completed, complete, first_operators
from tinyssl.tflite.file import read_file
from tinyssl.tflite.reader import read_model
from tinyssl.tflite.writer import write_model

__all__ = [
    "Completed",
    "complete",
    "first_operators",
    "is_canonical",
    "read_file",
    "read_model",
    "require_canonical",
    "write_model",
]
