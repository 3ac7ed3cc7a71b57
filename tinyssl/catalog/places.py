"""Where models may run, as columns: a match looks at a hundred thousand places at once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from tinyssl.catalog.match import NAMES, Known, Match, Need, Offer, number, order, pair, text
from tinyssl.catalog.store import GraphStore, value_of
from tinyssl.catalog.terms import SCHEMA, TD, TINY
from tinyssl.catalog.triples import Term
from tinyssl.core.errors import UsageError
from tinyssl.core.files import write_atomic

Texts = NDArray[np.str_]
Counts = NDArray[np.int64]
Truths = NDArray[np.bool_]
Reals = NDArray[np.float64]
Positions = NDArray[np.int64]
TABLES = ("kinds", "hardwares")
"""Columns that are of no single place"""


@dataclass(frozen=True)
class Places:
    """All kinds of boards and all devices, each a position in every column."""

    iri: Texts
    name: Texts
    ram: Counts
    """Bytes that are free"""
    flash: Counts
    sensors: Truths
    """(n, kinds)"""
    kinds: Texts
    """Names of the sensors"""
    board: Texts
    """IRI of the kind; empty where it is not known"""
    hardware: Counts
    """Position in `hardwares` of each one's kind of board: itself, where it is one"""
    hardwares: Texts
    """IRIs, each once"""
    by_name: Counts
    """Place of each one's name among all names"""
    price: Reals
    """NaN: not known"""
    watts: Reals
    """NaN: not known"""
    emulated: Truths

    def __len__(self) -> int:
        return len(self.iri)

    @classmethod
    def of(cls, found: Iterable[Offer]) -> Self:
        """The columns of some places, in their order."""
        rows = list(found)
        kinds = sorted(set().union(*(row.sensors for row in rows)))
        hardwares, hardware = np.unique(
            _texts(row.board or row.iri for row in rows), return_inverse=True
        )
        by_name = np.unique(_texts(row.name for row in rows), return_inverse=True)[1]
        return cls(
            iri=_texts(row.iri for row in rows),
            name=_texts(row.name for row in rows),
            ram=np.array([row.ram for row in rows], np.int64),
            flash=np.array([row.flash for row in rows], np.int64),
            sensors=np.array(
                [[kind in row.sensors for kind in kinds] for row in rows], np.bool_
            ).reshape(len(rows), len(kinds)),
            kinds=_texts(kinds),
            board=_texts(row.board for row in rows),
            hardware=hardware,
            hardwares=hardwares,
            by_name=by_name,
            price=_reals(row.price for row in rows),
            watts=_reals(row.watts for row in rows),
            emulated=np.array([row.emulated for row in rows], np.bool_),
        )

    def offer(self, at: int) -> Offer:
        """One of them."""
        return Offer(
            str(self.iri[at]),
            str(self.name[at]),
            int(self.ram[at]),
            int(self.flash[at]),
            frozenset(map(str, self.kinds[self.sensors[at]])),
            str(self.board[at]),
            _known(self.price[at]),
            bool(self.emulated[at]),
            _known(self.watts[at]),
        )

    def by_their_names(self, most: int | None = None) -> list[Offer]:
        """The first of them by name; None: all."""
        order_of_names = np.argsort(self.by_name, kind="stable")[:most]
        return [self.offer(int(at)) for at in order_of_names]

    def take(self, chosen: Positions | Truths) -> Self:
        """Those at some positions."""
        columns = {name: getattr(self, name)[chosen] for name in self._columns()}
        return replace(self, **columns)

    def stated(self, prices: Mapping[str, float], watts: Mapping[str, float]) -> Self:
        """With what the user says of boards, by name or IRI, and so of the devices of their kind.

        Raises:
            UsageError: No board has such a name.
        """
        if not prices and not watts:
            return self
        return replace(
            self,
            price=self._said(self.price, prices, "price"),
            watts=self._said(self.watts, watts, "watts"),
        )

    def _said(self, column: Reals, values: Mapping[str, float], what: str) -> Reals:
        found = column.copy()
        for name, value in values.items():
            named = (self.name == name) | (self.iri == name)
            if not named.any():
                known = ", ".join(map(str, np.unique(self.name)[:40]))
                raise UsageError(f"--{what} {name}=…: no such board", hint=f"known: {known}")
            found[named | np.isin(self.board, self.iri[named])] = value
        return found

    def hardware_iris(self) -> frozenset[str]:
        """IRIs of the kinds of boards that there are among them."""
        return frozenset(map(str, self.hardwares[np.unique(self.hardware)]))

    def save(self, path: Path, revision: str) -> None:
        """Writes what `load` reads, whole or not at all."""
        arrays: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, revision=np.array(revision), **arrays)
        write_atomic(path, content.getvalue())

    @classmethod
    def load(cls, path: Path, revision: str) -> Self | None:
        """The columns of a revision of the graph; None where the file is of another, or none."""
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                if str(file["revision"]) != revision:
                    return None
                return cls(**{each.name: file[each.name] for each in fields(cls)})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None  # it is made anew

    @classmethod
    def _columns(cls) -> list[str]:
        return [each.name for each in fields(cls) if each.name not in TABLES]


def _reals(values: Iterable[float | None]) -> Reals:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _texts(values: Iterable[str]) -> Texts:
    return np.array(list(values), dtype=np.str_)


def read_places(store: GraphStore) -> Places:
    """All places of a graph.

    Args:
        store: The graph.
    """
    ram, flash = _values(store, TINY.freeRam), _values(store, TINY.freeFlash)
    names, boards = _values(store, TD.title), _values(store, TINY.board)
    prices, emulated = _values(store, SCHEMA.price), _values(store, TINY.emulated)
    sensors: dict[str, set[str]] = {}
    for iri, value in store.said(TINY.hasSensor):
        kind = text(value)
        sensors.setdefault(iri, set()).add(NAMES.get(kind, kind))
    found = [
        Offer(
            iri,
            text(names.get(iri)) or iri,
            int(number(ram[iri]) or 0),
            int(number(flash[iri]) or 0),
            frozenset(sensors.get(iri, ())),
            text(boards.get(iri)),
            number(prices.get(iri)),
            value_of(emulated.get(iri)) is True,
        )
        for iri in sorted(ram.keys() & flash.keys())
    ]
    return Places.of(found)


def _values(store: GraphStore, predicate: NamedNode) -> dict[str, Term]:
    """Subject -> what is said of it; of several the least number or text."""
    found: dict[str, Term] = {}
    for iri, value in store.said(predicate):
        known = found.get(iri)
        if known is None or _less(value, known):
            found[iri] = value
    return found


def _less(value: Term, other: Term) -> bool:
    numbers = number(value), number(other)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] < numbers[1]
    return text(value) < text(other)


@dataclass(frozen=True)
class Matches:
    """Pairs, the best first, and how many there are in all."""

    pairs: tuple[Match, ...]
    fitting: int
    """Pairs that run, the listed ones among them"""
    others: int

    @property
    def best(self) -> tuple[Match, ...]:
        """The listed ones that run."""
        return tuple(each for each in self.pairs if each.fits)

    @classmethod
    def merged(cls, parts: Sequence[Matches], by: str = "time") -> Self:
        """Those of several models as one, in the order of `match.order`."""
        pairs = order((each for part in parts for each in part.pairs), by)
        return cls(
            tuple(pairs), sum(part.fitting for part in parts), sum(part.others for part in parts)
        )


@dataclass(frozen=True)
class Question:
    """A model, and what is known of it."""

    need: Need
    known: Mapping[str, Known]
    """IRI of a kind of board -> what the compiler found there"""
    attached: frozenset[str] = frozenset()
    """Sensors that you will connect"""
    forbidden: tuple[str, ...] = ()
    """Reasons against the model, wherever it would run"""
    by: str = "time"
    """What makes a place the best one, as of `match.order`"""


def rank(question: Question, places: Places, most: int | None = None) -> Matches:
    """All places for a model, in the order of `match.order`.

    Args:
        question: The model.
        places: Where.
        most: How many that fit, and how many that do not, are listed; None: all.
    """
    against = len(question.forbidden) + _reasons(question, places)
    keys = (against, *_order_keys(question, places))
    fits = np.flatnonzero(against == 0)
    others = np.flatnonzero(against > 0)
    listed = np.r_[_first(keys, fits, most), _first(keys, others, most)]
    pairs = tuple(_pair(question, places.offer(int(at))) for at in listed)
    return Matches(pairs, len(fits), len(others))


def _first(keys: Sequence[NDArray[Any]], candidates: Positions, most: int | None) -> Positions:
    """The first of some positions in the order of keys, the most important first.

    It does not sort them all: key by key it sets apart those that are surely among the first.
    """
    sure, rest = candidates[:0], candidates
    for key in keys:
        wanted = len(rest) if most is None else most - len(sure)
        if wanted <= 0 or wanted >= len(rest):
            break
        values = key[rest]
        limit = np.partition(values, wanted - 1)[wanted - 1]
        sure = np.r_[sure, rest[values < limit]]
        rest = rest[values == limit]
    found: Positions = np.r_[sure, rest]
    order_of_keys = np.lexsort([key[found] for key in reversed(keys)])
    ordered: Positions = found[order_of_keys]
    return ordered[:most]


def _pair(question: Question, place: Offer) -> Match:
    known = question.known.get(place.board or place.iri)
    found = pair(question.need, place, known, question.attached)
    return replace(found, reasons=(*question.forbidden, *found.reasons))


def _reasons(question: Question, places: Places) -> Counts:
    """How many reasons stand against each place."""
    need = question.need
    wanted = need.sensors - question.attached
    there = np.isin(places.kinds, sorted(wanted))
    missing = len(wanted) - places.sensors[:, there].sum(axis=1)
    short = (places.ram < need.ram).astype(np.int64) + (places.flash < need.flash)
    counts = {iri: len(known.reasons) for iri, known in question.known.items()}
    found = _by_board(places, counts, short.astype(np.float64))
    total: Counts = missing + found.astype(np.int64)
    return total


def _order_keys(question: Question, places: Places) -> tuple[NDArray[Any], ...]:
    """Behind the reasons, in the order of `match.order`."""
    unknown = np.full(len(places), np.inf)

    def figure(kind: str) -> Reals:
        known = {
            iri: found.figures[kind]
            for iri, found in question.known.items()
            if kind in found.figures
        }
        return _by_board(places, known, unknown)

    duration, flash = figure("Duration"), figure("Flash")
    speed = np.where(places.emulated, figure("Instructions"), duration)
    price = np.where(np.isnan(places.price), np.inf, places.price)
    behind = (speed, flash, price, places.by_name)
    if question.by == "time":
        return places.emulated, *behind
    energy = np.where(np.isnan(places.watts), np.inf, places.watts * duration)
    first = {"energy": energy, "flash": flash, "ram": figure("RAM"), "price": price}
    return places.emulated, first[question.by], *behind


def _by_board(places: Places, values: Mapping[str, float], otherwise: Reals) -> Reals:
    """The value of each place's kind of board."""
    if not values:
        return otherwise
    of_hardware = np.array([values.get(str(iri), np.nan) for iri in places.hardwares])
    found = of_hardware[places.hardware]
    return np.where(np.isnan(found), otherwise, found)
