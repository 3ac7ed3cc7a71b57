"""Size budget of the source: short modules, short functions, few parameters.

    python tools/check_size.py [FOLDER …]

Prints every offender and exits with 1 when there is one. Lines are counted as an editor shows them,
comments and docstrings included: what a reader has to scroll past.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 50
PARAMETERS = 6
FOLDERS = ("tinyssl", "tests", "tools", "firmware", "codegen")
PATTERNS = ("*.py", "*.c", "*.h", "*.cc", "*.j2")
ROOT = Path(__file__).resolve().parent.parent


def offenders(path: Path) -> Iterator[str]:
    """Complaints about one file (relative to the root), as `path:line: text`."""
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > MODULE_LINES:
        yield f"{path}:1: {lines} lines; at most {MODULE_LINES}"
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from _function(path, node)


def _function(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    where = f"{path}:{node.lineno}: {node.name}"
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > FUNCTION_LINES:
        yield f"{where} has {lines} lines; at most {FUNCTION_LINES}"
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    count = sum(argument.arg not in ("self", "cls") for argument in arguments)
    if count > PARAMETERS and path.parts[0] != "tests":
        yield f"{where} has {count} parameters; at most {PARAMETERS}, then a dataclass"


def main(folders: list[str]) -> int:
    """Checks the folders (default: all of ours) below the repository's root."""
    paths = [
        path.relative_to(ROOT)
        for folder in folders or FOLDERS
        for pattern in PATTERNS
        for path in sorted((ROOT / folder).rglob(pattern))
    ]
    found = [text for path in paths for text in offenders(path)]
    sys.stdout.writelines(f"{text}\n" for text in found)
    sys.stdout.write(f"{len(paths)} files checked, {len(found)} over the budget\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
