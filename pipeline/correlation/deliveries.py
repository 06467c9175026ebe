"""What became of a message: whose it was, who was to take it, what a refusal means, and what is learned of it."""

from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.state.shelf import Backing
from mailwarden.parsers.address import is_loopback, network, organisation
from mailwarden.parsers.event import Event
from mailwarden.parsers.reply import classify, exchanger_of, hosting, provider_of
from mailwarden.pipeline.correlation.memory import Memory
from mailwarden.pipeline.correlation.message import Message, sender_of
from mailwarden.pipeline.correlation.qmail_deliveries import QmailDeliveries
from mailwarden.pipeline.correlation.relaying import Relaying
from mailwarden.pipeline.correlation.replies import Replies
from mailwarden.pipeline.correlation.senders import return_path
from mailwarden.pipeline.correlation.submission import Origin, is_filter
from mailwarden.pipeline.correlation.verdicts import Verdicts
from mailwarden.pipeline.correlation.ways import is_local, names_no_host, way_of

__all__ = ["Deliveries"]

_MAX_DEFERRED = 200
_DONE = ("sent", "bounced")
# Refusals that say nothing of who wrote.
_OF_THE_SERVER = frozenset({"blocklist", "reputation", "rate_limit", "policy_auth"})


class Deliveries:
    """Sets on a delivery what is known of its message, and learns from it.

    Args:
        memory: What is at hand of the site and its mail.
        verdicts: What filters of ours say.
        backing: Where state is kept.
    """

    def __init__(self, memory: Memory, verdicts: Verdicts, backing: Backing) -> None:
        self._site, self._ledger, self._messages = memory.site, memory.ledger, memory.messages
        self._submissions, self._senders = memory.submissions, memory.senders
        self._verdicts = verdicts
        self.replies = Replies(backing)
        self._relaying = Relaying(memory, backing)
        self.qmail = QmailDeliveries(backing)
        self.shelves = (*self.replies.shelves, *self._relaying.shelves, *self.qmail.shelves)

    def take(self, event: Event) -> None:
        """Set what is known of the message on its delivery; a delivery that goes on on this machine ends here."""
        if event.event_module == "qmail":
            self.qmail.end(event)
        queue_id = event.mail_queue_id
        if queue_id is None and event.mail_delivery_status is None:
            return  # Dovecot's word of what Postfix or Exim tells too
        message = None if queue_id is None else self._messages.get(event, queue_id)
        if event.event_module == "courier":
            self.replies.give(event)
        facts = event.facts = event.facts or {}
        local = is_local(event)
        if message is not None:
            self._tell_of(message, event, facts)
            if message.script is not None or message.returned:
                self._name_origin(event, message, facts, local)
        on_this_machine = event.destination_ip is not None and is_loopback(event.destination_ip)
        on_this_machine = on_this_machine or (message is not None and self._is_taken_here(event, message))
        if not local and on_this_machine:
            self._verdicts.refused(event, facts)
        elif not local:
            facts["mailwarden.remote"] = True
            self._name_provider(event, message, facts)
        if on_this_machine and event.mail_queue_remote_id and event.mail_delivery_status == "sent":
            self._hand_over(event, message)
            facts["mailwarden.hand_over"] = True
            return
        self._count_try(event, message, facts)
        if event.mail_original_recipient is not None and not local:
            owner = event.mail_original_recipient.lower()
            facts["mailwarden.user.first_us"] = self._ledger.records.first_seen(owner, event.stream_us)
            facts["mailwarden.user.odd_login"] = self._ledger.records.entered_oddly(owner, event.stream_us)
        if message is not None:
            self._note_recipient(event, message, facts, local)
        if local:
            self._end_here(event, message)
        elif message is not None:
            self._end_elsewhere(event, message, facts)
        facts[way_of(event, facts, local=local)] = True

    def stopped(self, event: Event, facts: dict[str, object]) -> None:
        """Set whose message it is that a limit of this server stops, and whether its recipient is told of for the first time."""
        message = None if event.mail_queue_id is None else self._messages.get(event, event.mail_queue_id)
        if message is not None:
            account = event.mailwarden_account
            self._tell_of(message, event, facts)
            event.mailwarden_account = account or message.account
            facts["mailwarden.script"] = message.script
        self._count_try(event, message, facts)
        if message is None:  # it came before the log began
            facts["mailwarden.first_try"] = True

    def _tell_of(self, message: Message, event: Event, facts: dict[str, object]) -> None:
        """Set whose message it is."""
        event.mailwarden_account = message.account
        if message.source_ip is not None:
            event.source_ip = event.source_ip or message.source_ip
            event.mailwarden_network = network(message.source_ip)
        event.user_id = event.user_id or message.user_id
        event.mailwarden_direction = "outbound" if message.outbound else "inbound"
        if event.email_from_address is None and message.sender:
            event.email_from_address = [message.sender]
        if self._site.labels:
            facts["mailwarden.labels"] = self._site.labels_of(message.account, event.mailwarden_network, message.script)
        if message.outbound and return_path(message.sender or "").is_list:
            facts["mailwarden.sender.is_list"] = True
        if message.fresh:
            facts["mailwarden.pair.young"] = True
        if message.program:
            facts["mailwarden.program.bits"] = message.program
        if message.run:
            facts["mailwarden.user.run"] = message.run

    def _count_try(self, event: Event, message: Message | None, facts: dict[str, object]) -> None:
        """Say whether this is the first that is told of a recipient: retries count once."""
        if event.mail_delivery_status != "deferred":
            facts["mailwarden.first_try"] = True
            if message is not None and message.deferred:
                facts["mailwarden.retried"] = True
        elif message is not None and event.email_to_address:
            facts["mailwarden.first_try"] = self._first_deferral(event, message)

    def _end_here(self, event: Event, message: Message | None) -> None:
        """Learn from a delivery into a mailbox, or into a filter that may hand the message in anew."""
        if event.mail_delivery_status == "sent":
            if not is_filter(event):
                self._learn_local(event)
            elif message is not None and message.source_ip is not None:
                origin = Origin(event.stream_us, message.source_ip, message.account, message.outbound)
                self._submissions.into_filter(event, origin, message.sender)
        event.mailwarden_direction = "internal" if message and message.outbound else "inbound"

    def _end_elsewhere(self, event: Event, message: Message, facts: dict[str, object]) -> None:
        """Learn which server behind us is a smarthost from our own people's mail; of others', say whether it is relayed."""
        if not message.outbound:
            self._relaying.judge(event, message, facts)
        elif event.mail_delivery_status == "sent" and event.destination_ip and self._site.trusts(event.destination_ip):
            self._submissions.learn_smarthost(event)

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
        self._messages.put(event, str(event.mail_queue_id), message)
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

    def _is_our_sender(self, message: Message | None) -> bool:
        """Say whether a message bears a name of ours; True where nobody knows."""
        if message is None or message.account is not None or message.sender is None:
            return True
        return self._ledger.domains.is_ours(message.sender.lower().rpartition("@")[2])

    def _is_taken_here(self, event: Event, message: Message) -> bool:
        """Say whether the number that the taker gave a message is of one here: another instance, at an address of ours."""
        remote = event.mail_queue_remote_id
        child = self._messages.get(event, remote) if remote and event.mail_delivery_status == "sent" else None
        return child is not None and child.at_us >= message.at_us and child.sender == message.sender

    def _hand_over(self, event: Event, message: Message | None) -> None:
        """Give what is known of a message to the one that comes back from a filter or goes on by another instance."""
        remote = event.mail_queue_remote_id
        child = self._messages.get(event, remote) if remote else None
        if child is None:
            return
        child.aliased = (
            child.aliased or event.mail_original_recipient is not None or (message is not None and message.aliased)
        )
        if child.account is not None:
            self._messages.put(event, str(remote), child)
            return
        origin = message or Message(child.at_us, sender=child.sender)  # came before the log begins: nobody knows whose
        child.account, child.source_ip, child.sender = origin.account, origin.source_ip, origin.sender
        child.outbound, child.user_id, child.script = origin.outbound, origin.user_id, origin.script
        self._messages.put(event, str(remote), child)

    def _first_deferral(self, event: Event, message: Message) -> bool:
        """Say whether this recipient is deferred for the first time: retries count once."""
        recipient = mark((event.email_to_address or [""])[0].lower())
        if recipient in message.deferred or len(message.deferred) >= _MAX_DEFERRED:
            return False
        message.deferred = [*message.deferred, recipient]
        self._messages.put(event, str(event.mail_queue_id), message)
        return True

    def _note_recipient(self, event: Event, message: Message, facts: dict[str, object], local: bool) -> None:
        """Note to whom a sender of ours writes."""
        to = event.email_to_address
        if message.outbound and to and not (local and is_filter(event)):
            sender = sender_of(message, self._ledger)
            if sender is not None and sender.kind == "machine":
                facts["mailwarden.return_path"] = sender.name
            if sender is not None and event.mail_delivery_status in _DONE:
                facts["mailwarden.sender"] = sender
                facts["mailwarden.sender.traits"] = self._senders.tried(sender, event.stream_us, to[0])
        if message.account is not None and facts.get("mailwarden.first_try"):
            self._note_acquaintance(event, message, message.account, facts)

    def _note_acquaintance(self, event: Event, message: Message, account: str, facts: dict[str, object]) -> None:
        """Note whether an account writes to whom it knows, the first time that something becomes of it."""
        if not event.email_to_address or facts.get("mailwarden.retried"):
            return
        refused = event.mail_delivery_status == "bounced" and event.mail_bounce_class not in _OF_THE_SERVER
        self._ledger.acquaintances.wrote(
            account,
            event.email_to_address[0].lower(),
            event.stream_us,
            facts,
            away=message.away,
            refused=refused,
        )
        facts["mailwarden.user.wrote_away"] = message.wrote_away
        facts["mailwarden.user.hidden"] = self._site.hides(message.source_ip)

    def _learn_local(self, event: Event) -> None:
        for recipient in event.email_to_address or ():
            name, at, domain = recipient.lower().rpartition("@")
            if at:
                self._ledger.domains.learn(domain, event.stream_us)
                self._ledger.records.learn_mailbox(f"{name}@{domain}", event.stream_us)


def _is_public_list(name: str) -> bool:
    """Say whether a list is one that the reply rules know by name and many receivers ask; a bare zone name is neither."""
    return "." not in name and not name.endswith("-internal") and name != "dynamic-ip"
