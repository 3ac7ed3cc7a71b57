"""Optimised kernels for TFLM: CMSIS-NN from a local copy, ESP-NN as a library of PlatformIO.

TFLM has, in a folder of its kernels, files with the names of the reference kernels that call the
library. They take the place of those; the library itself is compiled in place, as TFLM is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.sources import Sources
from tinyssl.ops.common.spec import TFLM_KERNELS
from tinyssl.targets.boards import Board

CMSIS_LIBRARY = "lib/cmsis_nn"
CMSIS_KERNELS = f"{TFLM_KERNELS}/cmsis_nn"
CMSIS_HEADER = "Include/arm_nnfunctions.h"
CMSIS_INCLUDES = ("", "/Include")
CMSIS_SOURCES = ("+<Source/**/*.c>", "-<Source/**/*_f16.c>", "-<Source/**/*_f32.c>")
"""All integer kernels; the linker keeps what is used"""
CMSIS_DEFINES = ("-DCMSIS_NN", "-DARM_NN_ENABLE_F16=0", "-DARM_NN_ENABLE_F32=0")

TREE_SIGNS = re.compile(r"[A-Za-z0-9_./+@ -]")
"""Signs of a path that SCons, platformio.ini and library.json leave as they are"""
NAME = re.compile(r"[A-Za-z0-9_.-]+")
URL = re.compile(r"[A-Za-z0-9_.:/@~#?=&%+-]+")
"""What stays one word in platformio.ini"""

ESP_LIBRARY = "lib/esp_nn"
ESP_KERNELS = f"{TFLM_KERNELS}/esp_nn"
ESP_NAMES = ("add", "conv", "depthwise_conv", "fully_connected", "pooling", "softmax")
"""What the tree that Espressif maintains (v1.3.8) has; it is not here yet when a project is made"""
ESP_DEFINES = ("-DESP_NN", "-DCONFIG_NN_OPTIMIZED=1")
ESP_OTHERS = {"esp32s3": ("esp32p4", "riscv_pie")}
"""Chip -> ends of source names that are for other chips"""
ESP_ALL = ("esp32s3", "esp32p4", "riscv_pie")


@dataclass(frozen=True)
class NnKernels:
    """What a library of kernels adds to the project."""

    folder: str
    """Below the tree of TFLM: the files that call it"""
    names: frozenset[str]
    """Which there are"""
    files: Sources
    """Its library.json"""
    includes: tuple[str, ...]
    defines: tuple[str, ...]
    libraries: tuple[str, ...]
    """Lines of lib_deps"""
    ignored: tuple[str, ...] = ()
    """Fetched libraries that PlatformIO would compile whole"""


def optimised_kernels(config: BuildConfig, root: str, board: Board) -> NnKernels | None:
    """The kernels that were asked for; None for the reference kernels alone.

    Args:
        config: Where they are.
        root: The tree of TFLM.
        board: Its core decides which library fits.

    Raises:
        UsageError: The board's core, the copy or the tree of TFLM does not fit.
    """
    if config.cmsis_nn is not None:
        return _cmsis(local_cmsis(config.cmsis_nn, Path(root), board), Path(root))
    return _esp(config, board) if config.esp_nn else None


def local_cmsis(path: Path, tree: Path, board: Board) -> Path:
    """A copy of CMSIS-NN on this computer, whose kernels that tree of TFLM can call.

    Args:
        path: Folder that holds `Include/` and `Source/`.
        tree: The TFLM that is built; the one that PlatformIO fetches has no kernels for CMSIS-NN.
        board: Its core must be an Arm Cortex-M.

    Raises:
        UsageError: One of the three does not fit.
    """
    root = tree_path("--cmsis-nn", path)
    if not board.tinyssl.isa.startswith("cortex-m"):
        raise UsageError(
            f"--cmsis-nn: {board.id} has a core {board.tinyssl.isa}; CMSIS-NN is for Cortex-M",
            hint="leave --cmsis-nn out",
        )
    if not (root / CMSIS_HEADER).is_file():
        raise UsageError(
            f"{root} is not a copy of CMSIS-NN; there is no {CMSIS_HEADER}",
            hint="git clone https://github.com/ARM-software/CMSIS-NN",
        )
    if not (tree / CMSIS_KERNELS / "conv.cc").is_file():
        raise UsageError(
            f"the tree of TFLM in {tree} has no kernels for CMSIS-NN ({CMSIS_KERNELS})",
            hint="name a checkout of TFLM itself with --tflm; docs/tflm.md says how to make one",
        )
    return root


def _cmsis(root: Path, tree: Path) -> NnKernels:
    title = "CMSIS-NN, compiled in place"
    return NnKernels(
        folder=CMSIS_KERNELS,
        names=frozenset(path.stem for path in (tree / CMSIS_KERNELS).glob("*.cc")),
        files={f"{CMSIS_LIBRARY}/library.json": manifest("cmsis_nn", title, root, CMSIS_SOURCES)},
        includes=tuple(f"{root}{place}" for place in CMSIS_INCLUDES),
        defines=CMSIS_DEFINES,
        libraries=(f"symlink://{CMSIS_LIBRARY}",),
    )


def _esp(config: BuildConfig, board: Board) -> NnKernels:
    """Sources of the fetched library lie in `.pio/libdeps`; only the chip's own are compiled."""
    name, _, url = str(config.esp_nn).partition("=")
    arduino = board.tinyssl.arduino
    chosen = config.framework or board.frameworks[0]
    if arduino is None or arduino.platform != "espressif32" or chosen != "arduino":
        raise UsageError(
            f"--esp-nn: {board.id} with framework {chosen}; ESP-NN is for ESP32 boards with "
            "--framework arduino, whose clock its kernels read",
            hint="leave --esp-nn out, or `tinyssl boards` lists the boards",
        )
    if not NAME.fullmatch(name) or not URL.fullmatch(url):
        raise UsageError(
            f"--esp-nn {config.esp_nn}: not `name=URL`",
            hint="for example esp-nn=https://github.com/espressif/esp-nn.git",
        )
    root = f".pio/libdeps/{board.id}/{name}"
    others = ESP_OTHERS.get(str(board.build.get("mcu")), ESP_ALL)
    left_out = [f"-<src/*/*{end}.{kind}>" for end in others for kind in ("c", "S")]
    sources = ("+<src/*/*.c>", "+<src/*/*.S>", *left_out)
    title = "ESP-NN, compiled in place"
    made = manifest("esp_nn", title, Path(f"../../{root}"), sources)
    return NnKernels(
        folder=ESP_KERNELS,
        names=frozenset(ESP_NAMES),
        files={f"{ESP_LIBRARY}/library.json": made},
        includes=(f"{root}/include", f"{root}/src/common"),
        defines=ESP_DEFINES,
        libraries=(f"symlink://{ESP_LIBRARY}", f"{name}={url}"),
        ignored=(name,),
    )


def tree_path(option: str, path: Path) -> Path:
    """Absolute path of a tree of sources, which PlatformIO compiles where it is.

    Raises:
        UsageError: PlatformIO would read a sign of the path in its own way.
    """
    root = path.expanduser().absolute()
    wrong = next((sign for sign in str(root) if not TREE_SIGNS.fullmatch(sign)), None)
    if wrong is not None:
        raise UsageError(
            f"{option} {path}: PlatformIO cannot take the sign {wrong!a} in a path of sources",
            hint=f"make a link to the folder and name that: `ln -s FOLDER /tmp/tree`, "
            f"`{option} /tmp/tree`",
        )
    return root


def manifest(name: str, description: str, folder: Path, sources: tuple[str, ...]) -> str:
    """`library.json` of a library that is nothing but that file: its sources lie elsewhere."""
    content = {
        "name": name,
        "version": "1.0.0",
        "description": description,
        "build": {
            "srcDir": str(folder),
            "srcFilter": list(sources),
            "flags": ["-w"],  # warnings in sources that are not this project's
            "libLDFMode": "off",
        },
    }
    return json.dumps(content, indent=2) + "\n"
