"""TensorFlow Lite Micro in the PlatformIO project: which sources, from where, and its arena.

The project gets a library `lib/tflm` that is one file, `library.json`: it names the sources that
the model needs inside a tree of TFLM that lies elsewhere, and how they are compiled. The tree is
either `--tflm PATH` or what PlatformIO fetches for the `lib_deps` line. With `--cmsis-nn PATH` a
second library, `lib/cmsis_nn`, does the same for CMSIS-NN. Nothing of them is copied.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from tinyssl.codegen.tensors import END_KINDS
from tinyssl.codegen.tflm import render_tflm, tflm_file
from tinyssl.codegen.tflm_operators import FURTHER, tflm_kernel
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import UsageError
from tinyssl.frontends.tflite import operator_kinds
from tinyssl.ops.common.spec import TFLM_KERNELS
from tinyssl.project.arena import arena_bytes, scratch_bytes
from tinyssl.project.nn_kernels import NnKernels, manifest, optimised_kernels, tree_path
from tinyssl.project.project import EngineParts, input_bytes
from tinyssl.project.source import ModelSource
from tinyssl.targets.boards import Board

KEPT_INPUT = 1024
"""Bytes of input that the application keeps a copy of; larger ones are sent for each inference"""

LIBRARY = "lib/tflm"
FETCHED = "tflm-sources"
LIB_DEPS = f"{FETCHED}=https://github.com/espressif/esp-tflite-micro.git#v1.3.8"
"""A tree of TFLM that PlatformIO can fetch, with third-party headers and reference kernels.
TensorFlow's own repository cannot be named here: it lacks those headers, and PlatformIO, which
looks for the folder that is a library, keeps an arbitrary one of its folders."""

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
    f"+<{TFLM_KERNELS}/kernel_util.cc>",
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

SIGNAL_SOURCES = (
    "+<signal/src/*.cc>",
    "+<signal/src/kiss_fft_wrappers/*.cc>",
    "-<signal/src/*_test.cc>",
)
"""What the kernels of the audio front end share"""

SIGNAL_THIRD_PARTY = {"kissfft": "kiss_fft.h"}
"""As THIRD_PARTY, for these"""

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
    """Include folders of flatbuffers, gemmlowp and ruy; of kissfft for the audio front end"""


def tflm_parts(source: ModelSource, board: Board, config: BuildConfig) -> EngineParts:
    """All that the `tflm` engine adds to the project.

    Args:
        source: The model; TFLM runs its file as it is, without our passes.
        board: For the folder into which PlatformIO fetches libraries.
        config: Where TFLM and CMSIS-NN lie (no tree: PlatformIO fetches one), size of the arena.

    Raises:
        UsageError: `tflm` or `cmsis_nn` is not what it should be; the message names what is
            missing.
        ModelError: The file is damaged.
        ToolMissing: TFLM is not installed on this computer, so the arena cannot be measured.
    """
    kinds = operator_kinds(tflm_file(source.data))
    tree = fetched_tree(board, kinds) if config.tflm is None else local_tree(config.tflm, kinds)
    fast = optimised_kernels(config, tree.root, board)
    scratch = scratch_bytes(source.graph) if fast else 0
    arena = config.arena_bytes or arena_bytes(source.data, scratch)
    engine = render_tflm(source.graph, source.data, arena)
    files = {f"src/engine/{name}": text for name, text in engine.items()}
    files[f"{LIBRARY}/library.json"] = library_manifest(tree, kinds, fast)
    folders = [tree.root, *tree.third_party]
    libraries = [f"symlink://{LIBRARY}", *([LIB_DEPS] if config.tflm is None else [])]
    flags = list(DEFINES)
    if fast:
        files |= fast.files
        folders += fast.includes
        libraries += fast.libraries
        flags += fast.defines
    flags = [f"-isystem {shlex.quote(path)}" for path in folders] + flags
    ignored = [*([FETCHED] if config.tflm is None else []), *(fast.ignored if fast else ())]
    keep = input_bytes(source.graph) <= KEPT_INPUT
    options = _options(libraries, ignored)
    return EngineParts(
        files, tuple(flags), options, keep_input=keep, arena_bytes=arena, named_kinds=END_KINDS
    )


def _options(libraries: list[str], ignored: list[str]) -> tuple[str, ...]:
    """Lines of platformio.ini.

    Our libraries are named, because PlatformIO finds by itself only one whose headers lie in its
    own folder; fetched ones are ignored, because they would be compiled whole.
    """
    left_out = ("lib_ignore =", *(f"    {name}" for name in ignored)) if ignored else ()
    return ("lib_deps =", *(f"    {line}" for line in libraries), *left_out)


def local_tree(path: Path, kinds: tuple[str, ...] = ()) -> TflmTree:
    """A tree on this computer: generated by TFLM's `create_tflm_tree.py`, or a checkout.

    Args:
        path: Folder that holds `tensorflow/`; third-party headers in one of THIRD_PARTY_FOLDERS.
        kinds: Operators whose kernels must be there.

    Raises:
        UsageError: Something is missing; the message names every file that was looked for.
    """
    root = tree_path("--tflm", path)
    kernels = [f"{kernel.folder}/{kernel.source}.cc" for kernel in map(tflm_kernel, kinds)]
    missing = [name for name in (*OWN_HEADERS, *kernels) if not (root / name).is_file()]
    found = []
    for include, header in _third_party(kinds).items():
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


def fetched_tree(board: Board, kinds: tuple[str, ...] = ()) -> TflmTree:
    """The tree that PlatformIO fetches for LIB_DEPS, seen from the project.

    Args:
        board: Its id names the folder.
        kinds: Operators of the model.
    """
    root = f".pio/libdeps/{board.id}/{FETCHED}"
    return TflmTree(root, tuple(f"{root}/third_party/{part}" for part in _third_party(kinds)))


def _third_party(kinds: tuple[str, ...]) -> dict[str, str]:
    """Include folders below the third-party folder -> a header that is taken from it."""
    return THIRD_PARTY | (SIGNAL_THIRD_PARTY if _has_signals(kinds) else {})


def _has_signals(kinds: tuple[str, ...]) -> bool:
    return any(tflm_kernel(kind).folder != TFLM_KERNELS for kind in kinds)


def library_manifest(tree: TflmTree, kinds: tuple[str, ...], fast: NnKernels | None = None) -> str:
    """`library.json` of the library `tflm`: the runtime and the kernels of these operators.

    Args:
        tree: Where the sources are.
        kinds: Operators of the model.
        fast: Kernels that take the place of the reference ones, where there are such.
    """
    found = {(kernel.folder, kernel.source) for kernel in map(tflm_kernel, kinds)}
    found |= {(folder, name) for folder, source in found for name in FURTHER.get(source, ())}
    calls = fast.names if fast else frozenset()
    kernels = [
        f"+<{fast.folder if fast and n in calls and folder == TFLM_KERNELS else folder}/{n}.cc>"
        for folder, n in sorted(found)
    ]
    kernels += [f"+<{folder}/{name}_common.cc>" for folder, name in sorted(found)]
    kernels += SIGNAL_SOURCES if _has_signals(kinds) else ()
    folder = Path(tree.root) if Path(tree.root).is_absolute() else Path("../..") / tree.root
    title = "TensorFlow Lite Micro: what this model needs of it, compiled in place"
    return manifest("tflm", title, folder, (*RUNTIME, *kernels))
