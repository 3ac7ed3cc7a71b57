"""The warnings that a target's build asks for, read from its SCons script."""

import ast

from tinyssl.core.paths import firmware_folder


def _words(name: str) -> list[str]:
    script = (firmware_folder() / "platform" / "builder" / "main.py").read_text()
    for node in ast.parse(script).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"no {name} in the script")


WARNINGS = ["-Wall", "-Wextra", *_words("WARNINGS"), "-Werror"]
WARNINGS_OF_C = _words("WARNINGS_OF_C")
