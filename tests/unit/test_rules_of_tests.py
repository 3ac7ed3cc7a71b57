"""What holds for the tests themselves: programs of the list alone, no skip without its reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import order, programs, skips

ROOT = Path(__file__).resolve().parents[2]


def hidden_program() -> str:
    """One that this computer has and no list names."""
    known = programs.listed()
    whole = os.environ[programs.WHOLE]
    common = ("find", "awk", "perl", "tail", "wc", "head", "id", "date")
    return next(name for name in common if name not in known and shutil.which(name, path=whole))


def test_a_program_of_no_list_cannot_be_called() -> None:
    name = hidden_program()
    assert shutil.which(name) is None
    with pytest.raises(pytest.fail.Exception, match=f"tests call {name}, which is in no list"):
        subprocess.run([name, "--version"], check=False)
    path = shutil.which(name, path=os.environ[programs.WHOLE])
    with pytest.raises(pytest.fail.Exception, match="in no list"):
        subprocess.run([str(path), "--version"], check=False)


def test_nor_by_a_program_that_a_test_starts() -> None:
    """A shell, a build or a command of ours is not asked: it does not find the program."""
    done = subprocess.run(
        ["sh", "-c", f"{hidden_program()} --version"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 127
    assert "not found" in done.stderr


def test_a_listed_program_can_be_called(tmp_path: Path) -> None:
    subprocess.run(["gcc", "--version"], check=True, capture_output=True)
    own = tmp_path / "own"
    own.write_text("#!/bin/sh\nexit 0\n")
    own.chmod(0o755)
    subprocess.run([own], check=True)
    with pytest.raises(FileNotFoundError):
        subprocess.run(["no-such-program-anywhere"], check=False)


@pytest.mark.parametrize(
    ("reason", "allowed"),
    [
        ("needs ../shared/models", True),
        ("needs ../shared/models/kws.tflite", True),
        ("needs a copy of CMSIS-NN: set TINYSSL_CMSIS_NN to its folder", True),
        ("needs TINYSSL_MLPERF_RUNNER: the folder benchmark/runner of mlcommons/tiny", True),
        ("needs riscv64-unknown-elf-gcc", False),
        ("needs the extra flash: pip install pyocd", False),
        ("unconditional skip", False),
    ],
)
def test_reasons(reason: str, allowed: bool) -> None:
    assert (skips.needed(reason) is not None) == allowed


CONFTEST = """
from tests import skips

def pytest_configure(config):
    skips.register(config)
"""
TESTS = """
import pytest

def test_passes():
    pass

def test_shared():
    pytest.skip("needs ../shared/models")

@pytest.mark.skipif(True, reason="REASON")
def test_program():
    pass
"""
MODULE = "import pytest\npytest.importorskip('no_such_package', reason='pip install it')\n"


def session(folder: Path, *words: str, strict: bool) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    environ = {name: text for name, text in os.environ.items() if name != skips.STRICT}
    environ |= {"PYTHONPATH": str(ROOT)} | ({skips.STRICT: "1"} if strict else {})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command, cwd=folder, env=environ, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["one process", "workers"])
def test_a_strict_session_fails_for_a_skip_that_is_not_allowed(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "test_a.py").write_text(TESTS.replace("REASON", "needs clang-99"))
    (tmp_path / "test_b.py").write_text(MODULE)
    done = session(tmp_path, *words, strict=True)
    assert done.returncode == 1
    assert "2 skipped for no allowed reason" in done.stdout
    assert "test_a.py::test_program: needs clang-99" in done.stdout
    assert "test_b.py: pip install it" in done.stdout
    assert "1 tests need models and data of ../shared" in done.stdout


def test_allowed_skips_and_sessions_that_are_not_strict_pass(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TESTS.replace("REASON", "needs a board: --board NAME"))
    done = session(tmp_path, strict=True)
    assert done.returncode == 0
    assert "1 tests need a board that is plugged in" in done.stdout
    (tmp_path / "test_b.py").write_text(MODULE)
    assert session(tmp_path, strict=False).returncode == 0


def test_every_worker_begins_with_its_share_of_the_longest() -> None:
    longest, others = ["a", "b", "c", "d"], list(range(7))
    found = order.arrange(longest, others, 3)
    assert found == ["a", "d", 0, "b", 1, 2, 3, "c", 4, 5, 6]  # rows of 3, 4 and 4
    assert order.arrange(longest, [], 2) == ["a", "c", "b", "d"]


@pytest.mark.parametrize("name", order.LONGEST)
def test_the_longest_tests_are_there(name: str) -> None:
    path, function = name.split("::")
    assert f"\ndef {function}(" in (ROOT / "tests" / path).read_text()
    assert order.rank(f"tests/{name}[any]") == order.LONGEST.index(name)
