"""The pages behind their addresses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tinyssl.catalog import queries
from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.core.text import printable_lines
from tinyssl.report.render import markup
from tinyssl.serve import fleet, pages
from tinyssl.serve.ask import Solutions
from tinyssl.serve.guard import REPORT_POLICY, PageGuard, read_form
from tinyssl.serve.jobs import Jobs
from tinyssl.serve.parts import WebPage
from tinyssl.serve.view import WorkspaceView

NAVIGATION = (
    ("Fleet", "/"),
    ("Models", "/models"),
    ("Match", "/match"),
    ("Runs", "/runs"),
    ("SPARQL", "/sparql"),
)
RUN = re.compile(r"[a-z]+-\d{8}-\d{6}-[0-9a-f]{4}")
"""Name of a run's folder: nothing else is looked for"""
QUERY_BYTES = 8_000
MOST_DEVICES = 50
"""Rows of the page Fleet"""


class Site:
    """What the pages work on."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.view = WorkspaceView(workspace)
        self.jobs = Jobs(workspace.root / "serve")

    def fleet(self, request: Request) -> WebPage:
        known = self.view.known()
        devices = self.view.devices(MOST_DEVICES)
        return fleet.fleet(known, devices, self.view.runs(), self.jobs.all())

    def models(self, request: Request) -> WebPage:
        return pages.models(self.view.known())

    def match(self, request: Request) -> WebPage:
        return pages.match(self.view.matches(), compiling=self.view.compiling)

    def runs(self, request: Request) -> WebPage:
        return pages.runs_page(self.view.runs())

    def run(self, request: Request) -> WebPage:
        run = self._run(request)
        return pages.run_page(run, self.view.metrics(run))

    def job(self, request: Request) -> WebPage:
        job = self.jobs.find(request.path_params["name"])
        if job is None:
            raise UsageError("no such command", hint="the page Fleet lists those of this server")
        return pages.job_page(job)

    def sparql(self, request: Request) -> WebPage:
        query = request.query_params.get("query", "")[:QUERY_BYTES]
        shipped = request.query_params.get("shipped", "")
        try:
            query = queries.shipped(shipped) if shipped else query
            found = self.view.solutions(query) if query.strip() else Solutions()
        except TinysslError as error:
            return pages.sparql(query, Solutions(), f"{error.message}: {error.hint}")
        return pages.sparql(query, found, "")

    def login(self, request: Request) -> WebPage:
        return WebPage("Token", "Type the token of this server.", form="login")

    def report(self, request: Request) -> Response:
        """The HTML page of a run, without any right to do something."""
        path = self._run(request).path("report").resolve()
        if not path.is_relative_to(self.workspace.runs.resolve()):
            raise UsageError("this report lies outside of the workspace", hint="open it as a file")
        headers = {"Content-Security-Policy": REPORT_POLICY}
        return HTMLResponse(path.read_text(encoding="utf-8"), headers=headers)

    async def deploy(self, request: Request) -> Response:
        """Puts a model onto an emulated board and measures it there."""
        form = read_form(await request.body())
        try:
            job = await run_in_threadpool(
                self._deploy, form.get("model", ""), form.get("board", "")
            )
        except TinysslError as error:
            return PlainTextResponse(f"{error.message}; {error.hint}", 409)
        return RedirectResponse(f"/jobs/{job}", 303)

    def _deploy(self, model: str, board: str) -> str:
        pairs = self.view.matches()
        found = [
            each
            for each in pairs
            if (each.model_name, each.target_name) == (model, board) and each.emulated
        ]
        if not found or not found[0].fits:
            raise UsageError(f"{model} does not fit {board}", hint="the page Match says why")
        file = found[0].file
        path = self.workspace.root / file if file.startswith("./") else Path(file)
        words = ["--workspace", str(self.workspace.root), "run"]
        words += ["--model", str(path), "--board", board]
        return self.jobs.start(f"{model} on {board}", board, words).id

    def _run(self, request: Request) -> RunRecord:
        name = request.path_params["name"]
        if RUN.fullmatch(name):
            for run in self.view.runs():
                if run.folder.name == name:
                    return run
        raise UsageError("no such run", hint="the page Runs lists them")


def make_app(workspace: Workspace, host: str, token: str = "") -> PageGuard:
    """The site of a workspace.

    Args:
        workspace: What it shows.
        host: Address that it listens on.
        token: What a browser must show once; needed for any host but loopback.

    Raises:
        UsageError: The address is not this computer's own, and there is no token.
    """
    site = Site(workspace)
    routes = [
        Route("/", _page(site.fleet)),
        Route("/models", _page(site.models)),
        Route("/match", _page(site.match)),
        Route("/runs", _page(site.runs)),
        Route("/runs/{name}", _page(site.run)),
        Route("/runs/{name}/report", _answer(site.report)),
        Route("/jobs/{name}", _page(site.job)),
        Route("/sparql", _page(site.sparql)),
        Route("/login", _page(site.login)),
        Route("/deploy", site.deploy, methods=["POST"]),
        Route("/static/{name}", _answer(_static)),
    ]
    return PageGuard(Starlette(routes=routes, lifespan=partial(_lifespan, site)), host, token)


@asynccontextmanager
async def _lifespan(site: Site, app: Starlette) -> AsyncIterator[None]:
    """Ends the commands under way with the server."""
    yield
    await run_in_threadpool(site.jobs.end)


def _page(show: Callable[[Request], WebPage]) -> Callable[[Request], object]:
    return _answer(lambda request: _html(request, show(request)))


def _answer(work: Callable[[Request], Response]) -> Callable[[Request], object]:
    """Works beside the event loop: a slow page keeps no other one waiting."""

    async def answer(request: Request) -> Response:
        try:
            return await run_in_threadpool(work, request)
        except TinysslError as error:
            words = (text[:1].upper() + text[1:] for text in (error.message, error.hint) if text)
            page = WebPage("That did not work", " ".join(f"{each}." for each in words))
            return _html(request, page, 404 if isinstance(error, UsageError) else 500)

    return answer


def _html(request: Request, page: WebPage, status: int = 200) -> Response:
    text = (
        _templates()
        .get_template("serve/page.html.j2")
        .render(
            page=page,
            navigation=NAVIGATION,
            path=request.url.path,
            form_token=request.scope.get("form_token", ""),
            shipped={name: queries.question(name) for name in queries.names()},
        )
    )
    return HTMLResponse(printable_lines(text), status)


def _static(request: Request) -> Response:
    kinds = {"page.css": "text/css", "live.js": "text/javascript"}
    name = request.path_params["name"]
    if name not in kinds:
        raise UsageError("no such file", hint="")
    text = _templates().get_template(f"serve/{name}.j2").render()
    return Response(text, media_type=kinds[name], headers={"Cache-Control": "max-age=60"})


@cache
def _templates() -> Environment:
    return markup()


__all__ = ["Site", "make_app"]
