"""Put the page together: which address leads where, who stands before it, and what is said when something fails."""

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mailwarden.parsers.errors import MailwardenError, code_of, said_of
from mailwarden.pipeline.web import api, door, error_pages, mail_pages, pages
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.frame import desk_of, message, tongue_of
from mailwarden.pipeline.web.guard import Guard
from mailwarden.pipeline.web.live import Live, events
from mailwarden.pipeline.web.metrics import metrics
from mailwarden.pipeline.web.templates import STATIC, Templates
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["make_app"]

_log = logging.getLogger(__name__)


class _Static(StaticFiles):
    """Files of ours; their address changes with what they hold, so a browser may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        if "\0" in path:
            raise HTTPException(404)
        return await super().get_response(path, scope)


def make_app(desk: Desk, *, hosts: frozenset[str] = frozenset()) -> Starlette:
    """Give the page as an ASGI application.

    Args:
        desk: The settings, and who may come in.
        hosts: The names under which it may be reached beside those of this machine; empty: any.
    """
    app = Starlette(
        routes=[
            Route("/", pages.now),
            Route("/incidents", pages.incidents),
            Route("/incidents.csv", pages.incidents_csv),
            Route("/incidents.json", pages.incidents_json),
            Route("/i/{id}", pages.incident),
            Route("/i/{id}/on-it", pages.on_it, methods=["POST"]),
            Route("/i/{id}/silence", pages.silence, methods=["POST"]),
            Route("/i/{id}/tell-again", pages.tell_again, methods=["POST"]),
            Route("/i/{id}/normal", pages.normal, methods=["POST"]),
            Route("/messages", mail_pages.messages),
            Route("/people", mail_pages.people),
            Route("/people.csv", mail_pages.people_csv),
            Route("/senders", mail_pages.senders),
            Route("/senders.csv", mail_pages.senders_csv),
            Route("/delivery", mail_pages.delivery),
            Route("/reputation", mail_pages.reputation),
            Route("/reports", mail_pages.reports),
            Route("/reports/sent", mail_pages.report_sent),
            Route("/health", mail_pages.health),
            Route("/errors/{code}", error_pages.error),
            Route("/audit", mail_pages.audit),
            Route("/metrics", metrics),
            Route("/api/v1/openapi.json", api.openapi),
            Route("/api/v1/status", api.status),
            Route("/api/v1/incidents", api.incidents),
            Route("/api/v1/incidents/{id}", api.incident),
            Route("/api/v1/messages", api.messages),
            Route("/api/v1/people", api.people),
            Route("/api/v1/senders", api.senders),
            Route("/api/v1/delivery", api.delivery),
            Route("/api/v1/reputation", api.reputation),
            Route("/events", events),
            Route("/sign-in", door.sign_in_page, methods=["GET"]),
            Route("/sign-in", door.sign_in, methods=["POST"]),
            Route("/sign-out", door.sign_out, methods=["POST"]),
            Route("/language", door.language, methods=["POST"]),
            Mount("/static", _Static(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, desk=desk, hosts=hosts)],
        exception_handlers={HTTPException: _refused, MailwardenError: _failed, Exception: _fault},
    )
    app.state.desk = desk
    desk.titles.warm()
    app.state.templates = Templates(desk.zone)
    app.state.live = Live(desk)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    tongue = tongue_of(request)
    said = {404: tongue.gettext("There is no such page."), 405: tongue.gettext("That page takes no such request.")}
    response = message(request, error.status_code, said.get(error.status_code, error.detail))
    response.headers.update(error.headers or {})
    return response


async def _failed(request: Request, error: Exception) -> Response:
    """Say what the operator can mend."""
    tongue, visitor = tongue_of(request), request.scope.get("visitor")
    is_keeper = isinstance(visitor, Visitor) and visitor.sees_all  # whose are the paths and the commands
    code = code_of(said_of(error))
    told = tongue.worded(said_of(error)) if is_keeper else tongue.gettext("Tell whoever runs the server.")
    if desk_of(request).path.exists():
        return message(request, 503, tongue.gettext("The page cannot be made now."), told, code=code)
    if is_keeper:
        told += f"\n{tongue.gettext('This page looks again by itself. To watch from now on:')}"
    mend = "sudo mailwarden setup" if is_keeper else ""
    response = message(request, 503, tongue.gettext("Nothing is watched here yet."), told, mend=mend, code=code)
    response.headers["Refresh"] = "5"
    return response


async def _fault(request: Request, error: Exception) -> Response:
    _log.error("page %s", request.url.path, exc_info=error)
    said = tongue_of(request).gettext("mailwarden has a fault of its own here; its log says more.")
    return message(request, 500, said)
