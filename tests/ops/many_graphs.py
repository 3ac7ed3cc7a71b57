"""The C of many graphs for one program: a kernel is there once, all graphs are one file to compile.

Forty graphs of one operator took 1.1 s of a processor to compile one by one, and take 0.4 s as one
file. So that they can be one, names that a graph's C keeps to itself get its prefix, by macros
around the unchanged text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tinyssl.codegen.aot import render_aot
from tinyssl.compiler import Program
from tinyssl.compiler.arena import overlaps
from tinyssl.core.sources import Sources

UNIT = "graphs.c"
PARTS = ("model.c", "weights.c")
SHARED = re.compile(r"kernels/|tensor\.h$")
SHARED_INCLUDE = re.compile(r'^#include "(?=kernels/|tensor\.h")', re.MULTILINE)
OWN_NAME = re.compile(
    r"^(?:(?:\S+ )?static [^=;{]*?\b(\w+)[\[(]"  # an array or a function
    r"|(?:enum|struct) (\w+) \{"  # a tag
    r"|    ([A-Z][A-Z0-9_]+)[ ,\n])",  # an enumerator
    re.MULTILINE,
)
MACRO = re.compile(r"^#\s*define (\w+)", re.MULTILINE)
NOT_OPTIMISED = '#pragma GCC optimize ("O0")\n'
INCLUDE = re.compile(r'^#include (?:<|"\.\./).*$', re.MULTILINE)
"""Of C's own library and of kernels: before any macro of a graph"""


def sources_of(programs: Mapping[str, Program], fast: bool = False) -> Sources:
    """All that a program of these graphs is compiled from, but for its `main`.

    Args:
        programs: Prefix -> graph. Where its C says `tinyssl_model_`, this says the prefix and `_`.
        fast: Optimise the kernels alone, not the graphs: that takes half the time again.
    """
    sources: Sources = {}
    includes: dict[str, None] = {}
    bodies: list[str] = []
    for prefix, program in programs.items():
        assert overlaps(program.plan) == []
        own = {}
        for path, text in render_aot(program).items():
            if SHARED.match(path):
                assert sources.setdefault(path, text) == text, f"two texts of {path}"
            else:
                named = text.replace("tinyssl_model_", f"{prefix}_")
                own[path] = SHARED_INCLUDE.sub('#include "../', named)
        includes |= dict.fromkeys(line for text in own.values() for line in INCLUDE.findall(text))
        bodies += [_part(prefix, part, own[part]) for part in PARTS]
        bodies.append(_undefine(name for text in own.values() for name in MACRO.findall(text)))
        sources |= {f"{prefix}/{path}{_ending(path)}": text for path, text in own.items()}
    head = [line.replace('"../', '"') + "\n" for line in sorted(includes)]
    return sources | {UNIT: "".join((*head, NOT_OPTIMISED * fast, *bodies))}


def _ending(path: str) -> str:
    return ".inc" if path.endswith(".c") else ""


def _part(prefix: str, name: str, text: str) -> str:
    """One file of a graph, whose own names get the prefix; members of kernels' structs do not."""
    names = [name for found in OWN_NAME.findall(text) for name in found if name]
    defines = "".join(f"#define {name} {prefix}_{name}\n" for name in names)
    return f'{defines}#include "{prefix}/{name}.inc"\n{_undefine(names)}'


def _undefine(names: Iterable[str]) -> str:
    return "".join(f"#undef {name}\n" for name in dict.fromkeys(names))
