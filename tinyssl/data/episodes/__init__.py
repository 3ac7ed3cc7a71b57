"""Families of tasks for meta-learning and federation, by name: those in the dictionaries `FAMILIES`
of this package's modules, those of packages and of files.

A family gives devices by their number. Each has a stream of samples to learn from and others that
it is judged on; the unseen ones show how well a start suits a device that nobody trained on.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from tinyssl.core import plugins
from tinyssl.data.episodes.base import DeviceData, Examples, Group, MetaSettings, TaskFamily

FAMILIES: dict[str, type[TaskFamily]] = plugins.collect(plugins.FAMILIES)
"""Name -> family, of those that tinyssl ships"""


def _problem(value: object) -> str:
    if not isinstance(value, type) or not issubclass(value, TaskFamily):
        return "is not a subclass of tinyssl.data.episodes.TaskFamily"
    missing = sorted(value.__abstractmethods__) if inspect.isabstract(value) else []
    missing += [name for name in ("title", "loss", "settings") if not hasattr(value, name)]
    return f"does not define {', '.join(missing)}" if missing else ""


_REGISTRY = plugins.Registry[type[TaskFamily]](plugins.FAMILIES, FAMILIES, _problem)


def find_family(name: str, data: Path | None = None, seed: int = 0) -> TaskFamily:
    """The family `name`: one of ours, of a package, or `FILE.py:CLASS`.

    Args:
        name: As `--task` of `tinyssl federate` takes it.
        data: File or folder that the family reads.
        seed: Of all that is drawn.

    Raises:
        UsageError: There is none, or it has no data; the hint says where to get it.
        DataError: The data cannot be read.
    """
    found = _REGISTRY.find(name)
    with plugins.blamed(found):
        return found.value(data, seed)


__all__ = [
    "FAMILIES",
    "DeviceData",
    "Examples",
    "Group",
    "MetaSettings",
    "TaskFamily",
    "find_family",
]
