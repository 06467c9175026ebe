"""One incident as a line of a list: what every page that names incidents shows of it."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

import msgspec

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.telling.silences import Silence
from mailwarden.alerts.words.advice import Step
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.showing.story import begun, title_of
from mailwarden.pipeline.store import Act, Reader
from mailwarden.pipeline.web.visitor import Visitor

__all__ = [
    "STATUSES",
    "Card",
    "Quiet",
    "cards",
    "quieted",
    "sentences_of",
    "silences_of",
    "steps_of",
    "tone_of",
]

STATUSES = {"open": N_("open"), "quiet": N_("quiet"), "closed": N_("ended")}


class Quiet(msgspec.Struct, frozen=True):
    """Why nobody is told of an incident: who asked for it, why, and until when (`until_us` None: `until` says)."""

    who: str
    because: str
    until: str
    until_us: int | None
    number: int
    since_us: int
    is_own: bool  # of this incident, and not of all that some words fit


class Card(msgspec.Struct, frozen=True):
    """An incident in a list."""

    id: str
    short: str
    severity: str
    tone: str
    title: str
    why: str
    status: str
    status_word: str
    category: str
    first_us: int
    last_us: int
    count: int
    on_it: str  # who works on it
    quiet: Quiet | None


def sentences_of(
    reader: Reader, shown: Sequence[Incident], visitor: Visitor, tongue: Translator, zone: tzinfo
) -> Sentences:
    """Give what writes the sentences of some incidents for somebody, with ids as short as may be among all."""
    ids = reader.near_ids([one.id for one in shown])
    return Sentences(shown, tongue, zone, ids=ids, for_customer=not visitor.sees_all)


def silences_of(reader: Reader) -> list[Silence]:
    """Give the silences that nobody has ended; one that cannot be read holds nothing back."""
    found = []
    for act in reader.store.silences():
        silence = _silence(act)
        if silence is not None:
            found.append(silence)
    return found


def quieted(incident: Incident, silences: Iterable[Silence], now_us: int, visitor: Visitor) -> Quiet | None:
    """Give the silence that holds an incident back now; its reason may name others."""
    notice = Notification(id="", kind="repeated", incident=incident, at_us=now_us)
    silence = next((one for one in silences if one.covers(notice)), None)
    if silence is None:
        return None
    return Quiet(
        who=silence.who,
        because=visitor.masked(silence.because),
        until=silence.until,
        until_us=silence.until_us,
        number=int(silence.id),
        since_us=silence.at_us,
        is_own=silence.matcher is None,
    )


def cards(
    incidents: Sequence[Incident], sentences: Sentences, silences: Sequence[Silence], visitor: Visitor, now_us: int
) -> list[Card]:
    """Give incidents as lines of a list."""
    return [
        Card(
            id=one.id,
            short=sentences.short(one.id),
            severity=one.severity,
            tone=tone_of(one.severity),
            title=visitor.masked(title_of(one, sentences)),
            why=visitor.masked(sentences.why(one)) if one.why else "",
            status=one.status,
            status_word=sentences.tongue.gettext(STATUSES.get(one.status, one.status)),
            category=one.category,
            first_us=one.first_seen_us,
            last_us=one.last_seen_us,
            count=one.event_count,
            on_it=one.acknowledged_by or "",
            quiet=quieted(one, silences, now_us, visitor),
        )
        for one in incidents
    ]


def steps_of(incident: Incident, sentences: Sentences, visitor: Visitor) -> list[Step]:
    """Give what to do, each as a sentence of its own; a command that only shows the incident is left out: its page does."""
    shows_it = f"mailwarden show {sentences.short(incident.id)}"
    found = [one for one in sentences.steps(incident) if not visitor.hides(f"{one.text} {one.command or ''}")]
    return [Step(begun(one.text), None if one.command == shows_it else one.command) for one in found]


def tone_of(severity: str) -> str:
    """Give the colour of a severity: never without its shape and word."""
    return {"critical": "critical", "high": "watch", "medium": "watch"}.get(severity, "minor")


def _silence(act: Act) -> Silence | None:
    try:
        return Silence.of_act(str(act.id), act.payload, act.at_us)
    except msgspec.ValidationError:
        return None
