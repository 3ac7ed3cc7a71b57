"""What the pages show, read from the workspace at most once in a while, whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tinyssl.catalog.match import Match, Need, Offer, needs
from tinyssl.catalog.places import offers
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.catalog import Catalog, open_catalog

FRESH = 2.0
"""Seconds for which what was read counts as new"""
MOST_PAIRS = 100
"""That fit, and that do not, of each model"""
PATIENCE = 5.0
"""Seconds to wait for a catalogue that another process has open"""

T = TypeVar("T")


@dataclass(frozen=True)
class Knowledge:
    """What the catalogue has."""

    models: tuple[Need, ...]
    places: tuple[Offer, ...]
    triples: int


@dataclass
class WorkspaceView:
    """A workspace, read for many at once: one reads, the others get the same."""

    workspace: Workspace
    _kept: dict[str, tuple[float, object]] = field(default_factory=dict, init=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict, init=False)
    _catalog: threading.Lock = field(default_factory=threading.Lock, init=False)
    _filler: threading.Thread | None = field(default=None, init=False)
    _asked: set[str] = field(default_factory=set, init=False)
    """Models that were compiled for all boards, or could not be"""

    def runs(self) -> list[RunRecord]:
        """All that can be read, the newest first."""
        return self._once("runs", lambda: list(reversed(self.workspace.all())))

    def known(self) -> Knowledge:
        """Models, boards and devices."""
        return self._once("known", self._read_known)

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
            with self._catalog:
                self._open().match(CatalogConfig(model=model.rpartition(":")[2]), most=0)

    def solutions(self, query: str) -> list[dict[str, object]]:
        """Of a SELECT."""
        from tinyssl.catalog.store import value_of

        with self._catalog:
            rows = self._open().store.ask(query)
        return [{name: value_of(term) for name, term in row.items()} for row in rows]

    def _read_known(self) -> Knowledge:
        with self._catalog:
            catalog = self._open()
            catalog.refresh()
            models = sorted(needs(catalog.store), key=lambda need: need.name)
            places = sorted(offers(catalog.store), key=lambda offer: offer.name)
            return Knowledge(tuple(models), tuple(places), len(catalog.store))

    def _read_matches(self) -> list[Match]:
        with self._catalog:
            catalog = self._open()
            catalog.refresh()
            return list(catalog.match(CatalogConfig(), compiling=False, most=MOST_PAIRS).pairs)

    def _open(self) -> Catalog:
        """The catalogue, closed again when nobody holds it: commands beside the server need it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return open_catalog(self.workspace)
            except UsageError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _once(self, name: str, read: Callable[[], T]) -> T:
        lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            kept = self._kept.get(name)
            if kept is None or time.monotonic() - kept[0] > FRESH:
                kept = (0.0, read())
                self._kept[name] = (time.monotonic(), kept[1])
            return kept[1]  # type: ignore[return-value]
