"""How an incident went, in the words of what found it; and whom it names."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.verdict import inputs_of
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_
from mailwarden.pipeline.answers.words import PROTOCOLS
from mailwarden.pipeline.showing.columns import columns
from mailwarden.pipeline.showing.sentences import Sentences

__all__ = ["ENTITY_WORDS", "begun", "named", "said_by", "shown_names", "title_of", "turns"]

ENTITY_WORDS = {
    "destination.domain": N_("Destinations"),
    "dns.question.name": N_("Names"),
    "email.from.address": N_("Senders"),
    "email.to.address": N_("Recipients"),
    "event.module": N_("Programs"),
    "event.reason": N_("Reasons"),
    "host.hostname": N_("Servers"),
    "host.name": N_("Servers"),
    "log.logger": N_("Filters"),
    "mail.bounce.list": N_("Block lists"),
    "mail.dkim.domain": N_("Domains"),
    "mail.provider": N_("Providers"),
    "mail.tls.alert": N_("TLS alerts"),
    "mail.virus.name": N_("Malware"),
    "mailwarden.account": N_("Accounts"),
    "mailwarden.complaint.about": N_("Senders"),
    "mailwarden.content.sender": N_("Senders"),
    "mailwarden.filter": N_("Filters"),
    "mailwarden.listing.lists": N_("Block lists"),
    "mailwarden.listing.name": N_("Block lists"),
    "mailwarden.network": N_("Networks"),
    "mailwarden.own_address": N_("Our addresses"),
    "mailwarden.own_domain": N_("Our domains"),
    "mailwarden.receiver": N_("Receivers"),
    "mailwarden.report.organisation": N_("Reported by"),
    "mailwarden.return_path": N_("Return paths"),
    "mailwarden.script": N_("Scripts"),
    "mailwarden.sender_domain": N_("Our domains"),
    "mailwarden.site": "",  # stands in every incident of it
    "mailwarden.unsigned": N_("Our domains"),
    "network.protocol": N_("Protocols"),
    "process.name": N_("Programs"),
    "service.name": N_("Programs"),
    "smtp.stage": N_("Stages of SMTP"),
    "source.as.number": N_("Networks (AS)"),
    "source.as.organization.name": N_("Networks (AS)"),
    "source.geo.country_iso_code": N_("Countries"),
    "source.ip": N_("Addresses"),
    "user.domain": N_("Domains"),
    "user.id": N_("Local users"),
    "user.name": N_("Accounts"),
}
_RECEIVERS = ("mail.provider", "mailwarden.receiver")
_TURNS = 6  # kinds of finding that are shown unasked


def begun(text: str) -> str:
    """Let a text begin as a sentence does; one that begins with a name keeps it as it is written."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isascii() and first.isalpha() else text


def title_of(incident: Incident, sentences: Sentences) -> str:
    """Give an incident's title as a sentence."""
    title = sentences.title(incident)
    return title if incident.title.startswith("{") else begun(title)


def said_by(
    incident: Incident, parts: Sequence[Incident], sentences: Sentences, titles: Mapping[str, str]
) -> dict[str, str]:
    """Give what each rule found, in words: as the part that it opened is called, else by its title and what it then knew."""
    found = {}
    for rule in dict.fromkeys(name for _, name in incident.timeline):
        if rule == (incident.lead or incident.rules[0]):
            found[rule] = title_of(incident, sentences)
            continue
        leads = next((one for one in parts if one.lead == rule), None)
        holds = leads or next((one for one in parts if rule in one.rules), None)
        told = title_of(leads, sentences) if leads else _knowing(incident, rule, sentences, titles)
        if not told and holds:
            told = _knowing(holds, rule, sentences, titles) or title_of(holds, sentences)
        if told:
            found[rule] = told
    return found


def _knowing(incident: Incident, rule: str, sentences: Sentences, titles: Mapping[str, str]) -> str:
    """Say what a rule found by its title and what it then knew; nothing where that was not kept."""
    inputs = inputs_of(incident, rule)
    if inputs is None or rule not in titles:
        return ""
    measure = inputs.counted[0][1] if inputs.counted else None
    said = printable(sentences.tongue.say(titles[rule], incident.values | {"measure": measure} | inputs.values))
    return said if titles[rule].startswith("{") else begun(said)


def turns(
    incident: Incident, said: Mapping[str, str], sentences: Sentences, *, everything: bool = False
) -> list[tuple[str, str]]:
    """Give what was found and when first, with how often until when where it was found again; what came first, first."""
    tongue = sentences.tongue
    found = []
    told = sorted(
        (said.get(rule) or printable(rule), at_us)
        for at_us, rule in incident.timeline
        if rule in said or rule in incident.rules  # what has left the story is no part of how it went
    )
    for text, group in groupby(told, key=itemgetter(0)):
        times = [at_us for _, at_us in group]
        if len(times) > 1:
            last = sentences.time(times[-1], times[0]).rpartition(" ")[0]  # the zone is said once, above
            values = {"text": text, "number": len(times), "last": last}
            text = tongue.say(N_("{text} (×{number}, last {last})"), values)
        found.append((times[0], text))
    found.sort(key=itemgetter(0))
    shown = found if everything else found[:_TURNS]
    rows = [(sentences.time(at_us, incident.first_seen_us).rpartition(" ")[0], text) for at_us, text in shown]
    rest = len(found) - len(shown)
    if rest:
        rows.append(("", tongue.count("and {number} more (--all)", "and {number} more (--all)", rest)))
    return rows


def named(incident: Incident, sentences: Sentences, room: int, *, everything: bool = False) -> list[tuple[str, str]]:
    """Give whom it names beside its primary entity: a word, and as many of the names as fit `room`, or all."""
    tongue = sentences.tongue
    found: dict[str, list[str]] = {}
    totals: dict[str, int] = {}
    for name, values in incident.entities.items():
        if not ENTITY_WORDS.get(name, name):
            continue
        word = tongue.gettext(ENTITY_WORDS.get(name, name))
        total = incident.entity_counts.get(name, len(values))
        if total > totals.get(word, 0):
            shown = shown_names(name, values)
            found[word], totals[word] = list(map(printable, shown)), total
    rows = []
    for word, values in found.items():
        if totals[word] == 1 and values[0] == printable(incident.primary[1]):
            continue  # the title names it
        rows.append((word, _listed(values, totals[word], room, sentences, everything=everything)))
    return rows


def shown_names(name: str, values: Sequence[str]) -> list[str]:
    """Give the values of an entity as people know them."""
    if name == "network.protocol":
        return [PROTOCOLS.get(value, value) for value in values]
    return [provider_name(value) if name in _RECEIVERS else value for value in values]


def _listed(values: Sequence[str], total: int, room: int, sentences: Sentences, *, everything: bool) -> str:
    tongue = sentences.tongue
    comma = tongue.gettext(", ")
    many = len(values)
    while True:
        text = comma.join(values[:many])
        if total > many:
            more = "{names} and {number} more"
            text = tongue.count(more, more, total - many, {"names": text})
        if everything or many <= 1 or columns(text) <= room:
            return text
        many -= 1
