"""What the other server said, in the words Exim puts around it.

`SMTP error from remote mail server after RCPT TO:<x>: 550 5.1.1 text`, with a literal `\\n` between the lines of a reply.

Source: src/src/transports/smtp.c (check_response), src/src/deliver.c of Exim 4.92 to 4.100.
"""

import re
from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import ADDRESS
from mailwarden.parsers.reply_text import taken_as

__all__ = ["confirmation", "failure", "reply"]

_LONGEST = 1000
_REPLY = re.compile(r"([1-5][0-9]{2})(?:$|[ -] *(?:(\d\.\d{1,3}\.\d{1,3})(?: |$))?(.*))", re.DOTALL)
_AFTER = re.compile(
    r"(?:SMTP|LMTP) (?:error from remote mail server|error|timeout) after "
    r"|(?:Remote host closed connection|Malformed SMTP reply(?: \([^()]{1,60}\))?) in response to "
)
_STAGE = re.compile(
    r"(?:pipelined )?(?:(RCPT|MAIL) (?:TO|FROM):(?:" + ADDRESS + r"|[^ :]*+)(?>(?: [A-Z0-9]+(?:=[^\s:]*+)?)*)"
    r"|(end of data|sending data block|initial connection|[A-Z]{4,8})(?: [^:]{0,255})?)"
)
_STAGES = {"initial connection": "CONNECT", "sending data block": "DATA"}
_OLD_HOST = re.compile(r"host \S{1,255} \[[^\] ]{2,60}\]: ")


def reply(event: Event, text: str) -> bool:
    """Read a reply, from its code on; False where none stands there."""
    found = _REPLY.match(text)
    if found is None:
        return False
    code, enhanced, said = found.groups()
    event.smtp_reply_code = int(code)
    if enhanced is not None:
        event.smtp_reply_enhanced_code = enhanced
    if said:
        if "\\" in said or len(said) > _LONGEST:
            said = said[: 2 * _LONGEST].replace("\\n", " ")[:_LONGEST].strip()
        event.smtp_reply_text = said or None
    return True


def confirmation(event: Event, text: str) -> None:
    """Read what stands between the quotes of `C="250 2.0.0 Ok: queued as 7D2E55"`."""
    if "\\" in text:
        text = re.sub(r"\\(.)", r"\1", text.replace("\\\\n", " ").replace("\\n", " "))
    if reply(event, text):
        event.mail_queue_remote_id = taken_as(text)


@lru_cache(maxsize=1024)
def _reason(text: str) -> str | None:
    text = text.lower()
    for words, reason in _REASONS:
        if words in text:
            return reason
    return None


_REASONS = (
    ("timed out", "connect_timeout"),
    ("timeout after", "connect_timeout"),
    ("connection refused", "connect_refused"),
    ("points to local host", "mail_loop"),
    ("remote host address is the local host", "mail_loop"),
    ("no such user", "unknown_recipient"),
    ("unrouteable address", "unknown_recipient"),
    ("unrouteable mail domain", "host_not_found"),
    ("all relevant mx records", "host_not_found"),
    ("host lookup", "host_not_found"),
    ("non-existent", "host_not_found"),
    ("unknown user", "unknown_recipient"),
    ("user unknown", "unknown_recipient"),
    ("address unknown", "unknown_recipient"),
    ("mailbox is full", "quota_exceeded"),
    ("quota", "quota_exceeded"),
    ("too big", "too_big"),
    ("exceeded maximum", "too_big"),
    ("a tls session is required", "tls_policy"),
    ("dane error", "tls_policy"),
)


def failure(event: Event, text: str) -> None:
    """Read why a delivery did not come about."""
    after = _AFTER.match(text)
    if after is None:
        old = _OLD_HOST.match(text)
        after = None if old is None else _AFTER.match(text, old.end())
    if after is None:
        if not reply(event, text):
            event.event_reason = _reason(text[:200]) if text else None
        return
    if text.startswith("LMTP"):
        event.network_protocol = "lmtp"
    stage = _STAGE.match(text, after.end())
    end = after.end()
    if stage is not None:
        named = stage.group(1) or stage.group(3)
        event.smtp_stage = _STAGES.get(named, named)
        end = stage.end()
    if " timeout after " in after.group():
        event.event_reason = "connect_timeout"
    if text.startswith(": ", end):
        old = _OLD_HOST.match(text, end + 2)
        reply(event, text[end + 2 if old is None else old.end() :])
