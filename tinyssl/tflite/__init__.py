"""The TFLite file format: bytes to `ir.Model` and back."""

from tinyssl.tflite.reader import read_model
from tinyssl.tflite.writer import write_model

__all__ = ["read_model", "write_model"]
