"""A limit of sending that was reached: whose it is, and whose message it stops."""

from mailwarden.parsers.event import Event
from mailwarden.pipeline.correlation.deliveries import Deliveries
from mailwarden.pipeline.correlation.memory import Memory
from mailwarden.pipeline.correlation.submission import is_handed_in

__all__ = ["Limits"]

_LIMITS = frozenset({"rate_limit", "send_limit"})


class Limits:
    """Sets whose limit stops a message that was taken in already, or that a program of this machine hands in.

    Facts it sets: `mailwarden.limited` (the domain, account or local user whose limit it is), with
    `mailwarden.sender_domain`, the account or `mailwarden.script` beside it, and `mailwarden.first_try` where the recipient
    was not told of before.

    Args:
        memory: What is at hand of the site and its mail.
        deliveries: Know whose message it is.
    """

    def __init__(self, memory: Memory, deliveries: Deliveries) -> None:
        self._site, self._ledger, self._deliveries = memory.site, memory.ledger, deliveries

    def reached(self, event: Event) -> None:
        """Say whose limit a panel tells of, of a message that is on its way."""
        if event.event_reason != "send_limit":
            return
        facts = event.facts = event.facts or {}
        if event.user_domain is not None:
            facts["mailwarden.limited"] = facts["mailwarden.sender_domain"] = event.user_domain.lower()
            self._ledger.learn_server("cpanel", event.stream_us)
        elif event.user_name is not None:
            facts["mailwarden.limited"] = event.mailwarden_account
        elif event.user_id is not None:
            facts["mailwarden.limited"] = event.user_id
        self._deliveries.stopped(event, facts)

    def handed_in(self, event: Event) -> None:
        """Say whose limit it was where a program of this machine was refused: nobody sees that."""
        if event.event_reason in _LIMITS and event.smtp_stage is None and is_handed_in(event):
            facts = event.facts = event.facts or {}
            event.user_id = facts["mailwarden.limited"] = event.user_id or event.user_name
            facts["mailwarden.first_try"] = True
            event.mailwarden_account = None
