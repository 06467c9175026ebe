"""Names that do not lead to addresses, and addresses that have no name.

Source: src/src/daemon.c, src/src/smtp_in.c, src/src/tls.c, src/src/host.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.caller import caller
from mailwarden.parsers.formats.exim.prefix import FORMAT

__all__ = ["no_match"]


@FORMAT.pattern("no host name found for IP address ")
def no_name(event: Event, rest: str) -> bool:
    """A client's address has no name."""
    address = rest.partition(" ")[0]
    if not address:
        return False
    event.source_ip = ip(address)
    return _mismatch(event, "no_rdns")


@FORMAT.pattern("no IP address found for host ")
def no_address(event: Event, rest: str) -> bool:
    """A name, said by a client or looked up for its address, has no address."""
    name, during, said = rest.partition(" (during SMTP connection from ")
    if during:
        caller(event, said.removesuffix(")"), 0, ("",))
    if not name:
        return False
    return _mismatch(event, "no_fcrdns")


_NO_MATCH = re.compile(r"(\S{1,255}) does not match any IP address for (\S{2,60})$")


@FORMAT.pattern(" does not match any IP address for ", anywhere=True)
def no_match(event: Event, text: str) -> bool:
    """A client's name does not lead back to its address."""
    found = _NO_MATCH.match(text)
    if found is None:
        return False
    event.source_ip = ip(found.group(2))
    return _mismatch(event, "no_fcrdns")


def _mismatch(event: Event, reason: str) -> bool:
    event.event_action = "dns-mismatch"
    event.event_reason = reason
    return True
