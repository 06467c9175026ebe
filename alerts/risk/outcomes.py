"""Count what became of mail, by who sent it and who was to take it, and set what these counts were as facts.

Each delivery that was taken costs a few additions; only what was refused is weighed.
"""

import re
from typing import Any

import msgspec

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.ours import Ours
from mailwarden.alerts.risk.checks import seen
from mailwarden.alerts.risk.decay import Fading, fed
from mailwarden.alerts.risk.parts import NAMELESS, PARTS, refusal
from mailwarden.alerts.risk.score import ALARM, Risk, assess, before, open_story, volume_of, volume_since
from mailwarden.alerts.risk.sender import HOUR_US, Sender, Story, blame, keep_story, roll
from mailwarden.alerts.risk.warm_up import begin, count_early
from mailwarden.alerts.state.mark import is_among, mark
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import organisation
from mailwarden.parsers.event import Event

__all__ = ["DOMAIN", "KIND", "NAMELESS", "RISE", "SERVER", "Outcomes", "Receiver", "address_of"]

KIND = "risk.sender"
SERVER, DOMAIN = "server ", "domain "  # how the keys of a sender begin
_DAY_US = 24 * HOUR_US
_KEEP_US = 60 * _DAY_US
RISE = 25  # points within six hours that are told before it is an alarm
_RISE_H = 6
_AGAIN = 10  # points more before it is told again within a day
_SIGN = 8  # the score from which a decline is counted from
_OVER = 5
_HOUR_SLOTS = 24
_SMOOTH = 0.15  # of the hourly share's mean and variance: a half-life of four hours of traffic
_UNKNOWN = "unknown_user"
_GONE = 32
# Senders of feedback loops: Outlook.com's JMRP, Yahoo, Validity's for many providers, Amazon SES, Fastmail, Mail.ru.
_FEEDBACK = re.compile(
    r"^(?:staff@hotmail\.com|(?:fbl|scomp|arf|feedbackloop)[\w.+-]{0,40}@"
    r"|[^@]{1,64}@(?:[^@]{0,200}\.)?(?:fbl|arf|feedback|email-abuse|senderscore|jmrp)\.[a-z0-9.-]{2,60}$)"
)
_MOST_REPORTED = 4  # of a report's failures: it counts a day's at once
_LOOK = 32
_HALF_LIFE_US = PARTS["unknown_recipients"].half_life_us


class Use(msgspec.Struct, array_like=True):
    """Which sender an address of ours is of, and when a reply last said so."""

    sender: str
    last_us: int


class Receiver(msgspec.Struct, array_like=True):
    """What one receiver took and refused, by hour of the last day, and what share of deferrals is usual there."""

    last_us: int = 0
    hours: dict[int, list[int]] = {}  # hour -> taken or refused, put off for our standing, does not exist
    mean: float = 0.0
    variance: float = 0.0
    learned: int = 0  # hours of traffic that these were learned from
    gone: list[
        int
    ] = []  # marks of the last recipients that do not exist there: who writes to one again has no bad list


class Outcomes:
    """Keeps what receivers think of our senders, told from what became of the mail.

    Facts it sets on deliveries of a server that is new: `mailwarden.warm_up` (a provider's recipients of the day, and the most
    of a day before); on refused deliveries: `mailwarden.receiver.*` (its counts before), `mailwarden.risk.server` and
    `mailwarden.risk.domain` (an alarm, where the risk has just reached one).
    """

    def __init__(self, ledger: Ledger, ours: Ours, backing: Backing) -> None:
        self._ledger, self._ours = ledger, ours
        self._began = Shelf("risk.began", 1, int, lambda seen: seen + _KEEP_US, backing)
        self._senders = Shelf(KIND, 1, Sender, lambda one: one.last_us + _KEEP_US, backing)
        self._users = Shelf("risk.address", 1, Use, lambda one: one.last_us + _KEEP_US, backing)
        self._receivers = Shelf("risk.receiver", 1, Receiver, lambda one: one.last_us + 14 * _DAY_US, backing)
        self.shelves: tuple[Shelf[Any], ...] = (self._senders, self._receivers, self._users, self._began)

    def take(self, event: Event) -> None:
        """Count a delivery to elsewhere."""
        status, facts = event.mail_delivery_status, event.facts
        if facts is None or facts.get("mailwarden.hand_over"):
            return
        if not facts.get("mailwarden.remote"):
            self._here(event, facts)
        elif event.destination_ip is None and event.destination_domain is None:
            return  # nobody was asked: what this server itself could not route is no receiver's word
        elif status == "sent":
            self._taken(event, facts)
        elif status in ("bounced", "expired") or (status == "deferred" and facts.get("mailwarden.first_try")):
            self._refused(event, str(status), facts)

    def verdict(self, event: Event) -> None:
        """Count a message of ours that our own filter refused."""
        facts = event.facts
        if facts is not None and "mailwarden.content.sender" in facts:
            self._told(event, "content", self._keys(event, facts))

    def checked(self, event: Event) -> None:
        """Take in what a probe saw of an address or domain of ours; who is told of it is the probes' own detectors' work."""
        found = seen(event)
        if found is None:
            return
        subject, part, weights = found
        is_address = "mailwarden.own_address" in (event.extra or {})
        key = (self._server_of(subject) or SERVER + subject) if is_address else DOMAIN + subject
        sender, _ = self._sender(key, event.stream_us)
        standing = sender.state.setdefault(part, {})
        for name, weight in weights.items():
            if weight is None:
                standing.pop(name, None)
            else:
                standing[name] = weight
        story = open_story(sender)
        if part == "listings" and standing and story is not None and not story.blocked_us:
            story.blocked_us = event.stream_us
        self._senders.put(key, sender)

    def complaint(self, event: Event, domain: str, server: str | None) -> None:
        """Count a recipient's complaint about a domain of ours, and set what it is measured against."""
        facts = event.facts = event.facts or {}
        keys = (DOMAIN + domain,) if server is None else (DOMAIN + domain, server)
        sender, _ = self._sender(keys[0], event.stream_us)
        facts["mailwarden.complaint.about"] = domain
        facts["mailwarden.complaint.recipients"] = sum(sender.hours) + sender.this_hour
        self._told(event, "complaints", keys)

    def reported(self, event: Event) -> None:
        """Take in what somebody else reports: a complaint, or mail of our own addresses that failed DMARC."""
        extra = event.extra or {}
        domain = str(extra.get("mailwarden.own_domain"))
        if event.event_action == "complaint":
            users = [self._server_of(source) for source in extra.get("mailwarden.report.sources", {})]
            self.complaint(event, domain, users[0] if users else None)
            return
        own = sum((event.facts or {}).get("mailwarden.report.own", {}).values())
        if event.event_action == "dmarc-report" and own:  # what strangers send in our name is no fault of ours
            sender, _ = self._sender(DOMAIN + domain, event.stream_us)
            organisation = str(extra.get("mailwarden.report.organisation"))
            self._feed(sender, "authentication", min(own, _MOST_REPORTED), event, organisation)
            self._weigh(DOMAIN + domain, sender, event)

    def line(self, host: str | None, now: int) -> dict[str, Any]:
        """Give what alerts say beside their own: how the sending server stands now. Nothing where all is well."""
        name = host or NAMELESS
        sender = self._senders.get(SERVER + name)
        if sender is None:
            return {}
        risk = assess(sender, now)
        if risk.score < _SIGN:
            return {}
        return {"risk": risk.score, "risk_trend": risk.trend, "risk_of": address_of(sender) or name}

    def _told(self, event: Event, part: str, keys: tuple[str, ...]) -> None:
        for key in keys:
            sender, _ = self._sender(key, event.stream_us)
            self._feed(sender, part, event.event_count, event, event.mail_provider or "")
            self._weigh(key, sender, event)

    # ------------------------------------------------------------------ one delivery

    def _here(self, event: Event, facts: dict[str, Any]) -> None:
        """Look at what reached a mailbox or a filter on this machine: only complaints and verdicts tell something."""
        host = event.host_hostname or NAMELESS
        if self._began.get(host) is None:
            self._began.put(host, event.stream_us)
        if "mailwarden.content.sender" in facts:
            self.verdict(event)
            return
        sender = event.email_from_address
        if sender and event.email_to_address and _FEEDBACK.search(sender[0].lower()):
            domain = event.email_to_address[0].rpartition("@")[2].lower()
            if self._ledger.domains.is_ours(domain):
                self.complaint(event, domain, SERVER + (event.host_hostname or NAMELESS))

    def _learn_use(self, address: str, key: str, now: int) -> None:
        """Learn which server an address of ours belongs to, as replies to it quote it; another takes it over after a day."""
        use = self._users.get(address)
        if use is None or now - use.last_us > _DAY_US:
            self._users.put(address, Use(key, now))

    def _server_of(self, address: str) -> str | None:
        """Give the key of the server that sends from an address; None where no reply has quoted it."""
        use = self._users.get(address)
        return use.sender if use is not None else None

    def _taken(self, event: Event, facts: dict[str, Any]) -> None:
        domain, now = event.destination_domain, event.stream_us
        self._count(event.mail_provider or (organisation(domain) if domain else "?"), now, 0)
        for key in self._keys(event, facts):
            sender, is_new_hour = self._sender(key, now)
            count = sender.this_hour = sender.this_hour + 1
            fed(sender.final, now, _HALF_LIFE_US, 1)
            if key.startswith(SERVER):
                self._warm_up(event, sender, facts, is_new_hour)
            if is_new_hour or (count >= _LOOK and count & (count - 1) == 0):  # 32, 64, 128 …: a ramp need not wait
                self._weigh(key, sender, event)
            else:
                self._senders.put(key, sender)

    def _warm_up(self, event: Event, sender: Sender, facts: dict[str, Any], is_new_hour: bool) -> None:
        """Count what a new server, or one with a new address, sends to a provider."""
        now = event.stream_us
        if is_new_hour:
            host = event.host_hostname or NAMELESS
            since_us = self._ours.moved_us(host)
            began_us = self._began.get(host)
            if sender.first_us == now and began_us is not None and now - began_us >= _DAY_US:
                since_us = now
            if since_us > sender.young_us:
                begin(sender, since_us)
        if sender.young_us and event.mail_provider is not None:
            counted = count_early(sender, event.mail_provider, now)
            if counted is not None:
                facts["mailwarden.warm_up"] = counted

    def _refused(self, event: Event, status: str, facts: dict[str, Any]) -> None:
        now, klass = event.stream_us, event.mail_bounce_class or "other"
        receiver = str(facts.get("mailwarden.receiver") or "?")
        is_unknown = status == "bounced" and klass == _UNKNOWN
        # bounces and dead forwards tell nothing of our senders' lists
        is_ours = event.mailwarden_direction == "outbound"
        weighed = refusal(klass, status, event.smtp_reply_enhanced_code, event.mail_provider, event.mail_bounce_list)
        puts_off = status == "deferred" and weighed is not None and weighed[0] == "deferrals"
        is_first = is_unknown and self._is_first(receiver, event)
        self._tell_receiver(receiver, now, facts, slot=1 if puts_off else 2 if is_first else 0)
        if puts_off:
            facts["mailwarden.receiver.puts_off"] = True
        for key in self._keys(event, facts):
            sender, _ = self._sender(key, now)
            own = facts.get("mailwarden.own_address")
            if own is not None and key.startswith(SERVER):
                self._learn_use(own, key, now)
                blame(sender.addresses, own)
            if status != "deferred":
                sender.this_hour += 1
                fed(sender.final, now, _HALF_LIFE_US, 1)
            if is_unknown and is_ours:
                fed(sender.unknown, now, _HALF_LIFE_US, 1)
                self._name(sender, "unknown_recipients", event, receiver)
            elif weighed is not None and (key.startswith(SERVER) or facts.get("mailwarden.bounce.scope") != "ip"):
                self._feed(sender, weighed[0], weighed[1], event, receiver)
            self._weigh(key, sender, event)

    def _keys(self, event: Event, facts: dict[str, Any]) -> tuple[str, ...]:
        """Give whom receivers judge by a message: the server that sent it, and its sender's domain where that is ours."""
        server = SERVER + (event.host_hostname or NAMELESS)
        if event.mailwarden_direction != "outbound" or not event.email_from_address:
            return (server,)
        domain = event.email_from_address[0].rpartition("@")[2].lower()
        account = event.mailwarden_account
        if domain and (
            (account is not None and account.endswith("@" + domain)) or self._ledger.domains.is_ours(domain)
        ):
            facts["mailwarden.sender_domain"] = domain
            return server, DOMAIN + domain
        return (server,)

    def _sender(self, key: str, now: int) -> tuple[Sender, bool]:
        """Give a sender's record, and whether an hour has passed since it was last touched."""
        sender = self._senders.get(key)
        if sender is None:
            sender = Sender(first_us=now)
        is_new_hour = sender.hour != now // HOUR_US
        if is_new_hour:
            roll(sender, now, _close)
        sender.last_us = now
        return sender, is_new_hour

    def _feed(self, sender: Sender, part: str, weight: float, event: Event, receiver: str) -> None:
        fading = sender.sums.setdefault(part, Fading())
        fed(fading, event.stream_us, PARTS[part].half_life_us, weight)
        self._name(sender, part, event, receiver)

    def _name(self, sender: Sender, part: str, event: Event, receiver: str) -> None:
        facts = event.facts or {}
        script = facts.get("mailwarden.script") or event.process_working_directory
        who = event.mailwarden_account or script or facts.get("mailwarden.return_path")
        if who is None and event.mail_original_recipient:
            who = f"{event.mail_original_recipient}"
        if who is not None:
            blame(sender.behind.setdefault(part, {}), str(who))
        if receiver:
            blame(sender.receivers.setdefault(part, {}), receiver)

    # ------------------------------------------------------------------ receivers

    def _count(self, name: str, now: int, slot: int) -> Receiver:
        record = self._receivers.get(name)
        if record is None:
            record = Receiver()
        hour = now // HOUR_US
        here = record.hours.get(hour)
        if here is None:
            if record.hours:
                _learn(record, next(reversed(record.hours)))
            here = record.hours[hour] = [0, 0, 0]
            for old in [one for one in record.hours if one <= hour - _HOUR_SLOTS]:
                del record.hours[old]
        here[0] += 1
        if slot:
            here[slot] += 1
        record.last_us = now
        self._receivers.put(name, record)
        return record

    def _is_first(self, name: str, event: Event) -> bool:
        """Say whether a recipient that does not exist is met for the first time lately."""
        recipient = (event.email_to_address or [""])[0].lower()
        record = self._receivers.get(name) or Receiver()
        if is_among(recipient, record.gone):
            return False
        record.gone = [*record.gone, mark(recipient)][-_GONE:]
        self._receivers.put(name, record)
        return True

    def _tell_receiver(self, name: str, now: int, facts: dict[str, Any], slot: int) -> None:
        """Count a refusal and set what is known of the receiver, this one counted in."""
        record = self._count(name, now, slot)
        hour = now // HOUR_US
        recent = [counts for at, counts in record.hours.items() if at > hour - _RISE_H]
        facts["mailwarden.receiver.recipients"] = sum(counts[0] for counts in recent)
        facts["mailwarden.receiver.deferred"] = sum(counts[1] for counts in recent)
        facts["mailwarden.receiver.usual"] = record.mean + 3 * record.variance**0.5 if record.learned else 0.0
        if slot == 2:
            facts["mailwarden.receiver.day_recipients"] = sum(counts[0] for counts in record.hours.values())
            facts["mailwarden.receiver.day_unknown"] = sum(counts[2] for counts in record.hours.values())

    # ------------------------------------------------------------------ alarms and stories

    def _weigh(self, key: str, sender: Sender, event: Event) -> None:
        """Weigh a sender after a sign; say so where an alarm is due, and keep how its decline goes."""
        now = event.stream_us
        risk = assess(sender, now)
        past = before(sender, _RISE_H)
        _tell_story(sender, risk, event)
        rises = risk.score - past >= RISE
        if (risk.score >= ALARM or rises) and not _is_told(sender, risk.score, now):
            sender.told, sender.told_us = risk.score, now
            story = open_story(sender)
            if story is not None and not story.warned_us:
                story.warned_us = now
            name = "mailwarden.risk.server" if key.startswith(SERVER) else "mailwarden.risk.domain"
            facts = event.facts = event.facts or {}
            facts[name] = (key.partition(" ")[2], risk, address_of(sender))
        volume = volume_of(sender) if key.startswith(SERVER) else None
        if volume is not None:
            facts = event.facts = event.facts or {}
            facts["mailwarden.volume"] = (*volume, volume_since(sender, now))
        self._senders.put(key, sender)


def _is_told(sender: Sender, score: int, now: int) -> bool:
    """Say whether this was told within the day: then only a clear rise, and the alarm itself, are news."""
    if not sender.told_us or now - sender.told_us > _DAY_US:
        return False
    return score < sender.told + _AGAIN and not (sender.told < ALARM <= score)


def address_of(sender: Sender) -> str | None:
    """Give the sending address that replies quote most."""
    return max(sender.addresses, key=lambda one: sender.addresses[one], default=None)


def _close(sender: Sender, end_us: int) -> int:
    """Give the score at the end of an hour; a decline whose signs have faded is over."""
    score = assess(sender, end_us).score
    story = open_story(sender)
    if story is not None and score < _OVER:
        story.ended_us = end_us
    return score


def _tell_story(sender: Sender, risk: Risk, event: Event) -> None:
    """Keep when a decline began, when it ended in a block, and when it was over."""
    now = event.stream_us
    story = open_story(sender)
    if story is None:
        if risk.score < _SIGN:
            return
        story = Story(sign_us=now)
        keep_story(sender, story)
    story.peak = max(story.peak, risk.score)
    if not story.blocked_us and _is_block(event):
        story.blocked_us = now


def _is_block(event: Event) -> bool:
    """Say whether a refusal is the block that a decline leads to: final, for our list entry or reputation."""
    return event.mail_delivery_status == "bounced" and event.mail_bounce_class in ("blocklist", "reputation")


def _learn(record: Receiver, hour: int) -> None:
    """Learn the share of deferrals of an hour that is over."""
    taken, deferred, _ = record.hours[hour]
    if taken < 5:
        return
    share = deferred / taken
    if not record.learned:
        record.mean = share
    apart = share - record.mean
    record.mean += _SMOOTH * apart
    record.variance = (1 - _SMOOTH) * (record.variance + _SMOOTH * apart * apart)
    record.learned += 1
