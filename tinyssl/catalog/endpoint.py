"""A graph at a SPARQL 1.1 endpoint (https://www.w3.org/TR/sparql11-protocol/), over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable
from urllib.parse import urlsplit

from pyoxigraph import QueryResultsFormat, QuerySolutions, Triple, parse_query_results

from tinyssl.catalog.store import GraphStore, Row, replacement, rows_of
from tinyssl.catalog.terms import prologue
from tinyssl.catalog.triples import Description
from tinyssl.core.errors import DataError, UsageError

TIMEOUT = 60.0
"""Seconds that an answer may take"""
REFUSED = "correct the query, or see the server's log; TINYSSL_STORE_TOKEN holds its token"
RESULTS = "application/sparql-results+json"


class EndpointStore(GraphStore):
    """Any server that speaks SPARQL 1.1, for questions and for changes.

    The union of all named graphs must be its default graph: tinyssl writes what it knows of a
    subject into a graph of that name.
    """

    def __init__(self, url: str, *, token: str = "") -> None:
        """Names the endpoint; nothing is sent yet.

        Args:
            url: `http://…` or `https://…`; takes queries and updates.
            token: Sent as `Authorization: Bearer …`; never over http:// to another computer.

        Raises:
            UsageError: It is no such address.
        """
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url} is no address of an endpoint", hint="write https://…")
        if token and url.startswith("http://") and not _is_local(url):
            raise UsageError(
                f"a token would cross the network in clear text to {url}", hint="use https://"
            )
        self.url, self._token = url, token

    def put(self, descriptions: Iterable[Description]) -> None:
        """Replaces what is known of each subject, in one request."""
        parts = list(descriptions)
        if parts:
            self._send(replacement(parts).encode(), "application/sparql-update", "*/*")

    def ask(self, query: str) -> list[Row]:
        """The solutions of a SELECT; see `GraphStore.ask`."""
        answer = self._send((prologue() + query).encode(), "application/sparql-query", RESULTS)
        try:
            found = parse_query_results(answer, format=QueryResultsFormat.JSON)
        except (SyntaxError, ValueError) as error:
            raise DataError(
                f"{self.url} answers what is no SPARQL result: {error}",
                hint="name its query endpoint: .../sparql, .../repositories/NAME, .../ds/sparql",
            ) from error
        if not isinstance(found, QuerySolutions):
            raise UsageError("only SELECT is understood", hint="write SELECT … WHERE { … }")
        return rows_of(found)

    def close(self) -> None:
        """Nothing is held: each question is a request."""

    def triples(self) -> list[Triple]:
        """All of them, each once."""
        rows = self.ask("SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o }")
        return [Triple(row["s"], row["p"], row["o"]) for row in rows]  # type: ignore[arg-type]

    def _send(self, content: bytes, kind: str, accepted: str) -> bytes:
        headers = {"Content-Type": kind, "Accept": accepted}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self.url, content, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            said = error.read(400).decode("utf-8", "replace").strip()
            raise DataError(
                f"{self.url} refuses with status {error.code}: {said}", hint=REFUSED
            ) from error
        except OSError as error:  # URLError and timeouts among them
            raise DataError(
                f"{self.url} does not answer: {getattr(error, 'reason', error)}",
                hint="start the server, or leave --store out",
            ) from error


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
