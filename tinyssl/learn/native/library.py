"""The C of this folder as a library for this computer's processor."""

from __future__ import annotations

import ctypes
import functools
import platform
from pathlib import Path

import torch
from torch import Tensor

from tinyssl.core.errors import BuildError, ToolMissing
from tinyssl.core.host_compiler import library_bytes, load_library

FOLDER = Path(__file__).parent
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O3", "-march=native", "-shared", "-fPIC")
POINTER, INTEGER, WHOLE, FLOAT = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64, ctypes.c_float
NORM = (POINTER, WHOLE, WHOLE)
SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "tinyssl_norm_moments": (None, (*NORM, POINTER)),
    "tinyssl_norm_fit": (None, (POINTER, WHOLE, WHOLE, WHOLE, FLOAT, FLOAT, *(POINTER,) * 5)),
    "tinyssl_norm_apply": (None, (*NORM, POINTER, INTEGER, POINTER)),
    "tinyssl_norm_sums": (None, (POINTER, *NORM, POINTER, INTEGER, POINTER)),
    "tinyssl_norm_gradient": (
        None,
        (POINTER, *NORM, POINTER, POINTER, WHOLE, INTEGER, POINTER),
    ),
    "tinyssl_exchange_bytes": (ctypes.c_uint64, (ctypes.c_uint32, ctypes.c_uint64)),
    "tinyssl_exchange_give": (None, (POINTER, POINTER, ctypes.c_uint64)),
    "tinyssl_exchange_missing": (INTEGER, (POINTER, WHOLE)),
    "tinyssl_exchange_read": (None, (POINTER, POINTER, ctypes.c_uint64)),
    "tinyssl_exchange_sum": (None, (POINTER, POINTER, ctypes.c_uint64)),
}
"""Function -> type of its result, types of its arguments"""


@functools.cache
def library() -> ctypes.CDLL:
    """The library; compiled where the cache lacks it.

    Raises:
        ToolMissing: There is no C compiler.
        BuildError: The compiler failed, or this system loads no library.
    """
    sources = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.c")}
    made = library_bytes(sources | {"processor.txt": _processor()}, FLAGS)
    found = load_library(made)
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


def available() -> bool:
    """Whether this computer has the library, or can compile it."""
    try:
        library()
    except (ToolMissing, BuildError):
        return False
    return True


def _processor() -> str:
    """What tells one kind of processor from another: a cache may be shared by several."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    told = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    return "\n".join([platform.machine(), platform.processor(), *sorted(told)])


def address(tensor: Tensor) -> int:
    """Where the floats of a tensor lie that C reads or writes.

    Raises:
        ValueError: It is no contiguous float32 tensor of a CPU.
    """
    if tensor.dtype != torch.float32 or tensor.device.type != "cpu" or not tensor.is_contiguous():
        raise ValueError(f"C takes contiguous float32 on a CPU, not {tensor.dtype} {tensor.shape}")
    return tensor.data_ptr()
