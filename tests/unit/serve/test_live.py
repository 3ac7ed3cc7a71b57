"""Runs that learn on devices as the pages show them, devices with their health, and questions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tinyssl.catalog.live import describe_device
from tinyssl.catalog.thing import LiveDevice
from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace
from tinyssl.device import Identity
from tinyssl.serve import jobs
from tinyssl.serve.app import make_app
from tinyssl.serve.ask import ask, refuse_foreign
from tinyssl.serve.fleet import age
from tinyssl.serve.jobs import Jobs
from tinyssl.stages.catalog import FOLDER, open_catalog
from tinyssl.targets.boards import find_board

ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def site(workspace: Workspace) -> TestClient:
    return TestClient(make_app(workspace, "localhost"), base_url="http://localhost")


def test_learning_is_shown_while_it_runs(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    client = site(workspace)
    with workspace.start("learn", {}) as run:
        for at in range(30):
            drift = {"drift": 1, "guard": "back"} if at == 24 else {}
            run.log(event="step", sample=at, answer=0, loss=1.0 if at < 10 else 0.25, **drift)
        page = client.get(f"/runs/{run.record.folder.name}").text
    assert "data-live" in page
    assert '<p class="value">30</p>' in page
    assert '<p class="value">0.250</p>' in page  # of the last 20
    assert "sample 25" in page
    assert "best parameters 1 times" in page
    assert "<polyline" in page


def test_rounds_are_shown_while_they_run(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with workspace.start("federate", {}) as run:  # nothing is logged yet
        assert site(workspace).get(f"/runs/{run.record.folder.name}").status_code == 200
    with workspace.start("federate", {}) as run:
        run.results(rounds=9)
        for number in (1, 2, 3):
            sent = {"bytes_down": 1024, "bytes_up": 512}
            left_out = int(number == 2)
            run.log(
                event="round", round=number, loss=1 / number, devices=4, left_out=left_out, **sent
            )
            run.log(event="board", round=number, name="host-0", reason="reset" * left_out)
        page = site(workspace).get(f"/runs/{run.record.folder.name}").text
    assert "3 of 9" in page
    assert "0.333" in page
    assert "1 left out so far" in page
    assert "3.00 KiB" in page
    assert "host-0" in page
    assert "took part" in page


def identity() -> Identity:
    fields = dict.fromkeys(Identity.__dataclass_fields__, 0)
    texts = {"model_sha256": "ab" * 32, "build_id": "0123456789abcdef", "engine": "aot"}
    return Identity(**(fields | texts | {"reset": "watchdog", "model": "m"}))  # type: ignore[arg-type]


def test_devices_show_health_and_when_they_were_seen(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    board = find_board("host")
    seen = datetime.now(UTC).isoformat(timespec="seconds")
    device = LiveDevice("SN-7", "host", "/dev/ttyX", 115200, identity(), seen, "stack near full")
    opened = open_catalog(workspace)
    opened.store.put([describe_device(device, board)])
    opened.store.close()
    page = site(workspace).get("/").text
    for words in ("SN-7", "stack near full", "0123456789ab", "watchdog", "just now"):
        assert words in page
    assert "1 with a warning" in page


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ("2026-01-01T00:00:00", "2 days ago"),
        ("2026-01-02T23:00:00+00:00", "1 hour ago"),
        ("2026-01-02T23:59:30+00:00", "just now"),
        ("never", "–"),
    ],
)
def test_age(seen: str, words: str) -> None:
    assert age(seen, datetime(2026, 1, 3, tzinfo=UTC)) == words


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT*{?s ?p 1serVICE<http://127.0.0.1:1/>{}}",
        "SELECT * { \\u0053ERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
    ],
)
def test_no_question_reaches_another_server(query: str) -> None:
    with pytest.raises(UsageError, match=r"SERVICE|escape"):
        refuse_foreign(query)


def test_a_question_ends_after_a_while(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    opened = open_catalog(workspace)
    opened.refresh()
    opened.store.close()
    with pytest.raises(UsageError, match="more than 2 seconds"):
        ask(tmp_path / FOLDER, ENDLESS, 2.0)
    with pytest.raises(UsageError, match="no valid SPARQL"):
        ask(tmp_path / FOLDER, "LOAD <file:///etc/passwd>")
    found = ask(tmp_path / FOLDER, "SELECT ?s ?p ?o WHERE { ?s ?p ?o }")
    assert found.names == ("s", "p", "o")
    assert (len(found.rows), found.more) == (1000, True)


def test_a_report_outside_of_the_workspace_is_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("secret words")
    workspace = Workspace(tmp_path / "workspace")
    with workspace.start("bench", {}) as run:
        run.file("report", "report.html").symlink_to(secret)
    with workspace.start("bench", {}) as other:
        other.file("report", "../../../secret.html")
    for record in (run.record, other.record):
        answer = site(workspace).get(f"/runs/{record.folder.name}/report")
        assert answer.status_code == 404
        assert "secret words" not in answer.text


def test_only_so_many_commands_run_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_RUNNING", 1)
    found = Jobs(tmp_path)
    found.start("first", "a", ("--version",))
    with pytest.raises(UsageError, match="first is still running"):
        found.start("second", "b", ("--version",))
    found.end()


def test_the_page_that_asks_for_a_token_has_its_style(tmp_path: Path) -> None:
    app = make_app(Workspace(tmp_path), "0.0.0.0", "0123456789abcdef")
    client = TestClient(app, base_url="https://fleet.example", follow_redirects=False)
    assert client.get("/static/page.css").status_code == 200
    assert client.get("/models").status_code == 303
