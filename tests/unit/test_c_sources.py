"""What the C in firmware/ and codegen/templates/ must keep to."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.build_script import words
from tinyssl.core.paths import data_folder, firmware_folder
from tinyssl.targets.kernels import SIZE_FIRST

TEXTS = sorted(firmware_folder().rglob("*.[ch]*")) + sorted(data_folder("codegen").rglob("*.j2"))
PORTS = [path for path in TEXTS if path.parent.name == "port"]
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", re.DOTALL)
RESERVED = re.compile(r"\b(?:__\w+|_[A-Z]\w*)")
GIVEN = re.compile(
    r"__(?:attribute__|asm__|GNUC__|clang__|ELF__|cplusplus|VA_ARGS__|builtin_\w+)"
    r"|__(?:ARM_\w+|riscv\w*|thumb2__|BYTE_ORDER__|ORDER_LITTLE_ENDIAN__)"
    r"|__(?:arm__|aarch64__|xtensa__|FP_FAST_FMAF)"
    r"|__(?:sxta?b16|sadd16|smlad|smla[bt][bt]|smlaw[bt])"  # arm_acle.h
    r"|_(?:Alignas|Atomic|Static_assert|Pragma|GNU_SOURCE)"
    r"|__(?:preinit_array|init_array|fini_array|exidx)_(?:start|end)"  # crt0 and the unwinder ask
)
"""Names of the language, the compiler and the C library"""
EMPTY_WAIT = re.compile(
    r"\bwhile \((?!0\))(?:[^{};]|\n)*\) ?(?:\{\s*(?:/\*.*?\*/)?\s*\}|;\s*\n\s*\n)"
)


def reserved(text: str) -> set[str]:
    """Identifiers that C11 7.1.3 keeps for the compiler and its library."""
    text = re.sub(r"\{\{.*?\}\}", "X", text)  # of a template
    names: list[str] = RESERVED.findall(COMMENT.sub(" ", text))
    return {name for name in names if not GIVEN.fullmatch(name)}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_name_is_one_that_c_reserves(path):
    assert reserved(path.read_text()) == set()


def test_a_reserved_name_is_found() -> None:
    assert reserved("extern int __mine[], _Mine; /* __x */ int _Alignas;") == {"__mine", "_Mine"}


FROM_BYTES = re.compile(r"\(struct (\w+) \*\)\(void \*\)")
OVER_BYTES = re.compile(r"struct TINYSSL_IN_BYTES (\w+) \{")


def test_the_build_script_compiles_the_same_files_for_size() -> None:
    names = [name.split("/")[-1] for name in SIZE_FIRST]
    assert words("SIZE_FIRST") == names
    assert {f"kernels/{path.name}" for path in TEXTS} >= set(SIZE_FIRST[1:])


def test_a_struct_laid_over_bytes_says_so() -> None:
    text = "".join(path.read_text() for path in TEXTS)
    laid = set(FROM_BYTES.findall(text))
    assert laid == {"tinyssl_line", "complex", "box", "passed", "tinyssl_factor"}
    assert laid <= set(OVER_BYTES.findall(text))


def waits(text: str) -> list[str]:
    """Loops that do nothing but look at a register, with no count of the looks."""
    return [match[0] for match in EMPTY_WAIT.finditer(text) if "poll <" not in match[0]]


@pytest.mark.parametrize("path", PORTS, ids=lambda path: path.name)
def test_no_wait_is_without_an_end(path):
    assert waits(path.read_text()) == []


@pytest.mark.parametrize("text", ["while (!(ISR & TC)) {\n    }\n", "while (X) { /* wait */ }"])
def test_a_wait_without_an_end_is_found(text):
    assert waits(text) == [text.rstrip("\n")]


SUFFIXES = {"dsp", "mve", "rv32"}


@pytest.mark.parametrize("core", sorted(SUFFIXES))
def test_headers_of_all_kernels_of_a_core_go_together(core: str, tmp_path: Path) -> None:
    """A model may have any operators: no two of them give one name two meanings."""
    kernels = firmware_folder() / "kernels"
    others = SUFFIXES - {core}
    headers = [path for path in sorted(kernels.glob("*.h")) if not others & parts(path)]
    source = tmp_path / "all.c"
    source.write_text("".join(f'#include "{path.name}"\n' for path in headers))
    command = ["gcc", "-std=c11", "-fsyntax-only", f"-I{kernels}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


def parts(path: Path) -> set[str]:
    return set(path.stem.split("_"))
