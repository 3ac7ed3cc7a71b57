"""TensorFlow Lite Micro with CMSIS-NN, from local copies, in the bare program.

The generated engine and the list of sources are those of `tinyssl build --engine tflm`; here the
kernels of CMSIS-NN take the place of the reference ones, error strings are stripped, and the arena
is the smallest with which TFLM starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tinyssl.codegen.tflm import ARENA_ALIGNMENT, render_tflm
from tinyssl.frontends.tflite import operator_kinds, read_model
from tinyssl.project.arena import arena_bytes
from tinyssl.project.nn_kernels import KERNELS
from tinyssl.project.tflm import DEFINES, TflmTree, library_manifest, local_tree
from tinyssl.targets.boards import Board
from tools.bench_engines.image import Figures, Parts, Refused, figures
from tools.bench_engines.models import Subject

SCRATCH = 64 * 1024
"""Bytes of arena for the first run, on top of what the reference kernels need"""
FLOAT = ("_f16.c", "_f32.c", "_flt.c")
"""Sources of CMSIS-NN that are not int8"""
FAST, SMALL = "-O3", "-Os"


@dataclass(frozen=True)
class Copies:
    """Local copies of what is compared with."""

    tflm: Path
    cmsis_nn: Path
    cache: Path
    """Where objects are kept"""


def measured(subject: Subject, board: Board, copies: Copies, optimise: str) -> Figures:
    """Figures with the smallest arena, at an optimisation level.

    Raises:
        Refused: It does not compile or start.
    """

    def with_arena(size: int) -> Figures:
        return figures(parts(subject, copies, size, optimise), board, copies.cache)

    first = with_arena(arena_bytes(subject.data) + SCRATCH)
    arena = -(-first.arena // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
    for extra in range(0, 1024, 2 * ARENA_ALIGNMENT):
        try:
            return with_arena(arena + extra)
        except Refused:
            continue
    return first


def parts(subject: Subject, copies: Copies, arena: int, optimise: str) -> Parts:
    """The engine with an arena of so many bytes."""
    kinds = operator_kinds(subject.data)
    tree = local_tree(copies.tflm, kinds)
    sources = render_tflm(read_model(subject.data, subject.name), subject.data, arena)
    cmsis = copies.cmsis_nn.expanduser().absolute()
    if not (cmsis / "Include" / "arm_nnfunctions.h").is_file():
        raise Refused(f"{cmsis} holds no Include/arm_nnfunctions.h: not a copy of CMSIS-NN")
    defines = (*DEFINES, "-DCMSIS_NN", "-DTF_LITE_STRIP_ERROR_STRINGS")
    float_off = ("-DARM_NN_ENABLE_F16=0", "-DARM_NN_ENABLE_F32=0")
    return Parts(
        sources,
        optimise=(optimise,),
        includes=(tree.root, *tree.third_party, str(cmsis), str(cmsis / "Include")),
        defines=(*defines, *float_off),
        files=(*_runtime(tree, kinds), *_kernels_nn(cmsis)),
        cplusplus=True,
        note=f"CMSIS-NN, {optimise}, error strings stripped, smallest arena",
    )


def _runtime(tree: TflmTree, kinds: tuple[str, ...]) -> Iterator[Path]:
    """The sources that `tinyssl build` names, kernels of CMSIS-NN where there are any."""
    root = Path(tree.root)
    filters = json.loads(library_manifest(tree, kinds))["build"]["srcFilter"]
    left_out = {path for line in filters if line[0] == "-" for path in root.glob(line[2:-1])}
    for line in filters:
        if line[0] == "+":
            for path in sorted(set(root.glob(line[2:-1])) - left_out):
                optimised = root / KERNELS / "cmsis_nn" / path.name
                inside = path.parent == root / KERNELS
                yield optimised if inside and optimised.is_file() else path


def _kernels_nn(folder: Path) -> Iterator[Path]:
    """Everything of CMSIS-NN for integers; the linker keeps what is used."""
    for path in sorted((folder / "Source").rglob("*.c")):
        if not path.name.endswith(FLOAT):
            yield path
