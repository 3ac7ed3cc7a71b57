"""Self-supervised methods by name: those in the dictionaries `METHODS` of this package's modules,
those of packages and of files. See docs/adding_a_method.md.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pydantic import ValidationError
from pydantic.dataclasses import is_pydantic_dataclass

from tinyssl.core import plugins
from tinyssl.core.errors import UsageError, unknown_name
from tinyssl.data.augment import VIEW_OPTIONS, ViewOptions
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, Targets, ViewStage

METHODS: dict[str, type[Method]] = plugins.collect(plugins.METHODS)
"""Name -> class, of those that tinyssl ships"""


def _problem(value: object) -> str:
    if not (isinstance(value, type) and issubclass(value, Method)):
        return "is not a subclass of tinyssl.learn.methods.Method"
    missing = sorted(getattr(value, "__abstractmethods__", ()))
    if missing:
        return f"does not define {', '.join(missing)}"
    if not is_pydantic_dataclass(getattr(value, "Config", object)):
        return "has no `Config` that is a pydantic dataclass"
    return ""


_REGISTRY = plugins.Registry[type[Method]](plugins.METHODS, METHODS, _problem)


def find_method(name: str) -> plugins.Found[type[Method]]:
    """The method called `name`: one of ours, of a package, or `FILE.py:CLASS`.

    Raises:
        UsageError: There is none (the hint suggests the nearest), or it is no method.
    """
    return _REGISTRY.find(name)


def method_config(name: str, options: dict[str, Any], kind: str = "image") -> Any:
    """The config of the method `name`, its defaults replaced by `options` (strings are parsed).

    Args:
        name: A key of `METHODS`.
        options: The method's, and those of the views.
        kind: Of the samples; the views of other kinds than images have options of their own, which
            `view_options` reads.

    Raises:
        UsageError: Unknown method or option (the hint suggests the nearest), or a bad value.
    """
    config = find_method(name).value.Config
    if kind == "image":
        return _checked(name, config, options, _names(config))
    others, images = _names(VIEW_OPTIONS[kind]), _names(ViewOptions)
    known = [key for key in _names(config) if key not in images]
    mine = {key: value for key, value in options.items() if key not in others}
    return _checked(name, config, mine, [*known, *others])


def view_options(name: str, options: dict[str, Any], kind: str) -> Any:
    """The options of the views of samples that are no images; None of images.

    Raises:
        UsageError: A bad value.
    """
    if kind == "image":
        return None
    config = VIEW_OPTIONS[kind]
    known = _names(config)
    mine = {key: value for key, value in options.items() if key in known}
    return _checked(name, config, mine, known)


def _names(config: type) -> list[str]:
    return [field.name for field in fields(config)]


def _checked(name: str, config: type, options: dict[str, Any], known: list[str]) -> Any:
    for key in options:
        if key not in known:
            raise unknown_name(f"option of {name}", key, known)
    try:
        return config(**options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{name} option {key}={first['input']!r}: {first['msg']}",
            hint=f"give it as --method-options {key}=VALUE",
        ) from error


def build_method(name: str, backbone: Backbone, config: Any, context: MethodContext) -> Method:
    """The method `name` around a backbone, with fresh heads from torch's global generator."""
    found = find_method(name)
    with plugins.blamed(found):
        return found.value(backbone, config, context)


__all__ = [
    "METHODS",
    "Batch",
    "Losses",
    "Method",
    "MethodContext",
    "Targets",
    "ViewStage",
    "build_method",
    "find_method",
    "method_config",
    "view_options",
]
