"""Cases of operators, one module each: `CASES` by name, `RANDOM` by family.

tests/ops/cases.py has those of the first ten operators.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
OPERATOR_CASES = {name: make for module in _MODULES for name, make in module.CASES.items()}
"""Name -> function that makes the .tflite"""
OPERATOR_RANDOM = {family: make for module in _MODULES for family, make in module.RANDOM.items()}
"""Family -> function of a seed that makes the .tflite"""
