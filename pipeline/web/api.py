"""The same as data, under /api/v1: flat names as everywhere, times as RFC 3339 in UTC or epoch microseconds where it says so.

It only reads. `openapi.json` is made from the types and the table below; a test sends what it allows, and what it does not.
"""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailwarden import __version__
from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import UsageError
from mailwarden.pipeline.answers import reading, sending
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.web.frame import desk_of, refusal, visitor_of
from mailwarden.pipeline.web.mail_pages import found_messages, sent_mail
from mailwarden.pipeline.web.openapi import document, faults_of
from mailwarden.pipeline.web.pulse import pulse_text, read_pulse
from mailwarden.pipeline.web.views.card import sentences_of
from mailwarden.pipeline.web.views.delivery import delivery_view
from mailwarden.pipeline.web.views.incidents import incident_data, read_query
from mailwarden.pipeline.web.views.messages import events_for
from mailwarden.pipeline.web.views.paging import page_of
from mailwarden.pipeline.web.views.people import people_of, read_people_query

__all__ = ["delivery", "incident", "incidents", "messages", "openapi", "people", "reputation", "senders", "status"]

_PAGE = 50
_PEOPLE = 100  # as the description says


def _endpoint(path: str) -> Callable[[Callable[[Request], Any]], Callable[[Request], Response]]:
    """Make an endpoint of what gives data: what the description does not allow is refused before."""

    def made(give: Callable[[Request], Any]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            wrong = faults_of(path, request.query_params)
            if wrong:
                return refusal(400, wrong)
            data = give(request)
            return data if isinstance(data, Response) else _json(data)

        return endpoint

    return made


def _json(data: Any) -> Response:
    return Response(json_line(data), media_type="application/json")


def openapi(_: Request) -> Response:
    """Describe the API."""
    return JSONResponse(document())


@_endpoint("/api/v1/status")
def status(request: Request) -> Any:
    """Is the service alive, and what is open?"""
    desk, visitor = desk_of(request), visitor_of(request)
    with desk.reader() as reader:
        pulse = read_pulse(reader, desk.clock())
        counts: dict[str, int] = {}
        for one in reader.incident_counts(visitor.domains):
            if one.status != "closed" and not (one.part and visitor.sees_all):
                counts[one.severity] = counts.get(one.severity, 0) + one.number
        waiting = reader.store.outbox_counts().waiting if visitor.sees_all else 0
    return {
        "version": __version__,
        "state": pulse.tone,
        "says": pulse_text(pulse, translator("en")) if visitor.sees_all else pulse.tone,
        "lag_s": pulse.lag_s,
        "lost": list(pulse.lost) if visitor.sees_all else [],
        "incidents": counts,
        "alerts_waiting": waiting,
    }


@_endpoint("/api/v1/incidents")
def incidents(request: Request) -> Any:
    """List incidents, fifty at a time."""
    desk, visitor, query = desk_of(request), visitor_of(request), read_query(request.query_params)
    with desk.reader() as reader:
        wanted = query.wanted(visitor)
        found = reader.incidents(wanted, order=query.order, limit=_PAGE, offset=(query.page - 1) * _PAGE)
        sentences = sentences_of(reader, found, visitor, translator("en"), UTC)
        visitor = desk.beside_others(reader, visitor, found)
        return {
            "total": reader.count(wanted),
            "page": query.page,
            "incidents": [incident_data(as_data(one, sentences), visitor) for one in found],
        }


@_endpoint("/api/v1/incidents/{id}")
def incident(request: Request) -> Any:
    """Give one incident."""
    desk, visitor = desk_of(request), visitor_of(request)
    with desk.reader() as reader:
        try:
            found = reader.store.incident(request.path_params["id"])
        except UsageError as error:
            if visitor.sees_all:
                return refusal(404, error.said, error.said.code)
            return refusal(404, "there is no such incident")
        if found is None or not visitor.may_see(found):
            return refusal(404, "there is no such incident")
        visitor = desk.beside_others(reader, visitor, [found])
        return incident_data(as_data(found, sentences_of(reader, [found], visitor, translator("en"), UTC)), visitor)


@_endpoint("/api/v1/messages")
def messages(request: Request) -> Any:
    """Give the events of a message, an address or a client, as the archive holds them."""
    desk, visitor, values = desk_of(request), visitor_of(request), request.query_params
    found = found_messages(desk, values["what"].strip(), values.get("before", ""), visitor)
    return {"events": events_for(found.events, visitor), "before": found.before}


@_endpoint("/api/v1/people")
def people(request: Request) -> Any:
    """List the people who log in, a hundred at a time."""
    desk, query = desk_of(request), read_people_query(request.query_params)
    with desk.reader() as reader:
        now_us = desk.present_us(reader)
        found, _ = people_of(reader, query, visitor_of(request), now_us)
        shown, page, _ = page_of(found, query.page, _PEOPLE)
        reading.fill(reader, shown, query.days, now_us)
    return {"total": len(found), "page": page, "people": [reading.as_data(one) for one in shown]}


@_endpoint("/api/v1/senders")
def senders(request: Request) -> Any:
    """List who sends, and what they seem to be."""
    return {"senders": [sending.as_data(one) for one in sent_mail(request).first]}


@_endpoint("/api/v1/delivery")
def delivery(request: Request) -> Any:
    """Tell how providers take our mail."""
    desk, visitor = desk_of(request), visitor_of(request)
    if not visitor.sees_all:
        return refusal(403, "this tells of all customers, so it is not given to you")
    with desk.reader() as reader:
        days = request.query_params.get("days", "1")
        index = desk.index if desk.configuration.archive_directory.exists() else None
        view = delivery_view(reader, days, "", translator("en"), desk.present_us(reader), index)
    return {
        "providers": [
            {
                "mail.provider": one.id,
                "sent": one.sent,
                "deferred": one.deferred,
                "bounced": one.bounced,
                "waited_an_hour": one.waited,
                "reasons": [
                    {"reason": reason.word, "count": reason.number, "replies": [reply.said for reply in reason.replies]}
                    for reason in one.reasons
                ],
            }
            for one in view.providers
        ]
    }


@_endpoint("/api/v1/reputation")
def reputation(request: Request) -> Any:
    """Give what block lists and our own records were last seen to be; times in epoch microseconds."""
    if not visitor_of(request).sees_all:
        return refusal(403, "this tells of all customers, so it is not given to you")
    with desk_of(request).reader() as reader:
        return {
            "lists": [_row(one._asdict()) for one in reader.store.standing.listings()],
            "records": [_row(one._asdict()) for one in reader.store.standing.postures()],
        }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
