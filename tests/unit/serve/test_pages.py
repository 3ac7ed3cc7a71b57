"""The pages of a workspace, and what a browser or somebody else on the network must not do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tinyssl.catalog.match import Match
from tinyssl.cli.serve import check
from tinyssl.core.config import ServeConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace
from tinyssl.report.page import PageTable
from tinyssl.serve import pages
from tinyssl.serve.app import make_app
from tinyssl.serve.guard import HEADERS, MAX_BODY, is_loopback

PAGES = ("/", "/models", "/match", "/runs", "/sparql", "/sparql?shipped=devices")
ZOO = "mobilenet_v2_035_32px"
TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """With a finished run that has a report, and one under way."""
    found = Workspace(tmp_path_factory.mktemp("workspace"))
    with found.start("bench", {"board": "host"}, seed=1) as run:
        run.file("report", "report.html").write_text("<h1>report</h1><script>alert(1)</script>")
        run.results(
            board="host", accuracy_device=0.9, latency={"median": 5, "unit": "instructions"}
        )
        for step in range(5):
            run.log(step=step, loss=1 / (step + 1))
    return found


@pytest.fixture(scope="module")
def client(workspace: Workspace) -> Iterator[TestClient]:
    app = make_app(workspace, "127.0.0.1")
    with TestClient(app, base_url="http://127.0.0.1:8080", follow_redirects=False) as found:
        yield found


def form_token(client: TestClient) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', client.get("/match").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_from_elsewhere(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert not re.search(r'(src|href|action)="(?!/|#|data:,")', answer.text)
    assert "style=" not in answer.text  # the policy would forbid it
    assert '<html lang="en">' in answer.text
    assert answer.text.count("aria-current") == 1


def test_runs_have_curves_results_and_a_report(client: TestClient, workspace: Workspace) -> None:
    (run,) = workspace.all()
    page = client.get(f"/runs/{run.folder.name}").text
    assert "<polyline" in page
    assert "accuracy_device" in page
    report = client.get(f"/runs/{run.folder.name}/report")
    assert report.status_code == 200
    policy = report.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script" not in policy  # so default-src 'none' holds
    assert f"/runs/{run.folder.name}" in client.get("/runs").text
    assert f"/runs/{run.folder.name}" in client.get("/").text  # last measured


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/runs/bench-20260101-000000-0000",
        "/runs/..%2f..%2fetc/report",
        "/runs/%2e%2e/report",
        "/static/..%2fpage.html",
        "/jobs/1",
        "/sparql?shipped=../terms",
    ],
)
def test_nothing_outside_is_reached(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404 or "no query" in answer.text
    assert "root:" not in answer.text


def test_sparql_reads_alone(client: TestClient) -> None:
    found = client.get("/sparql", params={"query": "SELECT ?s WHERE { ?s a tiny:Board } LIMIT 2"})
    assert found.text.count("urn:tinyssl:board:") == 2
    wrong = client.get("/sparql", params={"query": "DROP ALL"})
    assert "no valid SPARQL" in wrong.text
    assert len(re.findall("urn:tinyssl:board:", client.get("/sparql?shipped=devices").text)) > 5


def test_texts_of_records_are_no_markup(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with workspace.start("bench", {"board": "<script>alert(1)</script>"}) as run:
        run.results(board="<img src=x>")
    name = run.record.folder.name
    client = TestClient(make_app(workspace, "localhost"), base_url="http://localhost")
    page = client.get(f"/runs/{name}").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_another_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/", headers={"Host": "localhost:8080"}).status_code == 200


def test_forged_forms_change_nothing(client: TestClient) -> None:
    form = {"model": ZOO, "board": "host", "form_token": form_token(client)}
    assert client.post("/deploy", data=form | {"form_token": "0" * 64}).status_code == 403
    assert client.post("/deploy", data={"model": ZOO, "board": "host"}).status_code == 403
    elsewhere = {"Origin": "http://evil.example"}
    assert client.post("/deploy", data=form, headers=elsewhere).status_code == 403
    assert client.delete("/deploy").status_code == 405
    assert client.get("/deploy").status_code == 405
    assert client.post("/deploy", content=b"x" * (MAX_BODY + 1)).status_code == 413
    assert client.post("/deploy", data=form | {"board": "nucleo_f446re"}).status_code == 409
    assert "Commands" not in client.get("/").text


def test_a_click_starts_one_command_a_board(tmp_path: Path) -> None:
    """And the end of the server ends it."""
    app = make_app(Workspace(tmp_path), "127.0.0.1")
    url = "http://127.0.0.1:8080"
    with TestClient(app, base_url=url, follow_redirects=False) as client:
        form = {"model": ZOO, "board": "host", "form_token": form_token(client)}
        started = client.post("/deploy", data=form)
        assert started.status_code == 303
        assert client.post("/deploy", data=form).status_code == 409
        assert '<p class="sub">running</p>' in client.get(started.headers["location"]).text
    (log,) = (tmp_path / "serve").iterdir()  # the command was ended, and could say so
    assert log.suffix == ".log"


@pytest.mark.nightly
def test_a_click_builds_flashes_and_measures(client: TestClient, workspace: Workspace) -> None:
    form = {"model": ZOO, "board": "host", "form_token": form_token(client)}
    started = client.post("/deploy", data=form)
    assert started.status_code == 303
    assert client.post("/deploy", data=form).status_code == 409  # one at a time a board
    job = started.headers["location"]
    end = time.monotonic() + 240
    while "running" in client.get(job).text and time.monotonic() < end:
        time.sleep(0.5)
    page = client.get(job).text
    assert '<p class="sub">done</p>' in page, page
    assert workspace.latest("bench").results["agreement"] == 1.0
    assert job in client.get("/").text


def test_a_token_is_asked_for(tmp_path: Path) -> None:
    app = make_app(Workspace(tmp_path), "0.0.0.0", TOKEN)
    client = TestClient(app, base_url="https://fleet.example", follow_redirects=False)
    assert client.get("/runs").headers["location"] == "/login"
    assert "password" in client.get("/login").text
    assert client.post("/login", data={"token": "wrong"}).status_code == 403
    assert client.get("/runs").status_code == 303
    entered = client.post("/login", data={"token": TOKEN})
    cookie = entered.headers["set-cookie"]
    for word in ("HttpOnly", "Secure", "SameSite=strict"):
        assert word in cookie
    assert TOKEN not in cookie
    assert client.get("/runs").status_code == 200
    fresh = TestClient(app, base_url="https://fleet.example", follow_redirects=False)
    assert fresh.get("/runs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert fresh.get("/runs", headers={"Authorization": "Bearer "}).status_code == 303


@pytest.mark.parametrize(
    ("config", "token", "message"),
    [
        (ServeConfig(host="0.0.0.0"), "", "a token in TINYSSL_SERVE_TOKEN and --certificate"),
        (ServeConfig(host="0.0.0.0"), TOKEN, "without --certificate"),
        (ServeConfig(host="127.0.0.1"), "short", "5 characters"),
        (ServeConfig(certificate=Path("nothing.pem")), "", "nothing.pem"),
    ],
)
def test_what_would_show_the_workspace_to_all_is_refused(
    config: ServeConfig, token: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check(config, token)


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("192.168.1.2", False), ("127.0.0.1.evil.example", False), ("", False)],
)  # fmt: skip
def test_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_the_matrix_has_every_pair_once() -> None:
    pairs = [
        Match("m1", "b1", "small", "big board", figures={"Instructions": 2_431_294.0}),
        Match("m2", "b1", "large", "big board"),
        Match("m1", "b2", "small", "tiny board", reasons=("no camera", "RAM short by 9 bytes: 10")),
        Match("m2", "b2", "large", "tiny board", reasons=("RAM short by 9 bytes: 10 needed",)),
    ]
    matrix = next(part for part in pages.match(pairs).sections if part.id == "matrix")
    (found,) = matrix.blocks
    assert isinstance(found, PageTable)
    assert [column.title for column in found.columns] == ["board", "small", "large"]
    assert found.rows == (
        ("big board", "✓ 2.43 M", "fits"),
        ("tiny board", "no camera", "RAM short by 9 bytes"),
    )
    many = [Match(f"m{n}", "b", f"model {n}", "board") for n in range(9)]
    wide = next(part for part in pages.match(many).sections if part.id == "matrix")
    assert "The first 40 of 1 and 6 of 9." in wide.lead
