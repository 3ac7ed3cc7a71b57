"""A server that speaks the part of the Hugging Face Hub's HTTP API that push and pull use.

Repositories live in memory. Weights go the way of Git LFS, text inside the commit, as on the Hub.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

TOKEN = "hf_right"
LFS = (".safetensors", ".tflite")


@dataclass
class Hub:
    """What the server holds."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Repository -> file name -> content"""
    objects: dict[str, bytes] = field(default_factory=dict)
    """SHA-256 -> content that was uploaded by LFS"""
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def commit_of(self, repo: str) -> str:
        """A commit id that changes with the content."""
        digest = hashlib.sha1(usedforsecurity=False)
        for name, content in sorted(self.repositories[repo].items()):
            digest.update(name.encode() + content)
        return digest.hexdigest()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, content: Any, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), Content_Type="application/json")

    def _missing(self) -> None:
        self._send(404, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")

    def _path(self) -> str:
        path = urlsplit(self.path).path
        self.server.hub.requests.append(f"{self.command} {path}")
        return path

    def do_POST(self) -> None:
        path, body = self._path(), self._body()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, X_Error_Message="Invalid username or password.")
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(body))
        elif path.startswith("/api/models/"):
            self._change(path, body)
        else:
            self._without_repository(path, json.loads(body))

    def _without_repository(self, path: str, asked: dict[str, Any]) -> None:
        if path == "/api/repos/create":
            repo = f"{asked.get('organization') or 'me'}/{asked['name']}"
            self.server.hub.repositories.setdefault(repo, {})
            self._json({"url": f"{self.server.hub.url}/{repo}"})
        elif path == "/api/validate-yaml":
            ok = asked["content"].startswith("---\n")
            self._json({"errors": [], "warnings": []}, 200 if ok else 400)
        else:
            self._missing()

    def _change(self, path: str, body: bytes) -> None:
        repo, _, action = path.removeprefix("/api/models/").removesuffix("/main").rpartition("/")
        if action == "preupload":
            self._preupload(json.loads(body))
        elif action == "commit":
            self._commit(repo, body)
        else:
            self._missing()

    def _preupload(self, asked: dict[str, Any]) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LFS) else "regular",
                "shouldIgnore": False,
            }
            for file in asked["files"]
        ]
        self._json({"files": files})

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = [
            each | {"actions": {"upload": {"href": f"{self.server.hub.url}/lfs/{each['oid']}"}}}
            for each in asked["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _commit(self, repo: str, body: bytes) -> None:
        for line in map(json.loads, body.decode().splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.server.hub.repositories[repo][value["path"]] = base64.b64decode(
                    value["content"]
                )
            elif line["key"] == "lfsFile":
                self.server.hub.repositories[repo][value["path"]] = self.server.hub.objects[
                    value["oid"]
                ]
        oid = self.server.hub.commit_of(repo)
        url = f"{self.server.hub.url}/{repo}/commit/{oid}"
        self._json({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})

    def do_PUT(self) -> None:
        path, body = self._path(), self._body()
        oid = path.rpartition("/")[2]
        assert hashlib.sha256(body).hexdigest() == oid
        self.server.hub.objects[oid] = body
        self._send(200, ETag=f'"{oid}"')

    def do_GET(self) -> None:
        path = self._path()
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/main)?", path):
            self._info(found[1])
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/[^/]+", path):
            self._tree(found[1])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            self._file(found[1], found[2])
        else:
            self._missing()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _info(self, repo: str) -> None:
        if repo not in self.server.hub.repositories:
            return self._missing()
        names = [{"rfilename": name} for name in sorted(self.server.hub.repositories[repo])]
        return self._json({"id": repo, "sha": self.server.hub.commit_of(repo), "siblings": names})

    def _tree(self, repo: str) -> None:
        if repo not in self.server.hub.repositories:
            return self._missing()
        return self._json([
            {
                "type": "file", "path": name, "size": len(content),
                "oid": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            }
            for name, content in sorted(self.server.hub.repositories[repo].items())
        ])  # fmt: skip

    def _file(self, repo: str, name: str) -> None:
        content = self.server.hub.repositories.get(repo, {}).get(name)
        if content is None:
            return self._missing()
        return self._send(
            200,
            content,
            ETag=f'"{hashlib.sha256(content).hexdigest()}"',
            X_Repo_Commit=self.server.hub.commit_of(repo),
            Content_Length=str(len(content)),
        )


class _Server(ThreadingHTTPServer):
    """Knows what it serves."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", 0), _Handler)


@contextmanager
def serving(hub: Hub) -> Iterator[None]:
    """The hub answers on a free port of this computer; sets its `url`."""
    with _Server(hub) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
