"""The operators: one module each, with its dataclass and its `SPEC`; `common` is what they share.

`training` has those of a training step, which no file holds.

`OPS` holds them all. `TINYSSL_OPERATORS` names a folder with further ones: every Python file in it
is an operator as those here are, with its C kernel beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import operators_folder
from tinyssl.core.plugins import load_file
from tinyssl.graph.model import Model, Op
from tinyssl.ops import training
from tinyssl.ops.common.kernel import OpT
from tinyssl.ops.common.spec import OpSpec

OPS: dict[str, OpSpec[Any]] = {}
"""TFLite's name -> operator: all that tinyssl supports"""
OWN_OPERATOR_HINT = "replace the operator, or add it yourself: docs/adding_an_operator.md shows how"
"""What an error says where an operator is not supported"""


def register(spec: OpSpec[Any]) -> None:
    """Adds an operator, or replaces the one of the same name."""
    OPS[spec.kind] = spec


def load_operator(path: Path) -> OpSpec[Any]:
    """Adds the operator of a Python file that is not part of tinyssl.

    Raises:
        UsageError: The file cannot be run, or defines no `SPEC`.
    """
    hint = "docs/adding_an_operator.md shows what the file needs"
    try:
        module, _ = load_file(path, "operator")
    except UsageError as error:
        raise UsageError(f"cannot load the operator {path}: {error}", hint=hint) from error
    spec = getattr(module, "SPEC", None)
    if not isinstance(spec, OpSpec):
        raise UsageError(f"{path} defines no SPEC, an OpSpec", hint=hint)
    register(spec)
    return spec


def spec_of(op: OpT) -> OpSpec[OpT]:
    """The specification of an operator.

    Raises:
        KeyError: No operator of this kind is registered.
    """
    return OPS[op.kind]


def float_ulps(model: Model) -> int:
    """Units in the last place by which float32 outputs may differ from TFLM's on a board.

    That is the most that any operator states (`OpSpec.ulps`); 0 where all give TFLM's bits.
    Operators that only TFLM has state nothing.
    """
    return max((OPS[op.kind].ulps for op in model.ops if op.kind in OPS), default=0)


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates of an operator in one inference."""
    return spec_of(op).macs(model, op)


def _register_all(package: str, paths: Iterable[str]) -> None:
    for module in iter_modules(paths):
        if not module.ispkg:
            register(import_module(f"{package}.{module.name}").SPEC)


_register_all(__name__, __path__)
_register_all(training.__name__, training.__path__)
_folder = operators_folder()
if _folder is not None:
    for _path in sorted(_folder.glob("*.py")):
        load_operator(_path)
