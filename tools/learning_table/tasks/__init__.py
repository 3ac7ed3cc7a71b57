"""One module a task, with `TASK`; `tools.learning_table` finds them by their names.

A task says its data, and has a function that measures: the same training in float (PyTorch or
NumPy), the generated C on this computer, and the firmware on the board (`device.learning_device`).
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from tools.learning_table.row import Task


def task_names() -> tuple[str, ...]:
    """Names of all tasks; `last_blocks` is called `last-blocks`."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def find_task(name: str) -> Task:
    """The task of a name that `task_names` gives."""
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    task: Task = module.TASK
    return task
