"""Generated C of small models, kept in tests/golden/: a change of the generator shows in the diff.

One model is kept whole. Of the others you find what differs between models: the table of calls and
the parameters of each operator.

python tools/golden.py            # says which files differ, exit code 1 when any does
python tools/golden.py --update   # writes them
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.ops.cases import add, padded_conv, reshaped_pool  # noqa: E402  # after sys.path
from tinyssl import compiler  # noqa: E402
from tinyssl.codegen.aot import render_aot, render_engine_aot  # noqa: E402
from tinyssl.core.sources import Sources, write_sources  # noqa: E402
from tinyssl.frontends.tflite import read_model  # noqa: E402
from tinyssl.graph.passes import run_passes  # noqa: E402
from tinyssl.project.arduino import arduino_settings  # noqa: E402
from tinyssl.targets.boards import Isa, find_board  # noqa: E402

FOLDER = ROOT / "tests" / "golden"

WHOLE = "pointwise_dsp"
"""The model whose files are all kept"""

MODELS: dict[str, tuple[Callable[[], bytes], Isa]] = {
    "residual": (partial(add, side=4), Isa.HOST),
    "folded_pad": (padded_conv, Isa.HOST),
    "reshape": (reshaped_pool, Isa.HOST),
    "pointwise_dsp": (partial(add, side=4), Isa.CORTEX_M7),
    "depthwise_dsp": (partial(padded_conv, depthwise=True), Isa.CORTEX_M7),
}
KEPT = re.compile(
    r"^(?:static const struct \w+ \w+\[TINYSSL_MODEL_OP_COUNT\]|const struct \w+ \w+) = {$.*?^};$",
    re.MULTILINE | re.DOTALL,
)
"""The table of calls in model.c, and the parameters of an operator in weights.c"""


def golden_sources() -> Sources:
    """Path below tests/golden/ -> text, without the kernels, which are copied as they are.

    And the platformio.ini of a board under Arduino.
    """
    settings = arduino_settings(find_board("esp32dev"), "O2", (), ())
    sources: Sources = {"arduino/platformio.ini": settings}
    for name in MODELS:
        rendered = model_sources(name)
        if name == WHOLE:
            sources |= {f"{name}/{path}": text for path, text in rendered.items()}
        else:
            sources[f"{name}.c"] = excerpt(rendered)
    return sources


def model_sources(name: str) -> Sources:
    """All files generated for one of `MODELS`."""
    make, isa = MODELS[name]
    # Without the hash of the file, which depends on the flatbuffers package.
    model = replace(run_passes(read_model(make(), name)), source_sha256="0" * 64)
    program = compiler.compile(model, isa)
    rendered = render_aot(program) | render_engine_aot(program)
    return {path: text for path, text in rendered.items() if not path.startswith("kernels/")}


def excerpt(rendered: Sources) -> str:
    """The table of calls, then the parameters of each operator."""
    kept = [text for name in ("model.c", "weights.c") for text in KEPT.findall(rendered[name])]
    return "\n\n".join(kept) + "\n"


def main(arguments: list[str]) -> int:
    """Compares, or with --update writes."""
    if arguments not in ([], ["--update"]):
        sys.stderr.write(str(__doc__))
        return 2
    expected = golden_sources()
    kept = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*.*") if path.is_file()}
    stale = sorted(kept.keys() - expected.keys())
    changed = [
        name
        for name, text in expected.items()
        if name not in kept or kept[name].read_text(encoding="utf-8") != text
    ]
    if arguments:
        for name in stale:
            kept[name].unlink()
        write_sources({name: expected[name] for name in changed}, FOLDER)
    for name in [*changed, *stale]:
        sys.stdout.write(f"{'mended' if arguments else 'differs'}: tests/golden/{name}\n")
    return 1 if (changed or stale) and not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
