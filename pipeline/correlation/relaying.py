"""Mail of strangers that went on to strangers: whether it was relayed, and whether that is proven or must be asked.

Where nobody stated what is ours, a domain that no mailbox here is known of may be one that this server is the backup for. Proof
is a recipient at a provider, who is nobody's customer here; one stranger who writes to a second domain within the hour, or to
fifty people; ten domains in a day. Until then somebody is asked, once a domain (`relay_question`).

Sendmail does not say which recipient an alias or a `.forward` stood for. It writes what they say as it stands there, mostly
without angle brackets. Who tries relays could leave the brackets out, too. And a sender that stands for another (SRS) is mostly
a forward's; but some servers rewrite the sender of all strangers' mail (postsrsd in Postfix's canonical maps), and whoever relays
may call himself so: ten such messages of one network within an hour, each first to another domain, are relayed all the same.
"""

import msgspec

from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import organisation
from mailwarden.parsers.event import Event
from mailwarden.parsers.reply import exchanger_of, provider_of
from mailwarden.pipeline.correlation.memory import Memory
from mailwarden.pipeline.correlation.message import Message

__all__ = ["Relaying"]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_REWRITTEN = ("SRS0", "SRS1", "PRVS=")  # senders that stand for another: a forward's (SRS), or one's own signed (BATV)
_EVERYBODY = ""  # the key of all strangers
_DOMAINS_OF_ONE, _DOMAINS_OF_ALL = 2, 10
_RECIPIENTS_OF_ONE = 50


class _Passed(msgspec.Struct, array_like=True):
    """What went on to strangers from one network within an hour, or from all within a day."""

    since_us: int
    domains: list[str] = []
    recipients: int = 0


class Relaying:
    """Judges what becomes of strangers' mail.

    Args:
        memory: What is at hand of the site and its mail.
        backing: Where it is remembered what went on.
    """

    def __init__(self, memory: Memory, backing: Backing) -> None:
        self._site, self._ledger, self._submissions = memory.site, memory.ledger, memory.submissions
        self._messages, self._ours = memory.messages, memory.ours
        self._passed = Shelf("relay.passed", 1, _Passed, lambda one: one.since_us + _DAY_US, backing)
        self.shelves = (self._passed,)

    def judge(self, event: Event, message: Message, facts: dict[str, object]) -> None:
        """Say on a delivery to elsewhere whether it was relayed: `mailwarden.relayed`, or `mailwarden.relay.domain` to ask of."""
        if not self._is_relayed(event, message):
            return
        domain = (event.email_to_address or [""])[0].lower().rpartition("@")[2]
        if "sendmail.unbracketed" in (event.extra or {}) or _is_rewritten(event, message):
            if self._count_alias(event, message, domain):
                facts["mailwarden.relayed"] = True
        elif self._site.domains or self._count_relayed(event, domain):
            facts["mailwarden.relayed"] = True
        else:
            facts["mailwarden.relay.domain"] = organisation(domain)

    def _count_relayed(self, event: Event, domain: str) -> bool:
        """Count a recipient elsewhere; True where nobody's backup server would have passed all that on."""
        if exchanger_of(domain) is not None:
            return True
        owner = organisation(domain)
        one = self._pass(event.mailwarden_network or "?", owner, event, _HOUR_US)
        every = self._pass(_EVERYBODY, owner, event, _DAY_US)
        if len(one.domains) >= _DOMAINS_OF_ONE or len(every.domains) >= _DOMAINS_OF_ALL:
            return True
        return one.recipients >= _RECIPIENTS_OF_ONE

    def _count_alias(self, event: Event, message: Message, domain: str) -> bool:
        """Count what looks like an alias's recipient, the first of each message; True where there are too many for aliases."""
        if message.tried:
            return False
        message.tried = [mark(domain)]
        self._messages.put(event, str(event.mail_queue_id), message)
        passed = self._pass(f"unbracketed {event.mailwarden_network}", organisation(domain), event, _HOUR_US)
        return len(passed.domains) >= _DOMAINS_OF_ALL

    def _pass(self, key: str, domain: str, event: Event, span_us: int) -> _Passed:
        """Count a recipient; give what was counted under a key."""
        passed = self._passed.get(key)
        if passed is None or event.stream_us - passed.since_us > span_us:
            passed = _Passed(event.stream_us)
        passed.recipients += bool(event.facts and event.facts.get("mailwarden.first_try"))
        if domain not in passed.domains and len(passed.domains) < _DOMAINS_OF_ALL:
            passed.domains = [*passed.domains, domain]
        self._passed.put(key, passed)
        return passed

    def _is_relayed(self, event: Event, message: Message) -> bool:
        """Say whether a stranger's mail went on to a stranger: accepted without login, from outside, for outside.

        Aliases, forwards and lists are not relaying: their recipient was another, one of ours, first. Nor is what a
        gateway hands to a server behind it.
        """
        source = message.source_ip
        if source is None or message.account is not None or event.mail_original_recipient is not None:
            return False
        if message.login_unseen or message.aliased:
            return False
        if event.mail_delivery_status not in ("sent", "deferred", "bounced") or self._site.trusts(source):
            return False
        if self._ours.is_ours(source):
            return False  # another instance here handed it on
        if message.sender is None:
            return False
        if event.event_module == "exim" and event.destination_ip is None:
            return False  # it never left, and may have been for a mailbox here
        recipient = (event.email_to_address or [""])[0].lower()
        domain = recipient.rpartition("@")[2]
        if not domain or "@" not in recipient or self._ledger.domains.is_ours(domain):
            return False
        if event.destination_ip is None or not self._site.trusts(event.destination_ip):
            return True
        # A server behind us may keep mailboxes of domains that nobody told us of; a smarthost, or Gmail's domain, tells.
        return provider_of(domain) is not None or self._submissions.is_smarthost(event.destination_ip)


def _is_rewritten(event: Event, message: Message) -> bool:
    """Say whether the sender stands for another; Exim tells that under which it goes on."""
    return any(
        sender.upper().startswith(_REWRITTEN)
        for sender in (message.sender or "", *(event.email_from_address or ())[:1])
    )
