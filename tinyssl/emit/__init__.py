"""Code generation: a planned model to C text."""

from tinyssl.emit.aot import render_aot, render_c_folder, render_engine_aot, weight_bytes
from tinyssl.emit.describe import describe_ops
from tinyssl.emit.kernels import PORTABLE, scratch_bytes
from tinyssl.emit.render import Sources, write_sources
from tinyssl.emit.tflm import render_tflm

__all__ = [
    "PORTABLE",
    "Sources",
    "describe_ops",
    "render_aot",
    "render_c_folder",
    "render_engine_aot",
    "render_tflm",
    "scratch_bytes",
    "weight_bytes",
    "write_sources",
]
