"""Every delivery agent's verdict on one recipient, and why a delivery did not succeed."""

import re
from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import destination, peer, set_reply, stage
from mailwarden.parsers.formats.postfix.program import FORMAT

__all__ = ["explain_failure"]

# SOFTBOUNCE is a bounce that `soft_bounce = yes` turned into a deferral.
_STATUS = {
    "sent": ("sent", "success"),
    "deferred": ("deferred", "failure"),
    "bounced": ("bounced", "failure"),
    "SOFTBOUNCE": ("deferred", "failure"),
    "expired": ("expired", "failure"),
    "force-expired": ("expired", "failure"),
    "deliverable": ("deliverable", "success"),
    "undeliverable": ("undeliverable", "failure"),
}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PROTOCOLS: dict[str | None, str] = {"smtp": "smtp", "lmtp": "lmtp"}
_LONGEST_DSN = 24  # characters between `dsn=` and `, status=`


def _address_end(text: str, start: int) -> int:
    """Find where the address at `start` ends; a quoted local part may hold what ends another."""
    quoted = _QUOTED.match(text, start)
    return text.find(">, ", quoted.end() if quoted else start)


# A line in which no address holds a quote: all but a few in a million. Each class ends before what follows it.
_PLAIN = re.compile(
    r'([^">]*)>, (?:orig_to=<([^">]*)>, )?relay=([^,]*), (?:conn_use=[0-9]+, )?delay=([0-9.e-]{1,24}), '
    r"delays=[^, ]*, (?:tls=[^, ]*, )?dsn=([0-9.]{1,16}), status=([A-Za-z-]+) "
    r"\((?:([0-9]{3})[ -])?(?:([0-9]\.[0-9]{1,3}\.[0-9]{1,3}) )?"
).match


@FORMAT.pattern("to=<")
def delivery(event: Event, rest: str) -> bool:
    """Read `R>, orig_to=<O>, relay=…, delay=D, delays=a/b/c/d, dsn=X.Y.Z, status=STATUS (TEXT)`.

    TEXT is the remote server's: the keys end at the first `, dsn=…, status=`.
    """
    plain = _PLAIN(rest)
    if plain is None:
        return _odd_delivery(event, rest)
    recipient, original, relay, delay, dsn, word, code, enhanced = plain.groups()
    known = _STATUS.get(word)
    if known is None:
        return False
    event.event_action = "delivery"
    event.mail_delivery_status, event.event_outcome = known
    event.email_to_address = [recipient]
    if original:
        event.mail_original_recipient = original
    event.mail_delivery_relay = relay
    found = peer(relay)
    if found is not None:
        event.destination_domain, event.destination_ip, event.destination_port = found
    event.mail_delivery_delay = _seconds(delay)
    event.network_protocol = _PROTOCOLS.get(event.process_name)
    text = rest[plain.end() : -1] if rest[-1] == ")" else rest[plain.end() :]
    if code is not None:
        event.smtp_reply_code = int(code)
    event.smtp_reply_enhanced_code = enhanced or dsn
    if known[1] == "success":
        _accepted(event, text)
    elif code is None and enhanced is None:
        explain_failure(event, text, dsn)
    else:
        cut_stage(event, text)
    return True


def _odd_delivery(event: Event, rest: str) -> bool:
    """Read a delivery line whose addresses hold quotes or brackets, or whose keys are of another version."""
    end = _address_end(rest, 0)
    at = end + 3
    if end < 0:
        return False
    original = None
    if rest.startswith("orig_to=<", at):
        close = _address_end(rest, at + 9)
        if close < 0:
            return False
        original = rest[at + 9 : close]
        at = close + 3
    dsn = rest.find(", dsn=", at)
    status = rest.find(", status=", dsn, dsn + _LONGEST_DSN)
    if dsn < 0 or status < 0 or not rest.startswith("relay=", at):
        return False
    word, _, text = rest[status + 9 :].partition(" (")
    known = _STATUS.get(word)
    if known is None:
        return False
    event.event_action = "delivery"
    event.mail_delivery_status, event.event_outcome = known
    event.email_to_address = [rest[:end]]
    event.mail_original_recipient = original or None
    relay, _, keys = rest[at + 6 : dsn].partition(", ")
    event.mail_delivery_relay = relay
    destination(event, relay)
    event.mail_delivery_delay = _seconds(keys.partition("delay=")[2].partition(",")[0])
    event.network_protocol = _PROTOCOLS.get(event.process_name)
    text = text.removesuffix(")")
    if known[1] == "success":
        _accepted(event, set_reply(event, text))
        event.smtp_reply_enhanced_code = event.smtp_reply_enhanced_code or rest[dsn + 6 : status]
    else:
        explain_failure(event, text, rest[dsn + 6 : status])
    return True


@lru_cache(maxsize=8192)
def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _accepted(event: Event, text: str) -> None:
    event.smtp_reply_text = text[:1000] or None
    at = text.rfind("queued as ")
    if at >= 0:
        event.mail_queue_remote_id = text[at + 10 :].partition(" ")[0].rstrip(").,;") or None
    elif text.startswith(("id=", "OK id=")):  # Exim
        event.mail_queue_remote_id = text.partition("id=")[2].partition(" ")[0] or None
    elif text.startswith("forwarded as "):
        event.mail_queue_child_id = text[13:] or None
    elif event.process_name == "discard":
        event.mail_delivery_status = "discarded"


# By how the text begins, where it is our own (Sources: smtp_connect.c, smtp_addr.c, smtp_proto.c, smtp_tls_policy.c,
# deliver_flock.c, mbox_open.c, local/*.c, virtual/*.c, pipe_command.c, error.c, qmgr_error.c). None: nothing to say.
_LOCAL: tuple[tuple[str, str | None], ...] = (
    ("Host or domain name not found", "host_not_found"),
    ("Name service error", "host_not_found"),
    ("unable to look up host ", "host_not_found"),
    ("unable to find primary relay", "host_not_found"),
    ("Host not found", "host_not_found"),
    ("TLS is required", "tls_policy"),
    ("Server certificate not ", "tls_policy"),
    ("Cannot start TLS", "tls_policy"),
    ("TLS ", "tls_policy"),
    ("client TLS ", "tls_policy"),
    ("non DNSSEC destination", "tls_policy"),
    ("REQUIRETLS ", "tls_policy"),
    ("Sender requires ", "tls_policy"),
    ("SASL authentication failed", "credentials_rejected"),
    ("unknown user: ", "unknown_recipient"),
    ("unknown user", "unknown_recipient"),
    ("User unknown in ", "unknown_recipient"),
    ("Recipient address rejected: User unknown", "unknown_recipient"),
    ("message size ", "too_big"),
    ("mail for ", "mail_loop"),
    ("mail forwarding loop", "mail_loop"),
    ("mail transport unavailable", "server_error"),
    ("unknown mail transport error", "server_error"),
    ("mail system configuration error", "server_error"),
    ("alias database unavailable", "server_error"),
    ("address resolver failure", "server_error"),
    ("Insufficient system storage", "disk_full"),
    ("Queue file write error", "server_error"),
    ("Temporary lookup ", "server_error"),
    ("Server configuration ", "server_error"),
    ("user lookup error", "server_error"),
    ("lookup error", "server_error"),
    ("Command died with ", "server_error"),
    ("Command time limit exceeded", "server_error"),
    ("Command output: ", "server_error"),
    ("temporary failure", "server_error"),
    ("maildir delivery failed", "server_error"),
    ("cannot ", "server_error"),
    ("unable to ", "server_error"),
    ("malformed .forward file", "server_error"),
)
_FULL = ("Disk quota exceeded", "over quota", "File too large", "exceeds mailbox", "mailbox_size_limit")
_AT_GREETING = "timed out while receiving the initial server greeting"


def explain_failure(event: Event, text: str, dsn: str | None = None) -> None:
    """Set why a delivery did not succeed: the remote server's reply, or what went wrong before it gave one.

    Args:
        dsn: The enhanced code of the line's own, for a reply without one.
    """
    _explain(event, text)
    if event.smtp_reply_enhanced_code is None:
        event.smtp_reply_enhanced_code = dsn


def _explain(event: Event, text: str) -> None:
    while text.startswith("delivery temporarily suspended: "):
        text = text[32:]
    if text.startswith("host "):
        who, _, rest = text[5:].partition(" ")
        if rest.startswith("said: "):
            _remote(event, who, rest[6:])
            return
        if rest.startswith("refused to talk to me: "):
            event.smtp_stage = "CONNECT"
            _remote(event, who, rest[23:])
            return
    elif text.startswith("SASL authentication failed; server "):
        who, _, rest = text[35:].partition(" said: ")
        event.smtp_stage = "AUTH"
        event.event_reason = "credentials_rejected"
        _remote(event, who, rest)
        return
    elif text.startswith(("connect to ", "lost connection with ", "conversation with ")):
        _unreached(event, text)
    elif text[:3].isdecimal():
        _remote(event, "", text)
        return
    else:
        event.event_reason = next((reason for head, reason in _LOCAL if text.startswith(head)), None)
        if event.event_reason == "server_error" and any(piece in text for piece in _FULL):
            event.event_reason = "quota_exceeded"
        elif event.event_reason == "server_error" and "No space left on device" in text:
            event.event_reason = "disk_full"
    event.smtp_reply_text = text[:1000] or None


def _unreached(event: Event, text: str) -> None:
    """Read `connect to H[A]:25: Connection timed out`, `lost connection with H[A] while …` and their like."""
    verb, _, rest = text.partition(" to ") if text.startswith("connect ") else text.partition(" with ")
    who, _, rest = rest.partition(": ") if verb == "connect" else rest.partition(" ")
    _at(event, who)
    if verb == "connect":
        event.event_reason = _unreachable(rest)
    elif rest.startswith(_AT_GREETING):
        event.event_reason = "connect_timeout"
    else:
        event.event_reason = "other"


def _unreachable(error: str) -> str:
    if "timed out" in error:
        return "connect_timeout"
    return "connect_refused" if "refused" in error else "other"


def _at(event: Event, who: str) -> None:
    """Set the server that a text names, where the relay did not."""
    if event.destination_ip is None:
        destination(event, who)


def _remote(event: Event, who: str, text: str) -> None:
    """Set a remote server's reply; what it replied to stands at the end, in Postfix's words."""
    if who:
        _at(event, who)
    set_reply(event, cut_stage(event, text))


def cut_stage(event: Event, text: str) -> str:
    """Take ` (in reply to RCPT TO command)` off, and keep what is left as the reply's text."""
    at = text.rfind(" (in reply to ")
    if at >= 0 and text.endswith(" command)"):
        event.smtp_stage = stage(text[at + 14 : -9])
        text = text[:at]
    event.smtp_reply_text = text[:1000] or None
    return text
