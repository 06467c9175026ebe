"""Reputation: are we listed, is something wrong that receivers look at, and what was not checked?"""

from datetime import tzinfo

import msgspec

from mailwarden.alerts.risk.score import ALARM, CALM, WATCH, Grade
from mailwarden.alerts.risk.words import trend_word
from mailwarden.alerts.words.advice import Step
from mailwarden.alerts.words.posture import CHECKS, REASONS, in_words
from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.risks import Standing, read_risks, todo
from mailwarden.pipeline.showing.story import begun
from mailwarden.pipeline.store import IncidentFilter, Listing, Posture, Reader
from mailwarden.pipeline.web.views.card import Card, cards, sentences_of, silences_of
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["ReputationView", "reputation_view"]

_SENDERS = 8
_STEPS = 5
_NAMES = 3
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


class RiskPart(msgspec.Struct, frozen=True):
    """A part of a sender's risk: what it is, its points, and who says so or is behind it."""

    says: str
    points: int
    why: str


class RiskRow(msgspec.Struct, frozen=True):
    """How near one of our addresses or domains is to a block. `times` are (word, instant) of its story."""

    shape: str
    tone: str
    sender: str
    score: int
    trend: str
    parts: list[RiskPart]
    times: list[tuple[str, int]]
    forecast: str


class ReputationView(msgspec.Struct, frozen=True):
    """What receivers think of us. `asked`: whether any list or record was asked for at all."""

    listed: int
    wrong: int
    unanswered: int
    asked: bool
    lists: list[Row]
    records: list[Row]
    incidents: list[Card]
    risks: list[RiskRow]
    more_risks: int
    steps: list[Step]
    unchecked: list[str]


def reputation_view(
    reader: Reader, visitor: Visitor, tongue: Translator, zone: tzinfo, now_us: int, present_us: int, called: str
) -> ReputationView:
    """Give the risk of our senders, and what block lists and our own records were last seen to be."""
    listings = reader.store.standing.listings()
    postures = reader.store.standing.postures()
    found = reader.incidents(
        IncidentFilter(statuses=("open", "quiet"), category="blocklist_risk", parts=True), limit=_INCIDENTS
    )
    standings, _ = read_risks(reader.store, present_us, called=called)
    shown = [one for one in standings if one.risk.score >= CALM][:_SENDERS]
    modules = sorted({module for one in found for module in one.modules})
    return ReputationView(
        listed=sum(one.state == "listed" for one in listings),
        wrong=sum(one.state == "wrong" for one in postures),
        unanswered=[*(one.state for one in listings), *(one.state for one in postures)].count("no answer"),
        asked=bool(listings or postures),
        lists=sorted((_listing(one, tongue) for one in listings), key=_order),
        records=sorted((_posture(one, tongue) for one in postures), key=_order),
        incidents=cards(
            found, sentences_of(reader, found, visitor, tongue, zone), silences_of(reader), visitor, now_us
        ),
        risks=[_risk(one, tongue) for one in shown],
        more_risks=len(standings) - len(shown),
        steps=[Step(begun(step.text), step.command) for step, _ in todo(shown, modules, tongue)[:_STEPS]],
        unchecked=sorted({part for one in standings[:1] for part in one.risk.unchecked} & {"listings", "posture"}),
    )


def risk_tone(score: int) -> tuple[str, str]:
    """Give shape and colour of a risk."""
    if score >= ALARM:
        return "●", "critical"
    if score >= WATCH:
        return "▲", "watch"
    return ("■", "minor") if score >= CALM else ("✓", "ok")


def _risk(one: Standing, tongue: Translator) -> RiskRow:
    shape, tone = risk_tone(one.risk.score)
    story = one.story
    times = [
        (tongue.gettext(word), at_us)
        for word, at_us in (
            (N_("first sign"), story.sign_us if story else 0),
            (N_("told of it"), story.warned_us if story else 0),
            (N_("first block"), story.blocked_us if story else 0),
        )
        if at_us
    ]
    forecast = ""
    if one.forecast_s is not None:
        hours = {"hours": max(1, round(one.forecast_s / 3600))}
        forecast = tongue.say(N_("A block may follow in about {hours} h, as after declines before."), hours)
    return RiskRow(
        shape=shape,
        tone=tone,
        sender=one.called,
        score=one.risk.score,
        trend=trend_word(one.risk.trend, tongue),
        parts=[
            RiskPart(tongue.gettext(grade.part.says), round(grade.points), _why(grade, tongue))
            for grade in one.risk.grades
        ],
        times=times,
        forecast=forecast,
    )


def _why(grade: Grade, tongue: Translator) -> str:
    receivers = _names({provider_name(name): count for name, count in grade.receivers.items()}, tongue)
    who = _names(grade.behind, tongue)
    return tongue.gettext("; ").join(
        part for part in (receivers, tongue.say(N_("by {who}"), {"who": who}) if who else "") if part
    )


def _names(counts: dict[str, int], tongue: Translator) -> str:
    first = sorted(counts, key=lambda name: (-counts[name], name))
    return tongue.gettext(", ").join(f"{name} ({counts[name]})" for name in first[:_NAMES]) + (
        " …" if len(first) > _NAMES else ""
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
    what = tongue.gettext(CHECKS[one.check]) if one.check in CHECKS else one.check
    now = one.now
    if one.reason in REASONS:
        values = {"subject": one.subject, "name": one.name, "now": one.now or "-", "should": one.should or "?"}
        now = tongue.say(REASONS[one.reason].what, in_words({**values, **one.details}, tongue))
    return Row(shape, tone, tongue.gettext(word), one.subject, what, one.since_us, one.checked_us, now, one.should)
