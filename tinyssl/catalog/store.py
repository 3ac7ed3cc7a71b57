"""Where the graph is kept: on disk in the workspace, or at a SPARQL 1.1 endpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path

from pyoxigraph import Literal, QuerySolutions, Triple
from pyoxigraph import Store as Oxigraph

from tinyssl.catalog.terms import prologue
from tinyssl.catalog.triples import Description, Term
from tinyssl.core.errors import UsageError

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
    def triples(self) -> list[Triple]:
        """All of them, each once."""

    def stamps(self) -> dict[str, str]:
        """IRI of a subject -> stamp of its description."""
        rows = self.ask("SELECT ?s ?stamp WHERE { ?s tiny:stamp ?stamp }")
        return {str(value_of(row["s"])): str(value_of(row["stamp"])) for row in rows}

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
        """Opens or makes it.

        Args:
            folder: Of the database; None: in memory alone.
            graph: One that is open already.

        Raises:
            UsageError: Another process has it open, or the folder holds something else.
        """
        try:
            self.graph = graph or (Oxigraph() if folder is None else Oxigraph(str(folder)))
        except OSError as error:
            locked = "lock" in str(error).lower()
            raise UsageError(
                f"{folder} cannot be opened: {error}",
                hint="another tinyssl has it open: wait for that, or end it"
                if locked
                else "move the folder away; `tinyssl catalog add` makes it anew",
            ) from error

    def put(self, descriptions: Iterable[Description]) -> None:
        """Replaces what is known of each subject, all or nothing."""
        parts = list(descriptions)
        if parts:
            self.graph.update(replacement(parts))

    def ask(self, query: str) -> list[Row]:
        """The solutions of a SELECT; see `GraphStore.ask`."""
        try:
            found = self.graph.query(prologue() + query, use_default_graph_as_union=True)
        except (SyntaxError, ValueError) as error:
            raise UsageError(f"no valid SPARQL: {error}", hint="see docs/catalog.md") from error
        if not isinstance(found, QuerySolutions):
            raise UsageError("only SELECT is understood", hint="write SELECT … WHERE { … }")
        return rows_of(found)

    def triples(self) -> list[Triple]:
        """All of them, each once."""
        return list(dict.fromkeys(quad.triple for quad in self.graph))

    def __len__(self) -> int:
        return len(self.graph)


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
