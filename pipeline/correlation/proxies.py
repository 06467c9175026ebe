"""A proxy before the server, which takes the encryption off: both tell of each login.

The server behind knows the client by the PROXY protocol, XCLIENT or IMAP's ID, and takes the connection for one in clear. It
tells of a login before the proxy does; what a proxy refuses it never hears of. One that takes mail tells of a login with each
message, behind the proxy.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Proxies"]

_CONNECTED_US = 60_000_000  # from the connection to the login: the time a server gives for that
_TWICE_US = 10_000_000  # between both who tell of one login
_SESSION_US = 3_600_000_000  # in which messages may follow a login (smtpd ends an idle session after five minutes)
_MOST = 16  # logins of an address within that


class _Client(msgspec.Struct, array_like=True):
    """Who came to the proxy from an address, and what the server behind told of it."""

    at_us: int
    logins: list[tuple[int, str, str]] = []  # when, protocol, user
    let_in: list[tuple[int, str]] = []  # by the proxy, to send: when, user

    def expires_us(self) -> int:
        """A client is forgotten when nothing can follow any more."""
        return max(self.at_us + _CONNECTED_US, *(at + _SESSION_US for at, _ in self.let_in), 0)


class Proxies:
    """Counts each login once, and takes nobody behind a proxy for one who logs in without encryption.

    Args:
        backing: Where clients are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._clients = Shelf("proxied", 1, _Client, _Client.expires_us, backing)
        self.shelves = (self._clients,)

    def join(self, event: Event) -> None:
        """Take a line of the proxy: a client who comes, or a login that the server behind may have told of."""
        if event.source_ip is None:
            return
        if event.event_action == "connection-open":
            client = self._clients.get(event.source_ip) or _Client(event.stream_us)
            client.at_us = event.stream_us
            self._clients.put(event.source_ip, client)
        elif event.event_action == "auth-success" and event.tls_established is not False and self._was_told(event):
            event.event_action = "statistics"
        elif event.event_action == "auth-success" and event.network_protocol == "smtp" and event.user_name:
            client = self._clients.get(event.source_ip) or _Client(event.stream_us)
            others = [one for one in client.let_in if one[1] != event.user_name.lower()]
            client.let_in = [*others, (event.stream_us, event.user_name.lower())][-_MOST:]
            self._clients.put(event.source_ip, client)

    def sends(self, event: Event) -> None:
        """Take a message that a server accepts under a login: `mailwarden.login.told` where the proxy told of that."""
        address, user = event.client_ip or event.source_ip, event.user_name
        client = self._clients.get(address) if address and user else None
        if client is None or not user:
            return
        now = event.stream_us
        if any(name == user.lower() and now - at <= _SESSION_US for at, name in client.let_in):
            event.facts = event.facts or {}
            event.facts["mailwarden.login.told"] = True

    def behind(self, event: Event) -> None:
        """Take a login that a server tells of."""
        client = self._clients.get(event.source_ip or "")
        if client is None or event.stream_us - client.at_us > _CONNECTED_US or event.event_module == "nginx":
            return
        if event.tls_established is False:
            event.tls_established = None
        if event.source_ip and event.user_name:
            login = (event.stream_us, event.network_protocol or "", event.user_name.lower())
            client.logins = [*client.logins, login][-_MOST:]
            self._clients.put(event.source_ip, client)

    def _was_told(self, event: Event) -> bool:
        """Say whether the server behind told of this login; once it is taken back, it stands for no other."""
        client = self._clients.get(event.source_ip or "")
        if client is None:
            return False
        for at, (told_us, protocol, user) in enumerate(client.logins):
            recent = event.stream_us - told_us <= _TWICE_US
            if recent and protocol == event.network_protocol and user == (event.user_name or "").lower():
                client.logins = client.logins[:at] + client.logins[at + 1 :]
                self._clients.put(event.source_ip or "", client)
                return True
        return False
