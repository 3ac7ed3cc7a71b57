"""The pages in a real browser, and under many readers; Chromium, driven by Playwright."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

READERS = 200
SECONDS = 60.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server in a process of its own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number = int(found.getsockname()[1])
    folder = tmp_path_factory.mktemp("workspace")
    words = ["-m", "tinyssl", "-w", str(folder), "serve", "--port", str(number)]
    server = subprocess.Popen([sys.executable, *words])
    try:
        end = time.monotonic() + SECONDS
        while not _answers(number):
            assert server.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        assert server.wait(SECONDS) is not None


def _answers(port: int) -> bool:
    try:
        return _get(port, "/static/page.css") == 200
    except OSError:
        return False


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_200_readers_and_a_slow_one(port: int) -> None:
    """A client that sends nothing, and one that never reads, keep nobody waiting."""
    silent = socket.create_connection(("127.0.0.1", port))
    deaf = socket.create_connection(("127.0.0.1", port))
    deaf.sendall(b"GET /sparql?shipped=devices HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert _get(port, "/") == 200  # from now on it is read already
    with ThreadPoolExecutor(READERS) as pool:
        begin = time.monotonic()
        found = list(
            pool.map(lambda number: _get(port, ("/", "/runs")[number % 2]), range(READERS))
        )
        took = time.monotonic() - begin
    assert found == [200] * READERS
    assert took < SECONDS
    silent.close()
    deaf.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs a program: chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_each_page_is_drawn(port: int, browser: Any, scheme: str, width: int) -> None:
    """Nothing is fetched from elsewhere, no script fails, nothing is wider than the window."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path in ("/", "/models", "/match", "/runs", "/sparql?shipped=devices"):
        page.goto(f"http://127.0.0.1:{port}{path}")
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 23, 25)"
        assert dark is (scheme == "dark")
    assert problems == []
    page.close()


@pytest.mark.nightly
def test_keys_alone_deploy_a_model(port: int, browser: Any, tmp_path: Path) -> None:
    """From the page Match to a measured board: Tab, arrows, Enter."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/match")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("select[name=board]").focus()
    page.keyboard.type("mps2_an386")  # QEMU
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
    page.get_by_text("done", exact=True).wait_for(timeout=240_000)  # the page follows by itself
    page.goto(f"http://127.0.0.1:{port}/runs")
    assert page.get_by_text("bench-").count() >= 1
    picture = tmp_path / "runs.png"
    page.screenshot(path=str(picture))
    assert picture.stat().st_size > 10_000
    page.close()
