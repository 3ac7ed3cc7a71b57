"""Generated C: golden text, what it may not contain, and that every compiler here takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import jinja2
import numpy as np
import pytest

from tests.build_script import WARNINGS, WARNINGS_OF_C
from tests.networks import network
from tests.ops import cases
from tests.ops.blocks import stem
from tests.ops.oracle import Tflm
from tinyssl.codegen.aot import render_aot, render_c_folder, render_engine_aot
from tinyssl.codegen.context import mlperf_id
from tinyssl.codegen.literals import comment_text, rows, string_literal
from tinyssl.codegen.render import environment
from tinyssl.compiler import Program, compile
from tinyssl.compiler.describe import describe_ops
from tinyssl.core.errors import BuildError, UnsupportedModel
from tinyssl.core.host_compiler import compile_sources
from tinyssl.core.paths import firmware_folder
from tinyssl.core.sources import write_sources
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import named_values
from tinyssl.ops import OPS
from tinyssl.ops.common.params import float_literal
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import KERNEL_ABI, kernel_for
from tools.golden import FOLDER, MODELS, excerpt, golden_sources, model_sources

FIRMWARE = firmware_folder()
STRICT = ["-std=c11", "-pedantic", *WARNINGS, *WARNINGS_OF_C]
COMPILERS = {
    "gcc": [],
    "clang-14": ["-Wno-unknown-warning-option"],
    "arm-none-eabi-gcc": ["-mcpu=cortex-m7", "-mthumb"],
    "riscv64-unknown-elf-gcc": ["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs"],
}

ISAS = (Isa.HOST, Isa.CORTEX_M7)
"""Reference kernels, and those for Armv7E-M"""

ALL_ISAS = (*ISAS, Isa.CORTEX_M55, Isa.RV32IMC)
"""Those, and the kernels for MVE and RV32"""

EVERY_OPERATOR = ("conv", "depthwise", "dense", "add", "pad", "mean", "average", "max", "reshape")


def compiled(name: str = "conv", isa: Isa = Isa.HOST) -> Program:
    return compile(read_model(cases.CASES[name](), name), isa)


def aot(name: str = "conv", isa: Isa = Isa.HOST) -> dict[str, str]:
    program = compiled(name, isa)
    return render_aot(program) | render_engine_aot(program)


def test_golden_text_is_unchanged() -> None:
    """When this fails on purpose: `python tools/golden.py --update`, and read the diff."""
    expected = {
        str(path.relative_to(FOLDER)): path.read_text()
        for path in FOLDER.rglob("*")
        if path.is_file()
    }
    assert golden_sources() == expected
    assert {re.split(r"[/.]", name)[0] for name in expected} >= set(MODELS)
    assert all("[TINYSSL_MODEL_OP_COUNT] = {" in excerpt(model_sources(name)) for name in MODELS)


def test_an_excerpt_has_the_calls_and_the_parameters_of_each_operator() -> None:
    text = excerpt(model_sources("residual"))
    assert text.count("[TINYSSL_MODEL_OP_COUNT] = {") == 1
    parameters = re.findall(r"^const struct (\w+) tinyssl_model_op\d+ = {$", text, re.MULTILINE)
    assert parameters == ["tinyssl_conv2d", "tinyssl_conv2d", "tinyssl_add"]


def test_equal_input_gives_equal_bytes() -> None:
    assert aot() == aot()


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", EVERY_OPERATOR)
def test_no_heap_no_stdio_no_globals(name, isa):
    for path, text in aot(name, isa).items():
        headers = set(re.findall(r"#include <(.*?)>", text))
        assert headers <= {"stdint.h", "string.h", "stddef.h", "arm_acle.h"}, path
        assert not re.search(r"\b(malloc|free|printf|assert|20\d\d-\d\d)\b", text), path


@pytest.mark.parametrize(
    ("compiler", "isa"),
    [
        (compiler, isa)
        for compiler in COMPILERS
        for isa in ISAS
        if isa is Isa.HOST or not compiler.startswith("riscv")  # as they are for Arm
    ],
)
@pytest.mark.parametrize("name", ["conv", "depthwise", "add", "reshape"])
def test_compiles_without_a_warning(name, compiler, isa, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    for path in write_sources(aot(name, isa), tmp_path):
        include = ["-I", str(tmp_path), "-I", str(FIRMWARE / "engine")]
        flags = [*STRICT, *COMPILERS[compiler], "-O2", *include]
        subprocess.run([compiler, *flags, "-c", path, "-o", tmp_path / "x.o"], check=True)


def test_every_kernel_compiles_alone_without_a_warning(tmp_path: Path) -> None:
    names = sorted((FIRMWARE / "kernels").glob("*.c"))
    sources = {f"{k.source or k.name}.c" for spec in OPS.values() for k in spec.kernels}
    assert sources <= {path.name for path in names}
    if shutil.which("clang-14") is None:
        pytest.skip("needs clang-14")
    for compiler in ("gcc", "clang-14"):  # for boards: the test of every core
        flags = [*STRICT, *COMPILERS[compiler], "-O1", "-S"]
        subprocess.run([compiler, *flags, *names], cwd=tmp_path, check=True)


CPLUSPLUS = ["-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
# In C no warning either: what a designated initialiser leaves out is 0.
CPLUSPLUS += ["-Wno-missing-field-initializers"]


@pytest.mark.parametrize("compiler", ["g++", "clang++-14"])
def test_kernels_and_models_are_cplusplus_too(compiler, tmp_path):
    """As C++17, for projects that compile everything so; the engine glue is C."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    files = sorted((FIRMWARE / "kernels").glob("*.c"))
    stemmed = read_model(stem(size=(96, 96), channels=(3, 16, 8)))
    for isa, model in ((isa, model) for isa in ALL_ISAS for model in (network(), stemmed)):
        sources = render_aot(compile(model, isa))
        own = {path: text for path, text in sources.items() if not path.endswith(".c")}
        own |= {path: sources[path] for path in ("model.c", "weights.c")}
        folder = tmp_path / isa.value / model.name
        files += [path for path in write_sources(own, folder) if path.parent == folder]
    # A quoted header is looked for beside its file first, so that each finds those of its folder.
    subprocess.run([compiler, *CPLUSPLUS, "-fsyntax-only", *files], check=True)


@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4", "cortex-m55 -mfloat-abi=hard"])
def test_every_kernel_compiles_for_every_core(core, tmp_path):
    """With the instructions that the core has, and the C in their place where it has not."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    machine = f"-mcpu={core}".split()
    command = ["arm-none-eabi-gcc", *STRICT, *machine, "-mthumb", "-O2", "-S"]
    subprocess.run([*command, *(FIRMWARE / "kernels").glob("*.c")], cwd=tmp_path, check=True)


FUSED = re.compile(r"\tvfn?m[as]\.f32")


def test_no_kernel_fuses_a_product_with_a_sum(tmp_path):
    """Whoever compiles them: gcc may fuse by default, and rounds once where TFLM rounds twice."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    probe = tmp_path / "probe.c"
    probe.write_text("float f(float a, float b, float c)\n{\n    return a * b + c;\n}\n")
    kernels = sorted((FIRMWARE / "kernels").glob("*.c"))
    found = set()
    for path in [probe, *(path for path in kernels if "float" in path.read_text())]:
        command = ["arm-none-eabi-gcc", "-std=gnu11", "-O2", "-mcpu=cortex-m55", "-mthumb"]
        command += ["-mfloat-abi=hard", "-S", str(path), "-o", "-"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        if FUSED.search(done.stdout):
            found.add(path.name)
    assert found == {"probe.c"}


def test_objects_hold_no_variable_data_and_call_only_memory_functions(tmp_path: Path) -> None:
    """`nm` over all objects: no data, no bss; only memcpy and memset come from outside."""
    if shutil.which("nm") is None:
        pytest.skip("needs nm")
    defined: set[str] = set()
    wanted: set[str] = set()
    seen: set[str] = set()
    names = ("conv", "depthwise", "add", "pad", "mean", "average", "max", "dense", "softmax")
    for name, isa in ((name, isa) for isa in ISAS for name in names):
        folder = tmp_path / isa.value / name
        for path in write_sources(render_aot(compiled(name, isa)), folder):
            if path.read_text() in seen:
                continue
            seen.add(path.read_text())
            output = tmp_path / "x.o"
            # Not position independent, as firmware is: pointers in constants stay in rodata.
            flags = ["-std=c11", "-O2", "-fno-pic", f"-I{folder}"]
            subprocess.run(["gcc", *flags, "-c", path, "-o", output], check=True)
            done = subprocess.run(["nm", output], capture_output=True, text=True, check=True)
            for line in done.stdout.splitlines():
                kind, symbol = line.split()[-2:]
                assert kind in "TtRrU", f"{path.name}: {line}"
                (wanted if kind == "U" else defined).add(symbol)
    assert wanted - defined <= {"memcpy", "memset"}


def test_weights_lie_in_their_own_section(tmp_path: Path) -> None:
    sources = aot()
    write_sources(sources, tmp_path)
    output = tmp_path / "weights.o"
    command: list[str | Path] = [
        "gcc",
        "-std=c11",
        "-c",
        tmp_path / "weights.c",
        "-I",
        tmp_path,
        "-o",
        output,
    ]
    subprocess.run(command, check=True)
    sections = subprocess.run(["size", "-A", output], capture_output=True, text=True, check=True)
    found = re.search(r"\.tinyssl_weights\s+(\d+)", sections.stdout)
    assert found is not None
    announced = re.search(r": (\d+) bytes of weights", sources["weights.c"])
    assert announced is not None
    padding = 16 * sources["weights.c"].count("TINYSSL_WEIGHTS = {")
    assert int(announced[1]) <= int(found[1]) < int(announced[1]) + padding


def test_kernels_of_another_version_are_refused_with_the_command(tmp_path: Path) -> None:
    sources = aot()
    del sources["engine_aot.c"]
    old = sources["kernels/abi.h"]
    sources["kernels/abi.h"] = old.replace(f"ABI {KERNEL_ABI}", f"ABI {KERNEL_ABI + 1}")
    assert old != sources["kernels/abi.h"]
    with pytest.raises(BuildError, match="tinyssl build"):
        compile_sources(sources, tmp_path / "x.so", ["-shared", "-fPIC"])


def test_abi_number_is_that_of_the_kernels() -> None:
    text = (FIRMWARE / "kernels" / "abi.h").read_text()
    assert f"#define TINYSSL_KERNEL_ABI {KERNEL_ABI}\n" in text


def test_views_have_no_kernel() -> None:
    views = {spec.kind for spec in OPS.values() if spec.is_view}
    assert views == {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
    model = compiled("reshape").graph
    with pytest.raises(UnsupportedModel, match="#1 RESHAPE: no kernel"):
        kernel_for(model, model.ops[1], Isa.HOST)


def test_weights_shared_by_two_operators_are_stored_once() -> None:
    model = compiled("add").graph
    first, second, last = model.ops
    assert isinstance(first, Conv2D)
    assert isinstance(second, Conv2D)
    shared = replace(model, ops=(first, replace(second, weight=first.weight), last))
    text = render_aot(compile(shared))["weights.c"]
    assert text.count("static const int8_t weight_") == 1


def test_misspelt_names_in_templates_are_errors() -> None:
    with pytest.raises(jinja2.UndefinedError):
        environment().from_string("{{ mispelt }}").render(misspelt=1)


def test_names_cannot_leave_their_comment_or_string(tmp_path: Path) -> None:
    evil = 'x*/ #error "out" /* ??/ \\ " é\n'
    model = compiled().graph
    tensors = tuple(replace(tensor, name=evil) for tensor in model.tensors)
    model = replace(model, name=evil, tensors=tensors)
    program = compile(model)
    sources = render_aot(program) | render_engine_aot(program)
    sources["engine.h"] = (FIRMWARE / "engine" / "engine.h").read_text()
    compile_sources(sources, tmp_path / "x.so", [*STRICT, "-shared", "-fPIC"])
    assert comment_text("a*/b") == "a* /b"
    assert string_literal('a"\\ ??/é') == '"a%22%5C %3F%3F/%C3%A9"'


@pytest.mark.parametrize("value", [1.0, 0.1, 1 / 255, 1e-9, 3.5e20])
def test_float_literals_give_back_the_float32(value):
    literal = float_literal(value)
    assert literal.endswith("f")
    assert re.search(r"[.e]", literal)
    assert np.float32(literal[:-1]) == np.float32(value)


def test_smallest_int32_is_written_as_c_allows() -> None:
    assert rows(np.array([-(2**31), 5])) == ["-2147483647 - 1, 5,"]


@pytest.mark.parametrize(
    ("shape", "classes", "name"),
    [
        ((1, 96, 96, 3), 2, "vww01"),
        ((1, 32, 32, 3), 10, "ic01"),
        ((1, 49, 10, 1), 12, "kws01"),
        ((1, 32, 32, 3), 100, "mine"),
    ],
)
def test_reference_models_have_their_mlperf_id(shape, classes, name):
    model = read_model(cases.softmax(shape=(1, classes)), "mine")
    first = replace(model.tensors[0], shape=shape)
    assert mlperf_id(replace(model, tensors=(first, *model.tensors[1:]))) == name


def test_engine_says_what_the_wire_and_the_scale_are() -> None:
    text = aot("mean")["engine_aot.c"]
    assert ".input_is_uint8 = 1," in text
    assert f".output_milli_q16 = {round(1000 * float(np.float32(0.05)) * 65536)}," in text
    assert ".input_is_uint8 = 0," in aot("conv")["engine_aot.c"]


def test_operators_in_words() -> None:
    model = read_model(cases.conv(stride=(2, 1), dilation=(1, 1), activation=cases.RELU6))
    (described,) = describe_ops(model)
    assert described["name"] == "#0 CONV_2D"
    assert described["text"] == "CONV_2D 3x3/2x1 pad 1,1,1,1 relu6"
    assert described["shape"] == "1x7x6x3 -> 1x4x6x5"
    assert described["macs"] == 4 * 6 * 5 * 27
    assert described["weights"] == 5 * 27 + 5 * 4
    assert describe_ops(read_model(cases.add()))[2]["shape"] == (
        "1x16x16x1 + 1x16x16x1 -> 1x16x16x1"
    )


def golden(program, data, x):
    """Feeds of one input, and what TFLM gives for them."""
    named = named_values(program.graph)
    return {named[0].name: x}, {named[1].name: Tflm(data).invoke(x)}


def c_folder(name: str, tmp_path: Path, isa: Isa = Isa.HOST) -> dict[str, str]:
    data = cases.CASES[name]()
    program = compiled(name, isa)
    x = np.random.default_rng(0).integers(-128, 128, program.graph.input.shape).astype(np.int8)
    sources = render_c_folder(program, *golden(program, data, x))
    write_sources(sources, tmp_path)
    return sources


def test_folder_for_any_project_builds_with_its_readme_line_and_passes(tmp_path: Path) -> None:
    c_folder("pad and conv", tmp_path)
    line = re.search(r"^    (gcc .*)$", (tmp_path / "README.md").read_text(), re.MULTILINE)
    assert line is not None
    done = subprocess.run(
        ["sh", "-ec", line[1]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "pad and conv: 96 output bytes equal\n"


def test_selftest_fails_when_one_weight_byte_is_wrong(tmp_path: Path) -> None:
    sources = c_folder("conv", tmp_path)
    wrong = sources["weights.c"].replace("-127, ", "126, ", 1)
    assert wrong != sources["weights.c"]
    (tmp_path / "weights.c").write_text(wrong)
    done = subprocess.run(
        ["make", "-s", "test"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "expected" in done.stdout


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ["conv larger than input", "depthwise", "softmax flat"])
def test_sanitizers_find_nothing_in_the_corners(name, isa, tmp_path):
    sanitized(name, tmp_path, isa)


def sanitized(name: str, folder: Path, isa: Isa) -> None:
    """Address and undefined behaviour sanitizers over the self-test, which must pass too."""
    c_folder(name, folder, isa)
    flags = "CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
    done = subprocess.run(
        ["make", "-s", "test", flags], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_golden_arrays_of_another_size_are_refused() -> None:
    feeds, outputs = {"tensor0": np.zeros(3, np.int8)}, {"tensor3": np.zeros(4, np.int8)}
    with pytest.raises(ValueError, match=r"tensor0 is int8 \[3\]; the model takes int8 \[1, "):
        render_c_folder(compiled(), feeds, outputs)


def test_plan_with_overlaps_is_refused() -> None:
    program = compiled("add")
    moved = tuple(replace(place, offset=0) for place in program.plan.placements)
    with pytest.raises(ValueError, match="over each other"):
        render_aot(replace(program, plan=replace(program.plan, placements=moved)))
