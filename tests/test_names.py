"""Names of the package: one meaning a name."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "tinyssl"


def class_names() -> dict[str, set[str]]:
    """Name -> files that define a class of that name."""
    files = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                files[node.name].add(path.relative_to(PACKAGE.parent).as_posix())
    return files


def test_a_class_name_means_one_thing() -> None:
    files = class_names()
    assert len(files) > 300
    assert {name: where for name, where in files.items() if len(where) > 1} == {}
