"""Logins of clients (`AUTH=server`, `AUTH failure`), and ours at servers that we send through (`AUTH=client`).

The user's name is the client's text. Where a login failed it stands before the last `, relay=`, which is sendmail's; where it
was taken, behind the first `, authid=`.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, read_client
from mailwarden.parsers.life import noted

__all__: list[str] = []

_CODE = re.compile(r" \((-?\d{1,3})\)(?: |$)").search
_TYPED = re.compile(r'(for ").*(?=")', re.DOTALL)

# sasl.h of cyrus-sasl 2.1; what is none of these is trouble of our own
_REASONS = {
    -4: "mech_unsupported",
    -5: "invalid_encoding",
    -13: "credentials_rejected",
    -14: "policy",
    -15: "mech_unsupported",
    -16: "cleartext_auth_disabled",
    -17: "credentials_rejected",
    -18: "password_expired",
    -19: "user_disabled",
    -20: "unknown_user",
    -26: "credentials_rejected",
}


@FORMAT.pattern("AUTH failure (")
def password_refused(event: Event, rest: str) -> bool:
    """A password was tried in vain: `LOGIN): authentication failure (-13) SASL(-13): …, user=U, relay=CLIENT`."""
    method, closed, rest = rest.partition("): ")
    said, named, who = rest.rpartition(", relay=")
    if not closed or not named or not read_client(event, who):
        return False
    event.mail_sasl_method = method.upper()
    event.smtp_stage = "AUTH"
    said, named, user = said.partition(", user=")
    if named:
        event.user_name = user or None
        if ", user=" in user:
            event.mail_parse_ambiguous = True
    found = _CODE(said)
    reason = _REASONS.get(int(found[1])) if found else None
    event.set("error.message", said[:200])
    if reason is None:
        event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", "backend_unavailable"
    else:
        event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", reason
    return True


@FORMAT.pattern("AUTH=server, relay=")
def accepted(event: Event, rest: str) -> bool:
    """A client logged in."""
    rest, named, _ = rest.rpartition(", bits=")
    rest, _, method = rest.rpartition(", mech=")
    who, authorised, user = rest.partition(", authid=")
    if not named or not authorised or not read_client(event, who):
        return False
    event.event_action = "auth-success"
    event.event_outcome = "success"
    event.smtp_stage = "AUTH"
    event.user_name = user or None
    event.mail_sasl_method = method.upper()
    return True


@FORMAT.pattern("AUTH=client, ")
def own_login(event: Event, rest: str) -> bool:
    """Our own login at a server that we send through; where it fails, mail waits, and nobody attacks."""
    event.network_protocol = "smtp"
    if any(words in rest for words in ("failed", "failure", "do not fulfill", "error: ", "not in list")):
        event.event_action = "service-error"
        event.event_outcome = "failure"
        event.event_reason = "credentials_rejected"
    else:
        event.event_action = "statistics"
    return True


@FORMAT.pattern("AUTH decode64 error ")
@FORMAT.pattern("AUTH encode64 error ")
def garbled(event: Event, rest: str) -> bool:
    """A client's answer was no base64; what it was may be a password."""
    event.event_original = _TYPED.sub(r"\1[redacted]", event.event_original)
    _, named, who = rest.rpartition(", relay=")
    if named:
        read_client(event, who)
    event.event_action = "protocol-error"
    event.event_reason = "invalid_encoding"
    event.smtp_stage = "AUTH"
    return True


@FORMAT.pattern("AUTH warning: ")
@FORMAT.pattern("AUTH: ")
@FORMAT.pattern("AUTH error: ")
@FORMAT.pattern("AUTH authid ")
@FORMAT.pattern("AUTH username ")
@FORMAT.pattern("AUTH flags=")
@FORMAT.pattern("AUTH auth_can_user=")
@FORMAT.pattern("getauth ")
@FORMAT.pattern("encode64 for AUTH failed")
@FORMAT.pattern("error: safesasl(")
def mechanisms(event: Event, _rest: str) -> bool:
    """What else it says of logins: mechanisms that it offers, or has none of."""
    return noted(event)
