"""tinyssl: from a folder of unlabelled images to a measured microcontroller.

The names below are the public interface. They are loaded at first use, so `import tinyssl` costs
nothing and never imports torch. The stages are functions in packages of their own:
`train.pretrain`, `probes.probe`, `convert.convert`, `verify.verify`, `build.build`, `build.flash`,
`bench.bench` and `report.report`; their configs are in `tinyssl.config`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinyssl.backbones import build_backbone
    from tinyssl.boards import Board, find_board
    from tinyssl.datasets import load_dataset
    from tinyssl.errors import TinysslError
    from tinyssl.native import HostModel
    from tinyssl.plan import plan_arena
    from tinyssl.records import RunRecord, Workspace
    from tinyssl.tflite import read_model, write_model

__version__ = "0.1.0"

_HOMES = {
    "Board": "tinyssl.boards",
    "HostModel": "tinyssl.native",
    "RunRecord": "tinyssl.records",
    "TinysslError": "tinyssl.errors",
    "Workspace": "tinyssl.records",
    "build_backbone": "tinyssl.backbones",
    "find_board": "tinyssl.boards",
    "load_dataset": "tinyssl.datasets",
    "plan_arena": "tinyssl.plan",
    "read_model": "tinyssl.tflite",
    "write_model": "tinyssl.tflite",
}

__all__ = [
    "Board",
    "HostModel",
    "RunRecord",
    "TinysslError",
    "Workspace",
    "build_backbone",
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
