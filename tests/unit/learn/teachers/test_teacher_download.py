"""Fetching weights, from a real server on this computer."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tinyssl.core.errors import DataError
from tinyssl.core.progress import Silent
from tinyssl.learn.teachers.download import Published, fetch
from tinyssl.learn.teachers.vit_teacher import DINO, DINOV2

CONTENT = bytes(range(256)) * 9000  # more than two chunks


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if "gone" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if "cut" in self.path else CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Handler.asked.clear()
    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.mark.parametrize("hashed", [True, False])
def test_fetched_once(server: str, tmp_path: Path, hashed: bool) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest() if hashed else None
    published = Published(f"{server}/weights.pth", sha256)
    path = fetch(published, "dino_vits16", Silent())
    assert path == tmp_path / "teachers" / "weights.pth"
    assert path.read_bytes() == CONTENT
    assert fetch(published, "dino_vits16", Silent()) == path
    assert Handler.asked == ["/weights.pth"]


@pytest.mark.parametrize(
    ("name", "sha256", "message"),
    [
        ("weights.pth", "0" * 64, "expected 0000"),
        ("cut.pth", None, r"1,152,000 of 2,304,000 bytes came"),
        ("gone.pth", None, "404"),
    ],
)
def test_a_failure_leaves_nothing(
    server: str, tmp_path: Path, name: str, sha256: str | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        fetch(Published(f"{server}/{name}", sha256), "dino_vits16", Silent())
    assert list((tmp_path / "teachers").iterdir()) == []


def test_offline_says_what_to_do(server: str, tmp_path: Path) -> None:
    port_of_nobody = Published("http://127.0.0.1:9/weights.pth")
    with pytest.raises(DataError, match="could not fetch") as caught:
        fetch(port_of_nobody, "dino_vits16", Silent())
    assert "--teacher PATH --teacher-arch dino_vits16" in caught.value.hint
    assert str(tmp_path / "teachers" / "weights.pth") in caught.value.hint


def test_published_files_come_over_tls() -> None:
    assert all(one.published.url.startswith("https://") for one in (DINO, DINOV2))
