"""Where the graph is kept: on disk in the workspace, or at a SPARQL 1.1 endpoint."""

from __future__ import annotations

import io
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Triple
from pyoxigraph import Store as Oxigraph

from tinyssl.catalog.earlier import Earlier
from tinyssl.catalog.names import PLACELESS
from tinyssl.catalog.terms import TINY, prologue
from tinyssl.catalog.triples import Description, Term
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.files import new_file
from tinyssl.core.progress import Progress, Tracker

ASKED = 200
"""Subjects in one query"""
STATE = NamedNode("urn:tinyssl:store")
"""Graph and subject of what is said of the store itself"""
Row = dict[str, Term | None]
"""Variable -> its value; None where the solution leaves it open"""


class GraphStore(ABC):
    """A graph that can be asked and changed."""

    @abstractmethod
    def put(self, descriptions: Iterable[Description]) -> None:
        """Replaces what is known of each subject, all or nothing."""

    @abstractmethod
    def ask(self, query: str) -> list[Row]:
        """The solutions of a SELECT, with the prefixes of `terms.PREFIXES`.

        Raises:
            UsageError: It is no valid query.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets others have it; nothing can be asked afterwards."""

    @abstractmethod
    def triples(self) -> list[Triple]:
        """All of them, each once."""

    def stamps(self, subjects: Sequence[str]) -> dict[str, str]:
        """IRI of a subject -> stamp of its description; without those that have none."""
        found: dict[str, str] = {}
        for start in range(0, len(subjects), ASKED):
            values = " ".join(f"<{subject}>" for subject in subjects[start : start + ASKED])
            query = f"SELECT ?s ?stamp WHERE {{ VALUES ?s {{ {values} }} ?s tiny:stamp ?stamp }}"
            found |= {str(value_of(r["s"])): str(value_of(r["stamp"])) for r in self.ask(query)}
        return found

    def said(self, predicate: NamedNode) -> Iterator[tuple[str, Term]]:
        """IRI of each subject of which something is said, and what."""
        for row in self.ask(f"SELECT DISTINCT ?s ?v WHERE {{ ?s {predicate} ?v }}"):
            subject, value = row["s"], row["v"]
            if subject is not None and value is not None:
                yield str(value_of(subject)), value

    def revision(self) -> str:
        """Changes whenever boards and devices may have; empty where the store does not say."""
        return ""

    def stamp(self, subject: str) -> str:
        """Of the description of one subject; empty where there is none."""
        return self.value(subject, "tiny:stamp")

    def value(self, subject: str, predicate: str) -> str:
        """A text that is said of a subject; empty where there is none."""
        rows = self.ask(f"SELECT ?v WHERE {{ <{subject}> {predicate} ?v }} LIMIT 1")
        return str(value_of(rows[0]["v"])) if rows else ""

    def __len__(self) -> int:
        """Triples."""
        (row,) = self.ask("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
        return int(str(value_of(row["n"])))


class EmbeddedStore(GraphStore):
    """On disk, in one folder; transactions, and nothing half-written after a kill."""

    def __init__(self, folder: Path | None = None, *, graph: Oxigraph | None = None) -> None:
        """Opens or makes it; where an import was killed, the state before that is back.

        Args:
            folder: Of the database; None: in memory alone.
            graph: One that is open already.

        Raises:
            UsageError: Another process has it open, or the folder holds something else.
        """
        self._folder = folder
        self._earlier = Earlier(folder) if folder else None
        self.graph = graph or _opened(folder)
        if self._earlier is not None and self._earlier.is_kept():
            self._go_back()

    def put(self, descriptions: Iterable[Description]) -> None:
        """Replaces what is known of each subject, all or nothing."""
        parts = list(descriptions)
        if parts:
            places = any(not part.iri.value.startswith(PLACELESS) for part in parts)
            self.graph.update(replacement([*parts, *([_state()] if places else [])]))

    def revision(self) -> str:
        """Changes whenever boards and devices may have changed."""
        return self.value(STATE.value, "tiny:revision")

    def load(self, path: Path, progress: Progress) -> int:
        """Adds the descriptions of an N-Quads file, as fast as the disk takes them.

        Descriptions that the store has already are replaced, all or nothing: until the end the
        state before is kept beside the store, and an import that fails, is interrupted or killed
        leaves that. (A store in memory has no state before.)

        Args:
            path: What `save` wrote.
            progress: Told how far it is, in bytes.

        Returns:
            Triples in the store afterwards.

        Raises:
            DataError: The file cannot be read, or is no N-Quads.
        """
        if self._earlier is not None:
            self._earlier.keep(self.graph)
        try:
            self._replace_by(path, progress)
        except BaseException:
            self._go_back()
            raise
        if self._earlier is not None:
            self._earlier.forget()
        return len(self)

    def _replace_by(self, path: Path, progress: Progress) -> None:
        try:
            self._drop_graphs_of(path)
            size = path.stat().st_size
            with (
                _Told(io.FileIO(path)) as file,
                progress.track(f"import {path.name}", size, "byte") as file.tracker,
            ):
                self.graph.bulk_load(file, format=RdfFormat.N_QUADS)
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(
                f"{path} cannot be imported: {error}",
                hint="the graph is as it was; write the file with `tinyssl catalog export`",
            ) from error
        self.graph.update(replacement([_state()]))
        self.graph.flush()

    def _go_back(self) -> None:
        """To the state before an import."""
        if self._earlier is not None:
            del self.graph
            self._earlier.restore()
            self.graph = _opened(self._folder)

    def _drop_graphs_of(self, path: Path) -> None:
        """Blank nodes of a file are new ones each time: what it describes must not stay beside."""
        known = {str(name).encode() for name in self.graph.named_graphs()}
        if not known:
            return
        with path.open("rb") as file:
            named = {line.rsplit(None, 2)[-2] for line in file if line.count(b" ") > 2}
        for name in known & named:
            self.graph.remove_graph(NamedNode(name[1:-1].decode()))

    def save(self, path: Path) -> int:
        """Writes all descriptions as N-Quads, which `load` takes; returns how many triples."""
        with new_file(path) as part:
            self.graph.dump(str(part), format=RdfFormat.N_QUADS)
        return len(self)

    def ask(self, query: str) -> list[Row]:
        """The solutions of a SELECT; see `GraphStore.ask`."""
        return rows_of(self._query(query))

    def close(self) -> None:
        """Lets other processes open the folder."""
        del self.graph

    def select(self, query: str) -> tuple[list[str], Iterator[list[Term | None]]]:
        """Variables of a SELECT, and its solutions one by one; raises as `ask`."""
        found = self._query(query)
        names = [variable.value for variable in found.variables]
        return names, ([row[name] for name in names] for row in found)

    def _query(self, query: str) -> QuerySolutions:
        try:
            found = self.graph.query(prologue() + query, use_default_graph_as_union=True)
        except (SyntaxError, ValueError) as error:
            raise UsageError(f"no valid SPARQL: {error}", hint="see docs/catalog.md") from error
        if not isinstance(found, QuerySolutions):
            raise UsageError("only SELECT is understood", hint="write SELECT … WHERE { … }")
        return found

    def said(self, predicate: NamedNode) -> Iterator[tuple[str, Term]]:
        """IRI of each subject of which something is said, and what; no query is half as fast."""
        for quad in self.graph.quads_for_pattern(None, predicate, None):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Term):
                yield quad.subject.value, quad.object

    def triples(self) -> list[Triple]:
        """All of them, each once."""
        found = (quad.triple for quad in self.graph if quad.graph_name != STATE)
        return list(dict.fromkeys(found))

    def __len__(self) -> int:
        said_of_itself = sum(1 for _ in self.graph.quads_for_pattern(None, None, None, STATE))
        return len(self.graph) - said_of_itself


def _opened(folder: Path | None) -> Oxigraph:
    """The database of a folder; see `EmbeddedStore`."""
    try:
        return Oxigraph() if folder is None else Oxigraph(str(folder))
    except OSError as error:
        locked = "lock" in str(error).lower()
        raise UsageError(
            f"{folder} cannot be opened: {error}",
            hint="another tinyssl has it open: wait for that, or end it"
            if locked
            else "move the folder away; `tinyssl catalog add` makes it anew",
        ) from error


class _Told(io.BufferedReader):
    """A file that tells how much of it was read."""

    tracker: Tracker

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.tracker.advance(len(data))
        return data


def _state() -> Description:
    """A new revision of the store."""
    return Description(STATE).add(STATE, TINY.revision, secrets.token_hex(8))


def replacement(parts: Sequence[Description]) -> str:
    """The SPARQL update that replaces what is known of each subject."""
    dropped = "".join(f"DROP SILENT GRAPH {part.iri} ;\n" for part in parts)
    return dropped + f"INSERT DATA {{\n{''.join(map(_graph_text, parts))}}}"


def _graph_text(part: Description) -> str:
    lines = "".join(f"{quad.triple} .\n" for quad in part.quads())
    return f"GRAPH {part.iri} {{\n{lines}}}\n"


def rows_of(found: QuerySolutions) -> list[Row]:
    """The solutions, in order."""
    names = [variable.value for variable in found.variables]
    return [{name: row[name] for name in names} for row in found]


def value_of(term: Term | None) -> object:
    """A term as Python has it: numbers, truth values, text; None where there is none."""
    if term is None:
        return None
    if not isinstance(term, Literal):
        return term.value
    kind = term.datatype.value.rpartition("#")[2]
    if kind == "boolean":
        return term.value in ("true", "1")
    if kind in ("integer", "int", "long"):
        return int(term.value)
    return float(term.value) if kind in ("double", "decimal", "float") else term.value
