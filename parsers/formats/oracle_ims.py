"""Oracle's Messaging Server (Sun's): connections in its MTA's log (LOG_FORMAT=4), and logins that IMAP and POP refuse.

`<co ts="2026-03-03T04:05:06.12" … tr="TCP|ours|port|203.0.113.7|port" ap="SMTP" mi="Bad password" us="U" di="535 5.7.8 …"/>`:
the transport stands before what clients choose, and of a name that comes twice the first is heeded.
`imapd[7]: Account Notice: badlogin: [203.0.113.7:4711] plaintext U authentication failure` is the message store's.

Source: fail2ban's filter oracleims; Messaging Server 6.3 Administration Guide, chapter 25, example 25-11.
"""

import re
from html import unescape

from mailwarden.parsers.address import ip
from mailwarden.parsers.claims import Names
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim"]

_TAG = "oracle-ims"
_STORE = {"imapd": "imap", "popd": "pop3"}
_VALUE = re.compile(r' ([a-z]{2})="([^"]{0,4000})"')
_PEER = re.compile(r"TCP\|([0-9A-Fa-f.:]{2,45})\|([0-9]{1,5})\|([0-9A-Fa-f.:]{2,45})\|([0-9]{1,5})")
_BAD = re.compile(r"\[([0-9A-Fa-f.:]{2,45}):([0-9]{1,5})\] (\S{1,32}) (.*) authentication failure$", re.DOTALL)
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")

FORMAT = Format("oracle_ims", (_TAG, *_STORE))


def claim(tag: str) -> Names | None:
    """Claim its elements, and the tags of its store, which other servers have too."""
    return (tag, "oracle_ims", None) if tag in FORMAT.programs else None


@FORMAT.pattern("<co ", programs=(_TAG,))
def connection(event: Event, rest: str) -> bool:
    """What happened in a connection: a login, or something that means nothing here."""
    told: dict[str, str] = {}
    for name, value in _VALUE.findall(" " + rest):
        told.setdefault(name, unescape(value))
    event.network_protocol = "smtp"
    peer = _PEER.fullmatch(told.get("tr", ""))
    if peer is not None and told.get("dr") == "+":
        event.destination_ip, event.destination_port = ip(peer[1]), int(peer[2])
        event.source_ip, event.source_port = ip(peer[3]), int(peer[4])
    event.mail_session_id = told.get("pi")
    if "TLS" in told.get("ap", ""):
        event.tls_established = True
    said = told.get("di", "")
    code, _, text = said.partition(" ")
    event.user_name = told.get("us") or None
    if told.get("ac") != "U" or code not in ("235", "535") or event.source_ip is None:
        return noted(event)
    event.smtp_reply_code, event.smtp_reply_text = int(code), text[:1000] or None
    enhanced = text.partition(" ")[0]
    event.smtp_reply_enhanced_code = enhanced if _ENHANCED.fullmatch(enhanced) else None
    if code == "235":
        event.event_action, event.event_outcome = "auth-success", "success"
    else:
        event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return True


@FORMAT.pattern("Account Notice: badlogin: ", programs=tuple(_STORE))
def refused(event: Event, rest: str) -> bool:
    """A wrong password for a mailbox, or nobody of that name."""
    found = _BAD.match(rest)
    if found is None:
        return False
    event.network_protocol = _STORE[str(event.process_name)]
    event.source_ip, event.source_port = ip(found[1]), int(found[2])
    event.mail_sasl_method, event.user_name = found[3].upper(), found[4] or None
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return event.source_ip is not None
