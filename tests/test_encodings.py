"""Text is UTF-8 whatever the locale says: every call that reads or writes text names it."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("tinyssl", "tools", "firmware/platform/builder")
MODULES = sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py"))
TEXT_MODE = 1
"""Position of the mode in the arguments of `open` and `os.fdopen`; of `Path.open` it is one less"""


def unnamed(tree: ast.AST) -> Iterator[int]:
    """Lines of calls that would use the locale's encoding, or fail at a byte of a program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            name = (
                node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            )
            if "encoding" not in given and is_text(node, name, given):
                yield node.lineno
            if "text" in given and "errors" not in given:
                yield node.lineno


def is_text(node: ast.Call, name: str, given: dict[str | None, ast.expr]) -> bool:
    if name in ("read_text", "write_text"):
        return isinstance(node.func, ast.Attribute)
    if "text" in given or "universal_newlines" in given:
        return name in ("run", "Popen", "check_output")
    if name not in ("open", "fdopen"):
        return False
    method = isinstance(node.func, ast.Attribute) and name == "open"
    place = TEXT_MODE - method
    mode = given.get("mode") or (node.args[place] if len(node.args) > place else None)
    return isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rwax+t")


def test_text_names_its_encoding() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in MODULES
        for line in unnamed(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(MODULES) > 300
    assert wrong == []


@pytest.mark.parametrize(
    "code",
    [
        "path.read_text()",
        "path.write_text(x)",
        "path.open('w')",
        "open(path, 'r')",
        "os.fdopen(1, 'w')",
        "subprocess.run(x, text=True)",
        "subprocess.run(x, text=True, encoding='utf-8')",
    ],
)
def test_the_rule_finds_each_spelling(code: str) -> None:
    assert list(unnamed(ast.parse(code))) != []


def test_names_outside_ascii_in_the_c_locale(tmp_path: Path) -> None:
    """A workspace and a tinyssl.toml that the locale's encoding could not read."""
    workspace = tmp_path / "Größe 鳥"
    workspace.mkdir()
    (workspace / "tinyssl.toml").write_text('[data]\ndata_path = "Vögel.npz"\n', encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "TINYSSL_"))}
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "tinyssl", "-w", str(workspace), "data", "--dataset", "npz"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode in (1, 2)
    assert b"bug in tinyssl" not in done.stderr
    assert b"npz" in done.stderr
