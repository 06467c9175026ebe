"""The pages about mail and about mailwarden itself: messages, people, delivery, reputation, reports, health."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailwarden.alerts.words.escape import cell
from mailwarden.pipeline.answers import reading
from mailwarden.pipeline.answers.queued import spellings
from mailwarden.pipeline.answers.sending import FIELDS, Mailers, as_data, mailers
from mailwarden.pipeline.archive import Found, find_recent
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.frame import answer, desk_of, message, tongue_of, visitor_of
from mailwarden.pipeline.web.pulse import read_pulse
from mailwarden.pipeline.web.views.audits import audit_view
from mailwarden.pipeline.web.views.delivery import delivery_view, read_span
from mailwarden.pipeline.web.views.health import health_view
from mailwarden.pipeline.web.views.messages import events_for, messages_view
from mailwarden.pipeline.web.views.people import people_of, people_view, read_people_query
from mailwarden.pipeline.web.views.reports import (
    counted_since,
    kept_html,
    read_report_query,
    report_html,
    reports_view,
    servers_of,
)
from mailwarden.pipeline.web.views.reputation import reputation_view
from mailwarden.pipeline.web.views.senders import SENDERS, senders_view
from mailwarden.pipeline.web.visitor import Visitor

__all__ = [
    "audit",
    "delivery",
    "found_messages",
    "health",
    "messages",
    "people",
    "people_csv",
    "report_sent",
    "reports",
    "reputation",
    "senders",
    "senders_csv",
    "sent_mail",
]

_LOOKS = 4  # further back, for somebody who may not see what was found
_LONGEST = 320  # characters that are looked for: an address
# A report is a page of its own that may hold its own styles and pictures, and nothing that runs.
_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def messages(request: Request) -> Response:
    """Where is this mail?"""
    desk = desk_of(request)
    what = request.query_params.get("what", "")[:_LONGEST].strip()
    before = request.query_params.get("before", "")[:200]
    found = found_messages(desk, what, before, visitor_of(request))
    view = messages_view(
        what,
        found.events,
        visitor_of(request),
        tongue_of(request),
        archive=desk.configuration.archive_directory.exists(),
        before=found.before,
        later=bool(before),
    )
    with desk.reader() as reader:
        return answer(request, "messages.html", view, tab="messages", title=what, reader=reader)


def found_messages(desk: Desk, what: str, before: str, visitor: Visitor) -> Found:
    """Look something up in the archive.

    To somebody limited to domains a way to older mail is shown only behind mail of theirs: it would tell that others have some.
    """
    if not what or not desk.configuration.archive_directory.exists():
        return Found([], "")
    names = spellings(what, desk.configuration.site.default_domain)
    found = find_recent(desk.index, *names, before=before)
    if visitor.sees_all or visitor.owns(what):
        return found
    for _ in range(_LOOKS):
        if not found.before or events_for(found.events, visitor):
            return found
        found = find_recent(desk.index, *names, before=found.before)
    return Found([], "")


def people(request: Request) -> Response:
    """Who logs in how?"""
    desk, query = desk_of(request), read_people_query(request.query_params)
    with desk.reader() as reader:
        view = people_view(reader, query, visitor_of(request), tongue_of(request), desk.present_us(reader))
        return answer(request, "people.html", view, tab="people", reader=reader)


def people_csv(request: Request) -> Response:
    """Give who logs in how for a spreadsheet: a line for each account and protocol."""
    desk, query = desk_of(request), read_people_query(request.query_params)
    with desk.reader() as reader:
        now_us = desk.present_us(reader)
        found, _ = people_of(reader, query, visitor_of(request), now_us)
        reading.fill(reader, found, query.days, now_us)
    rows = [
        (one["user.name"], way["network.protocol"], way["logins"], _words(way["tls"]), way["bytes"], _words(way["networks"]),
         way["pattern"], one["failed"], one["sent"], one["pop3_deleted"], one["last_day"], _words(one["marks"]))
        for one in map(reading.as_data, found)
        for way in one["ways"]
    ]  # fmt: skip
    head = ("user.name", "network.protocol", "logins", "tls", "bytes", "networks", "pattern", "failed", "sent",
            "pop3_deleted", "last_day", "marks")  # fmt: skip
    return _spreadsheet("people.csv", head, rows)


def senders(request: Request) -> Response:
    """Who sends, and what is it?"""
    view = senders_view(sent_mail(request, SENDERS), read_people_query(request.query_params), tongue_of(request))
    with desk_of(request).reader() as reader:
        return answer(request, "senders.html", view, tab="people", reader=reader)


def senders_csv(request: Request) -> Response:
    """Give who sends for a spreadsheet."""
    found = map(as_data, sent_mail(request).first)
    return _spreadsheet("senders.csv", FIELDS, [[_words(one[name]) for name in FIELDS] for one in found])


def _spreadsheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([cell(str(value)) for value in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def _words(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list | dict) else str(value)


def sent_mail(request: Request, most: int | None = None) -> Mailers:
    """Give who sent in the days that are asked for, as far as the visitor may know."""
    desk, query = desk_of(request), read_people_query(request.query_params)
    days, owns = query.days, visitor_of(request).owns
    with desk.reader() as reader:
        now_us = desk.present_us(reader)
        return mailers(reader, now_us - days * reading.DAY_US, now_us + reading.DAY_US, owns, most=most, text=query.q)


def delivery(request: Request) -> Response:
    """Who slows or refuses our mail?"""
    if not visitor_of(request).sees_all:
        return _not_theirs(request)
    desk, days = desk_of(request), read_span(request.query_params)
    provider = request.query_params.get("provider", "")[:_LONGEST]
    with desk.reader() as reader:
        index = desk.index if desk.configuration.archive_directory.exists() else None
        view = delivery_view(reader, days, provider, tongue_of(request), desk.present_us(reader), index)
        return answer(request, "delivery.html", view, tab="delivery", reader=reader)


def reputation(request: Request) -> Response:
    """Are we listed?"""
    visitor = visitor_of(request)
    if not visitor.sees_all:
        return _not_theirs(request)
    desk = desk_of(request)
    with desk.reader() as reader:
        now_us, present_us, called = desk.clock(), desk.present_us(reader), desk.configuration.called
        view = reputation_view(reader, visitor, tongue_of(request), desk.zone, now_us, present_us, called)
        return answer(request, "reputation.html", view, tab="reputation", reader=reader)


def reports(request: Request) -> Response:
    """Show a report as it is sent, or say that it is being made."""
    desk, visitor, now = desk_of(request), visitor_of(request), _now(request)
    if visitor.domains == ():
        return _not_theirs(request)
    with desk.reader() as reader:
        began = counted_since(reader, desk.zone)
        query = read_report_query(request.query_params, visitor, now.astimezone(desk.zone).date(), began)
        host = desk.configuration.called
        servers = servers_of(reader, visitor, desk.present_us(reader))
        view = reports_view(
            desk.jobs, reader.store.path, query, visitor, tongue_of(request), desk.zone, now, host, servers, began
        )
        response = answer(request, "reports.html", view, tab="reports", reader=reader)
    if not view.made and not view.fault:
        response.headers["Refresh"] = "1"
    return response


def report_sent(request: Request) -> Response:
    """Give a report alone, as it is sent; with `kept` the very mail that was."""
    desk, visitor, now = desk_of(request), visitor_of(request), _now(request)
    if visitor.domains == ():
        return _not_theirs(request)
    query = read_report_query(request.query_params, visitor, now.astimezone(desk.zone).date())
    if request.query_params.get("kept"):
        html = kept_html(desk.directory, query)
        if html is None:
            return message(request, 404, tongue_of(request).gettext("No such report was sent, or it is kept no more."))
        return HTMLResponse(html, headers={"Content-Security-Policy": _REPORT_POLICY})
    html = report_html(desk.jobs, desk.path, query, tongue_of(request), desk.zone, now, desk.configuration.called)
    if html is None:
        said = tongue_of(request).gettext("It is being made; this page looks again by itself.")
        response = message(request, 200, said, code="")
        response.headers["Refresh"] = "1"
        return response
    return HTMLResponse(html, headers={"Content-Security-Policy": _REPORT_POLICY})


def health(request: Request) -> Response:
    """Is mailwarden itself well?"""
    if not visitor_of(request).sees_all:
        return _not_theirs(request)
    desk = desk_of(request)
    with desk.reader() as reader:
        now_us = desk.clock()
        path = desk.configuration.path
        pulse = read_pulse(reader, now_us)
        view = health_view(
            reader,
            desk.jobs,
            pulse,
            str(path) if path else None,
            tongue_of(request),
            desk.present_us(reader),
        )
        response = answer(request, "health.html", view, tab="health", reader=reader)
    if view.checks is None:
        response.headers["Refresh"] = "2"
    return response


def audit(request: Request) -> Response:
    """Who came in, and what did they ask for? To be seen by those who act for all."""
    desk, visitor, tongue = desk_of(request), visitor_of(request), tongue_of(request)
    if not visitor.sees_all or not visitor.acts:
        return message(request, 403, tongue.gettext("This page is for those who may act for all."))
    view = audit_view(desk.audit.paths, list(desk.people), tongue)
    with desk.reader() as reader:
        return answer(request, "audit.html", view, tab="health", title=tongue.gettext("Audit"), reader=reader)


def _not_theirs(request: Request) -> Response:
    return message(
        request, 403, tongue_of(request).gettext("This page tells of all customers, so it is not shown to you.")
    )


def _now(request: Request) -> datetime:
    return datetime.fromtimestamp(desk_of(request).clock() / 1_000_000, UTC)
