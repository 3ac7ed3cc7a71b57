"""Generated C of small models, kept in tests/golden/: a change of the generator shows in the diff.

python tools/golden.py            # says which files differ, exit code 1 when any does
python tools/golden.py --update   # writes them
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.ops.cases import add, padded_conv, reshaped_pool  # noqa: E402  # after sys.path
from tinyssl.codegen.aot import render_aot, render_engine_aot  # noqa: E402
from tinyssl.codegen.render import Sources  # noqa: E402
from tinyssl.compiler.arena import plan_arena  # noqa: E402
from tinyssl.compiler.schedule import choose_steps  # noqa: E402
from tinyssl.frontends.tflite import read_model  # noqa: E402
from tinyssl.graph.passes import run_passes  # noqa: E402
from tinyssl.project.arduino import arduino_settings  # noqa: E402
from tinyssl.targets.boards import Isa, find_board  # noqa: E402

FOLDER = ROOT / "tests" / "golden"

MODELS: dict[str, tuple[Callable[[], bytes], Isa]] = {
    "residual": (partial(add, side=4), Isa.HOST),
    "folded_pad": (padded_conv, Isa.HOST),
    "reshape": (reshaped_pool, Isa.HOST),
    "pointwise_dsp": (partial(add, side=4), Isa.CORTEX_M7),
    "depthwise_dsp": (partial(padded_conv, depthwise=True), Isa.CORTEX_M7),
}


def golden_sources() -> Sources:
    """Path below tests/golden/ -> text, but for the kernels, which are copied as they are.

    And the platformio.ini of a board under Arduino.
    """
    settings = arduino_settings(find_board("esp32dev"), "O2", (), ())
    sources: Sources = {"arduino/platformio.ini": settings}
    for name, (make, isa) in MODELS.items():
        # Without the hash of the file, which depends on the flatbuffers package.
        model = replace(run_passes(read_model(make(), name)), source_sha256="0" * 64)
        plan = plan_arena(model, choose_steps(model, isa))
        rendered = render_aot(model, plan, isa=isa) | render_engine_aot(model, plan, isa=isa)
        sources |= {
            f"{name}/{path}": text
            for path, text in rendered.items()
            if not path.startswith("kernels/")
        }
    return sources


def main(arguments: list[str]) -> int:
    """Compares, or with --update writes."""
    if arguments not in ([], ["--update"]):
        sys.stderr.write(str(__doc__))
        return 2
    changed = []
    for name, text in golden_sources().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            if arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for name in changed:
        sys.stdout.write(f"{'wrote' if arguments else 'differs'}: tests/golden/{name}\n")
    return 1 if changed and not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
