"""Which incidents are one story: what came of what, so that it is told once."""

from mailwarden.alerts.detection.senders import MANY, is_most, is_telling, stands_out
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.terms import severity_rank
from mailwarden.parsers.address import network

__all__ = [
    "DISBELIEVED",
    "EXPLAINED",
    "Sort",
    "is_faster",
    "is_louder",
    "leads",
    "may_belong",
    "may_lead",
    "may_outgrow",
    "outgrows",
    "sort_of",
]

_EFFECT_US = 3_600_000_000  # a window may have opened before its cause was seen
_FORETOLD_US = 86_400_000_000  # guessing that began earlier is what this site sees anyway
_CHILDREN = {
    "takeover": ("takeover", "sending", "listed", "guessing", "service", "config"),
    "sending": ("listed", "guessing", "service"),
    "relay": ("listed", "relay", "sending", "service"),
    "listed": ("listed", "service"),
    "guessing": ("guessing",),
    "config": ("config", "takeover", "listed"),
    "service": ("service",),
}
"""Which causes are part of which story: the account that was entered, what it sent, who refused it, what waits for it."""
_CAMPAIGNS = {
    "mailwarden.site": ("mailwarden.account", "mailwarden.network"),
    "mailwarden.account": ("mailwarden.network",),
    "mailwarden.network": ("mailwarden.site",),
}
"""Of guessing: what is a member of what; a surge that comes from one network is that network's doing."""
_UNANSWERED = ("auth_backend_down", "nobody_let_in")
"""What it looks like where passwords cannot be checked."""
_EXPLAINS = {
    **dict.fromkeys(_UNANSWERED, ("queue_growth", "silence")),
    "certificate_expired": ("tls_failure_spike",),
    "disk_full": (*_UNANSWERED, "queue_growth", "silence", "slow_acceptance", "storage_errors"),
    "log_gap": ("silence",),
    "lookup_down": (*_UNANSWERED, "queue_growth", "slow_acceptance"),
    "process_killed": (*_UNANSWERED, "queue_growth", "silence", "slow_acceptance"),
    "receiver_unreachable": ("queue_growth",),
    "relay_login_refused": ("queue_growth",),
    "service_failure": (*_UNANSWERED, "queue_growth", "silence", "slow_acceptance"),
}
"""Which troubles of a service come of which other, by rule."""
_OF_MUCH_MAIL = frozenset({"queue_growth", "receiver_unreachable", "script_undelivered", "slow_acceptance"})
"""Which troubles of a service may come of what somebody sends, or of receivers that refuse it: no full disk does."""
_PACES = ("fast_guessing", "steady_guessing", "slow_guessing", "glacial_guessing")
"""Rules that see one thing at different paces, the fastest first."""
_AFTER_CHANGE = frozenset({"success_after_failures"})
"""What new passwords for everybody look like, account by account: a device fails with the old one, then it has the new one."""
EXPLAINED = frozenset(_EXPLAINS).union(_AFTER_CHANGE, *_EXPLAINS.values())
_ARRIVALS = frozenset({"dormant_account", "new_country", "new_protocol", "strange_login", "success_after_failures"})
"""What the logins of one's own migration look like, account by account."""
_HITS = _ARRIVALS | {"success_after_spray", "success_after_guessing"}
"""And what the hits of a list of stolen passwords look like."""
DISBELIEVED = "authentication_refused"
"""The rule whose refusals are part of a takeover while they are of the mail of that account alone."""
_LEAST_DISBELIEVED = 3  # recipients of others' mail, from which on it is the domain's trouble: what the rule fires at
_SPAM = ("takeover", "sending")
_OURS = ("mailwarden.site", "mailwarden.own_address")
_ONE_PROVIDER = ("mail.provider", "mailwarden.receiver")
_SCORES = frozenset({"server_risk"})  # sums of what others found
_RISKS = _SCORES | {"domain_risk"}
_SHARES = frozenset({"deferral_ramp"})  # the same deferrals as of the provider, against all of its mail
_SURGE = "guessing_surge"
_MEMBER_SHARE = 4  # one in four of a site's guesses is an attack of its own,
_MEMBER_TIMES = 3  # unless it does about as much as the others

Sort = tuple[str, str]
"""Cause and the name of the primary entity."""


def sort_of(incident: Incident) -> Sort:
    return incident.cause, incident.primary[0]


def is_faster(rule: str, lead: str) -> bool:
    """Say whether a rule saw at a faster pace what the leading one sees: the fastest is told."""
    return rule in _PACES and lead in _PACES and _PACES.index(rule) < _PACES.index(lead)


def may_lead(lead: Sort, part: Sort) -> bool:
    """Say whether incidents of one sort belong to the story of another: thousands of networks guess one account."""
    if part[0] not in _CHILDREN.get(lead[0], ()):
        return False
    if lead[0] == "guessing":  # one campaign on many accounts, or of many networks on one
        return part[1] in _CAMPAIGNS.get(lead[1], ())
    if lead[0] == part[0] == "relay":  # what was asked of before it was proven
        return lead[1] == "mailwarden.site" and part[1] != "mailwarden.site"
    if lead[0] == part[0] == "takeover":  # a migration, or a thief of many passwords
        return lead[1] == "mailwarden.network" and part[1] == "mailwarden.account"
    if lead[0] == "config" and part[0] == "listed":  # mail that is not believed is why a domain's standing falls
        return lead[1] == "mailwarden.sender_domain" and part[1] in (lead[1], "mailwarden.site")
    if lead[0] == "config":  # passwords of everybody were changed
        return lead[1] == "mailwarden.site" and part[1] == "mailwarden.account"
    if part[0] == "config":  # what a thief sends is not believed
        return lead[1] == "mailwarden.account" and part[1] == "mailwarden.sender_domain"
    if lead[0] == part[0] == "listed":  # one cause at several providers, or one provider's in two ways
        return lead[1] in _OURS or part[1] == "mailwarden.site" or (lead[1], part[1]) == _ONE_PROVIDER
    return lead[1] != "mailwarden.site" or part[1] == "mailwarden.site" or part[0] in ("listed", "service")


def is_louder(part: Incident, lead: Incident) -> bool:
    """Say whether guessing is worse than what it is said to have led to: a doubt about one login explains no attack on all."""
    guessed = part.cause == "guessing" != lead.cause
    return guessed and severity_rank(part.severity) > severity_rank(lead.severity)


def _is_weather(part: Incident, lead: Incident) -> bool:
    """Say whether the whole site was guessed at long before: what never ends led to nothing."""
    return part.primary[0] == "mailwarden.site" and part.opened_us < lead.first_seen_us - _FORETOLD_US


def leads(lead: Incident, part: Incident) -> bool:
    """Say whether `part` belongs to the story of `lead`."""
    if not may_lead(sort_of(lead), sort_of(part)):
        return False
    name, value = lead.primary
    if lead.cause == part.cause == "guessing":
        return _is_of_campaign(lead, part)
    if lead.cause == part.cause == "listed":
        return _explains_listing(lead, part)
    if lead.cause == part.cause == "takeover":
        entries = _HITS if "guesser_entered_many" in lead.rules else _ARRIVALS
        return entries.issuperset(part.rules) and _comes_from(part, value)
    if lead.cause == part.cause == "relay":
        return not set(lead.entities.get("source.ip", ())).isdisjoint(part.entities.get("source.ip", ()))
    if part.cause == "guessing" and (is_louder(part, lead) or _is_weather(part, lead)):
        return False
    if lead.cause == "config" and part.cause == "listed":
        return lead.rules == [DISBELIEVED] and _is_for_disbelief(lead, part)
    if lead.cause == "config":
        return lead.rules == ["passwords_changed"] and _is_of_change(lead, part)
    if part.cause == "config":
        return part.first_seen_us >= lead.first_seen_us - _EFFECT_US and _is_disbelieved(part, value)
    if part.cause in ("listed", "service") or lead.cause == "relay":  # what came of it comes after it
        if part.opened_us < lead.first_seen_us - _EFFECT_US:
            return False
        if lead.cause == "service":
            explained = part.lead in _EXPLAINS.get(lead.lead, ())
            return explained and (name != "mailwarden.receiver" or part.entities.get(name, [])[:1] == [value])
        if name == "mailwarden.site":
            return part.cause != "service" or part.lead in _OF_MUCH_MAIL
        return _is_of(lead, part)
    if name == "mailwarden.site":
        return True
    return value in part.entities.get(name, ()) or part.primary == lead.primary


def may_outgrow(part: Incident) -> bool:
    """Say whether a part may become more than its story: mail that is not believed, a network that guesses, a login."""
    is_such = part.cause == "guessing" or DISBELIEVED in part.rules or not _AFTER_CHANGE.isdisjoint(part.rules)
    return part.parent is not None and is_such


def outgrows(part: Incident, lead: Incident) -> bool:
    """Say whether it has: it is the trouble of a whole domain, a thief's, or more than one account's or network's guessing."""
    is_at_one = lead.cause == "guessing" and lead.primary[0] in ("mailwarden.account", "mailwarden.network")
    is_entered = (lead.cause, part.cause) == ("config", "takeover")
    return (part.cause == "config" or (part.cause == "guessing" and is_at_one) or is_entered) and not leads(lead, part)


def _is_of_change(change: Incident, part: Incident) -> bool:
    """Say whether it is what new passwords for everybody bring about: an old one that goes on, or a login behind failures."""
    if part.cause == "config":
        return part.rules == ["stale_password"]
    is_minor = severity_rank(part.severity) <= severity_rank("low")
    return is_minor and _AFTER_CHANGE.issuperset(part.rules) and part.opened_us >= change.first_seen_us - _EFFECT_US


def may_belong(part: Incident, sender: str) -> bool:
    """Say whether more is known of whose mail brought an incident about than when it was last asked: again at each doubling."""
    own = part.senders.get(sender, 0)
    return part.parent is None and own > 1 and (own & (own - 1) == 0 or own == MANY)


def _is_of(lead: Incident, part: Incident) -> bool:
    """Say whether what receivers say, or what waits, is about the mail of one sender; a machine's is known by its return paths.

    Of one that people are told of anyway it is where most of it is its mail; of any other where nobody else's comes near.
    """
    name, value = lead.primary
    is_suspect = lead.cause in _SPAM and severity_rank(lead.severity) >= severity_rank("medium")
    writes = lead.entities.get("mailwarden.return_path", ()) if name == "source.ip" else (value,)
    if is_suspect and any(is_most(part.senders, one) for one in writes):
        return True
    if is_telling(part.senders):
        return any(stands_out(part.senders, one) for one in writes)
    if lead.cause == "takeover" and severity_rank(part.severity) > severity_rank(lead.severity):
        return False  # a few of its letters must not make a minor doubt about a login a loud one
    is_first = part.entities.get(name, [])[:1] == [value]
    return is_first and 2 * part.senders.get(value, 0) >= sum(part.senders.values())


def _is_disbelieved(part: Incident, account: str) -> bool:
    """Say whether the mail of a domain that receivers did not believe is one account's, but for fewer than tell by themselves."""
    own = part.senders.get(account, 0)
    others = sum(part.senders.values()) - own
    return part.rules == [DISBELIEVED] and own > others and others < _LEAST_DISBELIEVED


def _is_for_disbelief(lead: Incident, part: Incident) -> bool:
    """Say whether a risk rises because mail of a domain is not believed, more than for anything else."""
    grades = part.values.get("risk_parts") or [("", 0)]
    is_own = part.primary[0] == "mailwarden.site" or part.primary == lead.primary
    return is_own and _RISKS.issuperset(part.rules) and grades[0][0] == "authentication"


def _is_of_campaign(campaign: Incident, part: Incident) -> bool:
    """Say whether guessing is part of a campaign: any account's of the site's, a network's where it is one of many.

    Of a campaign on one account it is no part where it tried others, too: then it is of the site's, or stands by itself. Of a
    surge that comes from one network whichever people heard of first is told, else the network: it is what can be blocked.
    """
    if campaign.primary[0] == "mailwarden.network":
        return _is_surge_of(campaign, part) and part.told_severity is None
    if part.primary[0] != "mailwarden.network":
        return True
    name, value = campaign.primary
    if name == "mailwarden.site" and campaign.told_severity is not None and _is_surge_of(part, campaign):
        return True
    if name == "mailwarden.account" and part.entities.get(name) != [value]:
        return False
    return _is_one_of_many(campaign, part)


def _is_surge_of(net: Incident, site: Incident) -> bool:
    """Say whether most of what people are to hear of a site's guessing comes from one network: that is told once.

    Of the site the surge counts alone: its incident has counted the tries of the hours before, too.
    """
    is_loud = severity_rank(net.severity) > severity_rank("low") < severity_rank(site.severity)
    return is_loud and 2 * net.event_count >= site.counts.get(_SURGE, site.event_count)


def _is_one_of_many(campaign: Incident, net: Incident) -> bool:
    """Say whether a network that guesses is a member of a botnet: it has a small part in all, or does what the others do."""
    if severity_rank(net.severity) > severity_rank("low"):
        return False
    members = campaign.entity_counts.get("source.ip", 1)
    share = max(campaign.event_count / _MEMBER_SHARE, _MEMBER_TIMES * campaign.event_count / members)
    return net.event_count <= share


def _comes_from(part: Incident, net: str) -> bool:
    """Say whether an account was entered from one network alone."""
    addresses = part.entities.get("source.ip", ())
    return bool(addresses) and all(network(address) == net for address in addresses)


def _explains_listing(lead: Incident, part: Incident) -> bool:
    """Say whether what several providers, or a list, say of us explains what one says; a score of all explains nothing."""
    if _SCORES.issuperset(part.rules):
        return not _SCORES.issuperset(lead.rules)
    name, value = lead.primary
    if (name, part.primary[0]) == _ONE_PROVIDER:
        return _SHARES.issuperset(part.rules) and part.primary[1] == value
    if name == "mailwarden.site":
        return part.primary[0] != name and not _SCORES.issuperset(lead.rules)
    return name in _OURS and part.primary[0] not in _OURS and value in part.entities.get(name, ())
