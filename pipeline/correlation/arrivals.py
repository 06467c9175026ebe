"""A message that arrives: who handed it in, from where, for how many, and with its last line what it is judged by."""

from copy import copy

from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.state.shelf import Backing
from mailwarden.parsers.address import network, wide_network
from mailwarden.parsers.event import Event
from mailwarden.parsers.servers import servers_where
from mailwarden.pipeline.correlation.memory import Memory
from mailwarden.pipeline.correlation.message import Message, sender_of
from mailwarden.pipeline.correlation.same_message import SameMessage
from mailwarden.pipeline.correlation.senders import LABEL, return_path
from mailwarden.pipeline.correlation.submission import is_handed_in

__all__ = ["Arrivals"]

_DAY_US = 86_400_000_000
_GUESSED = 5  # tries of strangers within a day, as in `send_after_guessing`
_MAX_TRIED = 200
_WHOLE = servers_where(lambda one: one.whole)


class Arrivals:
    """Follows a message from its first line until it is accepted.

    Args:
        memory: What is at hand of the site and its mail.
        backing: Where state is kept.
    """

    def __init__(self, memory: Memory, backing: Backing) -> None:
        self._site, self._ledger, self._messages = memory.site, memory.ledger, memory.messages
        self._submissions, self._senders = memory.submissions, memory.senders
        self._same = SameMessage(backing)
        self.shelves = self._same.shelves

    def received(self, event: Event) -> None:
        """Begin a message."""
        queue_id = event.mail_queue_id
        if queue_id is None:
            return
        self._messages.hosts.meet(event)
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
        _judge_network(event, message)
        original = event.mail_queue_orig_id and self._messages.get(event, event.mail_queue_orig_id)
        if event.event_module == "sendmail":
            original = self._messages.at(self._same.first(event) or "")
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
                message.program = self._ledger.volume.wrote_with(
                    message.account, event.email_message_id, event.stream_us
                )
            if event.mail_queue_parent_id is not None and message.sender is None:
                message.returned = self._messages.is_strangers(event, event.mail_queue_parent_id)
            if event.mail_queue_parent_id is None and not original and event.event_outcome != "failure":
                self._accept(event, message)
                if event.event_module == "exim" and not event.email_to_address:
                    message.told = 0
        self._messages.put(event, queue_id, message)
        if event.client_ip:
            event.mailwarden_network = network(event.client_ip)

    def _hand_in(self, event: Event, message: Message) -> None:
        """Say which user or script of this machine a message is of; no login stands for it."""
        user = event.user_id or event.user_name or ""
        message.account = event.mailwarden_account = None
        message.user_id = event.user_id = user
        if event.event_module == "exim":
            message.directory = event.process_working_directory = self._submissions.directory(event, user)
            message.script = message.directory or user
            told = self._messages.get(event, str(event.mail_queue_id))
            if told is not None and told.script is not None and not told.accepted:
                message.script = f"{told.script} ({message.script})"
        elif event.event_module == "sendmail":
            message.script = user
        else:
            message.script = f"uid {user}"

    def message_id(self, event: Event) -> None:
        """Say whether a message was written with a program that its account has."""
        queue_id, message_id = event.mail_queue_id, event.email_message_id
        message = self._messages.get(event, queue_id) if queue_id and message_id else None
        if message is None or message.account is None or message.accepted or not message_id:
            return
        message.program = self._ledger.volume.wrote_with(message.account, message_id, event.stream_us)
        self._messages.put(event, str(queue_id), message)

    def queued(self, event: Event) -> None:
        """Go on with a message: its sender, how many it is for; with that it is accepted."""
        queue_id = event.mail_queue_id
        if queue_id is None:
            return
        message = self._messages.get(event, queue_id)
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
        self._messages.put(event, queue_id, message)

    def _name_local(self, event: Event, message: Message) -> None:
        """Say who handed a message to OpenSMTPD on this machine: a program that names its sender, or itself with a bounce."""
        if message.sender is not None:
            message.user_id = event.user_id = message.sender.partition("@")[0]
            message.script = f"local <{message.sender}>"
        else:
            domain = (event.email_to_address or [""])[0].rpartition("@")[2].lower()
            message.returned = not self._ledger.domains.is_ours(domain)

    def _try_for(self, event: Event, message: Message, known: int) -> None:
        """Count a recipient where each has a line of its own: the first came with the message, others come behind it."""
        recipient = mark((event.email_to_address or [""])[0].lower())
        if recipient in message.tried or len(message.tried) >= _MAX_TRIED:
            return
        message.tried = [*message.tried, recipient]
        if known:
            message.recipients = 1
            self._accept(event, message, is_more=True)
        message.recipients = known + 1

    def further(self, delivery: Event) -> Event | None:
        """Give the acceptance of one more recipient, where its delivery is the first that tells of it; else None.

        Exim lists the recipients of a message when it arrives only where `+received_recipients` is set, which is not its
        default. Who is reached by an alias is no recipient of its own.
        """
        queue_id = delivery.mail_queue_id
        message = self._messages.get(delivery, queue_id) if queue_id else None
        if message is None or message.told < 0 or not (delivery.facts or {}).get("mailwarden.first_try"):
            return None
        if not self._tell(delivery, message):
            return None
        further = None
        if message.told > 1:  # the first is the one that its arrival was counted for
            further = copy(delivery)
            further.event_action, further.event_outcome, further.facts = "message-queued", None, None
            further.mail_delivery_status = None
            message.recipients, known = 1, message.recipients
            self._accept(further, message, is_more=True)
            message.recipients = known + 1
        self._messages.put(delivery, str(queue_id), message)
        return further

    def _tell(self, delivery: Event, message: Message) -> bool:
        """Count a recipient whom no line told of before; say whether it is one."""
        recipient = (delivery.email_to_address or [""])[0].lower()
        if delivery.mail_delivery_status != "deferred" and mark(recipient) in message.deferred:
            return False
        alias = delivery.mail_original_recipient
        if alias is not None or "mailwarden.remote" not in (
            delivery.facts or {}
        ):  # may be one of several it stands for
            reached = mark((alias or recipient).lower())
            if reached in message.tried or len(message.tried) >= _MAX_TRIED:
                return False
            message.tried = [*message.tried, reached]
        message.told += 1
        return True

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
        sender = sender_of(message, self._ledger) if message.outbound else None
        if is_more:
            facts["mailwarden.more"] = True
        if sender is not None and is_more:
            facts["mailwarden.sender"], facts["mailwarden.sender.traits"] = sender, {}
        elif sender is not None:
            facts["mailwarden.sender"] = sender
            traits = self._senders.sent(sender, event.stream_us, message.recipients, event.mail_size, message.sender)
            traits |= {LABEL + label: 1 for label in self._site.labels_of(*sender.names)}
            facts["mailwarden.sender.traits"] = traits

    def _accept_from_account(self, event: Event, message: Message, account: str, facts: dict[str, object]) -> None:
        """Set what a message of an account is judged by: its usual volume, its labels, whose name it bears."""
        usual = self._ledger.volume.mailed(account, message.recipients, event.stream_us, fresh=message.first_seen)
        facts["mailwarden.user.usual_hour"], facts["mailwarden.user.best_quarter"], message.run = usual
        facts["mailwarden.user.run"] = message.run
        self._ledger.acquaintances.lately(account, event.stream_us, facts)
        if message.away:
            message.wrote_away = self._ledger.volume.wrote_away(account, message.recipients, event.stream_us)
        facts["mailwarden.user.wrote_away"] = message.wrote_away
        if message.fresh:
            since_us = self._ledger.records.first_seen(account, event.stream_us) or event.stream_us
            facts["mailwarden.user.known_days"] = (event.stream_us - since_us) // _DAY_US
            facts["mailwarden.source.shared"] = self._ledger.is_shared(
                event.mailwarden_network, account, event.stream_us
            )
        facts["mailwarden.user.hidden"] = self._site.hides(message.source_ip)
        if message.program:
            facts["mailwarden.program.bits"] = message.program
        if self._site.labels:
            facts["mailwarden.labels"] = self._site.labels_of(account, event.mailwarden_network)
        if "@" in account:
            self._ledger.domains.learn(account.rpartition("@")[2], event.stream_us)
        sender = (message.sender or "").lower()
        if sender and sender not in (account, f"{account}@{sender.rpartition('@')[2]}"):
            facts["mailwarden.sender.other"] = self._named_by(sender)

    def _named_by(self, sender: str) -> str:
        """Give a sender's address; where it is ours, without what bulk mail software writes into it for each recipient."""
        return return_path(sender).name if self._ledger.domains.is_ours(sender.rpartition("@")[2]) else sender

    def copied(self, event: Event) -> None:
        """A message was parted in two, or has a copy for a list's owner: both are the one that was accepted.

        Where a mailbox's filter sent it on (Sieve), say whose mailbox that is, and since when it is known.
        """
        if event.user_name and event.email_to_address and event.mail_queue_child_id is None:
            owner = self._site.account(event.user_name, event.host_hostname)
            event.mail_original_recipient = owner
            event.facts = {
                "mailwarden.way.forward": True,
                "mailwarden.first_try": True,
                "mailwarden.user.first_us": self._ledger.records.first_seen(owner, event.stream_us),
                "mailwarden.user.odd_login": self._ledger.records.entered_oddly(owner, event.stream_us),
            }
            return
        message = self._messages.get(event, event.mail_queue_id) if event.mail_queue_id else None
        if message is not None and event.mail_queue_child_id is not None:
            self._messages.put(event, event.mail_queue_child_id, copy(message))

    def removed(self, event: Event) -> None:
        """Forget a message that has left the queue."""
        if event.mail_queue_id is not None and event.event_module != "opensmtpd":  # there: one of its recipients
            self._messages.delete(event, event.mail_queue_id)

    def bounced(self, event: Event) -> None:
        """Begin the message that tells a sender of a failure."""
        child = event.mail_queue_child_id
        if child is not None:
            returned = event.mail_queue_id is not None and self._messages.is_strangers(event, event.mail_queue_id)
            self._messages.put(event, child, Message(at_us=event.stream_us, accepted=True, returned=returned))


def _judge_network(event: Event, message: Message) -> None:
    """Note how new the login's network is to the account."""
    facts = event.facts
    if not facts or facts.get("mailwarden.source.is_proxy"):
        return
    guesses = facts.get("mailwarden.user.failures", 0) + facts.get("mailwarden.source.sprayed", 0)
    if facts.get("mailwarden.pair.young"):
        message.fresh, message.first_seen = facts["mailwarden.user.has_history"], True
        message.guesses = guesses
    if facts.get("mailwarden.pair.fresh"):
        message.elsewhere = facts["mailwarden.user.has_history"] and not facts["mailwarden.user.roams"]
        if guesses >= _GUESSED:
            # that a network of the same provider is known says little of the first mail once strangers have tried
            message.fresh, message.first_seen = facts["mailwarden.user.has_history"], True
            message.guesses = guesses
    message.away = message.first_seen or message.elsewhere
