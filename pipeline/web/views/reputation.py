"""Reputation: are we listed, is something wrong that receivers look at, and what was not checked?"""

from datetime import tzinfo

import msgspec

from mailwarden.alerts.translate import N_, Translator
from mailwarden.pipeline.store import IncidentFilter, Listing, Posture, Reader
from mailwarden.pipeline.web.views.card import Card, cards, sentences_of, silences_of
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["ReputationView", "reputation_view"]

_INCIDENTS = 5
_STATES = {
    "listed": ("●", "critical", N_("listed")),
    "suspected": ("▲", "watch", N_("seen once, asked again")),
    "clear": ("✓", "ok", N_("clear")),
    "ok": ("✓", "ok", N_("ok")),
    "wrong": ("▲", "watch", N_("wrong")),
    "no answer": ("■", "minor", N_("no answer")),
    "not checked": ("■", "minor", N_("not checked")),
}
_CHECKS = {
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "mx": "MX",
    "ptr": "PTR",
    "helo": "HELO",
    "mta_sts": "MTA-STS",
    "tls_rpt": "TLS-RPT",
    "dane": "DANE",
    "tls": "TLS",
    "certificate": N_("certificate"),
    "lists": N_("block lists"),
}


class Row(msgspec.Struct, frozen=True):
    """How one thing stands."""

    shape: str
    tone: str
    word: str
    subject: str
    what: str
    since_us: int
    checked_us: int
    now: str
    should: str


class ReputationView(msgspec.Struct, frozen=True):
    """What receivers think of us. `asked`: whether any list or record was asked for at all."""

    listed: int
    wrong: int
    unanswered: int
    asked: bool
    lists: list[Row]
    records: list[Row]
    incidents: list[Card]


def reputation_view(reader: Reader, visitor: Visitor, tongue: Translator, zone: tzinfo, now_us: int) -> ReputationView:
    """Give what block lists and our own records were last seen to be."""
    listings = reader.store.standing.listings()
    postures = reader.store.standing.postures()
    found = reader.incidents(
        IncidentFilter(statuses=("open", "quiet"), category="blocklist_risk", parts=True), limit=_INCIDENTS
    )
    return ReputationView(
        listed=sum(one.state == "listed" for one in listings),
        wrong=sum(one.state == "wrong" for one in postures),
        unanswered=[*(one.state for one in listings), *(one.state for one in postures)].count("no answer"),
        asked=bool(listings or postures),
        lists=sorted((_listing(one, tongue) for one in listings), key=_order),
        records=sorted((_posture(one, tongue) for one in postures), key=_order),
        incidents=cards(found, sentences_of(reader, found, tongue, zone), silences_of(reader), visitor, now_us),
    )


def _order(row: Row) -> tuple[int, str, str]:
    return ["critical", "watch", "minor", "ok"].index(row.tone), row.subject, row.what


def _listing(one: Listing, tongue: Translator) -> Row:
    shape, tone, word = _STATES.get(one.state, ("■", "minor", one.state))
    said = one.reason or ", ".join(one.codes)
    return Row(shape, tone, tongue.gettext(word), one.subject, one.name, one.since_us, one.checked_us, said, "")


def _posture(one: Posture, tongue: Translator) -> Row:
    shape, tone, word = _STATES.get(one.state, ("■", "minor", one.state))
    if one.state == "wrong" and one.severity in ("critical", "high"):
        shape, tone = "●" if one.severity == "critical" else "▲", "critical" if one.severity == "critical" else "watch"
    what = tongue.gettext(_CHECKS[one.check]) if one.check in _CHECKS else one.check
    now = one.now or one.reason.replace("_", " ")
    return Row(shape, tone, tongue.gettext(word), one.subject, what, one.since_us, one.checked_us, now, one.should)
