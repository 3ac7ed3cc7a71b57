"""Code generation: a planned model to C text."""

from tinyssl.emit.aot import render_aot, render_c_folder, render_engine_aot, weight_bytes
from tinyssl.emit.describe import describe_ops, describe_steps
from tinyssl.emit.kernels import PORTABLE
from tinyssl.emit.library import LibraryFacts, library_name, render_library
from tinyssl.emit.render import Sources, write_sources
from tinyssl.emit.steps import choose_steps
from tinyssl.emit.tflm import render_tflm

__all__ = [
    "PORTABLE",
    "LibraryFacts",
    "Sources",
    "choose_steps",
    "describe_ops",
    "describe_steps",
    "library_name",
    "render_aot",
    "render_c_folder",
    "render_engine_aot",
    "render_library",
    "render_tflm",
    "weight_bytes",
    "write_sources",
]
