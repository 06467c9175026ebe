"""Join what servers spread over lines: the way of one message, and the several lines that tell of one failed try."""

import re
import zlib
from copy import copy

import msgspec

from mailwarden.alerts.ledger import Ledger
from mailwarden.alerts.shelf import Backing, Shelf
from mailwarden.alerts.site import Site
from mailwarden.parsers.address import is_loopback, network, organisation, wide_network
from mailwarden.parsers.event import Event
from mailwarden.parsers.reply import classify, exchanger_of, hosting, provider_of
from mailwarden.pipeline.askers import Askers
from mailwarden.pipeline.hosts import Hosts
from mailwarden.pipeline.replies import Replies
from mailwarden.pipeline.same_message import SameMessage
from mailwarden.pipeline.senders import LABEL, Sender, Senders, return_path
from mailwarden.pipeline.sessions import Sessions
from mailwarden.pipeline.submission import Origin, Submissions, is_filter, is_handed_in
from mailwarden.pipeline.ways import is_local, names_no_host, way_of

__all__ = ["Correlator"]

_MESSAGE_US = 10 * 86_400_000_000  # twice the longest time mail waits in a queue (Postfix maximal_queue_lifetime 5 d)
_TRIES_US = 900_000_000  # tellers of one try are at most minutes apart (Dovecot writes when the connection ends)
_GUESSED = 5  # tries of strangers within a day, as in `send_after_guessing`
_MAX_DEFERRED = 200
_DONE = ("sent", "bounced")
_OF_THE_SERVER = frozenset(
    {"blocklist", "reputation", "rate_limit", "policy_auth"}
)  # refusals that say nothing of who wrote
_WHOLE = frozenset({"exim", "haraka", "opensmtpd", "sendmail"})
"""Servers that tell all of a message when it arrives; Postfix goes on with it until its queue manager has it."""
_CONTENT_REASONS = frozenset({"spam", "malware", "milter"})
_CONTENT_WORDS = re.compile(r"\b(?:spam|virus|malware|infected|banned|unsolicited|phish)", re.IGNORECASE)


class Message(msgspec.Struct, array_like=True):
    """What is known of one message on its way."""

    at_us: int
    account: str | None = None  # the login it was sent under
    source_ip: str | None = None
    user_id: str | None = None  # the local user, for mail from scripts
    directory: str | None = None
    sender: str | None = None
    recipients: int = 0
    accepted: bool = False
    outbound: bool = False  # from ours to anywhere
    deferred: list[int] = []  # hashes of recipients whose deferral was counted
    guesses: int = 0  # failed tries by strangers before a login from a network that was new to the account
    fresh: bool = False  # the login's network was new to the account, which was known from another
    first_seen: bool = False  # the account came from this network for the first time within the day before
    script: str | None = None  # who handed it in on this machine: a script's path, its directory, a user
    returned: bool = False  # goes back to whom a stranger named as the sender
    elsewhere: bool = False  # the account came from this network for the first time, and is known from another
    run: int = 0  # the most recipients that the account mailed in an hour of the days before, from its own networks
    away: bool = False  # the account was not at this network before this day
    remote: bool = False  # came over a connection, though the line that was to name the client is cut
    login_unseen: bool = False  # its server logs so little that a login would leave no trace
    tried: list[int] = []  # hashes of recipients it was handed on for, where each has a line of its own
    judged: bool = False  # that a filter of ours took it for spam or malware was counted
    unsigned: bool = False  # that it leaves without a signature was counted
    program: float = 0.0  # how strange the program is that wrote it, in bits


class _Tries(msgspec.Struct, array_like=True):
    """How many failed tries each teller told of one address."""

    at_us: int = 0
    told: dict[str, int] = {}
    most: int = 0


class Correlator:
    """Sets on each event what other lines said of the same message or the same try.

    Facts it sets: `mailwarden.attempts` (tries this event newly tells of: 0 where another line told it),
    `mailwarden.accepted` (this event completes the acceptance of a message, or with `mailwarden.more` of one more
    recipient), `mailwarden.first_try` (a recipient's first deferral), `mailwarden.retried` (what became of it at
    last, after a deferral), `mailwarden.relayed` (a stranger's mail went to a stranger), `mailwarden.script` (who
    handed the message in on this machine), `mailwarden.returned` (a bounce of a stranger's mail),
    `mailwarden.sender` (whose message it is: see `senders.py`) with what it adds to the sender's
    `mailwarden.sender.traits`, `mailwarden.direction`, and the account, address and sender of the message on its
    deliveries.
    """

    def __init__(self, site: Site, ledger: Ledger, backing: Backing) -> None:
        self._site = site
        self._ledger = ledger
        self._messages = Shelf("message", 1, Message, lambda m: m.at_us + _MESSAGE_US, backing)
        self._tries = Shelf("tries", 1, _Tries, lambda t: t.at_us + _TRIES_US, backing)
        self._submissions = Submissions(backing)
        self._senders = Senders(backing)
        self._replies = Replies(backing)
        self.askers = Askers(backing)
        self.sessions = Sessions(ledger, backing)
        self._same = SameMessage(backing)
        self._hosts = Hosts(backing)
        self.shelves = (
            self._messages, self._tries, *self._submissions.shelves, *self._senders.shelves, *self.askers.shelves,
            *self.sessions.shelves, *self._same.shelves,
            *self._replies.shelves, *self._hosts.shelves,
        )  # fmt: skip
        self.handlers = {
            "message-received": self._received,
            "message-id": self._message_id,
            "message-queued": self._queued,
            "message-removed": self._removed,
            "delivery": self._delivery,
            "remote-reply": self._replies.note,
            "bounce-created": self._bounce,
            "forward": self._copied,
            "filter-verdict": self._verdict,
            "process-start": self._submissions.called,
            "auth-failure": self._failure,
            "auth-error": self._failure,
        }

    # ------------------------------------------------------------------ messages

    def _received(self, event: Event) -> None:
        queue_id = event.mail_queue_id
        if queue_id is None:
            return
        self._hosts.meet(event)
        message = Message(
            at_us=event.stream_us,
            account=event.mailwarden_account,
            source_ip=event.client_ip or event.source_ip,
            user_id=event.user_id,
            directory=event.process_working_directory,
            remote=event.source_ip is None and event.smtp_helo is not None,
            login_unseen=bool(event.extra) and "haraka.login_unseen" in (event.extra or {}),
        )
        if is_handed_in(event):
            self._hand_in(event, message)
        facts = event.facts
        if facts and facts.get("mailwarden.pair.young") and not facts["mailwarden.source.is_proxy"]:
            message.fresh, message.first_seen = facts["mailwarden.user.has_history"], True
            message.guesses = facts.get("mailwarden.user.failures", 0)
        if facts and facts.get("mailwarden.pair.fresh") and not facts["mailwarden.source.is_proxy"]:
            message.elsewhere = facts["mailwarden.user.has_history"]
            if facts.get("mailwarden.user.failures", 0) >= _GUESSED:
                # that a network of the same provider is known says little of the first mail once strangers have tried
                message.fresh, message.first_seen = facts["mailwarden.user.has_history"], True
                message.guesses = facts["mailwarden.user.failures"]
        message.away = message.first_seen or message.elsewhere
        original = event.mail_queue_orig_id and self._messages.get(_key(event, event.mail_queue_orig_id))
        if event.event_module == "sendmail":
            original = self._messages.get(self._same.first(event) or "")
        if original:  # comes back from a content filter: the same message, already counted
            message.account, message.source_ip = original.account, original.source_ip
            message.sender, message.accepted, message.outbound = original.sender, True, original.outbound
            message.script = original.script
        if event.email_from_address is None:
            message.recipients = event.mail_recipient_count or 0  # OpenSMTPD: the sender comes with the first recipient
        elif event.event_module in _WHOLE:
            message.sender = event.email_from_address[0] if event.email_from_address else None
            message.recipients = event.mail_recipient_count or len(event.email_to_address or ()) or 1
            if message.account is not None and event.email_message_id and not original:
                message.program = self._ledger.wrote_with(message.account, event.email_message_id, event.stream_us)
            if event.mail_queue_parent_id is not None and message.sender is None:
                message.returned = self._is_strangers(event, event.mail_queue_parent_id)
            if event.mail_queue_parent_id is None and not original and event.event_outcome != "failure":
                self._accept(event, message)
        self._messages.put(_key(event, queue_id), message)
        if event.client_ip:
            event.mailwarden_network = network(event.client_ip)

    def _hand_in(self, event: Event, message: Message) -> None:
        """Say which user or script of this machine a message is of; no login stands for it."""
        user = event.user_id or event.user_name or ""
        message.account = event.mailwarden_account = None
        message.user_id = event.user_id = user
        if event.event_module == "exim":
            message.directory = self._submissions.directory(event, user)
            message.script = message.directory or user
        elif event.event_module == "sendmail":
            message.script = user
        else:
            message.script = f"uid {user}"

    def _verdict(self, event: Event) -> None:
        """Learn the script that a header of PHP's names."""
        path = (event.extra or {}).get("file.path")
        message = self._messages.get(_key(event, event.mail_queue_id)) if path and event.mail_queue_id else None
        if message is not None and message.script is not None:
            message.script = f"{path} ({message.script})"
            self._messages.put(_key(event, str(event.mail_queue_id)), message)

    def _is_strangers(self, event: Event, queue_id: str) -> bool:
        """Say whether a message came from outside, without a login."""
        parent = self._messages.get(_key(event, queue_id))
        return parent is not None and not parent.outbound and parent.source_ip is not None and not parent.returned

    def _message_id(self, event: Event) -> None:
        """Say whether a message was written with a program that its account has."""
        queue_id, message_id = event.mail_queue_id, event.email_message_id
        message = self._messages.get(_key(event, queue_id)) if queue_id and message_id else None
        if message is None or message.account is None or message.accepted or not message_id:
            return
        message.program = self._ledger.wrote_with(message.account, message_id, event.stream_us)
        self._messages.put(_key(event, str(queue_id)), message)

    def _queued(self, event: Event) -> None:
        queue_id = event.mail_queue_id
        if queue_id is None:
            return
        key = _key(event, queue_id)
        message = self._messages.get(key)
        if message is None:  # its first lines were before the log began
            message = Message(at_us=event.stream_us, accepted=True)
        if message.sender is None and event.email_from_address:
            message.sender = event.email_from_address[0]
        known = message.recipients
        message.recipients = event.mail_recipient_count or message.recipients or 1
        if not message.accepted:
            if event.event_module == "opensmtpd" and message.source_ip is None:
                self._name_local(event, message)
            self._accept(event, message)
        if event.event_module == "courier":
            self._try_for(event, message, known)
        self._messages.put(key, message)

    def _name_local(self, event: Event, message: Message) -> None:
        """Say who handed a message to OpenSMTPD on this machine: a program that names its sender, or itself with a bounce."""
        if message.sender is not None:
            message.user_id = event.user_id = message.sender.partition("@")[0]
            message.script = f"local <{message.sender}>"
        else:
            domain = (event.email_to_address or [""])[0].rpartition("@")[2].lower()
            message.returned = not self._ledger.is_our_domain(domain)

    def _try_for(self, event: Event, message: Message, known: int) -> None:
        """Count a recipient where each has a line of its own: the first came with the message, others come behind it."""
        recipient = hash_of((event.email_to_address or [""])[0])
        if recipient in message.tried or len(message.tried) >= _MAX_DEFERRED:
            return
        message.tried = [*message.tried, recipient]
        if known:
            message.recipients = 1
            self._accept(event, message, is_more=True)
        message.recipients = known + 1

    def _accept(self, event: Event, message: Message, *, is_more: bool = False) -> None:
        """Complete a message: everything is known of it but where it goes; or another recipient of one that is complete."""
        message.accepted = True
        source = message.source_ip
        ours = message.account is not None or (source is None and not message.remote)
        ours = ours or (source is not None and self._site.trusts(source))
        message.outbound = ours and message.sender is not None
        facts = event.facts = event.facts or {}
        facts["mailwarden.accepted"] = True
        facts["mailwarden.pair.young"] = message.fresh
        facts["mailwarden.user.guesses"] = message.guesses
        event.mail_recipient_count = message.recipients
        event.mailwarden_account = message.account
        event.mailwarden_direction = "outbound" if message.outbound else "inbound"
        if source is not None and event.source_ip is None:
            event.source_ip = source
            event.mailwarden_network = network(source)
        if message.elsewhere and source is not None:
            facts["mailwarden.pair.fresh"] = True
            event.mailwarden_wide_network = wide_network(source)
        if message.user_id is not None:
            event.user_id = message.user_id
            facts["mailwarden.script"] = message.script
        if event.email_from_address is None and message.sender:
            event.email_from_address = [message.sender]
        if message.account is not None:
            self._accept_from_account(event, message, message.account, facts)
        sender = self._sender_of(message) if message.outbound else None
        if is_more:
            facts["mailwarden.more"] = True
        if sender is not None and is_more:
            facts["mailwarden.sender"], facts["mailwarden.sender.traits"] = sender, {}
        elif sender is not None:
            facts["mailwarden.sender"] = sender
            traits = self._senders.sent(sender, event.stream_us, message.recipients, event.mail_size, message.sender)
            traits |= {LABEL + label: 1 for label in self._site.labels_of(*sender.names)}
            facts["mailwarden.sender.traits"] = traits

    def _sender_of(self, message: Message) -> Sender | None:
        """Say whose message of ours this is; None where no login, no script and no return path of ours tells."""
        if message.account is not None:
            return Sender(message.account, "account")
        if message.script is not None:
            user = message.user_id or ""
            return Sender(message.script, "script", "" if user == message.script else user)
        path = return_path(message.sender or "")
        if message.source_ip is None or not self._ledger.is_our_domain(path.name.rpartition("@")[2]):
            return None
        return Sender(path.name, "machine")

    def _accept_from_account(self, event: Event, message: Message, account: str, facts: dict[str, object]) -> None:
        """Set what a message of an account is judged by: its usual volume, its labels, whose name it bears."""
        usual = self._ledger.mailed(account, message.recipients, event.stream_us, fresh=message.first_seen)
        facts["mailwarden.user.usual_hour"], facts["mailwarden.user.best_quarter"], message.run = usual
        facts["mailwarden.user.run"] = message.run
        self._ledger.acquaintances.lately(account, event.stream_us, facts)
        facts["mailwarden.user.away"] = message.away
        if message.program:
            facts["mailwarden.program.bits"] = message.program
        if self._site.labels:
            facts["mailwarden.labels"] = self._site.labels_of(account, event.mailwarden_network)
        if "@" in account:
            self._ledger.learn_domain(account.rpartition("@")[2], event.stream_us)
        sender = (message.sender or "").lower()
        if sender and sender != account:
            facts["mailwarden.sender.other"] = sender.rpartition("@")[0] != account if "@" not in account else True

    def _copied(self, event: Event) -> None:
        """A message was parted in two, or has a copy for a list's owner: both are the one that was accepted."""
        message = self._messages.get(_key(event, event.mail_queue_id)) if event.mail_queue_id else None
        if message is not None and event.mail_queue_child_id is not None:
            self._messages.put(_key(event, event.mail_queue_child_id), copy(message))

    def _removed(self, event: Event) -> None:
        if event.mail_queue_id is not None and event.event_module != "opensmtpd":  # there: one of its recipients
            self._messages.delete(_key(event, event.mail_queue_id))

    def _bounce(self, event: Event) -> None:
        child = event.mail_queue_child_id
        if child is not None:
            returned = event.mail_queue_id is not None and self._is_strangers(event, event.mail_queue_id)
            self._messages.put(_key(event, child), Message(at_us=event.stream_us, accepted=True, returned=returned))

    def _delivery(self, event: Event) -> None:
        queue_id = event.mail_queue_id
        if queue_id is None and event.mail_delivery_status is None:
            return  # Dovecot's word of what Postfix or Exim tells too
        message = None if queue_id is None else self._messages.get(_key(event, queue_id))
        if event.event_module == "courier":
            self._replies.give(event)
        facts = event.facts = event.facts or {}
        if message is not None:
            event.mailwarden_account = message.account
            if message.source_ip is not None:
                event.source_ip = event.source_ip or message.source_ip
                event.mailwarden_network = network(message.source_ip)
            event.user_id = event.user_id or message.user_id
            event.mailwarden_direction = "outbound" if message.outbound else "inbound"
            if event.email_from_address is None and message.sender:
                event.email_from_address = [message.sender]
            if self._site.labels:
                facts["mailwarden.labels"] = self._site.labels_of(
                    message.account, event.mailwarden_network, message.script
                )
            if message.fresh:
                facts["mailwarden.pair.young"] = True
            if message.program:
                facts["mailwarden.program.bits"] = message.program
            if message.run:
                facts["mailwarden.user.run"] = message.run
        status = event.mail_delivery_status
        local = is_local(event)
        if message is not None and (message.script is not None or message.returned):
            self._name_origin(event, message, facts, local)
        if not local and event.destination_ip is not None and is_loopback(event.destination_ip):
            self._ask_own_filter(event, facts)
        elif not local:
            facts["mailwarden.remote"] = True
            self._name_provider(event, message, facts)
        if (
            event.mail_queue_remote_id
            and status == "sent"
            and event.destination_ip
            and is_loopback(event.destination_ip)
        ):
            self._hand_over(event, message)
            facts["mailwarden.hand_over"] = True
            return
        if status == "deferred" and message is not None and event.email_to_address:
            facts["mailwarden.first_try"] = self._first_deferral(event, message)
        elif status != "deferred":
            facts["mailwarden.first_try"] = True
            if message is not None and message.deferred:
                facts["mailwarden.retried"] = True
        if event.mail_original_recipient is not None and not local:
            owner = event.mail_original_recipient.lower()
            facts["mailwarden.user.first_us"] = self._ledger.first_seen(owner, event.stream_us)
        if message is not None and message.outbound and status in _DONE and not (local and is_filter(event)):
            self._note_recipient(event, message, facts)
        if message is not None and message.account is not None and facts.get("mailwarden.first_try"):
            self._note_acquaintance(event, message, message.account, facts)
        if local:
            if status == "sent" and not is_filter(event):
                self._learn_local(event)
            elif status == "sent" and message is not None and message.source_ip is not None:
                origin = Origin(event.stream_us, message.source_ip, message.account, message.outbound)
                self._submissions.into_filter(event, origin, message.sender)
            event.mailwarden_direction = "internal" if message and message.outbound else "inbound"
        elif message is not None and message.outbound:
            if status == "sent" and event.destination_ip and self._site.trusts(event.destination_ip):
                self._submissions.learn_smarthost(event)
        elif message is not None and self._is_relayed(event, message):
            facts["mailwarden.relayed"] = True
        facts[way_of(event, facts, local=local)] = True

    def _note_recipient(self, event: Event, message: Message, facts: dict[str, object]) -> None:
        """Note to whom a sender of ours writes."""
        sender = self._sender_of(message)
        if sender is not None and event.email_to_address:
            facts["mailwarden.sender"] = sender
            facts["mailwarden.sender.traits"] = self._senders.tried(sender, event.stream_us, event.email_to_address[0])

    def _note_acquaintance(self, event: Event, message: Message, account: str, facts: dict[str, object]) -> None:
        """Note whether an account writes to whom it knows, the first time that something becomes of it."""
        if not event.email_to_address or facts.get("mailwarden.retried"):
            return
        refused = event.mail_delivery_status == "bounced" and event.mail_bounce_class not in _OF_THE_SERVER
        self._ledger.acquaintances.wrote(
            account,
            hash_of(event.email_to_address[0]),
            event.stream_us,
            facts,
            away=message.away,
            refused=refused,
        )
        facts["mailwarden.user.away"] = message.away

    def _name_origin(self, event: Event, message: Message, facts: dict[str, object], local: bool) -> None:
        """Say who wrote a message that came over no connection: a script, or whoever's mail a filter hands in anew."""
        if message.returned:
            facts["mailwarden.returned"] = True
            return
        origin = None if local else self._submissions.out_of_filter(event, message.sender)
        if origin is None:
            facts["mailwarden.script"] = message.script
            return
        message.account, message.source_ip, message.outbound = origin.account, origin.source_ip, origin.outbound
        message.script = message.user_id = event.user_id = None
        self._messages.put(_key(event, str(event.mail_queue_id)), message)
        event.mailwarden_account, event.source_ip = origin.account, origin.source_ip
        event.mailwarden_network = network(origin.source_ip) if origin.source_ip else None
        event.mailwarden_direction = "outbound" if origin.outbound else "inbound"

    def _name_provider(self, event: Event, message: Message | None, facts: dict[str, object]) -> None:
        """Say who was to take the mail, and what a refusal of theirs means. Only replies of others come here."""
        domain = event.destination_domain
        whose = domain
        if domain is None and names_no_host(event):
            whose = (event.email_to_address or [""])[0].rpartition("@")[2].lower()
            domain = exchanger_of(whose) if whose else None
        event.mail_provider = provider_of(domain) if domain else None
        if event.mail_delivery_status == "sent" or not event.smtp_reply_text:
            return
        verdict = classify(event.smtp_reply_text, event.smtp_reply_code, event.smtp_reply_enhanced_code, domain)
        event.mail_bounce_class, event.mail_bounce_list = verdict.klass, verdict.list
        if domain is None and event.destination_ip is None:  # else its own words could make a stranger a provider
            event.mail_provider = event.mail_provider or (hosting(verdict.provider) if whose else verdict.provider)
        facts["mailwarden.bounce.scope"] = verdict.scope
        facts["mailwarden.receiver"] = event.mail_provider or (organisation(whose) if whose else None)
        if verdict.scope == "domain" and verdict.klass == "blocklist" and not self._is_our_sender(message):
            event.mail_bounce_class = "spam_content"  # a forwarded message whose sender is listed, not we
        if verdict.list:
            bounce = message is not None and message.sender is None  # goes to whoever a stranger chose
            facts["mailwarden.list.public"] = not bounce and _is_public_list(verdict.list)

    def _ask_own_filter(self, event: Event, facts: dict[str, object]) -> None:
        """Say whose message a filter on this machine refused: what it says is no receiver's word of us."""
        text = event.smtp_reply_text
        if text and event.mail_delivery_status == "bounced" and _CONTENT_WORDS.search(text):
            message = self._message_of(event)
            if message is None or not message.judged:
                self._name_content_sender(event, facts)

    def _name_content_sender(self, event: Event, facts: dict[str, object]) -> None:
        own = event.mailwarden_account or facts.get("mailwarden.script")
        if own is not None:
            facts["mailwarden.content.sender"] = own

    def verdict(self, event: Event) -> None:
        """Say whose message our own filter refused, held or threw away; nobody's where it came from elsewhere."""
        is_temporary = event.mail_reject_temporary or str(event.smtp_reply_code or "").startswith("4")
        if event.event_reason not in _CONTENT_REASONS or is_temporary:
            return
        message = self._message_of(event)
        if message is not None:
            if message.judged:  # the filter and the server both tell of it
                return
            event.mailwarden_account = event.mailwarden_account or message.account
            event.mailwarden_direction = "outbound" if message.outbound or message.account else "inbound"
        elif event.mailwarden_account is not None:
            event.mailwarden_direction = "outbound"
        facts = event.facts = event.facts or {}
        if message is not None and message.script is not None:
            facts["mailwarden.script"] = message.script
        self._name_content_sender(event, facts)
        if message is not None:
            message.judged = True
            self._messages.put(_key(event, str(event.mail_queue_id)), message)

    def _message_of(self, event: Event) -> Message | None:
        """Give the message that a filter speaks of; a filter's own file names no host, so that of the message is set."""
        queue_id = event.mail_queue_id
        if queue_id is None:
            return None
        message = self._messages.get(_key(event, queue_id))
        if message is None and event.host_hostname is None:
            for host in self._hosts.known():
                message = self._messages.get(f"{host}\x1f{queue_id}")
                if message is not None:
                    event.host_hostname = host
                    break
        return message

    def signing(self, event: Event) -> None:
        """Say on a line about a message of ours that it leaves without a DKIM signature: `mailwarden.unsigned`, its domain."""
        extra = event.extra or {}
        domain = str(extra.get("mail.dkim.domain") or "")
        if extra.get("mail.dkim.signed") is not False and event.event_reason != "spoof_attempt":
            return
        message = self._message_of(event)
        if message is None or message.unsigned or not self._ledger.is_our_domain(domain):
            return
        source = message.source_ip
        if message.account is None and message.script is None and (source is None or not self._site.trusts(source)):
            return
        message.unsigned = True
        self._messages.put(_key(event, str(event.mail_queue_id)), message)
        event.mailwarden_account, event.mailwarden_direction = message.account, "outbound"
        event.facts = event.facts or {}
        event.facts["mailwarden.unsigned"] = domain

    def _is_our_sender(self, message: Message | None) -> bool:
        """Say whether a message bears a name of ours; True where nobody knows."""
        if message is None or message.account is not None or message.sender is None:
            return True
        return self._ledger.is_our_domain(message.sender.lower().rpartition("@")[2])

    def _hand_over(self, event: Event, message: Message | None) -> None:
        """Give what is known of a message to the one that comes back from a filter on this machine."""
        remote = event.mail_queue_remote_id
        child = self._messages.get(_key(event, remote)) if remote else None
        if child is not None and message is not None and child.account is None:
            child.account, child.source_ip, child.sender = message.account, message.source_ip, message.sender
            child.outbound, child.user_id, child.script = message.outbound, message.user_id, message.script
            self._messages.put(_key(event, str(remote)), child)

    def _first_deferral(self, event: Event, message: Message) -> bool:
        """Say whether this recipient is deferred for the first time: retries count once."""
        recipient = hash_of((event.email_to_address or [""])[0])
        if recipient in message.deferred or len(message.deferred) >= _MAX_DEFERRED:
            return False
        message.deferred = [*message.deferred, recipient]
        self._messages.put(_key(event, str(event.mail_queue_id)), message)
        return True

    def _learn_local(self, event: Event) -> None:
        for recipient in event.email_to_address or ():
            name, at, domain = recipient.lower().rpartition("@")
            if at:
                self._ledger.learn_domain(domain, event.stream_us)
                self._ledger.exists(f"{name}@{domain}", event.stream_us)

    def _is_relayed(self, event: Event, message: Message) -> bool:
        """Say whether a stranger's mail went on to a stranger: accepted without login, from outside, for outside.

        Aliases, forwards, SRS and lists are not relaying: their recipient was another, one of ours, first. Nor is what a
        gateway hands to a server behind it.
        """
        source = message.source_ip
        if source is None or message.account is not None or event.mail_original_recipient is not None:
            return False
        if message.login_unseen:
            return False
        if event.mail_delivery_status not in ("sent", "deferred", "bounced") or self._site.trusts(source):
            return False
        if message.sender is None or message.sender.upper().startswith(("SRS0", "SRS1", "PRVS=")):
            return False
        if event.event_module == "exim" and event.destination_ip is None:
            return False  # it never left, and may have been for a mailbox here
        recipient = (event.email_to_address or [""])[0].lower()
        domain = recipient.rpartition("@")[2]
        if not domain or "@" not in recipient or self._ledger.is_our_domain(domain):
            return False
        if event.destination_ip is None or not self._site.trusts(event.destination_ip):
            return True
        # A server behind us may keep mailboxes of domains that nobody told us of; a smarthost, or Gmail's domain, tells.
        return provider_of(domain) is not None or self._submissions.is_smarthost(event.destination_ip)

    # ------------------------------------------------------------------ tries

    def _failure(self, event: Event) -> None:
        """Count one try once, though smtpd, Dovecot and PAM each tell of it.

        The tries of an address are as many as the teller who told of the most; what an event adds to that is what it newly
        tells. Tellers may speak in any order, and one line may stand for several tries.
        """
        who = event.source_ip
        if who is None:  # PAM below a server that keeps the address to itself: the server tells of the same try
            event.mailwarden_attempts = 0
            return
        tries = self._tries.get(who)
        if tries is None or event.stream_us - tries.at_us > _TRIES_US:
            tries = _Tries()
        tries.at_us = event.stream_us
        teller = _teller(event)
        told = tries.told.get(teller, 0) + event.event_count
        tries.told[teller] = told
        event.mailwarden_attempts = max(0, told - tries.most)
        tries.most = max(tries.most, told)
        self._tries.put(who, tries)


def _is_public_list(name: str) -> bool:
    """Say whether a list is one that the reply rules know by name and many receivers ask; a bare zone name is neither."""
    return "." not in name and not name.endswith("-internal") and name != "dynamic-ip"


def _teller(event: Event) -> str:
    """Give who tells of a try: the server's front end, one password database, or PAM."""
    if event.event_module == "pam":
        return "pam"
    if event.process_name in ("auth", "auth-worker"):
        passdb = (event.extra or {}).get("dovecot.passdb")
        return f"auth:{passdb}"
    return "front"


def _key(event: Event, queue_id: str) -> str:
    return f"{event.host_hostname}\x1f{queue_id}" if event.host_hostname else queue_id


def hash_of(text: str) -> int:
    """Give a small stable number for a text (not Python's own hash, which differs from process to process)."""
    return zlib.crc32(text.lower().encode("utf-8", "surrogatepass"))
