"""People: who logs in how, with which protocol and TLS? Who is new, and who has not been seen for long?"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from mailwarden.alerts.translate import N_, Translator
from mailwarden.pipeline.natures import nature_text, reason_text
from mailwarden.pipeline.sending import mailers
from mailwarden.pipeline.store import Reader, SumRow
from mailwarden.pipeline.web.views.measures import HOUR_US
from mailwarden.pipeline.web.visitor import Visitor
from mailwarden.pipeline.words import PROTOCOLS

__all__ = ["DAY_US", "PeopleQuery", "PeopleView", "people_view", "read_people_query"]

DAY_US = 24 * HOUR_US
_DAYS = (7, 30)
_PAGE = 100
_SENDERS = 30
_DORMANT_DAYS = 14  # without a login, seen before in the time that is looked at
_TRIED = 5  # failed logins,
_TRIED_SHARE = 0.1  # and more than this part of those that succeeded
KINDS = {
    "": N_("all"),
    "clear": N_("without TLS"),
    "old": N_("TLS older than 1.2"),
    "new": N_("new"),
    "dormant": N_("dormant"),
    "failing": N_("mistyped or tried"),
}


class Way(msgspec.Struct, frozen=True):
    """How somebody logs in by one protocol."""

    protocol: str
    logins: int
    tls: str


class Person(msgspec.Struct, frozen=True):
    """An account and how it was used."""

    name: str
    logins: int
    ways: list[Way]
    days: int
    first_us: int
    last_us: int
    failed: int
    sent: int
    marks: list[str]


class Sent(msgspec.Struct, frozen=True):
    """Who sent, and what that seems to be."""

    name: str
    user: str
    messages: int
    recipients: int
    what: str
    why: str


class PeopleQuery(msgspec.Struct, frozen=True):
    """What stands in the address bar."""

    days: int = 7
    kind: str = ""
    q: str = ""
    page: int = 1


class PeopleView(msgspec.Struct, frozen=True):
    """A page of people."""

    query: PeopleQuery
    people: list[Person]
    total: int
    pages: int
    kinds: list[tuple[str, str, bool, int]]
    senders: list[Sent]
    sender_count: int
    spans: tuple[int, ...] = _DAYS


def read_people_query(values: Mapping[str, str]) -> PeopleQuery:
    """Read the address bar; what cannot be understood is left out."""
    page = values.get("page", "1")
    days = values.get("days", "7")
    return PeopleQuery(
        days=int(days) if days in map(str, _DAYS) else 7,
        kind=values.get("kind", "") if values.get("kind", "") in KINDS else "",
        q=values.get("q", "")[:200].strip(),
        page=int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 6 and int(page) else 1,
    )


def people_view(reader: Reader, query: PeopleQuery, visitor: Visitor, tongue: Translator, now_us: int) -> PeopleView:
    """Give the people of some days; counts of accounts are kept by the day."""
    from_us = now_us - query.days * DAY_US
    until_us = now_us + DAY_US
    rows = [
        *reader.sums(from_us, until_us, ("login_account",)),
        *reader.sums(from_us, until_us, ("auth_account",), b="exists"),
        *reader.sums(from_us, until_us, ("sent",), b="account"),
    ]
    began_us = reader.store.first_rollup_us() or now_us
    found: dict[str, _Seen] = {}
    for row in rows:
        if visitor.owns(row.a):
            found.setdefault(row.a, _Seen()).add(row)
    people = [
        _person(name, seen, query, began_us, from_us, now_us)
        for name, seen in found.items()
        if seen.ways and query.q.lower() in name.lower()
    ]
    counts = Counter(mark for one in people for mark in one.marks)
    wanted = [one for one in people if not query.kind or query.kind in one.marks]
    wanted.sort(key=lambda one: (-len(one.marks), -one.logins, one.name))
    pages = max(1, -(-len(wanted) // _PAGE))
    page = min(query.page, pages)
    sending = [
        one
        for one in mailers(reader, from_us, until_us, visitor.owns)
        if query.q.lower() in f"{one.sender.name} {one.sender.user}".lower()
    ]
    return PeopleView(
        query=msgspec.structs.replace(query, page=page),
        people=[
            msgspec.structs.replace(one, marks=[tongue.gettext(KINDS[mark]) for mark in one.marks])
            for one in wanted[(page - 1) * _PAGE : page * _PAGE]
        ],
        total=len(wanted),
        pages=pages,
        kinds=[
            (kind, tongue.gettext(word), kind == query.kind, counts[kind] if kind else len(people))
            for kind, word in KINDS.items()
        ],
        senders=[
            Sent(
                one.sender.name,
                one.sender.user,
                one.traits.messages,
                one.traits.recipients,
                nature_text(one.nature, tongue),
                reason_text(one.nature, tongue),
            )
            for one in sending[:_SENDERS]
        ],
        sender_count=len(sending),
    )


class _Seen:
    """What was counted of one account."""

    def __init__(self) -> None:
        self.ways: dict[str, Counter[str]] = {}
        self.first_us, self.last_us, self.days = 1 << 62, 0, 0
        self.failed = 0
        self.sent = 0

    def add(self, row: SumRow) -> None:
        """Take a count."""
        if row.name == "login_account":
            self.ways.setdefault(row.b, Counter())[row.c] += row.number
            self.first_us, self.last_us = min(self.first_us, row.first_us), max(self.last_us, row.last_us)
            self.days = max(self.days, row.spans)
        elif row.name == "auth_account":
            self.failed += row.number
        else:
            self.sent += row.number


def _person(name: str, seen: _Seen, query: PeopleQuery, began_us: int, from_us: int, now_us: int) -> Person:
    versions = {tls for ways in seen.ways.values() for tls in ways}
    first, last = seen.first_us, seen.last_us
    marks = []
    if "no" in versions:
        marks.append("clear")
    if any(version.startswith("ssl") or version in ("1.0", "1.1") for version in versions):
        marks.append("old")
    if began_us < from_us and first > from_us + (query.days - 2) * DAY_US:
        marks.append("new")
    if last < now_us - _DORMANT_DAYS * DAY_US:
        marks.append("dormant")
    logins = sum(ways.total() for ways in seen.ways.values())
    if seen.failed >= _TRIED and seen.failed > _TRIED_SHARE * logins:  # everybody mistypes now and then
        marks.append("failing")
    return Person(
        name=name,
        logins=logins,
        ways=[
            Way(PROTOCOLS.get(protocol, protocol or "?"), ways.total(), _tls(ways))
            for protocol, ways in sorted(seen.ways.items(), key=lambda one: -one[1].total())
        ],
        days=seen.days,
        first_us=first,
        last_us=last,
        failed=seen.failed,
        sent=seen.sent,
        marks=marks,
    )


def _tls(ways: Counter[str]) -> str:
    """Name the versions in use, the oldest first: what is not encrypted before all."""
    known = sorted(tls for tls in ways if tls not in ("no", "yes", "unknown"))
    return ", ".join([*(["–"] if "no" in ways else []), *known]) or ("TLS" if "yes" in ways else "?")
