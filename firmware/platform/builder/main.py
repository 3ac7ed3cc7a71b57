"""SCons script of the platform: compile, link, ELF to bin and hex, sizes, upload.

PlatformIO runs it with the board's file in `env.BoardConfig()`; the project brings the linker
script.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from SCons.Script import COMMAND_LINE_TARGETS, AlwaysBuild, Builder, Default, DefaultEnvironment

# gcc's options for each instruction set; one with floating point may use all of its registers.
MACHINE = {
    "cortex-m3": ["-mthumb", "-mcpu=cortex-m3"],
    "cortex-m4": ["-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"],
    "cortex-m7": ["-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"],
    "cortex-m55": ["-mthumb", "-mcpu=cortex-m55", "-mfloat-abi=hard"],
    "rv32imc": ["-mabi=ilp32", "-msmall-data-limit=0", "--specs=picolibc.specs"],
}
# RISC-V: the compiler has no C library for RV32IMC, but one for RV32IM, which runs on it.
COMPILE = {"rv32imc": ["-march=rv32imc_zicsr"]}
LINK = {"rv32imc": ["-march=rv32im", "-Wl,--no-warn-rwx-segments"]}
NANO = ["--specs=nano.specs", "--specs=nosys.specs"]
# Folders with tinyssl's own C files, and the warnings under which these compile without one. The
# warnings come before the flags of platformio.ini, so that you can take one back there. Files of
# others get none of them.
OWN = ("src/app", "src/protocol", "src/port", "src/storage", "src/engine", "lib/tinyssl_model/src")
# Those that are compiled for size: their loops are assembler, or take little of the time. They are
# named in tinyssl/targets/kernels.py too.
SIZE_FIRST = (
    "model.c",
    "conv2d_1x1_s8_dsp.c",
    "conv2d_s8_dsp.c",
    "depthwise_3x3_s8_dsp.c",
    "fully_connected_s8_dsp.c",
    "product4_s8_dsp.c",
    "softmax_s8.c",
)
WARNINGS = [
    "-Wconversion",
    "-Wshadow",
    "-Wundef",
    "-Wvla",
    "-Wcast-qual",
    "-Wcast-align=strict",
    "-Wdouble-promotion",
    "-Wpointer-arith",
    "-Wwrite-strings",
]
WARNINGS_OF_C = ["-Wmissing-prototypes", "-Wstrict-prototypes", "-Wold-style-definition"]

env = DefaultEnvironment()
board = env.BoardConfig()
isa = board.get("tinyssl.isa")
native = isa == "host"
here = Path(env.subst("$PROJECT_DIR"))
cpp = any(here.glob("src/**/*.cc")) or any(here.glob("lib/**/*.cc"))
riscv = isa.startswith("rv32")
prefix = "" if native else "riscv64-unknown-elf-" if riscv else "arm-none-eabi-"
machine = [] if native else MACHINE[isa]


def spawn(_shell, _escape, _program, arguments, environment):
    """Runs a compiler without a shell; returns its exit status.

    SCons gives the words of the command. It quotes one that has a space, and a flag of
    platformio.ini may have a backslash before its quotation marks, both for a shell to take away.
    """
    words = [
        word[1:-1] if re.fullmatch(r'".*\s.*"', word, re.DOTALL) else word for word in arguments
    ]
    words = [word.replace('\\"', '"') for word in words]
    try:
        return subprocess.run(words, env=environment, check=False).returncode
    except OSError as error:
        sys.stderr.write(f"Error: cannot run {words[0]}: {error.strerror}\n")
        return 127


def unquoted(text):
    """What SCons calls to protect a word from the shell: there is none."""
    return text


env.Replace(
    SPAWN=spawn,
    ESCAPE=unquoted,
    AR=prefix + "gcc-ar",
    AS=prefix + "gcc",
    CC=prefix + "gcc",
    CXX=prefix + "g++",
    LINK=prefix + ("g++" if cpp else "gcc"),
    OBJCOPY=prefix + "objcopy",
    RANLIB=prefix + "gcc-ranlib",
    SIZETOOL=prefix + "size",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    SIZEPROGREGEXP=r"^(?:\.vectors|\.text|\.rodata|\.ARM\.ex\w+|\.tinyssl_kernels|\.tinyssl_weights|\.data)\s+(\d+).*",
    SIZEDATAREGEXP=r"^(?:\.data|\.bss|\.stack|\.tinyssl_arena)\s+(\d+).*",
    SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
    SIZEPRINTCMD="$SIZETOOL -B -d $SOURCES",
)

# Debug information must not depend on where the project lies. `$( $)` keeps the flag out of SCons'
# signatures, so that a project that was moved is not compiled again.
build = Path(env.subst("$BUILD_DIR")).relative_to(here)
env.Append(
    CCFLAGS=[
        *machine,
        *COMPILE.get(isa, []),
        "-g",
        "-ffunction-sections",
        "-fdata-sections",
        "-Wall",
        "-Wextra",
        "$(",
        f"-ffile-prefix-map={here}=.",
        "$)",
    ],
    # A fused product and sum is rounded once where TensorFlow Lite Micro rounds twice. Our kernels
    # prevent it themselves (product_f32.h); sources of TensorFlow Lite Micro do not.
    CFLAGS=["-std=gnu11", "-ffp-contract=off"],
    CXXFLAGS=["-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    ASFLAGS=[*machine, *COMPILE.get(isa, []), "-x", "assembler-with-cpp"],
    LINKFLAGS=[*machine, *LINK.get(isa, []), "-Wl,--gc-sections", f"-Wl,-Map,{build}/firmware.map"],
    CPPDEFINES=[] if native else [("F_CPU", board.get("build.f_cpu"))],
)


def compile_own(env, node):
    """The object of one of our files; PlatformIO calls this for each of them."""
    size = ["-Os"] if Path(node.srcnode().get_path()).name in SIZE_FIRST else []
    flags = [*WARNINGS, *env["CCFLAGS"], *size]
    return env.Object(node, CCFLAGS=flags, CFLAGS=[*WARNINGS_OF_C, *env["CFLAGS"]])


for folder in OWN:
    env.AddBuildMiddleware(compile_own, f"*{folder}/*.c")

if native:
    env.Append(LIBS=["m"])
else:
    env.Append(
        LINKFLAGS=["-nostartfiles", *([] if riscv else NANO)],
        LIBS=["c", "m", "gcc"],
    )
    env.Replace(LDSCRIPT_PATH=board.get("build.ldscript"))
    env.Append(
        BUILDERS={
            f"ElfTo{kind.title()}": Builder(
                action=env.VerboseAction(
                    [["$OBJCOPY", "-O", target, "$SOURCE", "$TARGET"]], "Building $TARGET"
                ),
                suffix=f".{kind}",
            )
            for kind, target in (("bin", "binary"), ("hex", "ihex"))
        }
    )

# `pio run -t nobuild -t upload` uploads the image as it is: PlatformIO's own convention.
built = "nobuild" in COMMAND_LINE_TARGETS
program = env.File("$BUILD_DIR/${PROGNAME}.elf") if built else env.BuildProgram()
artifacts = [program]
if built:
    AlwaysBuild(env.Alias("nobuild", program))
elif not native:
    name = "$BUILD_DIR/${PROGNAME}"
    artifacts += [env.ElfToBin(name, program), env.ElfToHex(name, program)]

AlwaysBuild(env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Sizes of $SOURCE")))


def upload(target, source, env):
    """Runs the board file's `upload.commands` for the chosen protocol; returns its exit status.

    A list within the list is for when a port is chosen. PlatformIO's `upload_protocol` and
    `upload_port` override the board's, and the variable PLATFORMIO_UPLOAD_PROTOCOL both. The
    command runs in the project's folder and names files from there, as tools read some signs of a
    path in their own way; TINYSSL_PROJECT names that folder where PlatformIO works on a copy.
    """
    protocol = os.environ.get("PLATFORMIO_UPLOAD_PROTOCOL") or env.subst("$UPLOAD_PROTOCOL")
    protocol = protocol or board.get("upload.protocol")
    commands = board.get("upload.commands")
    if protocol not in commands:
        raise SystemExit(f"upload protocol {protocol!r} is not one of {sorted(commands)}")
    elf = Path(source[0].get_abspath()).relative_to(here)
    values = {
        "{python}": sys.executable,
        "{project}": ".",
        "{elf}": str(elf),
        "{bin}": str(elf.with_suffix(".bin")),
        "{hex}": str(elf.with_suffix(".hex")),
        "{port}": env.subst("$UPLOAD_PORT"),
    }
    command = []
    for part in commands[protocol]:
        if isinstance(part, str):
            command.append(part)
        elif values["{port}"]:
            command += part
    for name, value in values.items():
        command = [part.replace(name, value) for part in command]
    folder = os.environ.get("TINYSSL_PROJECT", str(here))
    try:
        return subprocess.run(command, cwd=folder, env=env["ENV"], check=False).returncode
    except OSError as error:
        sys.stderr.write(f"Error: cannot run {command[0]}: {error.strerror}\n")
        return 1


action = "$UPLOADCMD" if env.GetProjectOption("upload_command", "") else upload
AlwaysBuild(env.Alias("upload", program, env.VerboseAction(action, "Uploading $SOURCE")))
Default(artifacts)
