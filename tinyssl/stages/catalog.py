"""The catalogue of a workspace: what it holds is described as it stands, and asked.

Nothing is typed: boards are of their files, models of their .tflite, the zoo and convert runs,
measurements of bench runs. What has not changed since is not described again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pyoxigraph import Literal, serialize

from tinyssl import __version__
from tinyssl.catalog import estimate
from tinyssl.catalog.describe import describe_board, describe_fit, describe_model
from tinyssl.catalog.endpoint import EndpointStore
from tinyssl.catalog.facts import Compiled, ModelOrigin, read_facts
from tinyssl.catalog.fit import fit_of
from tinyssl.catalog.foreign import FORMATS, read_foreign
from tinyssl.catalog.live import describe_device
from tinyssl.catalog.match import Need, known_fits, needs
from tinyssl.catalog.names import board_iri, fit_iri, model_iri
from tinyssl.catalog.places import Matches, Places, Question, rank, read_places
from tinyssl.catalog.rules import Licences, Policy, licences_of
from tinyssl.catalog.runs import describe_run
from tinyssl.catalog.store import EmbeddedStore, GraphStore
from tinyssl.catalog.terms import PREFIXES, short_name
from tinyssl.catalog.thing import LiveDevice, board_thing, device_thing
from tinyssl.catalog.triples import Description
from tinyssl.catalog.validate import Violation, violations
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.files import write_atomic
from tinyssl.core.paths import require_path
from tinyssl.core.places import stored
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_file
from tinyssl.stages.catalog_devices import ask_devices
from tinyssl.stages.catalog_sources import models_of_runs, models_of_zoo
from tinyssl.targets.boards import Board, all_boards, find_board

FOLDER = "catalog"
"""Of the store, in the workspace"""
PLACES = "catalog-places.npz"
"""Columns of all boards and devices, in the workspace: read again in each revision of the graph"""
KEPT = 1000
"""Boards and devices from which on these columns are kept in a file"""
TOKEN = "TINYSSL_STORE_TOKEN"
"""Environment variable with the endpoint's token"""
QUADS = ".nq"
"""Ending of a file that holds every description as it is kept"""
KINDS = ("pretrain", "probe", "convert", "verify", "bench", "learn")
"""Runs that the graph knows"""


@dataclass
class Catalog:
    """An open catalogue."""

    workspace: Workspace
    store: GraphStore
    progress: Progress = field(default_factory=Silent)
    _models: dict[str, Compiled] = field(default_factory=dict, init=False)
    _places: tuple[str, Places] | None = field(default=None, init=False)
    """With the revision of the graph of which they are"""

    def put(self, descriptions: Sequence[Description]) -> int:
        """Stores what is new or has changed; returns how many that were."""
        known = self.store.stamps([each.iri.value for each in descriptions])
        fresh = [each for each in descriptions if known.get(each.iri.value) != each.stamp]
        self.store.put(fresh)
        return len(fresh)

    def refresh(self) -> int:
        """Describes the boards, the zoo and the runs; returns how many are new or have changed."""
        boards = [
            replace(describe_board(board), stamp=_board_stamp(board)) for board in all_boards()
        ]
        runs = [record for kind in KINDS for record in self.workspace.all(kind)]
        changed = self.put([*boards, *map(describe_run, runs)])
        sources = [*models_of_zoo(), *models_of_runs(runs)]
        return changed + sum(self.add_model(path, origin) for path, origin in sources)

    def add_model(self, path: Path, origin: ModelOrigin) -> bool:
        """Describes a .tflite; false where the graph knows it as it is.

        Raises:
            UsageError: It cannot be read.
            ModelError: It is damaged.
        """
        data = read_file(path)
        place = str(stored(str(path.absolute()), self.workspace.root))
        origin = replace(origin, name=origin.name or path.stem, file=place)
        digest = hashlib.sha256(data).hexdigest()
        stamp = _stamp(origin)
        if self.store.stamp(model_iri(digest).value) == stamp:
            return False
        compiled = read_facts(data, origin)
        self._models[digest] = compiled
        self.store.put([replace(describe_model(compiled.facts), stamp=stamp)])
        return True

    def match(
        self, wanted: CatalogConfig, *, compiling: bool = True, most: int | None = None
    ) -> Matches:
        """Pairs of models and places, the best first; those that do not fit with their reasons.

        Args:
            wanted: Which models and places.
            compiling: Compile what was not yet; without, the rule decides there.
            most: How many that fit, and how many that do not, are listed of each model; None: all.

        Raises:
            UsageError: No such model or board.
        """
        wanted = self._named(wanted)
        models = _chosen_models(needs(self.store), wanted)
        places = _chosen_places(self.places().stated(wanted.price, wanted.watts), wanted)
        if compiling:
            hardware = places.hardware_iris()
            for need in models:
                self._fit(need, hardware)
        known = known_fits(self.store, models[0].iri if len(models) == 1 else None)
        policy, licences = policy_of(wanted), licences_of(self.store, models)
        parts = []
        for need in models:
            forbidden = policy.reasons(licences.get(need.iri, Licences()))
            here = known.get(need.iri, {})
            question = Question(need, here, frozenset(wanted.sensor), tuple(forbidden), wanted.by)
            parts.append(rank(question, places, most))
        return Matches.merged(parts, wanted.by)

    def places(self) -> Places:
        """All boards and devices; read from the graph once in each revision of it."""
        revision = self.store.revision()
        if self._places is None or self._places[0] != revision or not revision:
            self._places = revision, self._read_places(revision)
        return self._places[1]

    def _read_places(self, revision: str) -> Places:
        path = self.workspace.root / PLACES
        found = Places.load(path, revision) if revision else None
        if found is None:
            found = read_places(self.store)
            if revision and len(found) >= KEPT:
                found.save(path, revision)
        return found

    def _named(self, wanted: CatalogConfig) -> CatalogConfig:
        """With the SHA-256 of a model that was named by its file, which is added."""
        if wanted.model is None or not wanted.model.endswith(".tflite"):
            return wanted
        path = Path(wanted.model)
        require_path(path, "--model")
        digest = hashlib.sha256(read_file(path)).hexdigest()
        if not self.store.value(model_iri(digest).value, "schema:name"):
            self.add_model(path, ModelOrigin())
        return replace(wanted, model=digest)

    def add(self, path: Path, config: CatalogConfig) -> bool:
        """Describes a file: a .tflite, or RDF of one of `foreign.FORMATS`; false where it is known.

        Raises:
            UsageError: It is of another kind, or cannot be read.
            DataError: It describes nothing, or not all that it must.
            ModelError: The model is damaged.
        """
        if path.suffix == ".tflite":
            origin = ModelOrigin(task=config.task or "", sensors=tuple(config.sensor))
            return self.add_model(path, origin)
        if path.suffix not in FORMATS:
            raise UsageError(
                f"{path}: neither a model nor a description",
                hint=f"name a file that ends with .tflite, {', '.join(FORMATS)}",
            )
        found = read_foreign(path)
        wrong = violations(found.triples)
        if wrong:
            raise DataError(
                f"{path} describes {wrong[0].subject} wrongly: {wrong[0].message}"
                + (f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""),
                hint="complete the description; `tinyssl catalog validate FILE` lists all",
            )
        return self.put([found]) > 0

    def devices(self) -> list[LiveDevice]:
        """Asks the live devices who they are, and describes those that answer."""
        found = ask_devices(self.workspace, self.progress)
        self.put([describe_device(device, find_board(device.board)) for device in found])
        return found

    def thing(self, name: str) -> dict[str, Any]:
        """The Thing Description of a live device, else of a kind of board.

        Raises:
            UsageError: There is neither.
        """
        for device in ask_devices(self.workspace, self.progress):
            if name in (device.name, f"{device.board} {device.name}", device.port):
                return device_thing(device)
        return board_thing(find_board(name))

    def show(self, name: str) -> list[tuple[str, str]]:
        """What is said of a model, board, device or run: property and value, in words.

        Raises:
            UsageError: Nothing has this name.
        """
        named = "{ ?s schema:name ?n } UNION { ?s td:title ?n } UNION { ?s schema:identifier ?n }"
        rows = self.store.ask(
            f"SELECT ?p ?v WHERE {{ {named} FILTER(?n = {Literal(name)}) ?s ?p ?v "
            "FILTER(!ISBLANK(?v)) } ORDER BY ?p ?v"
        )
        if not rows:
            raise UsageError(f"nothing is called {name!r}", hint="`tinyssl catalog list` has names")
        return [(short_name(row["p"]), short_name(row["v"])) for row in rows]

    def violations(self, path: Path | None = None) -> list[Violation]:
        """What is wrong with a file's descriptions, or with all in the store."""
        if path is None:
            return violations(self.store.triples())
        require_path(path, "FILE")
        if path.suffix not in FORMATS:
            raise UsageError(
                f"{path} is no description", hint=f"name a file that ends with {', '.join(FORMATS)}"
            )
        return violations(read_foreign(path).triples)

    def export(self, path: Path) -> int:
        """Writes all triples; returns how many.

        Raises:
            UsageError: The file's ending names no format.
        """
        if path.suffix == QUADS and isinstance(self.store, EmbeddedStore):
            return self.store.save(path)
        if path.suffix not in FORMATS:
            raise UsageError(
                f"{path}: which format?", hint=f"end its name with {', '.join((*FORMATS, QUADS))}"
            )
        triples = self.store.triples()
        spaces = {name: space.base for name, space in PREFIXES.items()}
        content = serialize(triples, format=FORMATS[path.suffix], prefixes=spaces)
        write_atomic(path, content or b"")
        return len(triples)

    def load(self, path: Path) -> int:
        """Adds the descriptions of a file that `export` wrote; returns the triples afterwards.

        Raises:
            UsageError: No such file, or an endpoint keeps the graph.
            DataError: It is no N-Quads.
        """
        require_path(path, "FILE")
        if not isinstance(self.store, EmbeddedStore) or path.suffix != QUADS:
            raise UsageError(
                f"{path} cannot be imported here",
                hint=f"import takes a file that ends with {QUADS}, into catalog/ of the workspace; "
                "`tinyssl catalog add` takes other descriptions",
            )
        return self.store.load(path, self.progress)

    def _fit(self, need: Need, hardware: frozenset[str]) -> None:
        """Compiles a model for the kinds of boards among `hardware` for which it was not yet."""
        digest = need.iri.rpartition(":")[2]
        boards = {board_iri(board.id).value: board for board in all_boards()}
        wanted = hardware & set(boards)
        missing = [
            boards[iri]
            for iri in sorted(wanted)
            if self.store.stamp(fit_iri(digest, boards[iri].id).value) != _fit_stamp(boards[iri])
        ]
        if not missing or not need.iri.startswith(model_iri("").value):
            return
        compiled = self._compiled(need)
        if compiled is None:
            return
        fits = []
        with self.progress.track(f"{need.name}", len(missing), "board") as task:
            for board in missing:
                found = describe_fit(fit_of(compiled, board))
                fits.append(replace(found, stamp=_fit_stamp(board)))
                task.advance()
        self.store.put(fits)

    def _compiled(self, need: Need) -> Compiled | None:
        """The model of a description; None where its file is gone."""
        digest = need.iri.rpartition(":")[2]
        if digest not in self._models:
            place = self.store.value(need.iri, "schema:contentUrl")
            path = self.workspace.root / place if place.startswith("./") else Path(place)
            if not place or not path.is_file():
                self.progress.note(f"{need.name}: its file {place} is gone; only the rule is left")
                return None
            self._models[digest] = read_facts(read_file(path), ModelOrigin(name=need.name))
        return self._models[digest]


def open_catalog(
    workspace: Workspace,
    progress: Progress | None = None,
    config: CatalogConfig | None = None,
) -> Catalog:
    """The catalogue of a workspace; an empty one where there is none yet.

    Args:
        workspace: Holds it, unless the config names an endpoint.
        progress: Told of what takes long.
        config: Where the graph is.

    Raises:
        UsageError: Another process has it open, or the address is none.
    """
    config = config or CatalogConfig()
    if config.store is not None:
        token = os.environ.get(TOKEN, "")
        return Catalog(workspace, EndpointStore(config.store, token=token), progress or Silent())
    folder = workspace.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return Catalog(workspace, EmbeddedStore(folder), progress or Silent())


def policy_of(config: CatalogConfig) -> Policy:
    """The rules of a config."""
    return Policy(config.use, frozenset(config.withdrawn), frozenset(config.bad_images))


def _board_stamp(board: Board) -> str:
    return _stamp(board.model_dump(mode="json"))


def _fit_stamp(board: Board) -> str:
    return _stamp((_board_stamp(board), estimate.RULES))


def _stamp(content: object) -> str:
    """Changes with the content, and with tinyssl."""
    return hashlib.sha256(f"{__version__} {content!r}".encode()).hexdigest()[:16]


def _chosen_models(found: Sequence[Need], wanted: CatalogConfig) -> list[Need]:
    chosen = [need for need in found if _is_wanted(need, wanted)]
    if wanted.model and not chosen:
        names = ", ".join(sorted(need.name for need in found)[:20])
        raise UsageError(
            f"no model {wanted.model!r} in the catalogue",
            hint=f"`tinyssl catalog add FILE.tflite` adds one; known: {names}",
        )
    return chosen


def _is_wanted(need: Need, wanted: CatalogConfig) -> bool:
    digest = need.iri.rpartition(":")[2]
    named = wanted.model in (None, need.name) or digest.startswith(str(wanted.model))
    least = wanted.min_accuracy
    good = least is None or (need.accuracy is not None and 100 * need.accuracy >= least)
    words = f"{need.task} {need.name} {need.description}".lower()
    return named and good and (wanted.task or "").lower() in words


def _chosen_places(found: Places, wanted: CatalogConfig) -> Places:
    if not wanted.board:
        return found
    chosen = (found.name == wanted.board) | (found.iri == wanted.board)
    if not chosen.any():
        names = ", ".join(np.unique(found.name)[:40])
        raise UsageError(f"no board or device {wanted.board!r}", hint=f"known: {names}")
    return found.take(chosen)


__all__ = ["Catalog", "open_catalog"]
