"""tinyssl: from a folder of unlabelled images to a measured microcontroller.

The names below are the public interface. They are loaded at first use, so `import tinyssl` costs
nothing and never imports torch. A model file becomes C and numbers in three calls:

    program = tinyssl.compile(tinyssl.read_model(data))
    with tinyssl.HostModel(program) as model:
        scores = model.invoke(image)

A stage is a function in a module of its name, say `tinyssl.stages.pretrain.pretrain`; the config of
each is in `tinyssl.core.config`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinyssl.compiler.arena import plan_arena
    from tinyssl.compiler.program import Program, compile
    from tinyssl.core.errors import TinysslError
    from tinyssl.core.records import RunRecord, Workspace
    from tinyssl.data import load_dataset
    from tinyssl.frontends.tflite import read_model, write_model
    from tinyssl.learn.backbones import build_backbone
    from tinyssl.runtimes.host import HostModel
    from tinyssl.targets.boards import Board, find_board

__version__ = "0.1.0"

_HOMES = {
    "Board": "tinyssl.targets.boards",
    "HostModel": "tinyssl.runtimes.host",
    "Program": "tinyssl.compiler.program",
    "RunRecord": "tinyssl.core.records",
    "TinysslError": "tinyssl.core.errors",
    "Workspace": "tinyssl.core.records",
    "build_backbone": "tinyssl.learn.backbones",
    "compile": "tinyssl.compiler.program",
    "find_board": "tinyssl.targets.boards",
    "load_dataset": "tinyssl.data",
    "plan_arena": "tinyssl.compiler.arena",
    "read_model": "tinyssl.frontends.tflite",
    "write_model": "tinyssl.frontends.tflite",
}

__all__ = [
    "Board",
    "HostModel",
    "Program",
    "RunRecord",
    "TinysslError",
    "Workspace",
    "build_backbone",
    "compile",
    "find_board",
    "load_dataset",
    "plan_arena",
    "read_model",
    "write_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
