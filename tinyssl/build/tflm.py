"""TensorFlow Lite Micro in the PlatformIO project: which sources, from where, and its arena.

The project gets a library `lib/tflm` that is one file, `library.json`: it names the sources that
the model needs inside a tree of TFLM that lies elsewhere, and how they are compiled. The tree is
either `--tflm PATH` or what PlatformIO fetches for the `lib_deps` line. Nothing of it is copied.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from tinyssl.boards import Board
from tinyssl.build.project import EngineParts
from tinyssl.build.source import ModelSource
from tinyssl.emit import render_tflm
from tinyssl.emit.tflm import ARENA_ALIGNMENT, operator_kinds
from tinyssl.errors import UsageError

LIBRARY = "lib/tflm"
FETCHED = "tflm-sources"
LIB_DEPS = f"{FETCHED}=https://github.com/espressif/esp-tflite-micro.git#v1.3.8"
"""A tree of TFLM that PlatformIO can fetch, with third-party headers and reference kernels.
TensorFlow's own repository cannot be named here: it lacks those headers, and PlatformIO, which
looks for the folder that is a library, keeps an arbitrary one of its folders."""

ARENA_MARGIN = 1024
"""Bytes on top of what TFLM measures on this computer: that one and the linked one may be different
versions, whose bookkeeping differs by some words a tensor or operator"""

KERNELS = "tensorflow/lite/micro/kernels"
KERNEL_FILES = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise_conv",
    "FULLY_CONNECTED": "fully_connected",
    "ADD": "add",
    "PAD": "pad",
    "MEAN": "reduce",
    "AVERAGE_POOL_2D": "pooling",
    "MAX_POOL_2D": "pooling",
    "RESHAPE": "reshape",
    "SOFTMAX": "softmax",
}
"""Operator -> its reference kernel: `<name>.cc` and, where there is one, `<name>_common.cc`"""

RUNTIME = (
    "+<tensorflow/compiler/mlir/lite/core/api/error_reporter.cc>",
    "+<tensorflow/compiler/mlir/lite/schema/schema_utils.cc>",
    "+<tensorflow/lite/core/api/*.cc>",
    "+<tensorflow/lite/core/c/common.cc>",
    "+<tensorflow/lite/kernels/kernel_util.cc>",
    "+<tensorflow/lite/kernels/internal/*.cc>",
    "+<tensorflow/lite/kernels/internal/reference/*.cc>",
    "+<tensorflow/lite/micro/arena_allocator/*.cc>",
    "+<tensorflow/lite/micro/flatbuffer_utils.cc>",
    "+<tensorflow/lite/micro/memory_helpers.cc>",
    "+<tensorflow/lite/micro/memory_planner/*.cc>",
    "+<tensorflow/lite/micro/micro_*.cc>",
    "+<tensorflow/lite/micro/tflite_bridge/*.cc>",
    f"+<{KERNELS}/kernel_util.cc>",
    # Tests, recorders, and the profiler and clock of TFLM's own, which need a console.
    "-<tensorflow/lite/micro/*_test.cc>",
    "-<tensorflow/lite/micro/*/*_test.cc>",
    "-<tensorflow/lite/micro/*/recording_*.cc>",
    "-<tensorflow/lite/micro/micro_profiler.cc>",
    "-<tensorflow/lite/micro/micro_time.cc>",
)
"""Interpreter, allocator and what the kernels share, as PlatformIO's `srcFilter`"""

THIRD_PARTY = {
    "flatbuffers/include": "flatbuffers/flatbuffers.h",
    "gemmlowp": "fixedpoint/fixedpoint.h",
    "ruy": "ruy/profiler/instrumentation.h",
}
"""Include folder below the third-party folder -> a header that TFLM takes from it"""

THIRD_PARTY_FOLDERS = ("third_party", "tensorflow/lite/micro/tools/make/downloads")
"""Where TFLM's project generator, and its makefile, put them"""

OWN_HEADERS = (
    "tensorflow/lite/micro/micro_interpreter.h",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h",
    "tensorflow/lite/schema/schema_generated.h",
    "signal/micro/kernels/irfft.h",
)

DEFINES = (
    "-DTF_LITE_STATIC_MEMORY",
    "-DTF_LITE_DISABLE_X86_NEON",
    "-DFLATBUFFERS_LOCALE_INDEPENDENT=0",
    # Without it every access of a reference kernel checks its indices: 4.5 times the instructions.
    "-DNDEBUG",
)


@dataclass(frozen=True)
class TflmTree:
    """Where the sources are, as the project sees them."""

    root: str
    """Absolute, or relative to the project"""
    third_party: tuple[str, ...]
    """Include folders of flatbuffers, gemmlowp and ruy"""


def tflm_parts(source: ModelSource, board: Board, tflm: Path | None) -> EngineParts:
    """All that the `tflm` engine adds to the project.

    Args:
        source: The model; TFLM runs its file as it is, without our passes.
        board: For the folder into which PlatformIO fetches libraries.
        tflm: Local tree of TFLM; None: PlatformIO fetches one.

    Raises:
        UsageError: `tflm` is not a tree of TFLM; the message names what is missing.
        ModelError: TFLM would misread the file.
        ToolMissing: TFLM is not installed on this computer, so the arena cannot be measured.
    """
    kinds = operator_kinds(source.data)
    tree = fetched_tree(board) if tflm is None else local_tree(tflm, kinds)
    engine = render_tflm(source.model, source.data, arena_bytes(source.data))
    files = {f"src/engine/{name}": text for name, text in engine.items()}
    files[f"{LIBRARY}/library.json"] = library_manifest(tree, kinds)
    includes = [f"-isystem {shlex.quote(path)}" for path in (tree.root, *tree.third_party)]
    return EngineParts(files, (*includes, *DEFINES), _options(fetch=tflm is None))


def _options(*, fetch: bool) -> tuple[str, ...]:
    """Lines of platformio.ini.

    Our library is named, because PlatformIO finds by itself only one whose headers lie in its own
    folder; the fetched tree is ignored, because it would be compiled whole.
    """
    dependencies = (f"symlink://{LIBRARY}", *([LIB_DEPS] if fetch else []))
    ignored = (f"lib_ignore = {FETCHED}",) if fetch else ()
    return ("lib_deps =", *(f"    {line}" for line in dependencies), *ignored)


def arena_bytes(data: bytes) -> int:
    """Size of the tensor arena: what TFLM uses on this computer, and ARENA_MARGIN.

    That is an upper bound for a 32-bit microcontroller with the reference kernels: activations are
    planned alike, and the bookkeeping beside them shrinks with its pointers. Optimised kernels may
    ask for scratch memory on top; then engine_init() says how much is missing.

    Raises:
        ToolMissing: tflite-micro is not installed.
        ModelError: TFLM cannot prepare the model.
    """
    from tinyssl.verify import TflmInterpreter

    needed = TflmInterpreter(data).arena_bytes + ARENA_MARGIN
    return -(-needed // ARENA_ALIGNMENT) * ARENA_ALIGNMENT


def local_tree(path: Path, kinds: tuple[str, ...] = ()) -> TflmTree:
    """A tree on this computer: generated by TFLM's `create_tflm_tree.py`, or a checkout.

    Args:
        path: Folder that holds `tensorflow/`; third-party headers in one of THIRD_PARTY_FOLDERS.
        kinds: Operators whose kernels must be there.

    Raises:
        UsageError: Something is missing; the message names every file that was looked for.
    """
    root = path.expanduser().absolute()
    kernels = [f"{KERNELS}/{KERNEL_FILES[kind]}.cc" for kind in kinds]
    missing = [name for name in (*OWN_HEADERS, *kernels) if not (root / name).is_file()]
    found = []
    for include, header in THIRD_PARTY.items():
        places = [root / folder / include for folder in THIRD_PARTY_FOLDERS]
        there = [place for place in places if (place / header).is_file()]
        found += there[:1]
        if not there:
            missing.append(" or ".join(f"{p.relative_to(root)}/{header}" for p in places))
    if missing:
        raise UsageError(
            f"{root} is not a complete tree of TensorFlow Lite Micro; there is no "
            + ", no ".join(missing),
            hint="docs/tflm.md says how to make one",
        )
    return TflmTree(str(root), tuple(map(str, found)))


def fetched_tree(board: Board) -> TflmTree:
    """The tree that PlatformIO fetches for LIB_DEPS, seen from the project."""
    root = f".pio/libdeps/{board.id}/{FETCHED}"
    return TflmTree(root, tuple(f"{root}/third_party/{include}" for include in THIRD_PARTY))


def library_manifest(tree: TflmTree, kinds: tuple[str, ...]) -> str:
    """`library.json` of the library `tflm`: the runtime and the kernels of these operators."""
    names = sorted({KERNEL_FILES[kind] for kind in kinds})
    kernels = [f"+<{KERNELS}/{name}{end}.cc>" for name in names for end in ("", "_common")]
    inside_project = not Path(tree.root).is_absolute()
    manifest = {
        "name": "tflm",
        "version": "1.0.0",
        "description": "TensorFlow Lite Micro: what this model needs of it, compiled in place",
        "build": {
            "srcDir": f"../../{tree.root}" if inside_project else tree.root,
            "srcFilter": [*RUNTIME, *kernels],
            "flags": ["-w"],  # warnings in sources that are not this project's
            "libLDFMode": "off",
        },
    }
    return json.dumps(manifest, indent=2) + "\n"
