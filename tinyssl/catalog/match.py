"""Which board or device runs which model: the best first, and why the others do not.

A model and a kind of board that tinyssl knows meet in a `Fit`, which the compiler made. Of all
else, as of descriptions from elsewhere, the rule of the network schema decides: every sensor that
the model needs is there, and so are its least RAM and flash (Ren et al., arXiv 2202.09113).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tinyssl.catalog.store import GraphStore, Row, value_of
from tinyssl.catalog.terms import SENSORS
from tinyssl.catalog.triples import Term

NAMES = {iri.value: name for name, iri in SENSORS.items()}
"""Class of a sensor -> its name"""


@dataclass(frozen=True)
class Need:
    """A model, as the matchmaker sees it."""

    iri: str
    name: str
    ram: int
    """Bytes"""
    flash: int
    sensors: frozenset[str] = frozenset()
    task: str = ""
    accuracy: float | None = None
    """Top-1, in [0, 1]"""
    file: str = ""
    description: str = ""


@dataclass(frozen=True)
class Offer:
    """A kind of board, or one device."""

    iri: str
    name: str
    ram: int
    """Bytes that are free"""
    flash: int
    sensors: frozenset[str] = frozenset()
    board: str = ""
    """Of a device: the IRI of its kind, where tinyssl knows that"""
    price: float | None = None
    emulated: bool = False
    """It runs on this computer, and its time says nothing"""
    watts: float | None = None
    """While it computes"""


@dataclass(frozen=True)
class Match:
    """A model and a place for it."""

    model: str
    """IRI"""
    target: str
    """IRI"""
    model_name: str
    target_name: str
    reasons: tuple[str, ...] = ()
    """Why not; none where it runs"""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Kind -> value: RAM, Flash, Instructions, Duration (seconds), Energy (joules)"""
    exact: bool = False
    """The compiler's, not the rule's"""
    accuracy: float | None = None
    price: float | None = None
    emulated: bool = False
    file: str = ""
    """Of the model, relative to the workspace where it lies there"""

    @property
    def fits(self) -> bool:
        return not self.reasons


@dataclass(frozen=True)
class Known:
    """What the compiler found for a model on a kind of board."""

    reasons: tuple[str, ...]
    figures: Mapping[str, float]


def rule(need: Need, offer: Offer, attached: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Why a model does not run somewhere, by the rule of the network schema; none where it does.

    Args:
        need: The model.
        offer: Where.
        attached: Sensors that you will connect, beside those on the board.
    """
    missing = sorted(need.sensors - offer.sensors - attached)
    reasons = [f"no {sensor}" for sensor in missing]
    for kind, wanted, free in (("RAM", need.ram, offer.ram), ("flash", need.flash, offer.flash)):
        if wanted > free:
            reasons.append(
                f"{kind} short by {wanted - free:,} bytes: {wanted:,} needed, {free:,} free"
            )
    return tuple(reasons)


def pair(
    need: Need, offer: Offer, known: Known | None, attached: frozenset[str] = frozenset()
) -> Match:
    """A model and a place for it, by what the compiler found, else by the rule."""
    names = (need.iri, offer.iri, need.name, offer.name)
    found = Match(
        *names,
        accuracy=need.accuracy,
        price=offer.price,
        emulated=offer.emulated,
        file=need.file,
    )
    if known is None:
        return replace(found, reasons=rule(need, offer, attached))
    missing = sorted(need.sensors - offer.sensors - attached)
    reasons = (*known.reasons, *(f"no {sensor}" for sensor in missing))
    figures = dict(known.figures)
    if offer.watts is not None and "Duration" in figures:
        figures["Energy"] = offer.watts * figures["Duration"]
    return replace(found, reasons=reasons, figures=figures, exact=True)


FIRST = {"energy": "Energy", "flash": "Flash", "ram": "RAM"}
"""Figure that comes first in an order, by its name"""


def order(pairs: Iterable[Match], by: str = "time") -> list[Match]:
    """The best first: what runs before what does not, hardware before emulators; unknown last.

    Args:
        pairs: In any order.
        by: What counts first: `time` (of emulators instructions), `energy`, `flash`, `ram` or
            `price`. Then time, flash, price and accuracy decide.
    """
    return sorted(pairs, key=lambda each: _rank(each, by))


def _rank(each: Match, by: str) -> tuple[object, ...]:
    unknown = float("inf")
    figures, price = each.figures, unknown if each.price is None else each.price
    first = price if by == "price" else figures.get(FIRST.get(by, ""), unknown)
    return (
        len(each.reasons),
        each.emulated,
        first,
        figures.get("Instructions" if each.emulated else "Duration", unknown),
        figures.get("Flash", unknown),
        price,
        -(each.accuracy or 0.0),
        each.target_name,
        each.model_name,
    )


def needs(store: GraphStore) -> list[Need]:
    """All models."""
    sensors = _sets(store.ask("SELECT ?m ?s WHERE { ?m tiny:needsSensor ?s }"), "m", "s")
    rows = store.ask(
        "SELECT ?m (SAMPLE(?n) AS ?name) (SAMPLE(?r) AS ?ram) (SAMPLE(?f) AS ?flash) "
        "(SAMPLE(?t) AS ?task) (MAX(?a) AS ?top) (SAMPLE(?u) AS ?file) "
        "(SAMPLE(?d) AS ?description) "
        "WHERE { ?m a nnet:NeuralNetwork ; tiny:needsRam ?r ; tiny:needsFlash ?f . "
        "OPTIONAL { ?m schema:name ?n } OPTIONAL { ?m tiny:task ?t } "
        "OPTIONAL { ?m schema:contentUrl ?u } OPTIONAL { ?m schema:description ?d } "
        "OPTIONAL { ?m nnet:hasMetric [ a nnet:Top_1_accuracy ; nnet:hasMetricValue ?a ] } } "
        "GROUP BY ?m"
    )
    return [_need(row, sensors) for row in rows]


def _need(row: Row, sensors: Mapping[str, frozenset[str]]) -> Need:
    iri, top = text(row["m"]), number(row["top"])
    return Need(
        iri,
        text(row["name"]) or iri,
        int(number(row["ram"]) or 0),
        int(number(row["flash"]) or 0),
        sensors.get(iri, frozenset()),
        text(row["task"]),
        None if top is None else top / 100,
        text(row["file"]),
        text(row["description"]),
    )


def known_fits(store: GraphStore, model: str | None = None) -> dict[str, dict[str, Known]]:
    """Model -> kind of board -> what the compiler found.

    Args:
        store: The graph.
        model: IRI of the only model asked for.
    """
    only = f"VALUES ?m {{ <{model}> }}" if model else ""
    facts = f"?f a tiny:Fit ; tiny:model ?m ; tiny:board ?b . {only}"
    ends = {
        text(row["f"]): (text(row["m"]), text(row["b"]))
        for row in store.ask(f"SELECT ?f ?m ?b WHERE {{ {facts} }}")
    }
    reasons = _sets(
        store.ask(f"SELECT ?f ?r WHERE {{ {facts} ?f tiny:reason ?r }}"), "f", "r", named=False
    )
    figures: dict[str, dict[str, float]] = {}
    for row in store.ask(
        f"SELECT ?f ?k ?v WHERE {{ {facts} ?f tiny:takes [ a ?k ; schema:value ?v ] }}"
    ):
        figures.setdefault(text(row["f"]), {})[_kind(row)] = number(row["v"]) or 0.0
    measured = _measured(store, only)
    found: dict[str, dict[str, Known]] = {}
    for fit, (of_model, board) in ends.items():
        takes = figures.get(fit, {}) | measured.get((of_model, board), {})
        found.setdefault(of_model, {})[board] = Known(tuple(sorted(reasons.get(fit, ()))), takes)
    return found


def _measured(store: GraphStore, only: str) -> dict[tuple[str, str], dict[str, float]]:
    """(model, board) -> figures of the last bench run of our engine."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in store.ask(
        "SELECT ?m ?b ?k ?v WHERE { ?f a tiny:Measurement ; tiny:model ?m ; tiny:board ?b ; "
        f"tiny:engine 'aot' ; prov:endedAtTime ?end . {only} "
        "?f tiny:takes [ a ?k ; schema:value ?v ] } ORDER BY ?end"
    ):
        kept = found.setdefault((text(row["m"]), text(row["b"])), {})
        kept[_kind(row)] = number(row["v"]) or 0.0
    return found


def _kind(row: Row) -> str:
    """Name of a figure's class."""
    return text(row["k"]).rpartition("#")[2].rpartition("/")[2]


def text(term: Term | None) -> str:
    """A term's text; empty where there is none."""
    found = value_of(term)
    return "" if found is None else str(found)


def number(term: Term | None) -> float | None:
    """A term's number; None where it is none."""
    found = value_of(term)
    return float(found) if isinstance(found, int | float) else None


def _sets(
    rows: Sequence[Row], key: str, value: str, *, named: bool = True
) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        inner = text(row[value])
        found.setdefault(text(row[key]), set()).add(NAMES.get(inner, inner) if named else inner)
    return {name: frozenset(values) for name, values in found.items()}
