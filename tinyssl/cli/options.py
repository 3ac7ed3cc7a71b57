"""Command line options made from the config dataclasses, and the command class that uses them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import rich_click as click

from tinyssl.cli.common import GLOBAL
from tinyssl.core import plugins
from tinyssl.core.settings import FieldKind, Setting, fields_of, kind_of, parse_text, plugin_group

METAVARS = {
    "integer": "INTEGER",
    "number": "NUMBER",
    "text": "TEXT",
    "path": "PATH",
    "list": "VALUE,…",
    "mapping": "KEY=VALUE",
}
SHORT = {"method_options": "-o"}


def stage_options(stage: str, panel: str, *, left_out: Collection[str] = ()) -> list[click.Option]:
    """The options of a stage, in its config's order.

    Args:
        stage: A key of `config.STAGES`.
        panel: Their frame in --help.
        left_out: Fields that get no option.
    """
    fields = fields_of(stage).items()
    return [_option(stage, name, info, panel) for name, info in fields if name not in left_out]


def flag_of(name: str) -> str:
    """`--batch-size` for `batch_size`."""
    return "--" + name.replace("_", "-")


def _option(stage: str, name: str, info: Any, panel: str) -> click.Option:
    kind = kind_of(info.annotation)
    flag = flag_of(name)
    common: dict[str, Any] = {"help": _help(info, kind), "default": None, "panel": panel}
    target = f"{stage}__{name}"
    if kind.name == "flag":
        return click.RichOption([f"{flag}/--no-{flag[2:]}", target], is_flag=True, **common)
    common["multiple"] = kind.name in ("list", "mapping")
    if kind.name == "choice":
        choices = [str(choice) for choice in kind.choices]
        return click.RichOption([flag, target], type=click.Choice(choices), **common)
    names = [flag, *([SHORT[name]] if name in SHORT else []), target]
    return click.RichOption(names, metavar=METAVARS[kind.name], **common)


def _help(info: Any, kind: FieldKind) -> str:
    default = info.get_default(call_default_factory=True)
    text = str(info.description)
    group = plugin_group(info)
    if group is not None:
        text += f"; known: {plugins.listed(group)}"
    if default in (None, {}, []):
        return text
    if kind.name == "flag":
        default = "on" if default else "off"
    if kind.name == "list":
        default = ",".join(map(str, default))
    return f"{text}  [default: {default}]"


def read_flags(values: Mapping[str, Any]) -> dict[str, dict[str, Setting]]:
    """Stage -> layer from click's values of `stage_options`; what was not given is left out."""
    layers: dict[str, dict[str, Setting]] = {}
    for target, value in values.items():
        if value is None or value == ():
            continue
        stage, name = target.split("__")
        kind = kind_of(fields_of(stage)[name].annotation)
        text = ",".join(value) if isinstance(value, tuple) else value
        parsed = parse_text(kind, text) if isinstance(text, str) else text
        layers.setdefault(stage, {})[name] = Setting(parsed, flag_of(name))
    return layers


def split_values(
    values: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Click's values as (global options, stage options, the command's own)."""
    common = {name: value for name, value in values.items() if name in GLOBAL}
    staged = {name: value for name, value in values.items() if "__" in name}
    own = {n: v for n, v in values.items() if n not in common and n not in staged}
    return common, staged, own
