"""What a table compares: a TOML file with common settings, rows and seeds.

title = "Methods on CIFAR-100"
seeds = [0, 1, 2]
notes = "analysis.md"            # text of one's own that goes into the document

[data]                           # sections as in tinyssl.toml; paths relative to this file
dataset = "npz"
[pretrain]                       # what all rows have in common
epochs = 20
[probe]
epochs = 100
[published]                      # where the figures under `published` of the rows come from
source = "arXiv …"

[[row]]
name = "simclr"                  # the row's own settings: any key of [pretrain]
method = "simclr"
published = 44.7                 # percent
[[row]]
name = "simclr_hot"
ablation_of = "simclr"           # goes into the table of ablations
method = "simclr"
method_options = { temperature = 1.0 }
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tinyssl.core.errors import UsageError, nearest, unknown_name
from tinyssl.core.files import Unreadable, read_toml
from tinyssl.core.settings import Layer, Setting, read_sections

HINT = "docs/tables.md and examples/tables/ show how such a file looks"
TOP = {
    "title": str, "seeds": list, "notes": str, "rows_from": str, "published": dict, "row": list
}  # fmt: skip
"""Keys of the file beside the stages' sections -> type"""
ROW = {
    "name": str, "title": str, "ablation_of": str, "published": (int, float), "note": str,
    "epochs_share": (int, float),
}  # fmt: skip
"""Keys of a row that are no setting -> type"""


@dataclass(frozen=True)
class TableRow:
    """One line of the table."""

    name: str
    title: str
    settings: Layer
    """Fields of `PretrainConfig` in which it differs from the common ones"""
    ablation_of: str | None = None
    """Row from which it differs in one thing"""
    published: float | None = None
    """Published linear probe accuracy, in percent"""
    note: str = ""
    epochs_share: float = 1.0
    """Of the common epochs: 0.5 where each image is seen twice in an epoch, for equal budgets"""


@dataclass(frozen=True)
class TableSpec:
    """A whole comparison."""

    path: Path
    title: str
    rows: tuple[TableRow, ...]
    seeds: tuple[int, ...] = (0,)
    layers: Mapping[str, Layer] = field(default_factory=dict)
    """Stage -> common settings"""
    notes: Path | None = None
    """Markdown that goes into the document as it is"""
    published: Mapping[str, str] = field(default_factory=dict)
    """`source` and how the published figures were made: setting -> text"""

    @property
    def name(self) -> str:
        return self.path.stem

    def only(self, names: Sequence[str]) -> TableSpec:
        """The same table with these rows only.

        Raises:
            UsageError: There is no such row.
        """
        known = [row.name for row in self.rows]
        for name in names:
            if name not in known:
                raise unknown_name("row", name, known)
        return replace(self, rows=tuple(row for row in self.rows if row.name in names))

    def overridden(self, stage: str, **values: Any) -> TableSpec:
        """The same table with other common settings; rows that set the same key follow too.

        `None` changes nothing. A teacher replaces that of the rows that have one.
        """
        given = {
            name: Setting(value, "--" + name.replace("_", "-"))
            for name, value in values.items()
            if value is not None
        }
        layers = {**self.layers, stage: {**self.layers.get(stage, {}), **given}}
        rows = self.rows
        if stage == "pretrain":
            rows = tuple(
                replace(row, settings={**row.settings, **_both(row.settings, given)})
                for row in rows
            )
        return replace(self, layers=layers, rows=rows)


def _both(settings: Layer, given: Layer) -> Layer:
    return {name: value for name, value in given.items() if name in settings}


def read_table(path: Path) -> TableSpec:
    """Reads the TOML file of a table.

    Raises:
        UsageError: It is missing, no TOML, or holds a key, a row or a value that cannot be right.
    """
    try:
        content = read_toml(path)
    except Unreadable as error:
        raise UsageError(f"{path}: {error}", hint=HINT) from error
    own = {key: content.pop(key) for key in TOP if key in content}
    _require_types(str(path), own, TOP)
    base = read_table(path.parent / own["rows_from"]) if "rows_from" in own else None
    given = own.get("row", [])
    rows = tuple(_read_row(path, number, row) for number, row in enumerate(given, start=1))
    rows = (*(base.rows if base else ()), *rows)
    _require_sound(path, rows)
    published = {key: str(value) for key, value in own.get("published", {}).items()}
    return TableSpec(
        path=path.absolute(),
        title=own.get("title", path.stem),
        rows=rows,
        seeds=_seeds(path, own.get("seeds", [0])),
        layers=read_sections(path, content),
        notes=path.parent / own["notes"] if "notes" in own else None,
        published={**(base.published if base else {}), **published},
    )


def _require_types(where: str, content: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    for key, value in content.items():
        if not isinstance(value, types[key]):
            raise UsageError(f"{where}: {key} = {value!r} is of the wrong type", hint=HINT)


def _seeds(path: Path, seeds: list[Any]) -> tuple[int, ...]:
    if not seeds or any(not isinstance(seed, int) or seed < 0 for seed in seeds):
        raise UsageError(f"{path}: seeds = {seeds}", hint="write for example seeds = [0, 1, 2]")
    return tuple(dict.fromkeys(seeds))


def _read_row(path: Path, number: int, content: Any) -> TableRow:
    where = f"{path}: row {number}"
    if not isinstance(content, dict) or "name" not in content:
        raise UsageError(f"{where} has no name", hint=HINT)
    own = {key: content[key] for key in ROW if key in content}
    _require_types(where, own, ROW)
    rest = {key: value for key, value in content.items() if key not in ROW}
    try:
        layer = read_sections(path, {"pretrain": rest})["pretrain"]
    except UsageError as error:
        key = next((key for key in rest if repr(key) in error.message), "")
        hint = f"{nearest(key, ROW)}{error.hint}"
        raise UsageError(f"{where} ({own['name']}): {error.message}", hint=hint) from error
    settings = {
        key: Setting(setting.value, f"{path}: row {own['name']}: {key}")
        for key, setting in layer.items()
    }
    return TableRow(
        name=own["name"],
        title=own.get("title", own["name"]),
        settings=settings,
        ablation_of=own.get("ablation_of"),
        published=own.get("published"),
        note=own.get("note", ""),
        epochs_share=own.get("epochs_share", 1.0),
    )


def _require_sound(path: Path, rows: Sequence[TableRow]) -> None:
    names = [row.name for row in rows]
    if not names:
        raise UsageError(f"{path} has no [[row]]", hint=HINT)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path} has two rows {twice!r}", hint="give each row its own name")
    for row in rows:
        if not 0 < row.epochs_share <= 1:
            raise UsageError(
                f"{path}: row {row.name}: epochs_share = {row.epochs_share} is not in (0, 1]",
                hint="0.5 is half of the common epochs",
            )
        if row.ablation_of is not None and row.ablation_of not in names:
            raise unknown_name("row", row.ablation_of, names)
