"""Plug-ins: what a name stands for, in whatever place it is defined.

A name is one that tinyssl ships, an entry point of an installed package, or `FILE.py:NAME`. Nothing
is imported before you ask for its name, and nothing from the working folder unless you name the
file.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from tinyssl.core import plugin_trust
from tinyssl.core.errors import TinysslError, UsageError, nearest, unknown_name

Value = TypeVar("Value")

PREFIX = "tinyssl_plugin_"
"""Begins the name of a module made from a plug-in's file"""
LARGEST = 1024 * 1024
"""Bytes of a plug-in's file"""


@dataclass(frozen=True)
class PluginGroup:
    """A group of things that have names."""

    what: str
    """As messages call one of them: method"""
    entry_points: str
    """Group of entry points that adds to it: tinyssl.methods"""
    package: str = ""
    """Dotted name of the package whose modules define the shipped ones; empty: no package does"""
    table: str = ""
    """Name of the dictionary in such a module: name -> thing"""

    def shipped_names(self) -> list[str]:
        """The names that tinyssl ships, without importing anything."""
        return sorted(name for path in _modules(self) for name in _keys(path, self.table))

    def packaged(self) -> list[EntryPoint]:
        """Its entry points, by name; none of them is loaded."""
        found = [point for point in _entry_points() if point.group == self.entry_points]
        return sorted(found, key=lambda point: point.name)


METHODS = PluginGroup("method", "tinyssl.methods", "tinyssl.learn.methods", "METHODS")
BACKBONES = PluginGroup("backbone", "tinyssl.backbones", "tinyssl.learn.backbones", "BACKBONES")
DATASETS = PluginGroup("data set", "tinyssl.datasets", "tinyssl.data", "DATASETS")
TASKS = PluginGroup("task", "tinyssl.tasks", "tinyssl.learn.tasks", "TASKS")
FAMILIES = PluginGroup("family of tasks", "tinyssl.families", "tinyssl.data.episodes", "FAMILIES")
TEACHERS = PluginGroup("teacher", "tinyssl.teachers", "tinyssl.learn.teachers", "TEACHERS")


@dataclass(frozen=True)
class Origin:
    """Where a plug-in comes from."""

    source: str
    """`FILE.py:NAME` with an absolute path, or `package 1.2 (module:name)`"""
    path: Path | None
    """The file that defines it; None where there is no such file"""
    sha256: str
    """Of that file, 64 hex digits; empty without one"""

    def as_record(self) -> dict[str, str]:
        """What a record says of it."""
        return {"source": self.source, "sha256": self.sha256}


@dataclass(frozen=True)
class Found(Generic[Value]):
    """What a name stands for."""

    name: str
    """As given; of a file with its absolute path"""
    value: Value
    origin: Origin | None
    """None: tinyssl ships it"""


@dataclass(frozen=True)
class Registry(Generic[Value]):
    """A group, with its shipped things and the rule that a plug-in must keep."""

    group: PluginGroup
    shipped: Mapping[str, Value]
    problem: Callable[[object], str]
    """What is wrong with an object as one of the group, as in "is not a subclass of Method"; empty
    where nothing is"""

    def find(self, name: str) -> Found[Value]:
        """What `name` stands for.

        Raises:
            UsageError: There is no such name (the hint suggests the nearest) or file, two things
                have the name, the plug-in cannot be imported, or it is no such thing.
        """
        file = plugin_trust.FILE.fullmatch(name)
        if file is not None:
            return self._from_file(Path(file["path"]), file["name"])
        what, points = self.group.what, [p for p in self.group.packaged() if p.name == name]
        if name in self.shipped and not points:
            return Found(name, self.shipped[name], None)
        if name in self.shipped or len(points) > 1:
            owners = ["tinyssl"] if name in self.shipped else []
            owners += [_owner(point) for point in points]
            raise UsageError(
                f"the {what} {name!r} is defined by {' and by '.join(owners)}",
                hint="uninstall one of them, or give yours as FILE.py:NAME",
            )
        if points:
            return self._from_package(points[0])
        if name.endswith(".py"):
            raise self._no_name_given(Path(name))
        raise unknown_name(what, name, [*self.shipped, *(p.name for p in self.group.packaged())])

    def _from_file(self, path: Path, name: str) -> Found[Value]:
        module, sha256 = load_file(path, self.group.what)
        if not hasattr(module, name):
            fitting = self._fitting(module)
            raise UsageError(
                f"{path} has no {name!r}",
                hint=f"{nearest(name, fitting)}{_offer(self.group.what, path, fitting)}",
            )
        full = f"{path.absolute()}:{name}"
        value = self._checked(getattr(module, name), full)
        plugin_trust.remember(path)
        return Found(full, value, Origin(full, path.absolute(), sha256))

    def _from_package(self, point: EntryPoint) -> Found[Value]:
        try:
            value = point.load()
        except (Exception, SystemExit) as error:
            where = f"{_owner(point)}: the {self.group.what} {point.name!r} cannot be imported"
            raise UsageError(
                f"{where}: {_told(error)}", hint="reinstall the package, or ask its authors"
            ) from None
        source = f"{_owner(point)} ({point.value})"
        return Found(point.name, self._checked(value, source), _origin_of(value, source))

    def _checked(self, value: Any, source: str) -> Value:
        problem = self.problem(value)
        if problem:
            raise UsageError(
                f"{source} is no {self.group.what}: it {problem}", hint="see docs/plugins.md"
            )
        checked: Value = value
        return checked

    def _fitting(self, module: ModuleType) -> list[str]:
        own = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        return sorted(
            name
            for name, value in own.items()
            if getattr(value, "__module__", None) == module.__name__ and not self.problem(value)
        )

    def _no_name_given(self, path: Path) -> UsageError:
        fitting = self._fitting(load_file(path, self.group.what)[0])
        return UsageError(
            f"{path} names a file and no {self.group.what} in it",
            hint=_offer(self.group.what, path, fitting),
        )


def _offer(what: str, path: Path, fitting: list[str]) -> str:
    if not fitting:
        return f"nothing in {path} is a {what}; see docs/plugins.md"
    return f"write {' or '.join(f'{path}:{name}' for name in fitting)}"


def absolute(name: str | None, folder: Path | None = None) -> str | None:
    """`FILE.py:NAME` with an absolute path, relative to `folder` (default: the working folder).

    Any other name stays as it is.
    """
    file = plugin_trust.FILE.fullmatch(name or "")
    if file is None:
        return name
    return f"{((folder or Path()) / file['path']).absolute()}:{file['name']}"


def collect(group: PluginGroup) -> dict[str, Any]:
    """The shipped things of a group: what the modules of its package have in their tables.

    Raises:
        ValueError: Two modules define the same name.
    """
    found: dict[str, Any] = {}
    for path in _modules(group):
        module = importlib.import_module(f"{group.package}.{path.stem}")
        own = getattr(module, group.table)
        twice = found.keys() & own.keys()
        if twice:
            raise ValueError(f"{module.__name__} defines {sorted(twice)}, which are there already")
        found |= own
    return found


def _modules(group: PluginGroup) -> list[Path]:
    """Files of the modules that have a table."""
    folder = Path(__file__).resolve().parents[1].joinpath(*group.package.split(".")[1:])
    return [path for path in sorted(folder.glob("*.py")) if _keys(path, group.table)]


@cache
def _keys(path: Path, table: str) -> list[str]:
    """Keys of the dictionary literal `table` of a module that is only read, not run."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        named = any(isinstance(target, ast.Name) and target.id == table for target in targets)
        value = getattr(node, "value", None)
        if named and isinstance(value, ast.Dict):
            keys = [key.value for key in value.keys if isinstance(key, ast.Constant)]
            return [key for key in keys if isinstance(key, str)]
    return []


def load_file(path: Path, what: str) -> tuple[ModuleType, str]:
    """Imports a plug-in's file, once for each content.

    Args:
        path: The file.
        what: What it was named as, for the messages.

    Returns:
        The module, and the SHA-256 of the file that it was made from.

    Raises:
        UsageError: The file is missing or too large, or raises an error; the message has the
            plug-in's own error with file and line.
    """
    path = path.absolute()
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"the {what}'s file {path} cannot be read: {error.strerror}", hint="check the path"
        ) from None
    if len(data) > LARGEST:
        raise UsageError(f"{path} has more than {LARGEST:,} bytes", hint="name a file of Python")
    sha256 = hashlib.sha256(data).hexdigest()
    name = PREFIX + hashlib.sha256(os.fsencode(path) + b"\0" + data).hexdigest()[:16]
    if name not in sys.modules:
        _execute(name, path, data)
    return sys.modules[name], sha256


def _execute(name: str, path: Path, data: bytes) -> None:
    """Makes a module that stands in `sys.modules`, where dataclasses and pickle look for it."""
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(compile(data, str(path), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(
            f"{path} cannot be imported: {_told(error, path)}", hint="correct the plug-in"
        ) from None


def _told(error: BaseException, path: Path | None = None) -> str:
    """An error as its author needs it: place in the plug-in, kind, message."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {type(error).__name__}: {error.msg}"
    lines, step = [], error.__traceback__
    while step is not None:
        if path is not None and step.tb_frame.f_code.co_filename == str(path):
            lines.append(step.tb_lineno)
        step = step.tb_next
    return f"line {lines[-1]}: {text}" if lines else text


def _origin_of(value: object, source: str) -> Origin:
    try:
        path = Path(inspect.getfile(value))  # type: ignore[arg-type]  # TypeError is handled
        return Origin(source, path, hashlib.sha256(path.read_bytes()).hexdigest())
    except (TypeError, OSError):
        return Origin(source, None, "")


def _owner(point: EntryPoint) -> str:
    dist = point.dist
    return f"{dist.name} {dist.version}" if dist is not None else "an installed package"


def _entry_points() -> tuple[EntryPoint, ...]:
    here = Path.cwd()
    return _entry_points_on(tuple(p for p in sys.path if p and Path(p) != here))


@cache
def _entry_points_on(paths: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Our entry points of the distributions in some folders; of two with one name the first counts.

    The working folder is left out: `python -m tinyssl` puts it on the path, and what lies in it was
    not installed.
    """
    found: dict[str, list[EntryPoint]] = {}
    for dist in distributions(path=list(paths)):
        ours = [point for point in dist.entry_points if point.group.startswith("tinyssl.")]
        if ours:
            found.setdefault(re.sub(r"[-_.]+", "-", dist.name).lower(), ours)
    return tuple(point for points in found.values() for point in points)


def origins(group: PluginGroup) -> dict[str, str]:
    """Name of each entry point of a group -> the package that brings it; nothing is loaded."""
    return {point.name: _owner(point) for point in group.packaged()}


class PluginChanged(UserWarning):
    """A plug-in's file is not the one that a file of weights was made with."""


def warn_if_changed(found: Found[Any], sha256: str, where: Path) -> None:
    """Warns where a plug-in's file has another SHA-256 than `where` says."""
    now = found.origin.sha256 if found.origin is not None else ""
    if now != sha256:
        warnings.warn(
            f"{found.name} changed since {where} was written: SHA-256 {now[:12] or 'none'}, was "
            f"{sha256[:12] or 'none'}",
            PluginChanged,
            stacklevel=3,
        )


def is_plugin(group: PluginGroup, name: str) -> bool:
    """Whether `name` names a plug-in of a group, in a file or a package."""
    return bool(plugin_trust.FILE.fullmatch(name)) or name.endswith(".py") or name in origins(group)


def listed(group: PluginGroup) -> str:
    """All names of a group as a list for `--help`: the shipped ones, then those of packages."""
    packaged = [f"{name} (from {owner})" for name, owner in origins(group).items()]
    return ", ".join([*group.shipped_names(), *packaged])


def failed_in(error: BaseException) -> str:
    """The innermost line of a plug-in's file that an error passed, as `FILE:LINE`; else empty."""
    ours = [name for name in sys.modules if name.startswith(PREFIX)]
    files = {sys.modules[name].__file__ for name in ours}
    place, step = "", error.__traceback__ if files else None
    while step is not None:
        if step.tb_frame.f_code.co_filename in files:
            place = f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}"
        step = step.tb_next
    return place


@contextmanager
def blamed(found: Found[Any]) -> Iterator[None]:
    """An error that a plug-in raises inside is told as the plug-in's own.

    Raises:
        UsageError: With the plug-in's error, its file and line.
    """
    try:
        yield
    except TinysslError:
        raise
    except Exception as error:
        if found.origin is None:
            raise
        raise UsageError(
            f"{found.origin.source} failed: {_told(error, found.origin.path)}",
            hint="correct the plug-in; -v shows the traceback",
        ) from error
