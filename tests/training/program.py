"""A program that trains: on this computer under the sanitizers, or on an emulated core."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tests.objects import compile_program
from tests.ops.image import Target
from tinyssl.codegen.aot import render_aot
from tinyssl.codegen.render import firmware_text
from tinyssl.compiler import compile
from tinyssl.core.sources import write_sources
from tinyssl.graph.model import Model

MAIN = """\
#include <stdio.h>

#include "crc32.h"
#include "model.h"

static uint8_t arena[TINYSSL_MODEL_ARENA_BYTES] __attribute__((aligned(16)));

/* Of parameters and states. */
static uint32_t checksum(void)
{
    uint32_t crc = 0;
    for (uint32_t id = TINYSSL_MODEL_INPUT_COUNT + TINYSSL_MODEL_OUTPUT_COUNT;
         id < TINYSSL_MODEL_TENSOR_COUNT - 1; id++) {
        crc = crc32_add(crc, tinyssl_model_data(arena, id), tinyssl_model_tensors[id].bytes);
    }
    return crc;
}

int main(void)
{
    FILE *file = fopen("samples.bin", "rb");
    tinyssl_model_init(arena);
    while (file && fread(tinyssl_model_input(arena, 0), TINYSSL_MODEL_INPUT_BYTES, 1, file) == 1) {
        void *target = tinyssl_model_data(arena, TINYSSL_MODEL_TENSOR_COUNT - 1);
        if (fread(target, TINYSSL_MODEL_TARGET_BYTES, 1, file) != 1) {
            return 2;
        }
        tinyssl_model_invoke(arena);
        const int refused = tinyssl_model_train(arena);
        printf("step %d %08lx\\n", refused, (unsigned long)checksum());
    }
    printf("end\\n");
    return 0;
}
"""


def train(
    model: Model,
    samples: Iterable[tuple[NDArray[Any], NDArray[Any]]],
    target: Target,
    folder: Path,
) -> list[int]:
    """Trains on each sample in turn; the CRC-32 of parameters and states after each step.

    Raises:
        RuntimeError: It did not compile.
        AssertionError: It stopped before its end, or refused a sample.
    """
    sources = render_aot(compile(model, target.isa)) | {"main.c": MAIN}
    sources |= {name: firmware_text(f"protocol/{name}") for name in ("crc32.c", "crc32.h")}
    sources |= {"start.c": target.start} if target.start else {}
    folder.mkdir(parents=True, exist_ok=True)
    files = write_sources(sources, folder)
    data = b"".join(x.tobytes() + answer.tobytes() for x, answer in samples)
    (folder / "samples.bin").write_bytes(data)
    elf = folder / "train.elf"
    compile_program(target.compiler, files, [folder], elf)
    ran = subprocess.run(
        [*target.emulator, str(elf)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = ran.stdout.split("\n")
    assert "end" in lines, f"{ran.stdout[-400:]}\n{ran.stderr[-4000:]}"
    steps = [line.split()[1:] for line in lines if line.startswith("step")]
    assert all(refused == "0" for refused, _ in steps)
    return [int(crc, 16) for _, crc in steps]
