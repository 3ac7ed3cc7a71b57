"""What stands between a browser and the workspace: addresses, token, forged forms, headers.

A page from elsewhere can make your browser send requests here. It cannot read the answers (same
origin), cannot pass the check of the host name (DNS rebinding), and cannot change anything, because
a change needs a form token that only our own pages hold.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "tinyssl_session"
FORM_FIELD = "form_token"
MAX_BODY = 64 * 1024
"""Bytes of a form; more is refused"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send forms with Origin: null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
)
"""For reports, which bring their style along and no script"""


def read_form(body: bytes) -> dict[str, str]:
    """Fields of a form (application/x-www-form-urlencoded); of several values the first."""
    found = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in found.items()}


def is_loopback(host: str) -> bool:
    """Whether an address is this computer's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass
class PageGuard:
    """ASGI middleware around all pages."""

    app: ASGIApp
    host: str
    """Address that the server listens on"""
    token: str = ""
    """What a browser must show once; empty: none, on loopback alone"""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is refused, and hands on all else."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await _body(request)
        refused = self._refused(request, body)
        scope["form_token"] = self.form_token
        answer: ASGIApp = refused or self.app
        await answer(scope, _replay(body, receive), _with_headers(send))

    @property
    def form_token(self) -> str:
        """What a form must hold: of this process, not to be guessed."""
        return hmac.digest(self.secret, b"form", "sha256").hex()

    @property
    def session(self) -> str:
        """Content of the cookie of a browser that showed the token."""
        return hmac.digest(self.secret, b"session" + self.token.encode(), "sha256").hex()

    def _refused(self, request: Request, body: bytes | None) -> Response | None:
        """The answer to what may not pass; None for all else."""
        if body is None:
            return PlainTextResponse("the form is too long", 413)
        if is_loopback(self.host) and not is_loopback(request.url.hostname or ""):
            return PlainTextResponse("this page has another address", 421)
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("only GET and POST", 405)
        if self.token and request.url.path == "/login":
            return self._login(request, body)
        if self.token and not self._may_see(request):
            return RedirectResponse("/login", 303)
        return self._forged(request, body) if request.method == "POST" else None

    def _may_see(self, request: Request) -> bool:
        if request.method != "POST" and request.url.path.startswith("/static/"):
            return True  # what the page that asks for the token is drawn with
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        cookie = request.cookies.get(COOKIE, "")
        return _same(shown, self.token) or _same(cookie, self.session)

    def _login(self, request: Request, body: bytes) -> Response | None:
        if request.method != "POST":
            return None
        if not _same(read_form(body).get("token", ""), self.token):
            return PlainTextResponse("wrong token", 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, self.session, secure=True, httponly=True, samesite="strict")
        return answer

    def _forged(self, request: Request, body: bytes) -> Response | None:
        given = read_form(body).get(FORM_FIELD, "")
        origin = request.headers.get("origin")
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if not _same(given, self.form_token) or origin not in (None, own):
            return PlainTextResponse("this form is not of this page: load it again", 403)
        return None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


async def _body(request: Request) -> bytes | None:
    """The body of a request; None where it is too long."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > MAX_BODY:
            return None
    return found


def _replay(body: bytes | None, receive: Receive) -> Receive:
    """Gives a body that was read already once more."""
    left: list[Message] = [{"type": "http.request", "body": body or b"", "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
