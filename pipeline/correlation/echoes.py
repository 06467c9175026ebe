"""Failures at a mailbox's door that only echo one at the SMTP server's, or at a webmail's.

saslauthd may ask an IMAP server (`rimap`), and so does every webmail: whoever guesses there is then refused twice, once under
his own address and once, by the IMAP server, under that of this machine. The second is no try of its own. Either line may
stand first. A machine of which no echo is known counts at once what fails from it; where there were some, a failure counts
when nobody at the other door explained it. A webmail whose own log is not read explains nothing.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import is_loopback
from mailwarden.parsers.event import Event

__all__ = ["Echoes"]

_WAIT_US = 10_000_000  # PAM and Courier wait some seconds before they say no, smtpd tells it after them
_HOUR_US = 3_600_000_000
_KNOWN_US = 30 * 24 * _HOUR_US
_MOST = 256  # failures of a machine that are remembered

_DOORS = frozenset({"smtp", "http"})

_Failure = tuple[int, str, int]  # when, the name without its domain, tries that it adds where nothing explains it


class _Heard(msgspec.Struct, array_like=True):
    """What failed on a host lately."""

    here_us: int = 0  # when somebody last failed from the machine itself
    explained_us: int = 0  # when that was last an echo
    here: list[_Failure] = []  # from the machine itself, unexplained so far
    asked: list[_Failure] = []  # over SMTP or HTTP from elsewhere, of which no echo was heard


class Echoes:
    """Says how many tries came from a machine itself and were no echo.

    Args:
        backing: Where failures are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._heard = Shelf(
            "echoes", 1, _Heard, lambda one: max(one.here_us + _HOUR_US, one.explained_us + _KNOWN_US), backing
        )
        self._host = Shelf("echoes.host", 1, str, lambda _: 1 << 62, backing)  # where a machine's own tries failed last
        self.shelves = (self._heard, self._host)

    def count(self, event: Event) -> None:
        """Set `mailwarden.here.tries` on a failure from this machine: its own tries, or those that nothing explained since."""
        name = (event.user_name or "").partition("@")[0].lower()
        if event.source_ip is None or not name:
            return
        if is_loopback(event.source_ip):
            key = event.host_hostname or ""
            self._note_host(key)
            heard = self._heard.get(key) or _Heard()
            facts = event.facts = event.facts or {}
            tries = facts["mailwarden.here.tries"] = _come_from_here(heard, event.stream_us, name, event.event_count)
            event.mailwarden_attempts = min(event.mailwarden_attempts, tries)
            self._heard.put(key, heard)
        elif event.network_protocol in _DOORS:
            self._explain(event, name)

    def _explain(self, event: Event, name: str) -> None:
        """Take out what a failure at another door explains, or remember it for what follows."""
        key, now = self._host_of(event), event.stream_us
        heard = self._heard.get(key)
        if heard is None or now - heard.here_us > _HOUR_US:
            return
        echo = _same_try(heard.here, name, now)
        if echo is not None:
            heard.here.remove(echo)
            heard.explained_us = now
        else:
            heard.asked = [*(one for one in heard.asked if now - one[0] < _WAIT_US), (now, name, 0)][-_MOST:]
        self._heard.put(key, heard)

    def _host_of(self, event: Event) -> str:
        """Give where an event is from; a webmail's own file names no host, and stands on the machine that asks."""
        return event.host_hostname or self._host.get("") or ""

    def _note_host(self, host: str) -> None:
        if self._host.get("") != host:
            self._host.put("", host)


def _come_from_here(heard: _Heard, now: int, name: str, tries: int) -> int:
    """Remember a failure from the machine itself; give how many tries of that name are known to be no echo."""
    heard.here_us = now
    asked = _same_try(heard.asked, name, now)
    if asked is not None:
        heard.asked.remove(asked)
        heard.explained_us = now
        return _unexplained(heard, now, name)
    is_known = heard.explained_us and now - heard.explained_us <= _KNOWN_US
    found = _unexplained(heard, now, name)
    heard.here = [*heard.here, (now, name, tries if is_known else 0)][-_MOST:]
    return found if is_known else found + tries


def _unexplained(heard: _Heard, now: int, name: str) -> int:
    """Take out the tries of a name that nothing has explained in time, and let go of what is old."""
    found = sum(tries for at, other, tries in heard.here if other == name and now - at >= _WAIT_US)
    heard.here = [one for one in heard.here if now - one[0] < _WAIT_US or (one[1] != name and now - one[0] <= _HOUR_US)]
    return found


def _same_try(failures: list[_Failure], name: str, now: int) -> _Failure | None:
    """Give the oldest failure of a name that may be the same try."""
    return next((one for one in failures if one[1] == name and 0 <= now - one[0] < _WAIT_US), None)
