"""Where the value of each option comes from, and which source wins.

    flag  >  TINYSSL_<STAGE>_<FIELD>  >  [stage] in tinyssl.toml  >  board file  >  default

Each source is read into *layers* (field name -> `Setting`), which keep the spelling that the user
saw, so that an error can name it. `resolve` merges the layers and builds the stage's config.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError

from tinyssl.core import plugins
from tinyssl.core.config import STAGES
from tinyssl.core.errors import UsageError, nearest
from tinyssl.core.files import Unreadable, read_toml

PREFIX = "TINYSSL_"
FILE_NAME = "tinyssl.toml"
RUN_STAGES = (
    "pretrain", "probe", "evaluate", "convert", "verify", "build", "flash", "bench", "learn",
    "report",
)  # fmt: skip
"""What `tinyssl run` can do, in its order"""
VARIABLES = {
    "TINYSSL_WORKSPACE": "folder that holds runs/ and build/ (--workspace)",
    "TINYSSL_CONFIG": "path of the tinyssl.toml (--config)",
    "TINYSSL_BOARDS": "folders of board files that add to the shipped ones",
    "TINYSSL_OPERATORS": "folder of operators (Python and C files) beside the shipped ones",
    "TINYSSL_ZOO": "folder of trained models in place of the shipped ones",
    "TINYSSL_STORE_TOKEN": "token of the catalogue's endpoint (catalog --store)",
    "TINYSSL_SERVE_TOKEN": "token that a browser must show (serve)",
    "TINYSSL_PLUGINS": "files of plug-ins that runs may import though you never named them",
    "TINYSSL_CACHE": "folder for downloads, PlatformIO's core and compiled host code",
}
"""Variables with our prefix that belong to no stage -> what they do"""

Config = TypeVar("Config")


@dataclass(frozen=True)
class Setting:
    """A value and where it was written."""

    value: Any
    origin: str
    """As the user wrote it: `--epochs`, `TINYSSL_PRETRAIN_EPOCHS`, `[pretrain] epochs`"""


Layer = Mapping[str, Setting]
"""Field name -> setting, of one stage and one source"""


@dataclass(frozen=True)
class FieldKind:
    """What a field may hold, as far as reading it from text goes."""

    name: Literal["flag", "choice", "integer", "number", "text", "path", "list", "mapping"]
    optional: bool = False
    choices: tuple[Any, ...] = ()


def kind_of(annotation: Any) -> FieldKind:
    """Kind of a field from its type annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kind_of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not NoneType)
        return dataclasses.replace(kind_of(inner), optional=True)
    if origin is Literal:
        return FieldKind("choice", choices=get_args(annotation))
    if origin in (list, tuple):
        return FieldKind("list")
    if origin is dict:
        return FieldKind("mapping")
    names: dict[type, Any] = {
        bool: "flag", int: "integer", float: "number", Path: "path", str: "text"
    }  # fmt: skip
    return FieldKind(names[annotation])


def fields_of(stage: str) -> dict[str, Any]:
    """Field name -> pydantic's FieldInfo, of a stage's config, in the order of the class."""
    return dict(STAGES[stage].__pydantic_fields__)  # type: ignore[attr-defined]  # set by pydantic


def parse_text(kind: FieldKind, text: str) -> Any:
    """Text from a flag or the environment as a value that pydantic can check.

    An empty text or `none` clears an optional field; lists are separated by commas; mappings are
    KEY=VALUE separated by commas, where VALUE is JSON if it can be read as such.
    """
    if kind.optional and text.strip().lower() in ("", "none"):
        return None
    if kind.name == "choice":
        return next((choice for choice in kind.choices if str(choice) == text), text)
    if kind.name == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind.name == "mapping":
        return dict(_parse_pair(part) for part in _split_pairs(text) if part.strip())
    return text


def _split_pairs(text: str) -> list[str]:
    """Splits at commas, but not at those inside brackets: `a=[1,2],b=3` is two pairs."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _parse_pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{text!r} is not KEY=VALUE", hint="write for example temperature=0.2")
    try:
        return key.strip(), json.loads(value)
    except json.JSONDecodeError:
        return key.strip(), value


def read_environment(environ: Mapping[str, str]) -> dict[str, dict[str, Setting]]:
    """Stage -> layer from variables named TINYSSL_<STAGE>_<FIELD>.

    Raises:
        UsageError: A variable has our prefix and names no field; the hint names the nearest.
    """
    known = {
        f"{PREFIX}{stage}_{name}".upper(): (stage, name, kind_of(info.annotation))
        for stage in STAGES
        for name, info in fields_of(stage).items()
    }
    layers: dict[str, dict[str, Setting]] = {stage: {} for stage in STAGES}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable in VARIABLES:
            continue
        if variable not in known:
            hint = nearest(variable, [*known, *VARIABLES])
            raise UsageError(
                f"the environment variable {variable} means nothing to tinyssl",
                hint=hint + "`tinyssl STAGE --help` lists the fields; unset it if it is not ours",
            )
        stage, name, kind = known[variable]
        layers[stage][name] = Setting(parse_text(kind, text), variable)
    return layers


@dataclass(frozen=True)
class ConfigFile:
    """A tinyssl.toml that was read and whose keys are all known."""

    path: Path
    layers: dict[str, dict[str, Setting]] = field(default_factory=dict)
    """Stage -> layer, of the sections that are present"""
    steps: tuple[str, ...] | None = None
    """The file's own `steps = [...]`, for `tinyssl run`"""

    @property
    def planned(self) -> tuple[str, ...]:
        """Stages of `tinyssl run`: `steps`, else the sections that are there, in pipeline order."""
        if self.steps is not None:
            return self.steps
        return tuple(stage for stage in RUN_STAGES if stage in self.layers)


def read_file(path: Path) -> ConfigFile:
    """Reads a tinyssl.toml; a file that is not there is an empty one.

    Paths in it are relative to the file's folder.

    Raises:
        UsageError: Not TOML, or it has an unknown section or key; the hint names the nearest.
    """
    if not path.exists():
        return ConfigFile(path)
    try:
        content = read_toml(path)
    except Unreadable as error:
        raise UsageError(f"{path}: {error}", hint="see docs/CLI.md for an example") from error
    steps = _read_steps(path, content.pop("steps", None))
    return ConfigFile(path, read_sections(path, content), steps)


def read_sections(path: Path, content: Mapping[str, Any]) -> dict[str, dict[str, Setting]]:
    """Stage -> layer from the `[stage]` tables of a TOML file that was read from `path`.

    Raises:
        UsageError: An unknown section or key; the hint names the nearest.
    """
    return {stage: _read_section(path, stage, table) for stage, table in content.items()}


def _read_steps(path: Path, steps: Any) -> tuple[str, ...] | None:
    if steps is None:
        return None
    wrong = (
        [name for name in steps if name not in RUN_STAGES] if isinstance(steps, list) else [steps]
    )
    if wrong:
        raise UsageError(
            f"{path}: steps holds {wrong[0]!r}",
            hint=f"{nearest(str(wrong[0]), RUN_STAGES)}a list of {', '.join(RUN_STAGES)}",
        )
    return tuple(steps)


def _read_section(path: Path, stage: str, table: Any) -> dict[str, Setting]:
    if stage not in STAGES:
        hint = f"{nearest(stage, [*STAGES, 'steps'])}sections are {', '.join(STAGES)}"
        raise UsageError(f"{path}: unknown section [{stage}]", hint=hint)
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {stage} is not a table", hint=f"write [{stage}] on a line")
    fields = fields_of(stage)
    layer = {}
    for key, value in table.items():
        if key not in fields:
            hint = f"{nearest(key, fields)}`tinyssl {stage} --help` lists all"
            raise UsageError(f"{path}: [{stage}] has no key {key!r}", hint=hint)
        layer[key] = Setting(_placed(fields[key], value, path), f"{path}: [{stage}] {key}")
    return layer


def _placed(info: Any, value: Any, path: Path) -> Any:
    """A value of the TOML file `path`; files that it names are relative to the file's folder."""
    if not isinstance(value, str):
        return value
    if kind_of(info.annotation).name == "path":
        return path.parent / value
    return plugins.absolute(value, path.parent) if plugin_group(info) else value


def plugin_group(info: Any) -> plugins.PluginGroup | None:
    """The group of plug-ins that a field takes a name of."""
    return next((part for part in info.metadata if isinstance(part, plugins.PluginGroup)), None)


def merge(layers: Iterable[Layer]) -> dict[str, Setting]:
    """One layer from several, the strongest first; mappings are merged key by key."""
    merged: dict[str, Setting] = {}
    for layer in layers:
        for name, setting in layer.items():
            stronger = merged.get(name)
            if stronger is None:
                merged[name] = setting
            elif isinstance(stronger.value, dict) and isinstance(setting.value, dict):
                merged[name] = Setting(setting.value | stronger.value, stronger.origin)
    return merged


def resolve(config: type[Config], layers: Iterable[Layer]) -> Config:
    """Builds a stage's config from layers, the strongest first.

    Raises:
        UsageError: A value is not allowed; names every bad one as the user wrote it, with what is
            allowed.
    """
    merged = merge(layers)
    try:
        return config(**{name: setting.value for name, setting in merged.items()})
    except ValidationError as error:
        problems = [_describe(problem, merged) for problem in error.errors()]
        raise UsageError("; ".join(dict.fromkeys(problems)), hint=_where(config)) from error


def _describe(problem: Mapping[str, Any], merged: Layer) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else ""
    origin = merged[name].origin if name in merged else name or "the options"
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message.replace("Input should be", "should be")
    value = problem["input"] if problem["loc"] else None
    return f"{origin} {value}: {message}" if value is not None else f"{origin}: {message}"


def _where(config: type) -> str:
    stage = next((name for name, known in STAGES.items() if known is config), "")
    return f"`tinyssl {stage} --help` tells what each option takes"


def refuse_changes(given: Any, recorded: Any) -> None:
    """A resumed run keeps its settings: one that was given and differs is a mistake.

    Raises:
        UsageError: The message names the setting and both values.
    """
    for each in dataclasses.fields(given):
        value, before = getattr(given, each.name), getattr(recorded, each.name)
        default = getattr(type(given)(), each.name)
        same = value == before or (isinstance(value, Path) and value.absolute() == before)
        if not same and value != default:
            option = each.name.replace("_", "-")
            raise UsageError(
                f"the run to resume has {option} {before}, not {value}",
                hint=f"leave --{option} out, or start a new run without --resume",
            )
