"""What filters and signers of ours say of a message: whose it is that was refused, held, or leaves unsigned."""

import re

from mailwarden.parsers.event import Event
from mailwarden.pipeline.correlation.memory import Memory
from mailwarden.pipeline.correlation.message import Message

__all__ = ["Verdicts"]

_CONTENT_REASONS = frozenset({"spam", "malware", "milter"})
_CONTENT_WORDS = re.compile(r"\b(?:spam|virus|malware|infected|banned|unsolicited|phish)", re.IGNORECASE)


class Verdicts:
    """Sets on what a filter says whose message it speaks of.

    Args:
        memory: What is at hand of the site and its mail.
    """

    def __init__(self, memory: Memory) -> None:
        self._site, self._ledger, self._messages = memory.site, memory.ledger, memory.messages

    def script(self, event: Event) -> None:
        """Learn the script that a header of PHP's names."""
        path = event.file_path
        if not path or not event.mail_queue_id:
            return
        message = self._messages.get(event, event.mail_queue_id)
        if message is None and event.event_module == "exim":  # its ACL reads the header before the message is taken
            self._messages.put(event, event.mail_queue_id, Message(at_us=event.stream_us, script=path))
        elif message is not None and message.script is not None:
            message.script = f"{path} ({message.script})"
            self._messages.put(event, str(event.mail_queue_id), message)

    def take(self, event: Event) -> None:
        """Say whose message our own filter refused, held or threw away; nobody's where it came from elsewhere."""
        is_temporary = event.mail_reject_temporary or str(event.smtp_reply_code or "").startswith("4")
        if event.event_reason not in _CONTENT_REASONS or is_temporary:
            return
        message = self._messages.of_filter(event)
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
        _name_content_sender(event, facts)
        if message is not None:
            message.judged = True
            self._messages.put(event, str(event.mail_queue_id), message)

    def refused(self, event: Event, facts: dict[str, object]) -> None:
        """Say whose message a filter on this machine refused: what it says is no receiver's word of us."""
        text = event.smtp_reply_text
        if text and event.mail_delivery_status == "bounced" and _CONTENT_WORDS.search(text):
            message = self._messages.of_filter(event)
            if message is None or not message.judged:
                _name_content_sender(event, facts)

    def signing(self, event: Event) -> None:
        """Say on a line about a message of ours that it leaves without a DKIM signature: `mailwarden.unsigned`, its domain."""
        extra = event.extra or {}
        domain = str(extra.get("mail.dkim.domain") or "")
        if extra.get("mail.dkim.signed") is not False and event.event_reason != "spoof_attempt":
            return
        message = self._messages.of_filter(event)
        if message is None or message.unsigned or not self._ledger.domains.is_ours(domain):
            return
        source = message.source_ip
        if message.account is None and message.script is None and (source is None or not self._site.trusts(source)):
            return
        message.unsigned = True
        self._messages.put(event, str(event.mail_queue_id), message)
        event.mailwarden_account, event.mailwarden_direction = message.account, "outbound"
        event.facts = event.facts or {}
        event.facts["mailwarden.unsigned"] = domain


def _name_content_sender(event: Event, facts: dict[str, object]) -> None:
    own = event.mailwarden_account or facts.get("mailwarden.script")
    if own is not None:
        facts["mailwarden.content.sender"] = own
