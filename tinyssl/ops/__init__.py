"""The operators: one module each, with its dataclass and its `SPEC`; `common` is what they share.

`OPS` holds them all. A file from elsewhere adds one by `register(SPEC)`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.kernel import OpT
from tinyssl.ops.common.spec import OpSpec

OPS: dict[str, OpSpec[Any]] = {}
"""TFLite's name -> operator: all that tinyssl supports"""


def register(spec: OpSpec[Any]) -> None:
    """Adds an operator, or replaces the one of the same name."""
    OPS[spec.kind] = spec


def spec_of(op: OpT) -> OpSpec[OpT]:
    """The specification of an operator.

    Raises:
        KeyError: No operator of this kind is registered.
    """
    return OPS[op.kind]


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates of an operator in one inference."""
    return spec_of(op).macs(model, op)


def supported_hint() -> str:
    """What an error says where an operator is not supported."""
    return "supported: " + ", ".join(OPS)


for _module in iter_modules(__path__):
    if not _module.ispkg:
        register(import_module(f"{__name__}.{_module.name}").SPEC)
