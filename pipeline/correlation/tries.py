"""One failed try that several lines tell of: the server's front end, its password databases, PAM."""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Tries"]

_TRIES_US = 900_000_000  # tellers of one try are at most minutes apart (Dovecot writes when the connection ends)


class _Tries(msgspec.Struct, array_like=True):
    """How many failed tries each teller told of one address."""

    at_us: int = 0
    told: dict[str, int] = {}
    most: int = 0


class Tries:
    """Counts the failed tries of each address once.

    Args:
        backing: Where they are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._tries = Shelf("tries", 1, _Tries, lambda t: t.at_us + _TRIES_US, backing)
        self.shelves = (self._tries,)

    def count(self, event: Event) -> None:
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


def _teller(event: Event) -> str:
    """Give who tells of a try: the server's front end, a proxy before it, one password database, PAM, or a second log."""
    told = (event.extra or {}).get("mail.auth.teller")
    if told is not None:
        return str(told)
    if event.event_module in ("pam", "nginx"):
        return event.event_module
    if event.process_name == "mailboxd":
        return event.process_name
    if event.process_name in ("auth", "auth-worker"):
        passdb = (event.extra or {}).get("dovecot.passdb")
        return f"auth:{passdb}"
    return "front"
