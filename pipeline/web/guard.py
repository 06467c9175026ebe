"""Stand before every page: who asks too often or under a false name is refused, and nobody gets further who is not in."""

import math
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.frame import local_path, message, refusal, tongue_of
from mailwarden.pipeline.web.limits import line_of
from mailwarden.pipeline.web.sessions import COOKIE
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["Guard", "address_of"]

_OPEN = ("/static/", "/sign-in", "/language", "/errors/")  # the last tells nothing of this server
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all a browser hides from our own forms where they stood
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Middleware around everything.

    Args:
        app: What it guards.
        desk: Who may come in.
        hosts: The names under which the page is reached; empty: any (whoever is in has a password then).
    """

    def __init__(self, app: ASGIApp, desk: Desk, hosts: frozenset[str]) -> None:
        self._app = app
        self._desk = desk
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)

        async def send_guarded(part: Message) -> None:
            if part["type"] == "http.response.start":
                headers = MutableHeaders(scope=part)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(part)

        refusal = self._refusal(request)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        """Give the answer for who may not go on; put down who asks, for who may."""
        tongue = tongue_of(request)
        if not self._is_ours(request.headers.get("host", "")):
            return message(
                request, 421, tongue.gettext("This page is not reached under that name."), mend="web: {url: …}"
            )
        wait_s = self._desk.asks.take(line_of(address_of(request)))
        if wait_s:
            refused = message(request, 429, tongue.gettext("Too many requests. Wait a moment."))
            refused.headers["Retry-After"] = str(math.ceil(wait_s))
            return refused
        request.scope["visitor"] = visitor = self._visitor(request)
        if visitor is None and not request.url.path.startswith(_OPEN):
            return self._ask_in(request)
        if request.method not in ("GET", "HEAD", "POST"):
            return None
        if request.method == "POST" and not self._from_here(request):
            self._desk.audit.note(
                "refused", visitor.name if visitor else "", address_of(request), path=request.url.path
            )
            said = tongue.gettext("That came from another site, so nothing was done.")
            return message(request, 403, said, code="MW7208")
        return None

    def _is_ours(self, host: str) -> bool:
        """Say whether a request is meant for us: another site may let its own name lead here (DNS rebinding)."""
        if not self._hosts:
            return True
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name in self._hosts or name in _LOCAL

    def _visitor(self, request: Request) -> Visitor | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._desk.people.program(token.strip())
        return self._desk.sessions.visitor(request.cookies.get(COOKIE))

    def _ask_in(self, request: Request) -> Response:
        path = request.url.path
        if path.startswith(("/api/", "/events", "/metrics")) or path.endswith((".json", ".csv")):
            refused = refusal(401, "sign in, or bring a token")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        here = local_path(path + (f"?{request.url.query}" if request.url.query else ""))
        return RedirectResponse(f"/sign-in?next={quote(here)}" if here != "/" else "/sign-in", 303)

    def _from_here(self, request: Request) -> bool:
        """Say whether a form stood on one of our pages, as far as the browser tells (Fetch Metadata, Origin)."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        try:
            return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
        except ValueError:  # no address at all
            return False


def address_of(request: Request) -> str:
    """Give the client's address."""
    return request.client.host if request.client else "?"
