"""The pages: take what is asked from the store, and write it."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.escape import cell
from mailwarden.alerts.words.translate import Translator, translator
from mailwarden.parsers.errors import StoreError, UsageError, coded
from mailwarden.pipeline.service import acts
from mailwarden.pipeline.store import Reader
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.forms import Form, posted
from mailwarden.pipeline.web.frame import answer, desk_of, go_to, message, tongue_of, visitor_of
from mailwarden.pipeline.web.guard import address_of
from mailwarden.pipeline.web.pulse import read_pulse
from mailwarden.pipeline.web.views.blocked import blocked_lines
from mailwarden.pipeline.web.views.card import quieted, silences_of
from mailwarden.pipeline.web.views.course import Course, course_events, course_of
from mailwarden.pipeline.web.views.incident import incident_view
from mailwarden.pipeline.web.views.incidents import incident_rows, incidents_view, read_query
from mailwarden.pipeline.web.views.now import now_view
from mailwarden.pipeline.web.visitor import Visitor

__all__ = [
    "incident",
    "incidents",
    "incidents_csv",
    "incidents_json",
    "normal",
    "now",
    "on_it",
    "silence",
    "tell_again",
]

_NAMING = 200
_CSV = (
    "incident.id", "severity", "status", "category", "title", "primary", "opened_at", "first_seen", "last_seen",
    "event_count", "rules",
)  # fmt: skip


def now(request: Request) -> Response:
    """Is everything all right, and what needs me?"""
    desk, tongue = desk_of(request), tongue_of(request)
    now_us = desk.clock()
    with desk.reader() as reader:
        present_us = desk.present_us(reader)
        visitor = visitor_of(request)
        pulse = read_pulse(reader, now_us, visitor.domains)
        view = now_view(reader, visitor, tongue, desk.zone, pulse, now_us, present_us, desk.configuration)
        return answer(request, "now.html", view, tab="now", reader=reader, pulse=pulse, live=True)


def incidents(request: Request) -> Response:
    """List what happened."""
    desk, query = desk_of(request), read_query(request.query_params)
    with desk.reader() as reader:
        view = incidents_view(reader, query, visitor_of(request), tongue_of(request), desk.zone, desk.clock())
        return answer(request, "incidents.html", view, tab="incidents", reader=reader, live=True)


def incident(request: Request) -> Response:
    """Show one incident."""
    desk, visitor, tongue = desk_of(request), visitor_of(request), tongue_of(request)
    with desk.reader() as reader:
        try:
            found = _named(request, reader)
        except UsageError as error:  # too short, or several begin so
            return message(
                request, 404, tongue.gettext("Which incident?"), tongue.worded(error.said), code=error.said.code
            )
        if found is None:
            return message(request, 404, tongue.gettext("There is no such incident."))
        visitor = desk.beside_others(reader, visitor, [found])
        course = _course(desk, found, visitor, tongue)
        now_us, blocked = desk.clock(), []
        if visitor.sees_all:
            blocked = blocked_lines(reader.store, desk.configuration, found, tongue, desk.zone, now_us)
        view = incident_view(
            reader, found, visitor, tongue, desk.zone, now_us, desk.titles.all(), course, blocked,
            has_channels=bool(desk.configuration.channels),
        )  # fmt: skip
        return answer(request, "incident.html", view, tab="incidents", title=view.card.title, reader=reader, live=True)


def _course(desk: Desk, found: Incident, visitor: Visitor, tongue: Translator) -> Course:
    """Tell how it went; where the archive is off or damaged the incident itself is shown all the same."""
    if not desk.configuration.archive_directory.exists():
        return Course([], is_whole=True)
    try:
        events, whole = course_events(desk.index, found, visitor)
    except StoreError:
        return Course([], is_whole=False)
    return course_of(found, events, tongue, whole=whole)


def incidents_json(request: Request) -> Response:
    """Give what the list shows, and all that follows it, as one JSON array."""
    return StreamingResponse(_json(request), media_type="application/json")


def incidents_csv(request: Request) -> Response:
    """Give the same for a spreadsheet, which runs none of it."""
    headers = {"Content-Disposition": 'attachment; filename="incidents.csv"'}
    return StreamingResponse(_csv(request), media_type="text/csv; charset=utf-8", headers=headers)


def _json(request: Request) -> Iterator[str]:
    yield "["
    for place, row in enumerate(_rows(request)):
        yield (",\n" if place else "\n") + json.dumps(row)
    yield "\n]\n"


def _csv(request: Request) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CSV)
    for row in _rows(request):
        values = row | {"primary": " ".join(row["primary"].values()), "rules": " ".join(row["rules"])}
        writer.writerow([cell(str(values[name])) for name in _CSV])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _rows(request: Request) -> Iterator[dict[str, Any]]:
    desk = desk_of(request)
    with desk.reader() as reader:
        query = read_query(request.query_params)
        visitor = visitor_of(request)
        shown = reader.incidents(query.wanted(visitor), limit=_NAMING)  # whose servers stand in the lines
        visitor = desk.beside_others(reader, visitor, shown)
        yield from incident_rows(reader, query, visitor, translator("en"), desk.zone)


def _named(request: Request, reader: Reader) -> Incident | None:
    """Give the incident that the path names, where it is the visitor's to see.

    Raises:
        UsageError: The name is too short, or several incidents begin so, and the visitor may see them all.
    """
    visitor = visitor_of(request)
    try:
        found = reader.store.incident(request.path_params["id"])
    except UsageError:  # it names those that begin so, whosever they are
        if visitor.sees_all:
            raise
        return None
    return found if found is not None and visitor.may_see(found) else None


# ---------------------------------------------------------------------- acts


class _Asking(NamedTuple):
    """Who asks something about which incident, with what they wrote, and when."""

    incident: Incident
    visitor: Visitor
    form: Form
    at_us: int
    reader: Reader


_Acts = Iterable[tuple[str, dict[str, object]]]
"""Kinds and payloads of what the service is asked for."""


def _act(asks: Callable[[_Asking], _Acts]) -> Callable[[Request, Form], Response]:
    """Make what asks the service for something about the incident of the path."""

    def handler(request: Request, form: Form) -> Response:
        desk, visitor, tongue = desk_of(request), visitor_of(request), tongue_of(request)
        if not visitor.acts:
            desk.audit.note("refused", visitor.name, address_of(request), path=request.url.path)
            return message(request, 403, tongue.gettext("You may look, but not act. Nothing was done."))
        try:
            with desk.reader() as reader:
                found = _named(request, reader)
                asked = list(asks(_Asking(found, visitor, form, desk.clock(), reader))) if found is not None else []
        except UsageError as error:
            return message(
                request, 400, tongue.gettext("Nothing was done."), tongue.worded(error.said), code=error.said.code
            )
        if found is None:
            return message(request, 404, tongue.gettext("There is no such incident."))
        for kind, payload in asked:
            desk.ask_service(kind, payload)
            desk.audit.note(kind, visitor.name, address_of(request), incident=found.id, because=str(payload["because"]))
        return go_to(f"/i/{found.id}")

    return handler


def _because(form: Form) -> str:
    because = form.get("because", "").strip()[:300]
    if not because:
        raise UsageError(coded("MW8103", "Say why, for whoever looks later."))
    return because


def _on_it(one: _Asking) -> _Acts:
    yield "acknowledge", acts.on_it(one.incident, one.visitor.name)


def _silence(one: _Asking) -> _Acts:
    until = one.form.get("until", "worse")
    yield "silence", acts.silence(one.incident, one.visitor.name, _because(one.form), one.at_us, until=until)


def _normal(one: _Asking) -> _Acts:
    yield "silence", acts.silence(one.incident, one.visitor.name, _because(one.form), one.at_us, normal=True)


def _tell_again(one: _Asking) -> _Acts:
    """Ask for the end of what holds the incident back: a silence, and that somebody is on it."""
    quiet = quieted(one.incident, silences_of(one.reader), one.at_us, one.visitor)
    if quiet is not None and quiet.is_own:
        yield "end_silence", acts.end_silence(one.incident, one.visitor.name, "", quiet.number)
    if one.incident.acknowledged_by:
        yield "let_go", acts.let_go(one.incident, one.visitor.name)


on_it, silence, normal, tell_again = (posted(_act(asks)) for asks in (_on_it, _silence, _normal, _tell_again))
