"""Which way mail goes: sent elsewhere or here, by an account, a script or a machine that we trust; from elsewhere, sent on."""

from typing import Any

from mailwarden.parsers.event import Event
from mailwarden.parsers.servers import servers_where

__all__ = ["circling", "is_local", "names_no_host", "way_of"]

_LOCAL_PROTOCOLS = frozenset({"lmtp"})
_LOCAL_PROGRAMS = frozenset({"local", "virtual", "lmtp", "lda", "pipe", "courierlocal", "courierfax", "courieruucp"})
_NO_HOST = servers_where(lambda one: one.hosts == "none")
_NO_HOST_REFUSES = servers_where(lambda one: one.hosts == "refusals")

_NETWORK_MAILERS = ("smtp", "esmtp", "dsmtp", "relay", "uucp", "suucp")
"""Of sendmail's mailers (cf/mailer): all others put mail into a mailbox, a file or a program here."""
_OVER_THE_NETWORK = ("smtp", "remote", "smarthost", "relay", "dkim", "srs", "forward")


def is_local(event: Event) -> bool:
    """Say whether a delivery went to a mailbox of this server, and not over the network."""
    if event.event_module == "exim":
        return event.destination_ip is None and (event.mail_delivery_status == "sent" or _stays_here(event))
    if event.event_module == "sendmail":
        mailer = (event.extra or {}).get("sendmail.mailer", "")
        return bool(mailer) and not mailer.startswith(_NETWORK_MAILERS)
    if event.event_module == "opensmtpd":
        return (event.extra or {}).get("opensmtpd.agent") == "mda"
    if event.event_module == "qmail":
        return (event.extra or {}).get("qmail.channel") == "local"
    if event.event_module == "exchange":
        return "exchange.local" in (event.extra or {})
    if event.destination_ip is not None:
        return event.network_protocol in _LOCAL_PROTOCOLS
    if event.extra is not None and event.extra.get("mail.delivery.local"):
        return True
    return event.process_name in _LOCAL_PROGRAMS


def names_no_host(event: Event) -> bool:
    """Say whether a delivery is of a server that never tells which host refused: the recipient's domain stands for it."""
    if event.event_module in _NO_HOST:
        return True
    return event.event_module in _NO_HOST_REFUSES and event.destination_domain is None and event.destination_ip is None


def _stays_here(event: Event) -> bool:
    """Say whether what Exim could not deliver was for a mailbox here: a full one, or one that it may not write to.

    Only the transport's name tells; the administrator chose it.
    """
    transport = (event.extra or {}).get("exim.transport") or ""
    return bool(transport) and not any(word in transport for word in _OVER_THE_NETWORK)


def way_of(event: Event, facts: dict[str, Any], *, local: bool) -> str:
    """Give the fact that names the way of a delivery's message: detectors look at one or another only."""
    if event.mailwarden_account is not None:
        return "mailwarden.way.internal" if local else "mailwarden.way.account"
    if facts.get("mailwarden.returned"):
        return "mailwarden.way.returned"
    if local:
        return "mailwarden.way.inbound"
    if event.mail_original_recipient is not None:
        return "mailwarden.way.forward"
    if facts.get("mailwarden.script"):
        return "mailwarden.way.script"
    return "mailwarden.way.client" if event.mailwarden_direction == "outbound" else "mailwarden.way.passing"


def circling(event: Event) -> str | None:
    """Give the domain whose mail goes in a circle, "" where the line names no recipient; None where none does."""
    if event.event_reason != "mail_loop":
        return None
    return event.email_to_address[0].rpartition("@")[2].lower() if event.email_to_address else ""
