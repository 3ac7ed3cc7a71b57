"""The firmware of the host port for tests: compiled under ASan and UBSan, run as a process."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import objects
from tests.build_script import WARNINGS, WARNINGS_OF_C
from tests.flash.build import Layout
from tests.gcov import COUNT_AT_SIGTERM, COUNT_LINES
from tinyssl.codegen.aot import render_aot, render_engine_aot
from tinyssl.compiler import Program
from tinyssl.core.paths import firmware_folder
from tinyssl.core.sources import write_sources
from tinyssl.graph.interface import named_values
from tinyssl.graph.training import has_training
from tinyssl.project.guard import Guard

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FLAGS = ["-std=c11", "-O1", "-g", "-pedantic", *WARNINGS, *WARNINGS_OF_C, *SANITIZERS, *COUNT_LINES]


FLASH = ("flash_host.c", "flash_geometry.c")
STORE = "#define TINYSSL_TRAINS 1\n" + Layout((4096,) * 4, 8).header()
SPARE = "#define TINYSSL_SPARE_BYTES 65536u\n"
"""RAM for frames of parameters and samples"""


def _port(name: str) -> Path:
    return firmware_folder() / "port" / name


def build_header(
    sizes: Sequence[int], output_bytes: int, ops: int, build_id: str, tensors: int = 2
) -> str:
    """Text of tinyssl_build.h.

    Args:
        sizes: Bytes of each input.
        output_bytes: Of the first output.
        ops: Calls that the engine reports.
        build_id: Identity of the build.
        tensors: Named tensors in all.
    """
    return f"""
#define TINYSSL_VERSION "0.1.0"
#define TINYSSL_BOARD "host"
#define TINYSSL_BUILD_ID "{build_id}"
#define TINYSSL_TICK_UNIT "nanoseconds"
#define TINYSSL_CLOCK_HZ 1000000000u
#define TINYSSL_INPUT_BYTES {sizes[0]}u
#define TINYSSL_INPUTS_BYTES {sum(sizes)}u
#define TINYSSL_INPUT_COUNT {len(sizes)}u
#define TINYSSL_TENSOR_COUNT {tensors}u
#define TINYSSL_OUTPUT_BYTES {output_bytes}u
#define TINYSSL_OP_COUNT {ops}u
"""


def compile_program(
    program: Program,
    folder: Path,
    build_id: str,
    *,
    edit: Callable[[str], str] = str,
    defines: Sequence[str] = (),
    guard: Guard | None = None,
    spare: str = SPARE,
) -> Path:
    """Firmware with a compiled model; `edit` may change weights.c."""
    model = program.graph
    sources = render_aot(program) | render_engine_aot(program)
    sources["weights.c"] = edit(sources["weights.c"])
    files: list[str | Path] = [*write_sources(sources, folder)]
    sizes = [model.tensor(index).bytes for index in model.inputs]
    header = build_header(
        sizes, model.output.bytes, len(program.inference_calls), build_id, len(named_values(model))
    )
    if has_training(model):
        header += STORE + spare
        given = (guard or Guard()).defines(model)
        header += "".join(f"#define {name} {value}\n" for name, value in given.items())
        storage = firmware_folder() / "storage"
        files += [f"-I{storage}", *storage.glob("*.c"), *map(_port, FLASH)]
    return compile_firmware(folder, header, files, defines)


def compile_firmware(
    folder: Path,
    header: str,
    engine: Sequence[str | Path],
    defines: Sequence[str] = (),
    port: Path | None = None,
) -> Path:
    """App, protocol and port (the host's) with an engine's sources; returns the program.

    `engine` may also hold flags for gcc.
    """
    (folder / "tinyssl_build.h").write_text(header)
    firmware = firmware_folder()
    sources = [
        *sorted((firmware / "app").glob("*.c")),
        *sorted((firmware / "protocol").glob("*.c")),
        port or firmware / "port" / "host.c",
        *(Path(each) for each in engine if not str(each).startswith("-")),
        *COUNT_AT_SIGTERM,
    ]
    flags = [str(each) for each in engine if str(each).startswith("-")]
    further = [Path(flag[2:]) for flag in flags if flag.startswith("-I")]
    own = (firmware / name for name in ("app", "protocol", "engine", "port"))
    program = folder / "firmware.elf"
    options = [flag for flag in flags if not flag.startswith("-I")] + [f"-D{d}" for d in defines]
    objects.compile_program(["gcc", *FLAGS, *options], sources, [folder, *own, *further], program)
    return program


class HostFirmware:
    """A running firmware process; its port is a pseudo-terminal."""

    def __init__(self, program: Path, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [program],
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("serial port /dev/"), line
        self.port = line.split()[-1]
        self._report: str | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> str:
        """Ends the process; returns what it wrote to stderr (a sanitizer's report)."""
        if self._report is None:
            self._process.terminate()
            self._report = self._process.communicate(timeout=10)[1]
        return self._report
