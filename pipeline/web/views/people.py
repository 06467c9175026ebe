"""People: who reads mail how, with which protocol, TLS and program? Who is new, and who has not been seen for long?"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.reading import (
    MARKS,
    Account,
    Way,
    accounts_of,
    fill,
    fits,
    pattern_text,
    protocol_word,
    size_text,
    tls_text,
)
from mailwarden.pipeline.answers.words import PROTOCOLS
from mailwarden.pipeline.store import Reader
from mailwarden.pipeline.web.views.paging import page_of
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["PeopleQuery", "PeopleView", "people_of", "people_view", "read_people_query"]

_DAYS = (7, 30)
_PAGE = 50
_NOTED = ("failing", "new")
KINDS = {"": N_("all"), **MARKS}
_PROTOCOLS = ("imap", "pop3", "smtp")


class WayShown(msgspec.Struct, frozen=True):
    """How somebody comes by one protocol, in words."""

    protocol: str
    logins: int
    tls: str
    is_clear: bool
    about: str  # what it fetched, and by what


class Person(msgspec.Struct, frozen=True):
    """An account and how it was used."""

    name: str
    logins: int
    ways: list[WayShown]
    last_us: int
    failed: int
    sent: int
    marks: list[str]  # worth a look
    notes: list[str]  # good to know: strangers try every account that they know of
    deleted: int


class PeopleQuery(msgspec.Struct, frozen=True):
    """What stands in the address bar."""

    days: int = 7
    kind: str = ""
    protocol: str = ""
    q: str = ""
    page: int = 1

    def values(self, **other: object) -> dict[str, object]:
        """Give it as it stands in the address bar, with some of it changed."""
        return {"days": self.days, "kind": self.kind, "protocol": self.protocol, "q": self.q, **other}


class PeopleView(msgspec.Struct, frozen=True):
    """A page of people."""

    query: PeopleQuery
    people: list[Person]
    total: int
    pages: int
    verdict: str
    kinds: list[tuple[str, str, bool, int]]
    protocols: list[tuple[str, str, bool]]
    spans: tuple[int, ...] = _DAYS


def read_people_query(values: Mapping[str, str]) -> PeopleQuery:
    """Read the address bar; what cannot be understood is left out."""
    page = values.get("page", "1")
    days = values.get("days", "7")
    return PeopleQuery(
        days=int(days) if days in map(str, _DAYS) else 7,
        kind=values.get("kind", "") if values.get("kind", "") in KINDS else "",
        protocol=values.get("protocol", "") if values.get("protocol", "") in _PROTOCOLS else "",
        q=values.get("q", "")[:200].strip(),
        page=int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 6 and int(page) else 1,
    )


def people_of(reader: Reader, query: PeopleQuery, visitor: Visitor, now_us: int) -> tuple[list[Account], Counter[str]]:
    """Give the accounts that are asked for, and how many there are of each kind; counts of accounts are kept by the day.

    A protocol together with "without TLS" or an old version asks for those who came so by that protocol.
    """
    found = [
        one for one in accounts_of(reader, query.days, now_us, visitor.owns) if query.q.lower() in one.name.lower()
    ]
    found = [one for one in found if fits(one, None, query.protocol)]
    counts = Counter(kind for one in found for kind in one.marks if fits(one, kind, query.protocol))
    counts[""] = len(found)
    return [one for one in found if fits(one, query.kind, query.protocol)], counts


def people_view(reader: Reader, query: PeopleQuery, visitor: Visitor, tongue: Translator, now_us: int) -> PeopleView:
    """Give a page of people."""
    wanted, counts = people_of(reader, query, visitor, now_us)
    shown, page, pages = page_of(wanted, query.page, _PAGE)
    fill(reader, shown, query.days, now_us)
    return PeopleView(
        query=msgspec.structs.replace(query, page=page),
        people=[_person(one, query.protocol, tongue) for one in shown],
        total=len(wanted),
        pages=pages,
        verdict=_verdict(counts, query, tongue),
        kinds=[(kind, tongue.gettext(word), kind == query.kind, counts[kind]) for kind, word in KINDS.items()],
        protocols=[("", tongue.gettext("all"), not query.protocol)]
        + [(one, PROTOCOLS[one], one == query.protocol) for one in _PROTOCOLS],
    )


def _verdict(counts: Counter[str], query: PeopleQuery, tongue: Translator) -> str:
    """Say what is worth a look: mail in clear first, then mail that may be missed."""
    protocol = PROTOCOLS.get(query.protocol, "")
    if not counts[""]:
        return ""
    if counts["clear"]:
        return tongue.count(
            "{number} account still comes without TLS.", "{number} accounts still come without TLS.", counts["clear"]
        ) if not protocol else tongue.count(
            "{number} account still comes by {protocol} without TLS.",
            "{number} accounts still come by {protocol} without TLS.",
            counts["clear"],
            {"protocol": protocol},
        )  # fmt: skip
    if protocol:
        return tongue.say(N_("Nobody was seen to come by {protocol} without TLS."), {"protocol": protocol})
    return tongue.gettext("Nobody was seen to come without TLS.")


def _person(one: Account, protocol: str, tongue: Translator) -> Person:
    """Show an account, with the protocol that is asked for before the others."""
    return Person(
        name=one.name,
        logins=one.logins,
        ways=[
            WayShown(protocol_word(way), way.logins, _tls(way, tongue), way.clear > 0, _about(way, tongue))
            for way in sorted(one.ways.values(), key=lambda way: (way.protocol != protocol, -way.logins))
        ],
        last_us=one.last_us,
        failed=one.failed,
        sent=one.sent,
        marks=[tongue.gettext(MARKS[mark]) for mark in one.marks if mark not in _NOTED],
        notes=[tongue.gettext(MARKS[mark]) for mark in one.marks if mark in _NOTED],
        deleted=one.deleted,
    )


def _tls(way: Way, tongue: Translator) -> str:
    """Say which TLS was used, the oldest version first; what came without stands before all."""
    versions = [f"TLS {one}" if one[:1].isdigit() else one for one in tls_text(way).split(", ")]
    words = {"–": tongue.gettext("without TLS"), "?": tongue.gettext("TLS not told"), "TLS yes": "TLS"}
    return tongue.gettext(", ").join(words.get(one, one) for one in versions)


def _about(way: Way, tongue: Translator) -> str:
    fetched = tongue.say(N_("{size} fetched"), {"size": size_text(way.size, tongue)}) if way.size else ""
    return " · ".join(part for part in (fetched, pattern_text(way, tongue)) if part)
