"""Mail handed in on this machine: which script, user or cron job sent it, and whose message a filter hands in anew.

It also learns which server behind us is a smarthost: who takes our own people's mail for many domains.

Postfix's `pickup` tells a uid; its `cleanup` tells PHP's script where a header check logs it. Exim tells the user, and in
a line before it, without the message's id, the directory that it was called from (`cwd=`, cPanel's log selector).
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import organisation
from mailwarden.parsers.event import Event

__all__ = ["Origin", "Submissions", "is_filter", "is_handed_in"]

_CALL_US = 30_000_000  # a call's line stands before the message's; between them lies the time the script writes it
_MAX_CALLS = 8
_PIPED_US = 3_600_000_000  # a filter hands in within seconds; one that is stuck, later
_SMARTHOST_US = 90 * 86_400_000_000
_SMARTHOST_FOR = 5  # domains; a mailbox server behind us keeps a few
_WEB_USERS = frozenset({"apache", "http", "httpd", "nginx", "nobody", "www", "www-data", "wwwrun"})
_QUEUE = ("/var/spool/", "/var/run/", "/run/")
_FILTERS = ("pipe", "filter", "scan", "spam")


class Origin(msgspec.Struct, array_like=True):
    """Whose message went into a filter."""

    at_us: int
    source_ip: str | None = None
    account: str | None = None
    outbound: bool = False


class _Calls(msgspec.Struct, array_like=True):
    """The directories from which a host's Exim was called of late, newest last."""

    at_us: int = 0
    calls: list[tuple[int, str]] = []


class _Smarthost(msgspec.Struct, array_like=True):
    """Whose mail a server behind us took from our own people."""

    at_us: int = 0
    domains: list[str] = []


class Submissions:
    """Remembers for a short time what tells who hands in mail without a connection."""

    def __init__(self, backing: Backing) -> None:
        self._calls = Shelf("submission.call", 1, _Calls, lambda one: one.at_us + _CALL_US, backing)
        self._piped = Shelf("submission.piped", 1, Origin, lambda one: one.at_us + _PIPED_US, backing)
        self._smarthosts = Shelf("submission.smarthost", 1, _Smarthost, lambda one: one.at_us + _SMARTHOST_US, backing)
        self.shelves = (self._calls, self._piped, self._smarthosts)

    def called(self, event: Event) -> None:
        """Remember from which directory Exim was called; its own queue runs are nobody's mail."""
        directory = event.process_working_directory
        if directory is None or directory == "/" or directory.startswith(_QUEUE):
            return
        host = event.host_hostname or ""
        calls = self._calls.get(host) or _Calls()
        calls.at_us = event.stream_us
        calls.calls = [*calls.calls, (event.stream_us, directory)][-_MAX_CALLS:]
        self._calls.put(host, calls)

    def directory(self, event: Event, user: str) -> str | None:
        """Give the directory that a user's message was sent from, where a call of just before tells it."""
        host = event.host_hostname or ""
        calls = self._calls.get(host)
        for call in reversed(calls.calls if calls else ()):
            at_us, directory = call
            if event.stream_us - at_us <= _CALL_US and (user in _WEB_USERS or f"/{user}/" in f"{directory}/"):
                assert calls is not None
                calls.calls = [other for other in calls.calls if other != call]
                self._calls.put(host, calls)
                return directory
        return None

    def into_filter(self, event: Event, origin: Origin, sender: str | None) -> None:
        """Remember whose message a filter took: it may come back as if this machine had written it."""
        for recipient in event.email_to_address or ():
            self._piped.put(_way(sender, recipient), origin)

    def out_of_filter(self, event: Event, sender: str | None) -> Origin | None:
        """Give whose message this is, where a filter handed it in."""
        recipient = (event.email_to_address or [""])[0]
        origin = self._piped.get(_way(sender, recipient))
        return origin if origin is not None and event.stream_us - origin.at_us <= _PIPED_US else None

    def learn_smarthost(self, event: Event) -> None:
        """Learn for which domain a server behind us took mail of our own people."""
        known = self._smarthosts.get(str(event.destination_ip)) or _Smarthost()
        domain = organisation((event.email_to_address or [""])[0].rpartition("@")[2])
        if domain not in known.domains and len(known.domains) < _SMARTHOST_FOR:
            known.domains = [*known.domains, domain]
        elif event.stream_us - known.at_us < _SMARTHOST_US // 90:
            return
        known.at_us = event.stream_us
        self._smarthosts.put(str(event.destination_ip), known)

    def is_smarthost(self, address: str) -> bool:
        """Say whether a server behind us takes mail for anywhere."""
        known = self._smarthosts.get(address)
        return known is not None and len(known.domains) >= _SMARTHOST_FOR


def is_handed_in(event: Event) -> bool:
    """Say whether an arriving message came over no connection: from a script, a cron job, a user's shell, a filter."""
    if event.source_ip is not None or event.client_ip is not None or event.mail_queue_parent_id is not None:
        return False
    if event.smtp_helo is not None:  # a connection all the same, whose line is cut
        return False
    return event.user_id is not None or (event.user_name is not None and event.mail_sasl_method is None)


def is_filter(event: Event) -> bool:
    """Say whether a delivery went to a program that may be a filter, for anybody's mail."""
    if event.event_module == "sendmail":
        return (event.extra or {}).get("sendmail.mailer") == "prog"
    if event.event_module != "exim":
        return event.process_name == "pipe"
    transport = (event.extra or {}).get("exim.transport", "")
    return any(word in transport for word in _FILTERS)


def _way(sender: str | None, recipient: str) -> str:
    return f"{sender or ''}\x1f{recipient}".lower()
