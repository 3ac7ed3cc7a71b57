"""Compilers get an environment of their own; nothing in the package calls a shell."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

from tinyssl.core import compilers
from tinyssl.core.errors import ToolMissing
from tinyssl.core.host_compiler import compiled, find_compiler
from tinyssl.project import platformio

ROOT = Path(compilers.__file__).parents[2]
FOREIGN = (
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH"),
    *("COMPILER_PATH", "GCC_EXEC_PREFIX", "LD_RUN_PATH", "DEPENDENCIES_OUTPUT", "LD_PRELOAD"),
    *("SUNPRO_DEPENDENCIES", "GCC_COMPARE_DEBUG", "SOURCE_DATE_EPOCH", "COLLECT_GCC_OPTIONS"),
    *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "AR", "AS", "LD", "MAKEFLAGS", "SCONSFLAGS"),
    *("PLATFORMIO_BUILD_FLAGS", "PLATFORMIO_SRC_DIR", "PLATFORMIO_CORE_DIR", "CCACHE_PREFIX"),
    *("PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "LANG", "LANGUAGE", "LC_MESSAGES"),
)


@pytest.fixture
def foreign(monkeypatch, tmp_path):
    """Every variable that compilers and build tools read, with a value that does harm."""
    for name in FOREIGN:
        monkeypatch.setenv(name, str(tmp_path / "foreign"))
    return str(tmp_path / "foreign")


def test_no_variable_of_another_tool_chain_reaches_a_compiler(foreign):
    assert foreign not in compilers.environment().values()


def test_nor_platformio(foreign, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
    assert foreign not in platformio.environment().values()
    upload = platformio.environment(upload=True)
    touched = [name for name in FOREIGN if name.startswith(("PLATFORMIO", "PYTHON", "SCONS"))]
    assert foreign not in [upload.get(name) for name in touched]


def test_the_host_compiler_works_among_them(foreign):
    assert compiled({"a.c": "#include <stdint.h>\nint main(void) { return 0; }\n"}, ())


def test_programs_are_not_looked_for_where_the_command_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "gcc"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{os.pathsep}.{os.pathsep}/nowhere")
    assert compilers.find_program("gcc") is None
    with pytest.raises(ToolMissing):
        find_compiler()


def test_cc_may_have_more_words_and_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    source = {"a.c": "#if X != 5\n#error\n#endif\nint main(void) { return 0; }\n"}
    monkeypatch.setenv("CC", "gcc -DX=5")
    assert compiled(source, ())
    monkeypatch.setenv("CC", "no-such-cc")
    with pytest.raises(ToolMissing, match="variable CC names 'no-such-cc'"):
        compiled(source, ())


def calls() -> list[tuple[Path, ast.Call]]:
    """Every call that starts a process, in the package and in what it brings."""
    starters = {"run", "Popen", "call", "check_call", "check_output", "system", "popen"}
    found = []
    for folder in ("tinyssl", "firmware"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and ast.unparse(node.func.value) in ("subprocess", "os")
                    and node.func.attr in starters
                ):
                    found.append((path, node))
    return found


def test_every_process_is_started_without_a_shell_and_with_a_chosen_environment() -> None:
    own = ("records.py", "jlink.py")  # git, which says the commit, and SEGGER's program
    assert len(calls()) > 5
    for path, call in calls():
        words = {keyword.arg for keyword in call.keywords}
        where = f"{path}:{call.lineno}"
        assert "shell" not in words, where
        assert ast.unparse(call.func).startswith("subprocess."), where
        assert "env" in words or path.name in own, f"{where}: see compilers.environment"


def test_no_command_is_one_string() -> None:
    for path, call in calls():
        first = call.args[0]
        assert not isinstance(first, ast.Constant | ast.JoinedStr), f"{path}:{call.lineno}"


def test_messages_are_those_that_are_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    command = ["gcc", "-x", "c", "-", "-o", os.devnull]
    done = subprocess.run(
        command, input="int main(", capture_output=True, text=True, check=False,
        env=compilers.environment(),
    )  # fmt: skip
    assert "error: " in done.stderr
