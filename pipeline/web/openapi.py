"""Describe the API as OpenAPI 3.1, and hold requests to the description."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from mailwarden import __version__
from mailwarden.alerts.terms import CATEGORIES, SEVERITIES
from mailwarden.pipeline.answers.reading import MARKS

__all__ = ["document", "faults_of"]


class _Parameter(NamedTuple):
    """What may stand in the address: a choice, a number, or text."""

    says: str
    choices: tuple[str, ...] = ()
    pattern: str = ""
    longest: int = 200
    required: bool = False

    def schema(self) -> dict[str, Any]:
        if self.choices:
            return {"type": "string", "enum": list(self.choices)}
        schema: dict[str, Any] = {"type": "string", "maxLength": self.longest}
        if self.pattern:
            schema["pattern"] = f"^{self.pattern}$"
        if self.required:
            schema["minLength"] = 1
        return schema

    def allows(self, value: str) -> bool:
        if self.choices:
            return value in self.choices
        fits = len(value) <= self.longest and (not self.required or bool(value))
        return fits and (not self.pattern or re.fullmatch(self.pattern, value, re.ASCII) is not None)


class _Path(NamedTuple):
    """One address: what it is for, what may be asked, and the shape of the answer."""

    says: str
    answer: dict[str, Any]
    parameters: dict[str, _Parameter]
    whole: bool = False  # not for who sees only some domains


_PAGE = _Parameter("Which page, from 1.", pattern="[1-9][0-9]{0,4}")
_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_OBJECT: dict[str, Any] = {"type": "object"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_INCIDENT = _object(
    {
        "incident.id": _TEXT,
        "site": _TEXT,
        "category": {"enum": list(CATEGORIES)},
        "categories": _list(_TEXT),
        "rules": _list(_TEXT),
        "title": _TEXT,
        "severity": {"enum": list(SEVERITIES)},
        "status": {"enum": ["open", "quiet", "closed"]},
        "primary": _OBJECT,
        "entities": _OBJECT,
        "opened_at": _TEXT,
        "first_seen": _TEXT,
        "last_seen": _TEXT,
        "event_count": _NUMBER,
        "toll": {"type": ["object", "null"]},
        "evidence": _list(_object({"file": _TEXT, "offset": _NUMBER, "line": _TEXT})),
        "advice": _list(_object({"text": _TEXT}, {"command": _TEXT})),
    }
)
_PATHS = {
    "/api/v1/status": _Path(
        "Is the service alive, and what is open?",
        _object(
            {
                "version": _TEXT,
                "state": {"enum": ["ok", "watch", "critical"]},
                "says": _TEXT,
                "lag_s": {"type": ["number", "null"]},
                "lost": _list(_TEXT),
                "incidents": {"type": "object", "additionalProperties": _NUMBER},
                "alerts_waiting": _NUMBER,
            }
        ),
        {},
    ),
    "/api/v1/incidents": _Path(
        "Incidents, fifty at a time.",
        _object({"total": _NUMBER, "page": _NUMBER, "incidents": _list(_INCIDENT)}),
        {
            "state": _Parameter("In which state. Default: alive.", ("alive", "open", "quiet", "closed", "all")),
            "level": _Parameter("How bad. Default: any.", ("", "minor", "medium", "critical")),
            "category": _Parameter("Of which kind. Default: any.", ("", *CATEGORIES)),
            "q": _Parameter("Stands in what it is about."),
            "order": _Parameter("Default: worst.", ("worst", "newest")),
            "parts": _Parameter("With 1 also those that are part of another.", ("", "1")),
            "of": _Parameter("Only those that are part of this one, by its whole id.", pattern="([A-Z2-7]{26})?"),
            "page": _PAGE,
        },
    ),
    "/api/v1/incidents/{id}": _Path("One incident, by its id or the beginning of it.", _INCIDENT, {}),
    "/api/v1/messages": _Path(
        "The events of a message, an address or a client, under their ECS names.",
        _object({"events": _list(_OBJECT), "before": _TEXT}),
        {
            "what": _Parameter("Queue id, message id, address, login or client address.", longest=320, required=True),
            "before": _Parameter("What the last answer gave, to go on with what is older."),
        },
    ),
    "/api/v1/people": _Path(
        "Who logs in how, a hundred at a time.",
        _object({"total": _NUMBER, "page": _NUMBER, "people": _list(_OBJECT)}),
        {
            "days": _Parameter("How many days. Default: 7.", ("7", "30")),
            "kind": _Parameter("Only these. Default: all.", ("", *MARKS)),
            "protocol": _Parameter("Only who came by it. Default: any.", ("", "imap", "pop3", "smtp")),
            "q": _Parameter("Stands in the account."),
            "page": _PAGE,
        },
    ),
    "/api/v1/senders": _Path(
        "Who sends: people, newsletters, contact forms, programs; those with most recipients first.",
        _object({"senders": _list(_OBJECT)}),
        {"days": _Parameter("How many days. Default: 7.", ("7", "30"))},
    ),
    "/api/v1/delivery": _Path(
        "How providers take our mail.",
        _object({"providers": _list(_OBJECT)}),
        {"days": _Parameter("How many days. Default: 1.", ("1", "7", "30"))},
        whole=True,
    ),
    "/api/v1/reputation": _Path(
        "What block lists and our own records were last seen to be.",
        _object({"lists": _list(_OBJECT), "records": _list(_OBJECT)}),
        {},
        whole=True,
    ),
}


def faults_of(path: str, asked: Mapping[str, str]) -> str:
    """Say what of a request the description does not allow; "" where it allows all."""
    known = _PATHS[path].parameters
    faults = [f"{name}: there is no such parameter" for name in asked if name not in known]
    faults += [f"{name}: missing" for name, one in known.items() if one.required and name not in asked]
    faults += [
        f"{name}: not allowed; {_allowed(known[name])}"
        for name, value in asked.items()
        if name in known and not known[name].allows(value)
    ]
    return "; ".join(faults)


def _allowed(one: _Parameter) -> str:
    if one.choices:
        return "one of " + ", ".join(filter(None, one.choices))
    return f"at most {one.longest} characters" + (f" that fit {one.pattern}" if one.pattern else "")


def document() -> dict[str, Any]:
    """Give the description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mailwarden",
            "version": __version__,
            "description": "What the service knows. It only reads; acts go through the page or `mailwarden silence`.",
        },
        "security": [{"token": []}, {"session": []}],
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "mailwarden"},
            },
            "schemas": {"Error": _object({"error": _TEXT, "error.code": _TEXT})},
        },
        "paths": {path: {"get": _operation(path, one)} for path, one in _PATHS.items()},
    }


def _operation(path: str, one: _Path) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "query", "required": each.required, "description": each.says, "schema": each.schema()}
        for name, each in one.parameters.items()
    ]
    parameters += [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    failing = ["400", "401", "429", "503"] + (["403"] if one.whole else []) + (["404"] if "{" in path else [])
    return {
        "operationId": re.sub(r"\W+", "_", path.removeprefix("/api/v1/")).strip("_"),
        "summary": one.says,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Found.", "content": {"application/json": {"schema": one.answer}}},
            **{code: _failure(code) for code in sorted(failing)},
        },
    }


_FAILURES = {
    "400": "The request is not as described.",
    "401": "Neither a session nor a token.",
    "403": "Not for who sees only some domains.",
    "404": "There is none.",
    "429": "Too many requests.",
    "503": "The state of the service cannot be read now.",
}


def _failure(code: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": _FAILURES[code], "content": {"application/json": {"schema": schema}}}
