"""smtpd: logins that failed, and logins that could not be judged. A success shows only where a message follows."""

from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import source
from mailwarden.parsers.formats.postfix.program import FORMAT, SMTPD
from mailwarden.parsers.life import noted

__all__: list[str] = []

# What the backend's text says, by how it begins. Sources: Postfix smtpd_sasl_glue.c and xsasl_dovecot_server.c,
# Cyrus SASL sasl_errstring(). Trouble of our own is no verdict on the client.
_UNJUDGED = (
    ("aborted", "aborted"),  # the client took its try back
    ("Connection lost to authentication server", "backend_unavailable"),
    ("Can't connect to authentication server", "backend_unavailable"),
    ("Authentication backend error", "backend_unavailable"),
    ("Internal authentication failure", "backend_unavailable"),
    ("remote authentication server unavailable", "backend_unavailable"),
    ("generic failure", "backend_unavailable"),
    ("Temporary ", "temp_fail"),
    ("temporary ", "temp_fail"),
    ("system error", "temp_fail"),
    ("Invalid authentication mechanism", "mech_unsupported"),
    ("Unsupported authentication mechanism", "mech_unsupported"),
)
_VERDICT = (
    ("Invalid base64 data", "invalid_encoding"),
    ("bad protocol / cancel", "aborted"),
    ("no mechanism available", "mech_unsupported"),
    ("mechanism too weak", "mech_unsupported"),
    ("encryption needed", "tls_required"),
    ("user not found", "unknown_user"),
    ("account disabled", "user_disabled"),
    ("passphrase expired", "password_expired"),
    ("authorization failure", "policy"),
)


@FORMAT.pattern(": SASL ", programs=SMTPD, anywhere=True)
def sasl_failed(event: Event, text: str) -> bool:
    """Read `NA: SASL M authentication failed: REASON, sasl_username=U`.

    The client wrote the mechanism and the user name, the backend the reason: what stands before them counts, and the
    name reaches to the end of the line.
    """
    who, _, rest = text.partition(": SASL ")
    method, proof, rest = rest.partition(" authentication ")
    if not proof or not rest.startswith(("failed", "aborted")) or not source(event, who):
        return False
    reason, _, user = rest.partition(", sasl_username=")
    event.network_protocol = "smtp"
    event.mail_sasl_method = method.upper() or None
    event.user_name = None if user == "(unavailable)" else user or None
    event.event_action, event.event_outcome, event.event_reason = _judge(reason)
    return True


@lru_cache(maxsize=1024)
def _judge(text: str) -> tuple[str, str, str]:
    """Give action, outcome and reason of `failed: REASON` or `aborted`."""
    reason = text.removeprefix("failed").removeprefix(":").strip()
    for head, word in _UNJUDGED:
        if reason.startswith(head):
            return "auth-error", "unknown", word
    word = next((word for head, word in _VERDICT if reason.startswith(head)), "credentials_rejected")
    return "auth-failure", "failure", word


# What the library says of a client's answer (plugins/*.c and lib/checkpw.c of cyrus-sasl 2.1.28); the rest is ours.
_CLIENTS_FAULT = (
    "Password verification failed", "checkpass failed", "no secret in database", "incorrect digest response",
    "need authentication name", "nonce changed", "Can only find author", "Couldn't find mech", "user not found",
    "One-time use of ", "authentication aborted", "protocol violation", "Only proxies may ", "realm changed",
    "could not parse ", "missing nonce",
)  # fmt: skip


@FORMAT.pattern("SASL authentication failure: ", programs=(*SMTPD, "smtp", "lmtp"))
def library_failure(event: Event, rest: str) -> bool:
    """Read what the Cyrus library says beside the line that names the client: the same try, no failure of its own."""
    event.event_action = "auth-error"
    event.event_outcome = "unknown"
    event.event_reason = "credentials_rejected" if rest.startswith(_CLIENTS_FAULT) else "backend_unavailable"
    return True


@FORMAT.pattern("SASL authentication problem: ", programs=SMTPD)
@FORMAT.pattern("SASL: Connect to ", programs=SMTPD)
@FORMAT.pattern("SASL per-process initialization failed", programs=SMTPD)
def backend_trouble(event: Event, _rest: str) -> bool:
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.event_reason = "backend_unavailable"
    return True


@FORMAT.pattern("SASL authentication debug: ", programs=(*SMTPD, "smtp", "lmtp"))
@FORMAT.pattern("SASL authentication info: ", programs=(*SMTPD, "smtp", "lmtp"))
@FORMAT.pattern("SASL authentication trace: ", programs=(*SMTPD, "smtp", "lmtp"))
@FORMAT.pattern("SASL authentication pass: ", programs=(*SMTPD, "smtp", "lmtp"))
def library_noted(event: Event, rest: str) -> bool:
    """Read what the Cyrus library tells at a high log level; the last kinds may hold passwords, and nothing of them is kept."""
    if rest:
        event.event_original = event.event_original.replace(rest, "[redacted]")
    return noted(event)
