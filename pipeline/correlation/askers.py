"""Who asked for a password, where one program knows the user and another the address.

Postfix with Cyrus SASL: saslauthd (and PAM below it) names the user, and smtpd a moment later the client; before
Postfix 3.9 smtpd names no user at all. A name waits for the next failure of the same host that has an address and no
name. Tries of several clients within the same seconds may change places: the addresses and the accounts are all real,
and who guesses goes on guessing.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Askers"]

_WAIT_US = 10_000_000  # PAM waits about two seconds before it says no; saslauthd tells before smtpd does
_TWICE_US = 4_000_000  # PAM and saslauthd both tell of one try
_MOST = 16  # names that wait at a time


class _Waiting(msgspec.Struct, array_like=True):
    """The names of a host's latest failures that no address was found for yet, oldest first."""

    at_us: int = 0
    names: list[tuple[int, str, str]] = []  # when, who told, the name


class Askers:
    """Puts a user's name on a failure whose line has none."""

    def __init__(self, backing: Backing) -> None:
        self._waiting = Shelf("askers", 1, _Waiting, lambda one: one.at_us + _WAIT_US, backing)
        self.shelves = (self._waiting,)

    def name(self, event: Event) -> None:
        """Remember the name of a failure that has no address; give it to the one that has no name."""
        if event.event_module in ("saslauthd", "pam"):
            if event.source_ip is None and event.user_name and event.network_protocol == "smtp":
                name, realm = event.user_name, event.user_domain
                self._remember(event, f"{name}@{realm}" if realm and "@" not in name else name)
        elif event.source_ip is not None and (event.process_name == "smtpd" or event.event_module == "sendmail"):
            told = self._take(event)
            event.user_name = event.user_name or told

    def _remember(self, event: Event, name: str) -> None:
        key, now, teller = event.host_hostname or "", event.stream_us, event.event_module or ""
        waiting = self._waiting.get(key) or _Waiting()
        bare = name.partition("@")[0]
        names = [one for one in waiting.names if now - one[0] < _WAIT_US]
        for at, (told_us, other, known) in enumerate(names):
            if other != teller and now - told_us < _TWICE_US and known.partition("@")[0] == bare:
                names[at] = (told_us, teller, name if "@" in name else known)  # the same try, told by both
                break
        else:
            names.append((now, teller, name))
        waiting.at_us, waiting.names = now, names[-_MOST:]
        self._waiting.put(key, waiting)

    def _take(self, event: Event) -> str | None:
        key = event.host_hostname or ""
        waiting = self._waiting.get(key)
        if waiting is None:
            return None
        names = [one for one in waiting.names if event.stream_us - one[0] < _WAIT_US]
        name = names.pop(0)[2] if names else None
        waiting.names = names
        self._waiting.put(key, waiting)
        return name
