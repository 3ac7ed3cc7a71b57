"""Templates to text. Text first, files last: whoever asked for the sources writes them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tinyssl.core.paths import firmware_folder, templates_folder


@cache
def environment() -> Environment:
    """The template environment: a misspelt name is an error, block lines leave no blank lines."""
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the output is C and Markdown, not HTML
    )


def render(template: str, context: dict[str, Any]) -> str:
    """One file. `template` is its path below codegen/templates/, with `.j2`."""
    return environment().get_template(template).render(context)


def firmware_text(path: str) -> str:
    """Text of a file below firmware/."""
    return (firmware_folder() / path).read_text(encoding="utf-8")


def kernel_text(name: str, folder: Path | None = None) -> str:
    """Text of a file of firmware/kernels/, or of `folder` where it holds such a file."""
    if folder is not None and (folder / name).is_file():
        return (folder / name).read_text(encoding="utf-8")
    return firmware_text(f"kernels/{name}")
