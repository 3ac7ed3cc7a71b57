"""What the SCons script of a target's build says, without SCons."""

import ast

from tinyssl.core.paths import firmware_folder


def words(name: str) -> list[str]:
    """A constant of the script: a tuple or list of texts."""
    script = (firmware_folder() / "platform" / "builder" / "main.py").read_text()
    for node in ast.parse(script).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"no {name} in the script")


WARNINGS = ["-Wall", "-Wextra", *words("WARNINGS"), "-Werror"]
WARNINGS_OF_C = words("WARNINGS_OF_C")
