"""The model as a library that PlatformIO and the Arduino IDE install, and that can be published.

library.json, library.properties    the manifests
src/<name>.h, src/<name>.c           a small interface that owns the memory
src/model/                           the generated model and its kernels, as `render_aot` gives
                                     them, with the library's name as prefix in place of `tinyssl`
examples/Classify/                   a sketch that runs one input and compares the output
README.md, LICENSE
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tinyssl import __version__
from tinyssl.codegen.aot import render_aot
from tinyssl.codegen.context import model_context
from tinyssl.codegen.render import render
from tinyssl.codegen.tensors import NUMBERS, golden_context
from tinyssl.compiler.program import Program
from tinyssl.core.errors import UsageError
from tinyssl.core.records import BuildInfo
from tinyssl.core.sources import Sources
from tinyssl.graph.interface import Feeds, named_values
from tinyssl.graph.model import Model, ValueKind
from tinyssl.targets.kernels import has_own_kernels

EXAMPLE = "examples/Classify"
ARCHITECTURES = (
    "esp32",
    "mbed_giga",
    "mbed_nano",
    "mbed_nicla",
    "mbed_opta",
    "mbed_portenta",
    "nrf52",
    "renesas_portenta",
    "renesas_uno",
    "rp2040",
    "sam",
    "samd",
    "stm32",
    "zephyr",
)
"""Arduino cores of 32 bit, where constants lie in flash (on AVR they would take RAM)"""
ENDS = [ValueKind.INPUT, ValueKind.OUTPUT]
"""The named tensors of a model that the library's few functions suit"""
AUTHOR = re.compile(r"^\s*(?P<name>[^<>]*?)\s*(?:<(?P<email>[^<>]*)>)?\s*$")
"""`Name <mail>`, as library.properties has it"""
SYMBOL = re.compile(r"\btinyssl_(?=\w|##)")
"""How every name in generated C begins that a linker sees; `##` joins it to the rest in a macro"""

EXTRA = re.compile(r"\bTINYSSL_(?=CAMERA|ANSWER)")
"""How the macros begin that a sketch sees: of two libraries, both headers are included"""


@dataclass(frozen=True)
class LibraryFacts:
    """What the manifests say about the library, beside the model."""

    name: str
    """Of the library, its header and its functions: a C identifier"""
    version: str
    author: str
    """`Name <mail>`"""
    url: str = ""


def library_name(model: str) -> str:
    """`tinyssl_kws` for the model `kws`: a name that is a C identifier too."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", model).strip("_").lower()
    return f"tinyssl_{plain or 'model'}"[:63].rstrip("_")


def render_library(
    program: Program,
    golden: tuple[Feeds, Feeds],
    facts: LibraryFacts,
    extras: Sources | None = None,
) -> Sources:
    """The library as text.

    Args:
        program: The compiled model. On cores of another instruction set its C runs without special
            instructions.
        golden: Inputs of one inference by name, and what TFLM gives for them.
        facts: Name, version and author.
        extras: `camera.*` and `answer.*`, as far as the model has them.

    Raises:
        UsageError: The model has several inputs or outputs, states, or ends of another type.
        ValueError: The golden arrays do not have the model's sizes.
    """
    _check_ends(program.graph)
    extras = extras or {}
    context = _context(program, golden, facts) | {
        "camera": "camera.h" in extras,
        "answer": "answer.h" in extras,
    }
    generated = render_aot(program) | {
        path: EXTRA.sub(f"{facts.name.upper()}_", text) for path, text in extras.items()
    }
    files = {f"src/model/{path}": _own(text, facts.name) for path, text in generated.items()}
    templates = {
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        "library.properties": "library.properties",
        f"src/{facts.name}.h": "library.h",
        f"src/{facts.name}.c": "library.c",
        f"{EXAMPLE}/Classify.ino": "sketch.ino",
        f"{EXAMPLE}/sample.h": "sample.h",
    }
    files |= {path: render(f"library/{name}.j2", context) for path, name in templates.items()}
    return files | {"library.json": _manifest(facts, context["name"])}


def _context(program: Program, golden: tuple[Feeds, Feeds], facts: LibraryFacts) -> dict[str, Any]:
    sample_input, sample_output = golden_context(program.graph, *golden)
    facts_of_model = model_context(program)
    first, second = facts_of_model["tensors"][:2]
    return facts_of_model | {
        "input": first,
        "output": second,
        "library": facts.name,
        "macro": facts.name.upper(),
        "library_version": facts.version,
        "author": facts.author,
        "url": facts.url,
        "architectures": ARCHITECTURES,
        "version": __version__,
        "kernels": f"for {program.isa}, C for other cores"
        if has_own_kernels(program.isa)
        else "plain C for any core",
        "golden_input": sample_input,
        "golden_output": sample_output,
    }


def _check_ends(model: Model) -> None:
    values = named_values(model)
    fitting = all(value.dtype in NUMBERS for value in values)
    if [value.kind for value in values] != ENDS or not fitting:
        found = ", ".join(f"{value.kind.value} {value.name} ({value.text})" for value in values)
        raise UsageError(
            f"a library takes one input and gives one output of numbers; this model has {found}",
            hint="take the folder of C: `tinyssl build --target c`",
        )


def _own(text: str, library: str) -> str:
    """Generated C with the library's prefix: a sketch may have several models.

    With one prefix for all, the linker would take the first model's functions for both, silently.
    """
    return SYMBOL.sub(f"{library}_", text)


def _manifest(facts: LibraryFacts, model: str) -> str:
    """library.json: https://docs.platformio.org/en/latest/manifests/library-json/"""
    found = AUTHOR.match(facts.author)
    author = {key: text for key, text in found.groupdict().items() if text} if found else {}
    manifest = {
        "name": facts.name,
        "version": facts.version,
        "description": f"int8 inference of the model {model}, compiled ahead of time by tinyssl",
        "keywords": ["tinyml", "inference", "neural network"],
        "authors": [{"name": facts.author} | author],
        "license": "Apache-2.0",
        **({"homepage": facts.url} if facts.url else {}),
        "frameworks": "*",
        "platforms": "*",
        "headers": f"{facts.name}.h",
        "build": {"flags": ["-O2"]},
        "export": {"exclude": [BuildInfo.FILE]},
        "examples": [
            {"name": "Classify", "base": EXAMPLE, "files": ["Classify.ino", "sample.h"]},
        ],
    }
    return json.dumps(manifest, indent=2) + "\n"
