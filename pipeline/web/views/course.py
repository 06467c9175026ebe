"""How an incident went, out of the archive: who tried, who came in from where, what was sent, and what receivers said of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.words import CLASSES, PROTOCOLS
from mailwarden.pipeline.archive.archive import day_of
from mailwarden.pipeline.archive.index import ELSEWHERE, Index, refusal_of
from mailwarden.pipeline.archive.refusals import newest_refusals
from mailwarden.pipeline.archive.story import find_recent
from mailwarden.pipeline.web.views.messages import at_us, by_message, events_for, listed, reply_text, status_of
from mailwarden.pipeline.web.views.replies import commonest
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["Course", "Happening", "course_events", "course_of"]

_DAY_US = 86_400_000_000
_NEAR_US = 600_000_000  # mail that was handed in so near the incident belongs to it
_ACCOUNTS = ("mailwarden.account", "user.name")
_PROVIDERS = ("mail.provider", "mailwarden.receiver")
_NAMES = 8  # addresses that are looked for together
_LOGINS = 4  # addresses whose first login is told on its own; of more the first and how many others
_SENDINGS = 3  # addresses whose mail is told on its own; that of more is told together
_REFUSALS = 5
_OUTCOMES = (("sent", N_("{number} delivered")), ("deferred", N_("{number} waiting")))


class Happening(msgspec.Struct, frozen=True):
    """Something that happened; `said` is what the other side answered, in its own words."""

    at_us: int
    until_us: int
    text: str
    said: str = ""


class Course(msgspec.Struct, frozen=True):
    """What happened, in order. `is_whole` is False where more stands in the archive than was looked at."""

    happenings: list[Happening]
    is_whole: bool


def course_events(index: Index, incident: Incident, visitor: Visitor) -> tuple[list[dict[str, Any]], bool]:
    """Give the events that tell of an incident, as far as the visitor may see them, and whether those are all.

    Raises:
        StoreError: A file of the archive is damaged.
    """
    from_us, to_us = max(0, incident.first_seen_us - _DAY_US), incident.last_seen_us + _DAY_US
    if incident.primary[0] in _PROVIDERS:
        provider = incident.primary[1]
        pairs = [(name, klass) for klass in CLASSES for name in (provider, ELSEWHERE)]
        found = newest_refusals(index, pairs, incident.first_seen_us - _NEAR_US) if visitor.sees_all else []
        events = [one for one in found if _of_receiver(one, provider) and at_us(one) <= incident.last_seen_us]
        return events, False
    names = _names(incident)
    if not names:
        return [], True
    recent = find_recent(index, *names, days=(day_of(from_us), day_of(to_us)))
    events = [one for one in recent.events if from_us <= at_us(one) <= to_us]
    return events_for(events, visitor), not recent.before or recent.before[:10] < day_of(from_us)


def _names(incident: Incident) -> list[str]:
    """Give by what an incident's events are found: the account, else the addresses it came from."""
    if incident.primary[0] in _ACCOUNTS:
        return [incident.primary[1]]
    return incident.entities.get("source.ip", [])[:_NAMES]


def _of_receiver(event: Mapping[str, Any], receiver: str) -> bool:
    domain = str(event.get("destination.domain") or "").lower()
    return event.get("mail.provider") == receiver or domain == receiver or domain.endswith(f".{receiver}")


def course_of(
    incident: Incident, events: Sequence[dict[str, Any]], tongue: Translator, *, whole: bool = True
) -> Course:
    """Tell what happened."""
    account = incident.primary[1].lower() if incident.primary[0] in _ACCOUNTS else ""
    addresses = set(incident.entities.get("source.ip", ()))
    found = [*_tries(events, account, tongue), *_logins(events, account, addresses, incident, tongue)]
    messages = _messages(events, account, addresses, incident)
    found += _sendings(messages, tongue)
    refused = [event for event in events if refusal_of(event)]
    if incident.primary[0] not in _PROVIDERS:
        ids = {id(event) for message in messages for event in message.events}
        refused = [event for event in refused if id(event) in ids]
    found += _refusals(refused, tongue)
    return Course(sorted(found, key=lambda one: one.at_us), whole)


# ---------------------------------------------------------------------- logins


def _tries(events: Iterable[dict[str, Any]], account: str, tongue: Translator) -> list[Happening]:
    failed = [
        one for one in events if one.get("event.action") == "auth-failure" and (not account or _is_of(one, account))
    ]
    tries = sum(int(one.get("mailwarden.attempts", 1)) for one in failed)
    if not tries:
        return []
    where = _few({str(one["source.ip"]) for one in failed if one.get("source.ip")}, "address", tongue)
    whom = _few({str(one["user.name"]) for one in failed if one.get("user.name")}, "account", tongue)
    if account and where:
        values = {"from": where}
        text = tongue.count("{number} failed login from {from}", "{number} failed logins from {from}", tries, values)
    elif whom and not account:
        text = tongue.count("{number} failed login as {at}", "{number} failed logins as {at}", tries, {"at": whom})
    else:
        text = tongue.count("{number} failed login", "{number} failed logins", tries)
    return [_spanned(failed, text)]


def _few(names: set[str], kind: str, tongue: Translator) -> str:
    """Name the one, count several."""
    if len(names) < 2:
        return "".join(names)
    if kind == "account":
        return tongue.count("{number} account", "{number} accounts", len(names))
    return tongue.count("{number} address", "{number} addresses", len(names))


def _logins(
    events: Iterable[dict[str, Any]], account: str, addresses: set[str], incident: Incident, tongue: Translator
) -> list[Happening]:
    """Tell of each address the first login that succeeded."""
    first: dict[str, dict[str, Any]] = {}
    for event in sorted(events, key=at_us):
        came_in = event.get("event.action") == "auth-success" or (
            event.get("event.action") == "message-received" and event.get("user.name")
        )
        address = str(event.get("source.ip") or "")
        is_theirs = _is_of(event, account) if account else True
        if came_in and is_theirs and (address in addresses or not addresses) and at_us(event) <= incident.last_seen_us:
            first.setdefault(address, event)
    told = list(first.items())
    alone = _LOGINS if len(told) <= _LOGINS else 1
    found = [_login(address, event, account, tongue) for address, event in told[:alone]]
    rest = [event for _, event in told[alone:]]
    if rest:
        text = tongue.count("Logins from {number} more address", "Logins from {number} more addresses", len(rest))
        found.append(_spanned(rest, text))
    return found


def _login(address: str, event: dict[str, Any], account: str, tongue: Translator) -> Happening:
    protocol = str(event.get("network.protocol") or "")
    version = event.get("tls.version")
    tls = f"TLS {version}" if version else "TLS" if event.get("tls.established") else ""
    if event.get("tls.established") is False:
        tls = tongue.gettext("without TLS")
    how = [PROTOCOLS.get(protocol, protocol), str(event.get("mail.sasl.method") or ""), tls]
    values = {
        "address": address or "?",
        "account": str(event.get("user.name") or "?"),
        "how": tongue.gettext(", ").join(one for one in how if one),
    }
    text = N_("First login from {address}: {how}") if account else N_("First login as {account} from {address}: {how}")
    return Happening(at_us(event), at_us(event), tongue.say(text, values))


def _is_of(event: Mapping[str, Any], account: str) -> bool:
    return account in {str(event.get(name) or "").lower() for name in _ACCOUNTS}


# ---------------------------------------------------------------------- mail


class _Message(msgspec.Struct, frozen=True):
    """A message that was handed in: from where, how many it was for, and what became of it."""

    address: str
    recipients: int
    accepted: list[dict[str, Any]]
    last: dict[str, dict[str, Any]]  # by recipient, the last try
    events: list[dict[str, Any]]


def _messages(
    events: Sequence[dict[str, Any]], account: str, addresses: set[str], incident: Incident
) -> list[_Message]:
    """Give the messages that were handed in while the incident went on, by the account or from its addresses."""
    begin_us, end_us = incident.first_seen_us - _NEAR_US, incident.last_seen_us + _NEAR_US
    found = []
    notices = _notices(events)
    for thread in by_message(events)[0]:
        group = [one for one in thread if _queue(one) not in notices]
        accepted = [one for one in group if one.get("event.action") in ("message-received", "message-queued")]
        address = next((str(one["source.ip"]) for one in accepted if one.get("source.ip")), "")
        is_theirs = any(_is_of(one, account) for one in accepted) if account else address in addresses
        is_theirs = is_theirs and (not addresses or not address or address in addresses)
        if not accepted or not is_theirs or not begin_us <= min(map(at_us, accepted)) <= end_us:
            continue
        last: dict[str, dict[str, Any]] = {}
        for event in sorted(group, key=at_us):
            if event.get("event.action") == "delivery" and event.get("mail.delivery.status"):
                for name in listed(event.get("email.to.address"))[:1]:
                    last[name.lower()] = event
        named = {name.lower() for one in accepted for name in listed(one.get("email.to.address"))}
        told = max((int(one.get("mail.recipient_count") or 0) for one in accepted), default=0)
        found.append(_Message(address, max(told, len(named), len(last)), accepted, last, group))
    return found


def _queue(event: Mapping[str, Any]) -> tuple[str, str]:
    return str(event.get("host.hostname") or ""), str(event.get("mail.queue.id") or "")


def _notices(events: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Give the queue ids of what this server itself wrote back to senders: nobody sent it."""
    found = {_queue(one) for one in events if one.get("mail.null_sender") and one.get("mail.queue.id")}
    for event in events:
        if str(event.get("event.action")).startswith("bounce") and event.get("mail.queue.child_id"):
            found.add((str(event.get("host.hostname") or ""), str(event["mail.queue.child_id"])))
    return found


def _sendings(messages: Sequence[_Message], tongue: Translator) -> list[Happening]:
    """Tell of each address what was sent from it and what became of that, the one with most recipients first."""
    by_address: dict[str, list[_Message]] = {}
    for message in messages:
        by_address.setdefault(message.address, []).append(message)
    ranked = sorted(by_address.items(), key=lambda one: -sum(message.recipients for message in one[1]))
    if len(ranked) <= _SENDINGS:
        return [_sending(address, of, tongue) for address, of in ranked]
    return [_sending(_few(set(by_address), "address", tongue), messages, tongue)]


def _sending(address: str, messages: Sequence[_Message], tongue: Translator) -> Happening:
    recipients = sum(message.recipients for message in messages)
    last = [event for message in messages for event in message.last.values()]
    counts = Counter(status_of(event) for event in last)
    outcomes = [tongue.say(word, {"number": counts.pop(name)}) for name, word in _OUTCOMES if counts[name]]
    if counts.total():
        outcomes.insert(1, tongue.count("{number} bounced", "{number} bounced", counts.total()))
    untried = recipients - len(last)
    if untried > 0:
        outcomes.append(tongue.say(N_("{number} not tried yet"), {"number": untried}))
    values = {
        "messages": tongue.count("{number} message", "{number} messages", len(messages)),
        "recipients": tongue.count("{number} recipient", "{number} recipients", recipients),
        "address": address,
        "outcomes": tongue.gettext(", ").join(outcomes),
    }
    text = (
        N_("{messages} to {recipients} from {address}: {outcomes}")
        if address
        else N_("{messages} to {recipients}: {outcomes}")
    )
    return _spanned([event for message in messages for event in message.accepted], tongue.say(text, values))


def _refusals(refused: Sequence[dict[str, Any]], tongue: Translator) -> list[Happening]:
    """Tell which provider did not take what for which reason, with what it said most often; the most frequent first."""
    by_pair: dict[tuple[str, str, bool], list[dict[str, Any]]] = {}
    for event in refused:
        pair = refusal_of(event)
        if pair is not None:
            by_pair.setdefault((*pair, status_of(event) == "deferred"), []).append(event)
    ranked = sorted(by_pair.items(), key=lambda one: -len(one[1]))[:_REFUSALS]
    return [_refusal(provider, klass, put_off, of, tongue) for (provider, klass, put_off), of in ranked]


def _refusal(
    provider: str, klass: str, put_off: bool, events: Sequence[dict[str, Any]], tongue: Translator
) -> Happening:
    number = len({name.lower() for one in events for name in listed(one.get("email.to.address"))}) or len(events)
    values = {
        "who": tongue.gettext("Other receivers") if provider == ELSEWHERE else provider_name(provider),
        "recipients": tongue.count("{number} recipient", "{number} recipients", number),
        "reason": tongue.gettext(CLASSES[klass]) if klass in CLASSES else klass,
    }
    if klass == ELSEWHERE:  # what it said is all there is
        text = N_("{who} put off {recipients}") if put_off else N_("{who} refused {recipients}")
    else:
        text = N_("{who} put off {recipients}: {reason}") if put_off else N_("{who} refused {recipients}: {reason}")
    return _spanned(events, tongue.say(text, values), commonest([reply_text(one) for one in events]))


def _spanned(events: Sequence[Mapping[str, Any]], text: str, said: str = "") -> Happening:
    times = [at_us(event) for event in events]
    return Happening(min(times), max(times), text, said)
