"""What a customer sends to whoever runs the server: which incident, and what is known of it about his own domain."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from urllib.parse import quote, urlencode

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_word
from mailwarden.alerts.telling.cost import cost_lines
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.showing.story import title_of
from mailwarden.pipeline.web.views.card import STATUSES
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["Fact", "Handover", "handover"]

_LINK_MOST = 1900  # characters: beyond 2,083 Outlook opens nothing
_ACCOUNTS = ("mailwarden.account", "user.name")


class Fact(msgspec.Struct, frozen=True):
    """What is known, by name; `more` is how many values are not written out."""

    word: str
    values: list[str]
    more: int = 0


class Handover(msgspec.Struct, frozen=True):
    """A letter to whoever runs the server.

    Args:
        text: Of several lines.
        link: Opens it in the mail program.
        unsafe: The account from which it must not be sent, since a stranger may read there; "" for none.
    """

    text: str
    link: str
    unsafe: str


def handover(incident: Incident, sentences: Sentences, visitor: Visitor, facts: Sequence[Fact]) -> Handover:
    """Write it from what the visitor sees anyway; the command in it is for its reader."""
    tongue = sentences.tongue
    title = visitor.masked(title_of(incident, sentences))
    command = {"command": f"mailwarden show {incident.id}"}
    call = tongue.say(N_("To see all of it, on the server: {command}"), command)
    told = [title, call, _times(incident, sentences)]
    told += [visitor.masked(sentences.why(incident))] if incident.why else []
    told += [line for line in cost_lines(incident, tongue) if not visitor.hides(line)]
    told += [_line(one, tongue) for one in facts]
    text = "\n".join(printable(line) for line in told)
    is_entered = incident.primary[0] in _ACCOUNTS and incident.cause == "takeover"
    return Handover(text, _link(title, text, call), printable(incident.primary[1]) if is_entered else "")


def _times(incident: Incident, sentences: Sentences) -> str:
    tongue = sentences.tongue
    values: dict[str, object] = {
        "severity": severity_word(incident.severity, tongue),
        "state": tongue.gettext(STATUSES.get(incident.status, incident.status)),
        "first": _at(incident.first_seen_us, sentences.zone),
        "last": _at(incident.last_seen_us, sentences.zone),
        "events": tongue.count("{number} event", "{number} events", incident.event_count),
    }
    return tongue.say(N_("{severity}, {state}; {events} from {first} to {last}"), values)


def _at(at_us: int, zone: tzinfo) -> str:
    moment = datetime.fromtimestamp(at_us / 1_000_000, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".rstrip()


def _line(fact: Fact, tongue: Translator) -> str:
    names = tongue.gettext(", ").join(fact.values)
    if fact.more:
        names += " " + tongue.count("and {number} more", "and {number} more", fact.more)
    return tongue.say(N_("{what}: {names}"), {"what": fact.word, "names": names})


def _link(title: str, text: str, call: str) -> str:
    """Give an address that opens the letter: whole, or where that is too long what it is about and the command."""
    links = (
        f"mailto:?{urlencode({'subject': title, 'body': body}, quote_via=quote, errors='replace')}"
        for body in (text.replace("\n", "\r\n"), call)
    )
    return next((link for link in links if len(link) <= _LINK_MOST), "mailto:")
