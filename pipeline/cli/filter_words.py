"""What filters made of a message, in plain words, for its story: SPF, DKIM, DMARC, spam, viruses, greylisting."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["Waiting", "checks", "is_from_outside", "said_by_filter"]

Fields = Mapping[str, Any]

_BEFORE_S = 600  # what is checked before a message has its number is at most so long before it
_MOST_WAITING = 2_000
_SPF = {
    "pass": N_("SPF passed"),
    "fail": N_("SPF failed"),
    "softfail": N_("SPF failed (softfail: its domain does not insist)"),
    "neutral": N_("SPF: its domain says nothing about this server"),
    "none": N_("SPF: its domain publishes nothing"),
    "temperror": N_("SPF could not be asked"),
    "permerror": N_("SPF: its domain's record is faulty"),
}
_DKIM = {
    "pass": N_("DKIM signature valid"),
    "fail": N_("DKIM signature broken"),
    "none": N_("no DKIM signature"),
    "neutral": N_("DKIM signature unclear"),
    "temperror": N_("DKIM key could not be fetched"),
    "permerror": N_("DKIM signature or key faulty"),
    "policy": N_("DKIM signature not accepted here"),
}
_DMARC = {
    "pass": N_("DMARC passed"),
    "fail": N_("DMARC failed"),
    "none": N_("DMARC: its domain publishes nothing"),
    "temperror": N_("DMARC could not be asked"),
    "permerror": N_("DMARC: the sender in the header is faulty"),
}


def is_from_outside(found: Iterable[Fields]) -> bool:
    """Say whether the signer took a message for one that is verified, not signed."""
    return any(fields.get("mail.dkim.internal") is False for fields in found)


def said_by_filter(fields: Fields, tongue: Translator, *, outside: bool = False) -> list[str]:
    """Say what one event tells of a message; nothing where no filter speaks. From outside nothing is to be signed."""
    said = []
    for method, words in (("spf", _SPF), ("dkim", _DKIM), ("dmarc", _DMARC)):
        word = words.get(str(fields.get(f"mail.{method}.result")))
        if word is not None:
            said.append(tongue.gettext(word))
    if not outside or fields.get("mail.dkim.signed"):
        said += _signed(fields, tongue)
    if "mail.virus.name" in fields:
        said.append(tongue.say(N_("virus {name}"), {"name": fields["mail.virus.name"]}))
    said += _spam(fields, tongue)
    if fields.get("event.action") == "greylist":
        said.append(tongue.gettext(N_("greylisted: the sender is to come back in some minutes")))
    elif "mail.greylist.delay_s" in fields:
        wait = tongue.value("number", fields["mail.greylist.delay_s"])
        said.append(tongue.say(N_("let through after greylisting ({seconds} s)"), {"seconds": wait}))
    return said


def _signed(fields: Fields, tongue: Translator) -> list[str]:
    domain = fields.get("mail.dkim.domain") or "?"
    signed = fields.get("mail.dkim.signed")
    if signed is None:
        return []
    if not signed:
        return [tongue.say(N_("not signed: no DKIM key here for {domain}"), {"domain": domain})]
    values = {"selector": fields.get("mail.dkim.selector") or "?", "domain": domain}
    return [tongue.say(N_("signed with DKIM ({selector}._domainkey.{domain})"), values)]


def _spam(fields: Fields, tongue: Translator) -> list[str]:
    score, threshold, action = (fields.get(f"mail.spam.{name}") for name in ("score", "threshold", "action"))
    if score is None:
        return []
    values = {"score": tongue.value("number", score), "action": action or "?"}
    if threshold is None:
        return [tongue.say(N_("spam score {score} ({action})"), values)]
    values["threshold"] = tongue.value("number", threshold)
    return [tongue.say(N_("spam score {score} of {threshold} ({action})"), values)]


def checks(found: Sequence[Fields], tongue: Translator) -> str:
    """Say in one line what all filters made of a message; empty where none spoke, or of more than one message."""
    said: dict[str, None] = {}
    messages: set[str] = set()
    outside = is_from_outside(found)
    for fields in found:
        own = said_by_filter(fields, tongue, outside=outside)
        if own and fields.get("mail.queue.id"):
            messages.add(str(fields["mail.queue.id"]))
        said.update(dict.fromkeys(own))
    if not said or len(messages) > 1:
        return ""
    return tongue.say(N_("Checked: {checks}"), {"checks": " · ".join(said)})


class Waiting:
    """What filters said of a client before its message had a number: kept until the message comes."""

    def __init__(self) -> None:
        self._events: list[Fields] = []

    def keep(self, fields: Fields) -> None:
        """Keep an event of a filter that names a client and no message."""
        if fields.get("mail.queue.id") is None and is_early(fields):
            self._events.append(fields)
            del self._events[:-_MOST_WAITING]

    def before(self, fields: Fields) -> Sequence[Fields]:
        """Give what was said of the client of a message that comes in now."""
        source = fields.get("source.ip")
        if fields.get("event.action") != "message-received" or source is None:
            return ()
        return [
            one
            for one in self._events
            if one.get("source.ip") == source
            and one.get("host.hostname") == fields.get("host.hostname")
            and _seconds_between(one, fields) <= _BEFORE_S
        ]


def is_early(fields: Fields) -> bool:
    """Say whether an event is a filter's word on a client and a sender, before the message itself."""
    action = fields.get("event.action")
    return action in ("spf-verdict", "greylist") or (
        action == "filter-verdict" and fields.get("event.module") == "postgrey"
    )


def _seconds_between(one: Fields, other: Fields) -> float:
    from datetime import datetime

    try:
        first, second = (datetime.fromisoformat(str(each.get("@timestamp"))) for each in (one, other))
    except ValueError:
        return float("inf")
    return abs((second - first).total_seconds())
