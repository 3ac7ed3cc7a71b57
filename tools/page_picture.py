"""Takes the picture of `tinyssl serve` that README shows: the page Match of a workspace.

    python -m tools.page_picture WORKSPACE [FILE.png]

The workspace is a real one, for example after `tinyssl catalog match` and `tinyssl run` in it.
Chromium draws it, light, 1200 pixels wide; Playwright drives that.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tools.stamp import ROOT

PICTURE = ROOT / "docs" / "images" / "serve.png"
WIDTH, HEIGHT = 1200, 760
"""CSS pixels"""
SECONDS = 60.0


def main(workspace: Path, picture: Path) -> None:
    """Starts the server, draws the page once all models are compiled, and ends the server."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    words = ["-m", "tinyssl", "-w", str(workspace), "serve", "--port", str(port)]
    server = subprocess.Popen([sys.executable, *words])
    try:
        address = f"http://127.0.0.1:{port}/match"
        _wait(address)
        _draw(address, picture)
    finally:
        server.terminate()
        server.wait(SECONDS)


def _wait(address: str) -> None:
    """Until the page is there, and no model is being compiled."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address) as answer:
                if b"data-live" not in answer.read():
                    return
        except urllib.error.URLError:
            pass  # it is still starting
        time.sleep(0.5)
    sys.exit(f"{address} is not ready after {SECONDS:g} seconds")


def _draw(address: str, picture: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(color_scheme="light", viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.screenshot(path=str(picture))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else PICTURE)
