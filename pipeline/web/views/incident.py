"""One incident: what happened, why we think so, how it went, what to do now, the lines that prove it, who was told."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import groupby
from operator import itemgetter

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.cost import cost_lines
from mailwarden.alerts.telling.story import Story
from mailwarden.alerts.terms import Evidence, severity_rank
from mailwarden.alerts.words.advice import Step
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.showing.story import ENTITY_WORDS, said_by, shown_names
from mailwarden.pipeline.store import DeliveryRow, IncidentFilter, Reader
from mailwarden.pipeline.web.views.card import (
    STATUSES,
    Card,
    Quiet,
    cards,
    quieted,
    sentences_of,
    silences_of,
    steps_of,
    tone_of,
)
from mailwarden.pipeline.web.views.course import Course, Happening
from mailwarden.pipeline.web.views.handover import Fact, Handover, handover
from mailwarden.pipeline.web.views.incidents import CATEGORY_WORDS
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["TOLD_WORDS", "IncidentView", "incident_view"]

_RELATED = 10
_LOOKED_AT = 50  # parts whose rules are told of in words
_VALUES = 8  # of one kind of entity that are written out
_UNMARKED = ("destination.domain", "mail.provider", "network.protocol")  # in every line of mail: they prove nothing
_LOOKED_FOR = ("mailwarden.account", "user.name", "source.ip", "email.from.address", "email.to.address")
TOLD_WORDS = {
    "opened": N_("opened"),
    "worse": N_("got worse"),
    "repeated": N_("repeated"),
    "escalated": N_("passed on to others"),
    "acknowledged": N_("somebody took it on"),
    "ended": N_("ended"),
    "returned": N_("came back"),
    "summary": N_("in a summary"),
    "report": N_("in a report"),
}


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a log line; `marked` where it names what the incident is about."""

    text: str
    marked: bool


class Proof(msgspec.Struct, frozen=True):
    """A line of the log and where it stands."""

    place: str
    pieces: list[Piece]


class Turn(msgspec.Struct, frozen=True):
    """Something that happened; `until_us` where it went on happening."""

    at_us: int
    until_us: int
    text: str
    code: str = ""
    often: int = 1
    said: str = ""  # what the other side answered, in its own words


class Told(msgspec.Struct, frozen=True):
    """A notification: to whom, whether it arrived, and what they said who refused it."""

    at_us: int
    word: str
    channel: str
    arrived_us: int
    failed: list[Fact]
    waits: bool


class Asked(msgspec.Struct, frozen=True):
    """An act that the service has not taken up yet."""

    kind: str
    who: str
    at_us: int


class IncidentView(msgspec.Struct, frozen=True):
    """One incident."""

    card: Card
    tone: str
    why: str
    costs: list[str]
    blocked: list[str]  # what our block list does about it
    harmless: str
    category_word: str
    lasted_s: float
    steps: list[Step]
    handover: Handover | None  # what a customer sends to whoever runs the server
    facts: list[Fact]
    turns: list[Turn]
    is_whole: bool  # False: what happened is told of a part of what is kept
    look: str  # whom its mail and logins are found by; "" where nothing would be found
    proof: list[Proof]
    proof_total: int
    proof_hidden: int
    told: list[Told]
    untold: str  # why nobody was, where nobody was
    quiet: Quiet | None
    asked: list[Asked]
    whole: list[Card]
    parts: list[Card]
    more_parts: int
    before: list[Card]
    status_word: str
    opened_us: int


def incident_view(
    reader: Reader,
    incident: Incident,
    visitor: Visitor,
    tongue: Translator,
    zone: tzinfo,
    now_us: int,
    titles: Mapping[str, str],
    course: Course,
    blocked: Sequence[str] = (),
    *,
    has_channels: bool = True,
) -> IncidentView:
    """Show an incident with its story; `titles` says what each rule finds, `course` what happened, `blocked` what is blocked.

    Without `has_channels` nobody can be told.
    """
    silences = silences_of(reader)
    whole = _seen([reader.by_id(incident.parent)], visitor)
    before = _seen([reader.by_id(incident.previous)], visitor)
    wanted = IncidentFilter(of=incident.id, domains=visitor.domains)
    parts = reader.incidents(wanted, limit=_LOOKED_AT)
    sentences = sentences_of(reader, [incident, *whole, *before, *parts], visitor, tongue, zone)
    more_parts = max(0, reader.count(wanted) - _RELATED) if len(parts) > _RELATED else 0
    story = reader.story(incident.id) if visitor.sees_all else None  # whom we tell is not a customer's to know
    told = reader.deliveries(incident.id) if visitor.sees_all else []
    summary = reader.delivery(story.summary) if story is not None else None
    told = sorted([*told, *([] if summary is None else [summary])], key=lambda row: row.since_us)
    proof = [one for one in incident.evidence if not visitor.hides(one.line)]
    quiet = quieted(incident, silences, now_us, visitor)
    found = _found(incident, parts, visitor)
    facts = _facts(incident, visitor, tongue)
    said = {rule: visitor.masked(text) for rule, text in said_by(incident, parts, sentences, titles).items()}

    steps = steps_of(incident, sentences, visitor)
    letter = None if visitor.sees_all else handover(incident, sentences, visitor, facts)

    def listed(incidents: list[Incident]) -> list[Card]:
        return cards(incidents, sentences, silences, visitor, now_us)

    return IncidentView(
        card=listed([incident])[0],
        tone=tone_of(incident.severity),
        why=visitor.masked(sentences.why(incident)),
        costs=[line for line in cost_lines(incident, tongue) if not visitor.hides(line)],
        blocked=list(blocked),
        harmless=visitor.masked(sentences.harmless(incident)),
        category_word=tongue.gettext(CATEGORY_WORDS.get(incident.category, incident.category)),
        lasted_s=(incident.last_seen_us - incident.first_seen_us) / 1_000_000,
        steps=steps if letter is None else steps[:-1],  # the last is to send it
        handover=letter,
        facts=facts,
        turns=_turns(incident, found, course.happenings, told, said, quiet, tongue),
        is_whole=course.is_whole,
        look=incident.primary[1] if incident.primary[0] in _LOOKED_FOR else "",
        proof=[_proof(one, incident) for one in proof],
        proof_total=max(incident.evidence_count, len(incident.evidence)),
        proof_hidden=len(incident.evidence) - len(proof),
        told=[_told(one, tongue) for one in told],
        untold=_untold(incident, story, tongue, zone, has_channels=has_channels) if visitor.sees_all else "",
        quiet=quiet,
        asked=_asked(reader, incident),
        whole=listed(whole),
        parts=listed(parts[:_RELATED]),
        more_parts=more_parts,
        before=listed(before),
        status_word=tongue.gettext(STATUSES.get(incident.status, incident.status)),
        opened_us=incident.opened_us,
    )


def _seen(incidents: Sequence[Incident | None], visitor: Visitor) -> list[Incident]:
    return [one for one in incidents if one is not None and visitor.may_see(one)]


def _facts(incident: Incident, visitor: Visitor, tongue: Translator) -> list[Fact]:
    facts: list[Fact] = []
    named: dict[str, Fact] = {}
    accounts = {*incident.entities.get("mailwarden.account", ()), *incident.entities.get("user.name", ())}
    providers = incident.entities.get("mail.provider", [])
    for name, values in visitor.entities(incident.entities).items():
        if name == "email.from.address" and accounts.issuperset(values):
            continue  # who logged in writes under that name: it stands there already
        values = shown_names(name, values)
        if not ENTITY_WORDS.get(name, name):
            continue
        if name == "mailwarden.receiver" and values == shown_names("mail.provider", providers):
            continue  # said twice it says no more
        word = tongue.gettext(ENTITY_WORDS.get(name, name))
        total = incident.entity_counts.get(name, len(values)) if visitor.sees_all else len(values)
        if word not in named or len(named[word].values) < len(values):
            named[word] = Fact(word, values[:_VALUES], max(0, total - min(len(values), _VALUES)))
    named.pop(tongue.gettext("Servers"), None)  # they stand below, with their programs
    facts += named.values()
    facts.append(
        Fact(tongue.gettext("Servers"), [*incident.hosts, *incident.modules] or [tongue.gettext("this server")])
    )
    return facts


def _found(incident: Incident, parts: Sequence[Incident], visitor: Visitor) -> list[tuple[int, str]]:
    """Give when which rule found something: to a customer nothing that was found in the parts of others."""
    if visitor.sees_all:
        return incident.timeline
    known = {rule for one in (incident, *parts) for rule in one.rules}
    return [(at_us, rule) for at_us, rule in incident.timeline if rule in known]


def _turns(
    incident: Incident,
    found: Sequence[tuple[int, str]],
    happenings: Sequence[Happening],
    told: list[DeliveryRow],
    said_by: Mapping[str, str],
    quiet: Quiet | None,
    tongue: Translator,
) -> list[Turn]:
    """Put what happened, what was found and who was told into one order."""
    turns = [Turn(one.at_us, one.until_us, one.text, said=one.said) for one in happenings]
    if not turns:
        turns.append(Turn(incident.first_seen_us, incident.first_seen_us, tongue.gettext("first event")))
    for rule, group in groupby(sorted(found, key=itemgetter(1)), key=itemgetter(1)):
        times = sorted(at_us for at_us, _ in group)
        said = said_by.get(rule) or tongue.gettext("found by the rule")
        turns.append(Turn(times[0], times[-1], said, rule, len(times)))
    if incident.worse_us:
        turns.append(Turn(incident.worse_us, incident.worse_us, tongue.gettext("got worse")))
    for one in told:
        if one.delivery.accepted_us:
            said = tongue.say(N_("told: {channel}"), {"channel": one.delivery.accepted_by or "?"})
            turns.append(Turn(one.delivery.accepted_us, one.delivery.accepted_us, said))
    if quiet is not None:
        said = tongue.say(N_("silenced by {who}: {because}"), {"who": quiet.who, "because": quiet.because})
        turns.append(Turn(quiet.since_us, quiet.since_us, said))
    count = tongue.count("{number} event", "{number} events", incident.event_count)
    going_on = (
        N_("last event, {count} so far") if incident.status == "open" else N_("last event of {count}; nothing since")
    )
    turns.append(Turn(incident.last_seen_us, incident.last_seen_us, tongue.say(going_on, {"count": count})))
    return sorted(turns, key=lambda turn: turn.at_us)


def _proof(evidence: Evidence, incident: Incident) -> Proof:
    named = (values for name, values in incident.entities.items() if name not in _UNMARKED)
    about = () if incident.primary[0] in _UNMARKED else (incident.primary[1],)
    names = {*about, *(value for values in named for value in values)}
    names = {name for name in names if len(name) > 3}
    return Proof(f"{evidence.file}:{evidence.offset}", _marked(evidence.line, sorted(names, key=len, reverse=True)))


def _marked(line: str, names: list[str]) -> list[Piece]:
    """Cut a line where names stand in it, the longest first."""
    pieces: list[Piece] = []
    plain = 0
    at = 0
    lower = line.lower()
    wanted = [name.lower() for name in names]
    if len(lower) != len(line):  # a letter whose small form is longer: places would not fit
        return [Piece(line, False)]
    while at < len(line):
        name = next((one for one in wanted if lower.startswith(one, at)), None)
        if name is None:
            at += 1
            continue
        if plain < at:
            pieces.append(Piece(line[plain:at], False))
        pieces.append(Piece(line[at : at + len(name)], True))
        at += len(name)
        plain = at
    if plain < len(line):
        pieces.append(Piece(line[plain:], False))
    return pieces


def _told(row: DeliveryRow, tongue: Translator) -> Told:
    delivery = row.delivery
    kind = delivery.notification.kind
    channels = tongue.gettext(", ").join(delivery.receivers) or "–"
    return Told(
        at_us=delivery.notification.at_us,
        word=tongue.gettext(TOLD_WORDS.get(kind, kind)),
        channel=delivery.accepted_by or channels,
        arrived_us=delivery.accepted_us or 0,
        failed=[Fact(name, [tongue.told(said)]) for name, said in delivery.failed.items()],
        waits=not row.done,
    )


def _untold(incident: Incident, story: Story | None, tongue: Translator, zone: tzinfo, *, has_channels: bool) -> str:
    """Say why no message about an incident stands here."""
    if story is not None and story.first_us:
        at = tongue.time(story.told_us or story.first_us, zone=zone, near_us=0)
        return tongue.say(N_("It was told on {at}; the message itself is not kept any more."), {"at": at})
    if incident.parent is not None:
        return tongue.gettext("Nobody by itself: it is told with what it is part of.")
    if story is not None and story.is_muted:
        return tongue.gettext("Nobody: a silence, a maintenance window or an inhibition holds it back.")
    if incident.told_severity is None and severity_rank(incident.severity) < severity_rank("medium"):
        return tongue.gettext("Nobody: what is minor is not told by itself. It stands in the report.")
    if not has_channels:
        return tongue.gettext("Nobody: no channel stands in the configuration. To be told: mailwarden setup")
    return tongue.gettext("Nobody yet.")


def _asked(reader: Reader, incident: Incident) -> list[Asked]:
    return [
        Asked(act.kind, str(act.payload.get("who", "?")), act.at_us)
        for act in reader.store.pending_acts()
        if act.payload.get("incident") == incident.id
    ]
