"""What the pages show, read from the workspace at most once in a while, whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from tinyssl.catalog.match import Match, Need, Offer, needs, number, text
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.fields import Fields, rows
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.serve.ask import Solutions, ask
from tinyssl.stages.catalog import FOLDER, Catalog, open_catalog

FRESH = 2.0
"""Seconds for which what was read counts as new, at least"""
REST = 10.0
"""So many times as long as reading took it counts as new: a large store is read seldom"""
MOST_KEPT = 64
"""Different things to keep; more push out the oldest"""
MOST_PAIRS = 100
"""That fit, and that do not, of each model"""
PATIENCE = 5.0
"""Seconds to wait for a catalogue that another process has open"""
DEVICES = (
    "SELECT ?d ?name ?board ?health ?build ?model ?reset ?seen WHERE {{ "
    "{{ SELECT ?d ?name ?seen WHERE {{ ?d a tiny:Device ; td:title ?name . "
    "OPTIONAL {{ ?d tiny:lastSeen ?seen }} }} "
    "ORDER BY DESC(?seen) ?name LIMIT {limit} }} "
    "OPTIONAL {{ ?d tiny:board ?kind . ?kind td:title ?board }} "
    "OPTIONAL {{ ?d tiny:health ?health }} OPTIONAL {{ ?d tiny:image ?build }} "
    "OPTIONAL {{ ?d tiny:runs ?m . ?m schema:name ?model }} OPTIONAL {{ ?d tiny:reset ?reset }} }} "
    "ORDER BY DESC(?seen) ?name"
)
COUNT = "SELECT (COUNT(?d) AS ?n) WHERE { ?d a tiny:Device ; td:title ?name }"

T = TypeVar("T")


@dataclass(frozen=True)
class Knowledge:
    """What the catalogue has, but for single devices."""

    models: tuple[Need, ...] = ()
    boards: tuple[Offer, ...] = ()
    devices: int = 0
    """How many it knows"""


@dataclass(frozen=True)
class SeenDevice:
    """A device as it answered last; texts are empty where it did not say."""

    name: str
    board: str
    health: str
    build: str
    model: str
    reset: str
    seen: str
    """UTC, ISO 8601"""


@dataclass
class WorkspaceView:
    """A workspace, read for many at once: one reads, the others get the same."""

    workspace: Workspace
    _kept: dict[str, tuple[float, object]] = field(default_factory=dict, init=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict, init=False)
    _keys: threading.Lock = field(default_factory=threading.Lock, init=False)
    _catalog: threading.Lock = field(default_factory=threading.Lock, init=False)
    _filler: threading.Thread | None = field(default=None, init=False)
    _asked: set[str] = field(default_factory=set, init=False)
    """Models that were compiled for all boards, or could not be"""

    def runs(self) -> list[RunRecord]:
        """All that can be read, the newest first."""
        return self._once("runs", lambda: list(reversed(self.workspace.all())))

    def metrics(self, run: RunRecord) -> list[Fields]:
        """The lines that a run has logged so far; none where they cannot be read."""
        return self._once(f"metrics {run.folder.name}", lambda: _logged(run))

    def known(self) -> Knowledge:
        """Models and boards, and how many devices there are."""
        return self._once("known", self._read_known)

    def devices(self, limit: int) -> list[SeenDevice]:
        """So many devices, those that answered last first."""
        return self._once(f"devices {limit}", lambda: self._read_devices(limit))

    def matches(self) -> list[Match]:
        """All pairs, by the rule where the compiler was not asked yet: that goes on meanwhile."""
        found = self._once("matches", self._read_matches)
        if self._filler is None or not self._filler.is_alive():
            left = {
                each.model for each in found if not each.exact and each.model not in self._asked
            }
            self._asked |= left
            if left:
                self._filler = threading.Thread(
                    target=self._fill, args=(sorted(left),), daemon=True
                )
                self._filler.start()
        return found

    @property
    def compiling(self) -> bool:
        """Whether pairs are being compiled."""
        return self._filler is not None and self._filler.is_alive()

    def _fill(self, models: list[str]) -> None:
        """Compiles models one by one, so that pages can be read in between."""
        for model in models:
            config = CatalogConfig(model=model.rpartition(":")[2])
            with self._opened() as catalog:
                catalog.match(config, most=0)

    def solutions(self, query: str) -> Solutions:
        """Of a SELECT that whoever sees the pages wrote."""
        self.known()  # so that there is a graph
        with self._catalog:  # closed here: the question's process opens it
            return ask(self.workspace.root / FOLDER, query)

    def _read_known(self) -> Knowledge:
        with self._opened() as catalog:
            catalog.refresh()
            models = sorted(needs(catalog.store), key=lambda need: need.name)
            places = catalog.places()
            boards = places.take(places.board == "").by_their_names()
            (row,) = catalog.store.ask(COUNT)
            return Knowledge(tuple(models), tuple(boards), int(number(row["n"]) or 0))

    def _read_devices(self, limit: int) -> list[SeenDevice]:
        with self._opened() as catalog:
            return [
                SeenDevice(**{name: text(each[name]) for name in each if name != "d"})
                for each in catalog.store.ask(DEVICES.format(limit=limit))
            ]

    def _read_matches(self) -> list[Match]:
        with self._opened() as catalog:
            catalog.refresh()
            return list(catalog.match(CatalogConfig(), compiling=False, most=MOST_PAIRS).pairs)

    @contextmanager
    def _opened(self) -> Iterator[Catalog]:
        """The catalogue, closed again when nobody holds it: commands beside the server need it."""
        with self._catalog:
            catalog = self._open()
            try:
                yield catalog
            finally:
                catalog.store.close()

    def _open(self) -> Catalog:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return open_catalog(self.workspace)
            except UsageError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _once(self, name: str, read: Callable[[], T]) -> T:
        with self._lock_of(name):
            kept = self._kept.get(name)
            if kept is None or time.monotonic() > kept[0]:
                begin = time.monotonic()
                value: object = read()
                now = time.monotonic()
                kept = (now + max(FRESH, REST * (now - begin)), value)
                self._kept[name] = kept
            return kept[1]  # type: ignore[return-value]

    def _lock_of(self, name: str) -> threading.Lock:
        """Of one thing to read; forgets the oldest where there are many."""
        with self._keys:
            if name not in self._locks and len(self._locks) >= MOST_KEPT:
                oldest = next(iter(self._locks))
                del self._locks[oldest]
                self._kept.pop(oldest, None)
            return self._locks.setdefault(name, threading.Lock())


def _logged(run: RunRecord) -> list[Fields]:
    try:
        return rows(run.metrics())
    except (TinysslError, OSError, ValueError):
        return []
