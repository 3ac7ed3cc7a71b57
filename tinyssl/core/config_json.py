"""Configs as plain JSON values, which is what records store."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def adapter_of(kind: type[T]) -> TypeAdapter[T]:
    """What checks and writes values of a type; made once, for that takes milliseconds."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def config_json(config: object, *, exclude: Set[str] = frozenset()) -> dict[str, Any]:
    """A config dataclass as plain JSON values, paths as text, without the fields in `exclude`."""
    kind: type[Any] = type(config)
    content: dict[str, Any] = adapter_of(kind).dump_python(
        config, mode="json", exclude=set(exclude)
    )
    return content
