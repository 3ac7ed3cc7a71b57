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
from tinyssl.ops.common.spec import TFLM_KERNELS
from tinyssl.project.arena import aligned, arena_bytes
from tinyssl.project.tflm import DEFINES, TflmTree, library_manifest, local_tree
from tinyssl.project.tighten import limit_offset
from tinyssl.targets.boards import Board
from tools.bench_engines.image import Figures, Parts, Refused, ends, figures, run
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
    roomy = parts(subject, copies, arena_bytes(subject.data) + SCRATCH, optimise)
    return figures(roomy, board, copies.cache, lambda elf: _shrink(elf, board))


def _shrink(elf: Path, board: Board) -> int:
    """Writes the size of the smallest arena into a program; returns how many bytes it is less."""
    image, place = bytearray(elf.read_bytes()), limit_offset(elf)
    given = int.from_bytes(image[place : place + 4], "little")
    in_use = aligned(run(elf, board)["arena"][0])
    for size in range(in_use, given, 2 * ARENA_ALIGNMENT):
        image[place : place + 4] = size.to_bytes(4, "little")
        elf.write_bytes(image)
        try:
            run(elf, board)
        except Refused:
            continue
        return given - size
    raise Refused(f"it does not start again with the {given} bytes of arena it started with")


def parts(subject: Subject, copies: Copies, arena: int, optimise: str) -> Parts:
    """The engine with an arena of so many bytes."""
    kinds = operator_kinds(subject.data)
    tree = local_tree(copies.tflm, kinds)
    sources = render_tflm(read_model(subject.data, subject.name), subject.data, arena)
    sources |= ends(subject.data)
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
                optimised = root / TFLM_KERNELS / "cmsis_nn" / path.name
                inside = path.parent == root / TFLM_KERNELS
                yield optimised if inside and optimised.is_file() else path


def _kernels_nn(folder: Path) -> Iterator[Path]:
    """Everything of CMSIS-NN for integers; the linker keeps what is used."""
    for path in sorted((folder / "Source").rglob("*.c")):
        if not path.name.endswith(FLOAT):
            yield path
