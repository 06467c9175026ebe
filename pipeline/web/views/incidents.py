"""Incidents: what happened, as a list that the address bar filters."""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, Literal

import msgspec

from mailwarden.alerts.terms import CATEGORIES, SEVERITIES
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.store import IncidentFilter, Reader
from mailwarden.pipeline.web.views.card import Card, cards, sentences_of, silences_of
from mailwarden.pipeline.web.views.paging import pages_of
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["CATEGORY_WORDS", "IncidentsView", "Query", "incident_rows", "incidents_view", "read_query"]

PAGE = 50
_LONGEST = 200  # characters that are looked for
_MOST_ROWS = 20_000  # of a file
_AT_ONCE = 500
_ID = re.compile(r"[A-Z2-7]{26}")

CATEGORY_WORDS = {
    "account_takeover": N_("account taken over"),
    "auth_attack": N_("login attack"),
    "blocklist_risk": N_("blocklist"),
    "config_weakness": N_("weak setting"),
    "enumeration": N_("address harvest"),
    "outbound_spam": N_("outgoing spam"),
    "protocol_abuse": N_("protocol abuse"),
    "relay_abuse": N_("relay abuse"),
    "service_fault": N_("service fault"),
}
_STATES = {
    "alive": ((N_("open or quiet")), ("open", "quiet")),
    "open": (N_("open"), ("open",)),
    "quiet": (N_("quiet"), ("quiet",)),
    "closed": (N_("ended"), ("closed",)),
    "all": (N_("all"), ()),
}
_LEVELS = {
    "": (N_("any"), ()),
    "medium": (N_("to watch or worse"), SEVERITIES[2:]),
    "critical": (N_("critical"), SEVERITIES[4:]),
    "minor": (N_("minor"), SEVERITIES[:2]),
}
_ORDER_WORDS = {"worst": N_("worst first"), "newest": N_("newest first")}


class Query(msgspec.Struct, frozen=True):
    """What stands in the address bar. `wrong` names what there could not be understood."""

    state: str = "alive"
    level: str = ""
    category: str = ""
    q: str = ""
    order: Literal["worst", "newest"] = "worst"
    parts: bool = False
    of: str = ""
    page: int = 1
    wrong: str = ""

    def values(self, **other: object) -> dict[str, object]:
        """Give it as it stands in the address bar, with some of it changed; what is usual is left out."""
        values: dict[str, object] = {
            "state": self.state,
            "level": self.level,
            "category": self.category,
            "q": self.q,
            "order": self.order,
            "parts": "1" if self.parts else "",
            "of": self.of,
            "page": str(self.page),
        }
        values |= other
        usual = {"state": "alive", "order": "worst", "page": "1"}
        return {name: value for name, value in values.items() if value and usual.get(name) != str(value)}

    def wanted(self, visitor: Visitor) -> IncidentFilter:
        """Give what the store is asked."""
        return IncidentFilter(
            statuses=_STATES[self.state][1],
            severities=tuple(_LEVELS[self.level][1]),
            category=self.category,
            text=self.q,
            domains=visitor.domains,
            parts=self.parts or not visitor.sees_all,
            of=self.of,
        )


class Choice(msgspec.Struct, frozen=True):
    """One choice of a filter."""

    value: str
    word: str
    chosen: bool


class IncidentsView(msgspec.Struct, frozen=True):
    """A page of the list."""

    query: Query
    total: int
    cards: list[Card]
    first: int
    pages: int
    whole: Card | None  # of which those that are listed are parts
    states: list[Choice]
    levels: list[Choice]
    categories: list[Choice]
    orders: list[Choice]


def read_query(values: Mapping[str, str]) -> Query:
    """Read the address bar; what cannot be understood is left out and named."""
    wrong = []

    def one_of(name: str, known: Mapping[str, object] | tuple[str, ...], usual: str) -> str:
        value = values.get(name, usual)
        if value in known:
            return value
        wrong.append(name)
        return usual

    page = values.get("page", "1")
    if not (page.isascii() and page.isdecimal() and 1 <= int(page[:7]) <= 100_000):
        wrong.append("page")
        page = "1"
    return Query(
        state=one_of("state", _STATES, "alive"),
        level=one_of("level", _LEVELS, ""),
        category=one_of("category", ("", *CATEGORIES), ""),
        q=values.get("q", "")[:_LONGEST].strip(),
        order="newest" if one_of("order", _ORDER_WORDS, "worst") == "newest" else "worst",
        parts=one_of("parts", ("", "1"), "") == "1",
        of=_whole_id(values.get("of", ""), wrong),
        page=int(page),
        wrong=", ".join(wrong),
    )


def _whole_id(text: str, wrong: list[str]) -> str:
    if text and not _ID.fullmatch(text.upper()):
        wrong.append("of")
        return ""
    return text.upper()


def incidents_view(
    reader: Reader, query: Query, visitor: Visitor, tongue: Translator, zone: tzinfo, now_us: int
) -> IncidentsView:
    """Give a page of the incidents that are wanted."""
    wanted = query.wanted(visitor)
    total = reader.count(wanted)
    pages = pages_of(total, PAGE)
    query = msgspec.structs.replace(query, page=min(query.page, pages))
    first = (query.page - 1) * PAGE
    shown = reader.incidents(wanted, order=query.order, limit=PAGE, offset=first)
    parent = reader.by_id(query.of) if query.of else None
    of = [parent] if parent is not None and visitor.may_see(parent) else []
    sentences = sentences_of(reader, [*shown, *of], visitor, tongue, zone)
    silences = silences_of(reader)
    categories = {"": N_("any"), **CATEGORY_WORDS}
    return IncidentsView(
        query=query,
        total=total,
        cards=cards(shown, sentences, silences, visitor, now_us),
        whole=next(iter(cards(of, sentences, silences, visitor, now_us)), None),
        first=first,
        pages=pages,
        states=_choices({name: word for name, (word, _) in _STATES.items()}, query.state, tongue),
        levels=_choices({name: word for name, (word, _) in _LEVELS.items()}, query.level, tongue),
        categories=_choices(categories, query.category, tongue),
        orders=_choices(_ORDER_WORDS, query.order, tongue),
    )


def incident_rows(
    reader: Reader, query: Query, visitor: Visitor, tongue: Translator, zone: tzinfo
) -> Iterator[dict[str, Any]]:
    """Give all incidents that are wanted as data, under the names of `show --json`."""
    wanted = query.wanted(visitor)
    for offset in range(0, _MOST_ROWS, _AT_ONCE):
        found = reader.incidents(wanted, order=query.order, limit=_AT_ONCE, offset=offset)
        sentences = sentences_of(reader, found, visitor, tongue, zone)
        for one in found:
            yield incident_data(as_data(one, sentences), visitor)
        if len(found) < _AT_ONCE:
            return


def incident_data(data: dict[str, Any], visitor: Visitor) -> dict[str, Any]:
    """Give an incident as data without what is of others."""
    if visitor.sees_all:
        return data
    evidence = [one for one in data["evidence"] if not visitor.hides(one["line"])]
    advice = [one for one in data["advice"] if not visitor.hides(" ".join(one.values()))]
    return data | {
        "title": visitor.masked(data["title"]),
        "entities": visitor.entities(data["entities"]),
        "evidence": evidence,
        "advice": advice,
        "parent": None,
    }


def _choices(words: Mapping[str, str], chosen: str, tongue: Translator) -> list[Choice]:
    return [Choice(value, tongue.gettext(word), value == chosen) for value, word in words.items()]
