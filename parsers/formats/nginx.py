"""nginx as a proxy for mail (Zimbra, Mailu): the logins that it asks somebody about, with the client's own address.

`[info] 12#12: *34 client login failed: "…" while in http auth state, client: 203.0.113.7, server: 0.0.0.0:993, login: "U"`.
The name stands last, so that nothing in it is taken for the client. What it says of the web is none of ours.

Source: src/mail/ngx_mail_auth_http_module.c, ngx_mail_handler.c and ngx_mail_proxy_module.c of nginx 1.18 to 1.27.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(r"\[[a-z]{4,6}\] ([0-9]{1,10})#[0-9]{1,10}: \*[0-9]{1,20} ")
_OURS = re.compile(r"client (?:login failed: \"|logged in, client: |[0-9A-Fa-f.:\[\]]{3,60} connected to )")
_CONNECTED = re.compile(r"[0-9A-Fa-f.:\[\]]{3,60} connected to \S{3,80}$")
_CLIENT = re.compile(
    r", client: ([0-9A-Fa-f.:]{2,45})(?: using starttls)?, server: (\S{1,80}?)(?:, login: \"(.*))?$", re.DOTALL
)
_PORTS = {
    "25": "smtp", "465": "smtp", "587": "smtp", "143": "imap", "993": "imap", "110": "pop3", "995": "pop3", "4190": "managesieve",
}  # fmt: skip


def claim_text(text: str) -> bool:
    """Say whether a text behind a stamp is of nginx's mail proxy."""
    found = _HEAD.match(text) if text[:1] == "[" else None
    return found is not None and _OURS.match(text, found.end()) is not None


def _prepare(event: Event, text: str) -> str:
    """Take level, process and connection off."""
    found = _HEAD.match(text)
    if found is None:
        return text
    event.process_pid = int(found[1])
    return text[found.end() :]


FORMAT = Format("nginx", (), prepare=_prepare)


def _read(event: Event, text: str, outcome: str) -> bool:
    found = _CLIENT.search(f", {text}" if text.startswith("client: ") else text)
    if found is None:
        return False
    event.source_ip = ip(found[1])
    event.network_protocol = _PORTS.get(found[2].rpartition(":")[2])
    name = (found[3] or "").rpartition('", upstream: ')[0] or (found[3] or "").removesuffix('"')
    event.user_name = name or None
    event.event_action, event.event_outcome = f"auth-{outcome}", outcome
    return event.source_ip is not None


@FORMAT.pattern('client login failed: "')
def refused(event: Event, rest: str) -> bool:
    """A login that the server behind it refused."""
    if rest.startswith("Temporary"):
        event.event_reason = "rate_limited" if "rate" in rest[:60] else "temp_fail"
    elif rest.startswith(("AUTH not supported", "Must issue a STARTTLS")):
        event.event_reason = "mech_unsupported" if rest[0] == "A" else "tls_required"
    else:
        event.event_reason = "credentials_rejected"
    return _read(event, rest, "failure")


@FORMAT.pattern("client logged in, ")
def logged_in(event: Event, rest: str) -> bool:
    """A login that succeeded."""
    return _read(event, rest, "success")


@FORMAT.pattern("client ")
def connected(event: Event, rest: str) -> bool:
    """A client came: what follows tells of it."""
    return _CONNECTED.match(rest) is not None and noted(event)
