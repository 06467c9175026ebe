"""What stands before an Exim text: the process, the message, the peer and what is known of its session.

`[pid] `, the message id (16 characters, 23 since 4.97), then for a client's doing `H=name (helo) [address]:port I=[…]:port
X=… F=<sender> A=…` in any order. What is left begins with Exim's own words. The flag of a message line keeps its blank
(` <= `, ` => `).

Source: src/src/log.c, src/src/tod.c, src/src/local_scan.h, src/src/smtp_in.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import ADDRESS, fields, peer
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "OWN_WORDS", "claim", "claim_text", "continues", "later_part", "prepare"]

_ID = re.compile(
    r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) (?=([<(=>*-][=>*]) )?"
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})? ")
_PID = re.compile(r"\[(\d{1,10})\] ")
# A long line through syslog (log.c, write_syslog).
_PART = re.compile(r"\[(\d{1,4})/\d{1,4}\] |\[(\d{1,4})\\(?:\d{1,4}\])? ")

OWN_WORDS = (
    "rejected ",
    "temporarily rejected ",
    "sender verify ",
    "recipient verify ",
    "Warning: ",
    "RCPT <",
    "RCPT TO:",
    "MAIL ",
    "DATA",
    "discarded ",
    "dropped by ",
    "lost",
    "incomplete transaction ",
    "SMTP ",
    "LMTP ",
    "Remote host ",
    "Malformed ",
    "Connection ",
    "Network ",
    "No route ",
    "a TLS session ",
    "DANE ",
    "TLS ",
    "PRDR ",
    "smtp send to ",
)
"""What Exim goes on with behind a peer and its fields."""

_REJECTED = re.compile(r"(?:temporarily )?(?:rejected )?(?:RCPT|MAIL|sender verify \w{4,5} for) " + ADDRESS)
_HINT = re.compile(r"(?i)((?:\"|\\n|rejected )AUTH(?:[ \t]|\\t)+[\w-]{1,40}(?:[ \t]|\\t)+)([^ \t\"\\]{2,})")
_TYPED = re.compile(r'((?:SMTP syntax error in|last command was|last was|rejected) ")([A-Za-z0-9+/]{4,}={0,2})(?=")')
_VERBS = frozenset(
    ("HELO", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "QUIT", "RSET", "NOOP", "HELP", "VRFY", "EXPN", "ETRN", "ATRN")
) | frozenset(("AUTH", "STARTTLS", "XCLIENT", "SENDER", "RECIPIENT"))


def _follows(text: str, at: int) -> tuple[int, int] | None:
    """Behind a client come its fields and Exim's own words; addresses among them may be quoted."""
    end = fields(Event(), text, at)
    rest = text[end:].lstrip(" :")
    if not rest.startswith(OWN_WORDS):
        return None
    verb = _REJECTED.match(rest)
    return at, len(text) - len(rest) + (0 if verb is None else verb.end())


def prepare(event: Event, text: str) -> str:
    """Read what stands before a text off it."""
    message = _ID.match(text)
    if message is None:
        if text[:1] in "[0123456789":
            text = _unstamped(event, text)
            if later_part(text):
                return text
            message = _ID.match(text)
        if message is None:
            return _session(event, text)
    event.mail_queue_id = message.group(1)
    end = message.end()
    if message.lastindex == 2:  # a flag
        return text[end - 1 :]
    return _session(event, text[end:])


def later_part(text: str) -> bool:
    """Say whether a text is the second or a later part of a line that was too long for syslog."""
    part = _PART.match(text)
    return part is not None and int(part.group(1) or part.group(2)) > 1


def _unstamped(event: Event, text: str) -> str:
    """Take off what syslog lets stand again: Exim's own stamp, the number of a part, the process."""
    if later_part(text):
        return text
    for peeled in (_PART, _STAMP, _PID):
        found = peeled.match(text)
        if found is not None:
            text = text[found.end() :]
            if peeled is _PID:
                event.process_pid = int(found.group(1))
    return text


def _session(event: Event, text: str) -> str:
    if '"' in text or " AUTH " in text:
        text = _redact(event, text)
    if text.startswith((" DSH=", "DSH=")):  # the selector `dnssec` puts its flag before the peer, without a blank
        text = text.lstrip(" ")[2:]
    head = text[:2]
    if head in ("H=", "U=", "F=", "X=", "Ci"):
        end = 0
        if head == "H=":
            found = peer(event, text, 0, _follows)
            if found is None:
                return text
            end = found
            event.network_protocol = "smtp"
        else:
            text = " " + text
        end = fields(event, text, end)
        if text.startswith(" H=", end):  # local_scan() writes the sender first
            found = peer(event, text, end + 1, _follows)
            end = end if found is None else fields(event, text, found)
        rest = text[end:].lstrip(" :")
        if rest.startswith("temporarily rejected "):
            event.mail_reject_temporary = True
            return rest[12:]
        return rest
    if text.startswith("temporarily rejected "):
        event.mail_reject_temporary = True
        return text[12:]
    return text


def _redact(event: Event, text: str) -> str:
    """Cut what a client typed as its name or password, in the event's original too."""
    for pattern in (_HINT, _TYPED):
        for found in pattern.finditer(text):
            secret = found.group(2)
            if secret.upper() in _VERBS:
                continue
            text = text.replace(found.group(), found.group(1) + "[redacted]")
            event.event_original = event.event_original.replace(found.group(), found.group(1) + "[redacted]")
    return text


_TAG = re.compile(r"exim\d?(?:[-_.](?!stats)[\w.-]{1,40})?")
_FOREIGN = re.compile(
    r"\S{1,255} [\w./-]{1,64}(?:\[\d{1,10}\])?: |[\w./-]{1,64}\[\d{1,10}\]: |[\w.]{1,40} {1,30}\[\d{1,10}\]: "
    r"|\S{0,255},|[A-Z]{4,8}[: ]|[ \t]|-|\#|\{|\[|\d|(?:status|install|upgrade|configure|trigproc|startup|remove|purge|conffile) "
)
_OWN_STARTS = re.compile(
    r"\[\d{1,4}/\d{1,4}\] "
    r"| ?DSH=|H=|U=|F=|<=|cwd=|Ci=|pid \d|VRFY |SMTPS? |LMTP |ALERT: |LDAP |LOG: |SIGSEGV |rejected |temporarily rejected "
    r"|TLS |DKIM: |ARC: |exim |Exim |SPF[ :]|DMARC[ :]|DANE |PRDR "
    r"|DNS |ACL |ETRN |ATRN |SIGTERM |SIGHUP "
    r"|[\w.-]{1,64} authenticator (?:failed|\()"
)


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None."""
    return ("exim", "exim", None) if _TAG.fullmatch(tag) else None


def claim_text(text: str) -> bool:
    """Say whether a text behind an own-file stamp, without host or tag, is Exim's.

    Only Exim writes mail logs with such a stamp; other programs that do (dpkg, database servers, own loggers) are known by
    a level word, a comma, a number or a bracket that is no process.
    """
    if _OWN_STARTS.match(text) or _ID.match(text):
        return True
    process = _PID.match(text)
    if process is not None:
        text = text[process.end() :]
        return bool(_OWN_STARTS.match(text) or _ID.match(text)) or _FOREIGN.match(text) is None
    return bool(text) and _FOREIGN.match(text) is None


_HEADER = re.compile(r"Envelope-(?:from|to): |[A-Z* ] [!-9;-~]{1,76}:|[ \t]|-{3,}$|\s*$")
_FOREIGN_STAMP = re.compile(
    r"\S{1,255} [\w./-]{1,64}\[\d{1,10}\]: |<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d "
    r"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|\{\""
)


def continues(text: str, previous: str) -> bool:
    """Say whether a line without Exim's stamp belongs to the record whose text was `previous`.

    In a file of Exim's, what has no stamp is a piece of the record before it: the refused message's envelope and headers,
    the dashes that end them, advice, a configuration error's text.
    """
    if _HEADER.match(text):
        return True
    return bool(previous) and _FOREIGN_STAMP.match(text) is None


FORMAT = Format("exim", ("exim",), prepare=prepare)
