"""The title of a message: shape, severity or turn, host, and what happened, whole or cut where a sentence may end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.telling.lines import cut, middle
from mailwarden.alerts.words.escape import chat
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["TURNS", "about", "beginnings", "host_of", "title_of"]

_CLAUSES = re.compile(r": |, |; | \(|：|。|（")  # before these a title may end, where there is no room for all of it
_JOINTS = re.compile(" and |、")  # and, if need be, before these
_SENTENCE_LEAST = 12  # characters that a title keeps of its sentence
_ENTITY_LEAST = 14  # characters of an account that still tell which it is

TURNS = {
    "worse": N_("WORSE"),
    "ended": N_("ENDED"),
    "returned": N_("BACK"),
    "repeated": N_("STILL {word}"),
    "escalated": N_("{word} UNANSWERED"),
    "acknowledged": N_("TAKEN UP"),
}
"""What a turn is called in a title."""
_QUIET = N_("{who} is quiet again")
_SPARED = N_("nobody guesses at {who} any more")
_OVER = N_("not seen any more: {text}")
_ABOUT = N_("{who}: {text}")
_GRAVER = N_("now {word}: {text}")
_MORE = N_("{times}× as much: {text}")
_DOERS = {  # by cause: what an incident may be about that does something itself; what suffers is not called quiet
    "guessing": ("mailwarden.network", "source.ip"),
    "protocol": ("mailwarden.network", "source.ip"),
    **dict.fromkeys(
        ("takeover", "relay", "sending"),
        ("mailwarden.account", "mailwarden.network", "source.ip", "mailwarden.script", "mailwarden.sender_domain"),
    ),
}


def title_of(
    tongue: Translator,
    notification: Notification,
    values: Mapping[str, object],
    limit: int,
    zone: tzinfo,
    news: str = "",
) -> tuple[str, bool]:
    """Give the title, and whether it says all of what happened: where it does not, the body does.

    It does not where it was cut, or tells of the end, or of what is worse.

    Args:
        tongue: The reader's language.
        notification: What is told.
        values: What fills its sentences.
        limit: Characters of the title.
        zone: In which times are shown.
        news: What was found since it was last told, the newest, in the reader's language; empty where nothing was.
    """
    incident = notification.incident
    word = severity_word(incident.severity, tongue)
    turn = tongue.say(TURNS[notification.kind], {"word": word}) if notification.kind in TURNS else word
    shape = "✓" if notification.kind in ("ended", "acknowledged") else severity_shape(incident.severity)
    head = f"{shape} " + tongue.say(N_("{word} {host}: "), {"word": turn, "host": host_of(incident)})
    if notification.kind == "worse":
        if news and not _is_its_own_news(incident):
            return _fitting(head, news, limit, about(incident, news, tongue)), False
        head += _how_much_worse(incident, word, tongue)
    whole, values, says_what = _sentence(tongue, notification, values)
    nothing = tongue.gettext(_OVER).replace("{text}", "").rstrip(" :：")  # that it is over, and not what
    parts = [whole, *(one for one in beginnings(whole) if one != nothing)]
    for part in parts:
        text = tongue.fill(part, values, zone=zone)
        if len(chat(head + text)) <= limit:
            return chat(head + text), says_what and part is whole
    # Who it is matters more than the end of a long name: shorten the longest names that the sentence uses.
    shown = dict(values)
    names = {name: value for name, value in values.items() if isinstance(value, str)}
    for name, value in sorted(names.items(), key=lambda one: -len(one[1])):
        over = len(chat(head + text)) - limit
        if over <= 0 or len(value) <= _ENTITY_LEAST + 3:
            break
        shown[name] = middle(value, max(_ENTITY_LEAST, len(value) - over))
        text = tongue.fill(parts[-1], shown, zone=zone)
    if len(chat(head + text)) > limit:
        text = next((tongue.fill(part, shown, zone=zone) for part in beginnings(parts[-1], _JOINTS)), text)
    return cut(chat(head + text), limit), False


def about(incident: Incident, news: str, tongue: Translator) -> list[str]:
    """Give the forms of what is new about an incident, the fullest first: with whom it is about, with him in short, alone."""
    name, who = incident.primary
    if name == "mailwarden.site" or who in news:
        return [news]
    return [*(tongue.say(_ABOUT, {"who": one, "text": news}) for one in (who, middle(who, _ENTITY_LEAST))), news]


def _fitting(head: str, news: str, limit: int, forms: Sequence[str]) -> str:
    """Give the fullest form that has room, else as much of the news as ends where a sentence may."""
    for text in (*forms, *beginnings(news), *beginnings(news, _JOINTS)):
        if len(chat(head + text)) <= limit:
            return chat(head + text)
    return cut(chat(head + news), limit)


def _is_its_own_news(incident: Incident) -> bool:
    """Say whether what it is called has changed since it was told: nothing else says more."""
    return bool(incident.told_lead) and incident.told_lead != incident.lead


def _how_much_worse(incident: Incident, word: str, tongue: Translator) -> str:
    """Give what stands before the sentence of an incident that has only grown; nothing where it is a new one."""
    said, values = "", {"word": word, "text": "", "times": 0}
    if _is_its_own_news(incident):
        return said
    if incident.told_severity and incident.told_severity != incident.severity:
        said = tongue.say(_GRAVER, values)
    elif incident.told_count and incident.event_count >= 2 * incident.told_count:
        said = tongue.say(_MORE, values | {"times": incident.event_count // incident.told_count})
    return said


def host_of(incident: Incident) -> str:
    """Name the host of an incident in short; `called` is what the server is called where the log names none."""
    return middle((incident.hosts[0] if incident.hosts else incident.site).partition(".")[0], 20)


def _is_this_machine(entity: str) -> bool:
    """Say whether it is the loopback's address or network: a program here did it, and the machine is not called quiet."""
    return entity.startswith(("127.", "::1"))


def _sentence(
    tongue: Translator, notification: Notification, values: Mapping[str, object]
) -> tuple[str, Mapping[str, object], bool]:
    """Give the sentence of a title, what fills it, and whether it says what happened.

    The end of a trouble is not told in the words of its beginning.
    """
    incident = notification.incident
    name, value = incident.primary
    title = tongue.gettext(incident.title)
    if notification.kind != "ended":
        return title, values, True
    if name in _DOERS.get(incident.cause, ()) and not _is_this_machine(value):
        return tongue.gettext(_QUIET), {"who": value}, False
    if incident.cause == "guessing" and name == "mailwarden.account":
        return tongue.gettext(_SPARED), {"who": value}, False
    return tongue.gettext(_OVER).replace("{text}", title), values, True


def beginnings(sentence: str, ends: re.Pattern[str] = _CLAUSES) -> Iterator[str]:
    """Give the beginnings of a sentence that stand by themselves, the longest first; a name is never taken apart."""
    for end in reversed([*ends.finditer(sentence)]):
        if end.start() >= _SENTENCE_LEAST:
            yield sentence[: end.start()]
