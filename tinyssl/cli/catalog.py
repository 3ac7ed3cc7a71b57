"""`tinyssl catalog`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import EXIT_GATE, EXIT_OK, UsageError
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.catalog.match import Match
    from tinyssl.stages.catalog import Catalog

MOST = 20
"""Pairs that do not fit which a table shows"""


def catalog(call: Call, what: tuple[str, ...] = ()) -> Result:
    """Know models, boards and measurements as one graph, and say what runs where.

    `tinyssl catalog match --model FILE` lists the boards that can run a model, the best first, and
    says of each other board why it cannot; exit code 3 where none can. `add FILE…` takes .tflite
    models and descriptions in RDF, `list` and `show NAME` print what is known, `devices` asks those
    that are attached or emulated, `thing NAME` prints a W3C Thing Description, `query FILE.rq` asks
    in SPARQL (`query` alone lists the questions that come along), `validate [FILE]` checks
    descriptions, `export` writes the graph, and `import FILE.nq` takes what it wrote elsewhere. The
    graph is in catalog/ of the workspace, and follows boards, zoo and runs by itself.
    """
    from tinyssl.stages.catalog import open_catalog

    action, rest = (what[0], what[1:]) if what else ("list", ())
    if action not in ACTIONS:
        raise UsageError(
            f"catalog {' '.join(what)}: not understood", hint=f"one of {', '.join(ACTIONS)}"
        )
    config = call.config(CatalogConfig)
    opened = open_catalog(call.workspace, call.progress, config)
    if action != "import":
        opened.refresh()
    return ACTIONS[action](opened, config, rest)


def _add(opened: Catalog, config: CatalogConfig, files: tuple[str, ...]) -> Result:
    if not files:
        raise UsageError(
            "catalog add names no file", hint="tinyssl catalog add FILE.tflite FILE.ttl …"
        )
    added = [name for name in files if opened.add(Path(name), config)]
    known = len(files) - len(added)
    text = f"{len(added)} added, {known} known already; {len(opened.store):,} triples"
    hint = "next: tinyssl catalog match --model NAME"
    return Result({"added": added, "triples": len(opened.store)}, (text, hint))


def _list(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    from tinyssl.catalog.match import needs

    _no_more("list", rest)
    models = sorted(needs(opened.store), key=lambda need: need.name)
    columns_of = opened.places()
    places = columns_of.by_their_names(config.limit or None)
    columns = ("model", "task", "RAM, least", "flash, least", "sensors", "accuracy")
    rows = [
        (
            need.name,
            need.task,
            f"{need.ram:,} B",
            f"{need.flash:,} B",
            ", ".join(sorted(need.sensors)),
            _share(need.accuracy),
        )
        for need in models
    ]
    free = [
        (
            each.name,
            f"{each.ram:,} B",
            f"{each.flash:,} B",
            "sent over the line" if each.emulated else ", ".join(sorted(each.sensors)),
        )
        for each in places
    ]
    blocks: tuple[Table | str, ...] = (
        Table(columns, rows),
        "",
        Table(("board or device", "RAM, free", "flash, free", "sensors"), free),
        *_more(len(columns_of) - len(places)),
        f"{len(models):,} models, {len(columns_of):,} boards and devices, "
        f"{len(opened.store):,} triples",
        "next: tinyssl catalog match --model NAME",
    )
    data = {
        "models": [*map(asdict, models)],
        "places": [*map(asdict, places)],
        "places_in_all": len(columns_of),
    }
    return Result(data, blocks)


def _show(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    if len(rest) != 1:
        raise UsageError("catalog show takes one name", hint="`tinyssl catalog list` has them")
    rows = opened.show(rest[0])
    return Result({"statements": rows}, (Table(("", ""), rows, title=rest[0]),))


def _devices(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    from tinyssl.cli.fleet import devices_result

    _no_more("devices", rest)
    return devices_result(opened, config)


def _thing(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    from tinyssl.catalog.thing import sizes
    from tinyssl.core.files import write_json

    if len(rest) != 1:
        raise UsageError(
            "catalog thing takes one board or device", hint="`tinyssl catalog list` has them"
        )
    thing = opened.thing(rest[0])
    as_json, as_cbor = sizes(thing)
    if config.out:
        write_json(config.out, thing)
    text = json.dumps(thing, indent=1, ensure_ascii=False)
    ending = f"{as_json:,} bytes as JSON, {as_cbor:,} as CBOR"
    data = {"thing": thing, "json_bytes": as_json, "cbor_bytes": as_cbor}
    return Result(data, (text, ending))


def _match(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    _no_more("match", rest)
    found = opened.match(config, most=config.limit or None)
    good = _fitting_table(found.best)
    blocks: list[Table | str] = [good if found.fitting else "nothing fits"]
    blocks += _more(found.fitting - len(found.best))
    rows = [
        (each.model_name, each.target_name, "; ".join(each.reasons))
        for each in found.pairs
        if not each.fits
    ]
    if found.others:
        blocks += ["", Table(("model", "board", "why not"), rows[:MOST])]
        blocks += _more(found.others - len(rows[:MOST]))
    if found.fitting:
        blocks += ["", f"next: {_next(found.best)}"]
    data = {
        "pairs": [asdict(each) | {"fits": each.fits} for each in found.pairs],
        "fitting": found.fitting,
        "others": found.others,
    }
    return Result(data, blocks, EXIT_OK if found.fitting else EXIT_GATE)


def _more(count: int) -> list[str]:
    """How many are not shown, and how to see them."""
    return [f"and {count:,} more; --limit 0 --json lists all"] if count > 0 else []


def _next(fitting: Sequence[Match]) -> str:
    """What brings the model onto the best board: on this computer, for that is always at hand."""
    best = next((each for each in fitting if each.emulated), fitting[0])
    return f"tinyssl run --model {best.file or best.model_name} --board {best.target_name}"


COLUMNS: dict[str, Callable[[Match], str]] = {
    "model": lambda each: each.model_name,
    "board": lambda each: each.target_name,
    "time, about": lambda each: _milli(each.figures.get("Duration"), "s"),
    "instructions": lambda each: _count(each.figures.get("Instructions")),
    "RAM": lambda each: _count(each.figures.get("RAM"), " B"),
    "flash": lambda each: _count(each.figures.get("Flash"), " B"),
    "energy, about": lambda each: _milli(each.figures.get("Energy"), "J"),
    "price": lambda each: "–" if each.price is None else f"{each.price:,.2f}",
    "accuracy": lambda each: _share(each.accuracy),
}
"""Title -> text of a pair"""
STATED = ("energy, about", "price")
"""Columns that are there where the user said something of boards"""


def _fitting_table(pairs: Sequence[Match]) -> Table:
    columns = {title: [read(each) for each in pairs] for title, read in COLUMNS.items()}
    kept = {
        title: cells
        for title, cells in columns.items()
        if title not in STATED or any(cell != "–" for cell in cells)
    }
    return Table(tuple(kept), list(zip(*kept.values(), strict=True)))


def _milli(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{1e3 * value:,.3g} m{unit}"


def _count(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{int(value):,}{unit}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f} %"


def _query(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    from tinyssl.catalog import queries
    from tinyssl.catalog.store import value_of

    if not rest:
        known = [(name, queries.question(name)) for name in queries.names()]
        hint = "next: tinyssl catalog query NAME, or FILE.rq"
        return Result({"queries": dict(known)}, (Table(("query", "asks"), known), hint))
    found = opened.store.ask(queries.text_of(rest[0]))
    rows = [{name: value_of(term) for name, term in row.items()} for row in found]
    columns = tuple(rows[0]) if rows else ()
    cells = [tuple("" if row[name] is None else str(row[name]) for name in columns) for row in rows]
    ending = f"{len(rows)} solution{'' if len(rows) == 1 else 's'}"
    return Result({"solutions": rows}, (*([Table(columns, cells)] if rows else []), ending))


def _validate(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    wrong = opened.violations(Path(rest[0]) if rest else None)
    rows = [(each.subject, each.message, each.value) for each in wrong]
    table = Table(("description", "what is wrong", "value"), rows)
    blocks = (table if rows else "all descriptions are complete",)
    data = {"violations": [*map(asdict, wrong)]}
    return Result(data, blocks, EXIT_GATE if wrong else EXIT_OK)


def _export(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    _no_more("export", rest)
    path = config.out or Path("catalog.ttl")
    count = opened.export(path)
    return Result({"file": path, "triples": count}, (f"{path}: {count:,} triples",))


def _import(opened: Catalog, config: CatalogConfig, rest: tuple[str, ...]) -> Result:
    if len(rest) != 1:
        raise UsageError("catalog import takes one file", hint="one that `catalog export` wrote")
    started = time.monotonic()
    triples = opened.load(Path(rest[0]))
    seconds = time.monotonic() - started
    text = f"{triples:,} triples in the graph after {seconds:.1f} s"
    data = {"triples": triples, "seconds": seconds}
    return Result(data, (text, "next: tinyssl catalog match --model NAME"))


def _no_more(action: str, rest: tuple[str, ...]) -> None:
    if rest:
        raise UsageError(
            f"catalog {action} takes no {rest[0]!r}", hint=f"tinyssl catalog {action} --help"
        )


ACTIONS: dict[str, Callable[[Any, CatalogConfig, tuple[str, ...]], Result]] = {
    "add": _add,
    "list": _list,
    "show": _show,
    "devices": _devices,
    "thing": _thing,
    "match": _match,
    "query": _query,
    "validate": _validate,
    "export": _export,
    "import": _import,
}
"""First word -> what it does"""

command = make_command(
    catalog,
    stages=("catalog",),
    own=(click.Argument(["what"], nargs=-1, metavar=f"[{' | '.join(ACTIONS)}] …"),),
)
