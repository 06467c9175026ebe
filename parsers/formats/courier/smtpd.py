"""courieresmtpd: who connects, what is refused, and logins that fail.

Refusals of an address: `error,relay=IP,port=P,from=<S>,to=<R>: 550 TEXT` (`<`, `>` and `:` within addresses are blanks
then). Other errors: `error,relay=IP,port=P,msg="502 TEXT",cmd: WHAT THE CLIENT SAID`. With `AUTH` that is the method, up to
20 characters of the answer, which holds the password, and the name.

Source: courier/module.esmtp/courieresmtpd.c (iov_logerror, print_submit_log_fix), courier/submit.C of Courier 0.65 to 1.4.
"""

import re
from base64 import b64decode

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.courier.prefix import FORMAT, SMTPD, addresses
from mailwarden.parsers.life import noted
from mailwarden.parsers.secrets import BLOT, blot

__all__: list[str] = []

_STARTED = re.compile(r"([0-9A-Fa-f.:]{2,45})\](?:,port=\[([0-9]{1,5})\])?$")
_PEER = re.compile(r"([0-9A-Fa-f.:]{1,44}[0-9A-Fa-f.])(?:,port=([0-9]{1,5}))?")
_IDENT = re.compile(r",ident=(?:\"[^\"]*\"|[^,:]{0,255})")
_ADDRESSES = re.compile(r"(?:,from=(<[^>]*>|[^,]*))?(?:,to=(<[^>]*>|[^:]*))?: ")
_MESSAGE = re.compile(r",msg=\"(.*?)\",cmd: ?(.*)$", re.DOTALL)
_CODE = re.compile(r"([245][0-9]{2})([ -]|$)(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?")
_AUTH = re.compile(r"AUTH +([A-Za-z0-9_-]{1,20})(?: (.*))?$", re.IGNORECASE | re.DOTALL)
_LONGEST = 1000
_ANSWER = 20  # characters of the client's answer that Courier repeats

_VERBS = frozenset(
    {"AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "STARTTLS"}
) | frozenset({"VRFY", "CONNECT", "GET", "HEAD", "OPTIONS", "POST"})
_STAGES = frozenset({"EHLO", "HELO", "MAIL", "RCPT", "DATA", "VRFY", "EXPN", "STARTTLS"})
_WHY = (
    ("relaying denied", "relay_denied"),
    ("> unknown", "unknown_recipient"),
    ("user unknown", "unknown_recipient"),
    ("unknown user", "unknown_recipient"),
    ("spf ", "spf_fail"),
    ("domain does not exist", "sender_domain_unknown"),
    ("invalid domain", "sender_domain_unknown"),
    ("dns lookup failure", "sender_domain_unknown"),
    ("recursive cname", "sender_domain_unknown"),
    ("on helo ", "helo_invalid"),
    ("sender rejected", "access_map"),
    ("message length", "too_big"),
    ("message too big", "too_big"),
    ("header size exceeds", "too_big"),
    ("starttls is required", "tls_policy"),
    ("tls not available", "tls_policy"),
    ("too many recipients", "rate_limit"),
    ("number of messages exceeded", "rate_limit"),
    ("whitelisted by this recipient", "greylist"),
    ("greylist", "greylist"),
    ("try another mx", "greylist"),
    ("over quota", "quota_exceeded"),
    ("mailbox full", "quota_exceeded"),
    ("mail system full", "server_error"),
    ("temporarily unavailable", "server_error"),
    ("out of memory", "server_error"),
    ("too many received", "mail_loop"),
    ("spamhaus", "dnsbl"),
    ("spamcop", "dnsbl"),
    ("barracudacentral", "dnsbl"),
    ("dnsbl", "dnsbl"),
    ("blacklisted by", "dnsbl"),
    ("virus", "malware"),
    ("spam", "spam"),
    ("mail rejected", "milter"),
    ("message rejected", "milter"),
    ("message refused", "policy_service"),
    ("authentication required", "access_map"),
    ("headers specify", "other"),
)
_SENDERS = frozenset({"sender_domain_unknown", "spf_fail"})
_CONTENTS = frozenset({"too_big", "malware", "spam", "milter", "mail_loop"})
_LISTED = 511  # Courier's code for a client that a list of tcpd's names


@FORMAT.pattern("started,ip=[", programs=SMTPD)
def connected(event: Event, rest: str) -> bool:
    """A client came."""
    found = _STARTED.match(rest)
    if found is None:
        return False
    event.event_action = "connection-open"
    event.source_ip = ip(found.group(1))
    if found.group(2) is not None:
        event.source_port = int(found.group(2))
    return True


@FORMAT.pattern("error,relay=", programs=SMTPD)
def refused(event: Event, rest: str) -> bool:
    """What a client asked for was refused."""
    peer = _PEER.match(rest)
    if peer is None:
        return False
    ident = _IDENT.match(rest, peer.end())
    end = peer.end() if ident is None else ident.end()
    message = _MESSAGE.match(rest, end)
    found = None if message is not None else _ADDRESSES.match(rest, end)
    if message is None and found is None:
        return False
    event.source_ip = ip(peer.group(1))
    if peer.group(2) is not None:
        event.source_port = int(peer.group(2))
    if message is not None:
        return _erred(event, message.group(1), message.group(2), rest[: message.start(2)])
    assert found is not None
    if found.lastindex is None:  # up to 0.65 without what the client said
        return _erred(event, rest[found.end() :], "", rest[: found.end()])
    sender, recipient = (_bare(one) for one in found.groups())
    addresses(event, sender, recipient)
    said = rest[found.end() :]
    if not _read_reply(event, said):
        return False
    if said[3:4] == "-":  # a longer reply is counted with its last line
        event.event_action = "statistics"
        return True
    _refuse(event, said)
    if recipient is not None:
        event.smtp_stage = "RCPT"
    elif event.event_reason in _SENDERS:
        event.smtp_stage = "MAIL"
    elif event.event_reason in _CONTENTS:
        event.smtp_stage = "end of DATA"
    return True


def _bare(address: str | None) -> str | None:
    if address is not None and address[:1] == "<" and address[-1:] == ">":
        return address[1:-1]
    return address


def _read_reply(event: Event, said: str) -> bool:
    code = _CODE.match(said)
    if code is None:
        return False
    event.smtp_reply_code = int(code.group(1))
    event.smtp_reply_enhanced_code = code.group(3)
    event.smtp_reply_text = said[code.end() :][:_LONGEST].strip() or None
    return True


def _refuse(event: Event, said: str) -> None:
    event.event_action = "reject"
    event.event_outcome = "failure"
    lower = said.lower()
    usual = "dnsbl" if event.smtp_reply_code == _LISTED else "other"
    event.event_reason = next((why for words, why in _WHY if words in lower), usual)
    if str(event.smtp_reply_code).startswith("4"):
        event.mail_reject_temporary = True


def _erred(event: Event, said: str, command: str, head: str) -> bool:
    """Read an error that is no address's: a login, a command nobody knows, a client that went."""
    verb = command.partition(" ")[0].partition(":")[0].upper()
    if verb not in _VERBS and command:
        blot(event, f"error,relay={head}{command}", f"error,relay={head}{BLOT}")
    event.smtp_stage = verb if verb in _STAGES else None
    login = _AUTH.match(command)
    if login is not None or said.startswith("535 Authentication failed"):
        event.smtp_stage = "AUTH"
        if login is not None:
            _login(event, login, f"error,relay={head}")
    if not _read_reply(event, said):
        event.event_action = "connection-lost"
        return said.startswith(("write", "read", "SSL", "Connection")) or "roken pipe" in said
    if event.smtp_stage == "AUTH" and said.startswith("535"):
        event.event_action = "auth-failure"
        event.event_outcome = "failure"
        event.event_reason = "credentials_rejected"
    elif said.startswith(("500", "502", "503", "554 Syntax")):
        event.event_action = "protocol-error"
    else:
        _refuse(event, said)
    return True


def _login(event: Event, login: re.Match[str], head: str) -> None:
    """Read the method and the name, and blot out what stands between: the client's answer."""
    method, rest = login.groups()
    event.mail_sasl_method = method.upper()
    if not rest:
        return
    answer, parted, name = rest.partition(" ")
    if not parted and not _is_answer(answer):
        event.user_name = answer
        return
    event.user_name = name or None
    shown = f"{head}AUTH {method} {BLOT}"
    blot(event, head + login.string, f"{shown} {name}" if parted else shown)


def _is_answer(word: str) -> bool:
    """Say whether one word alone is the client's answer in base64, and no name: names seldom decode to letters."""
    if len(word) % 4 or not 0 < len(word) <= _ANSWER:
        return False
    try:
        return all(32 <= byte < 127 or byte == 0 for byte in b64decode(word, validate=True))
    except ValueError:
        return False


@FORMAT.pattern("STARTTLS failed: ", programs=SMTPD)
def handshake_failed(event: Event, rest: str) -> bool:
    """A client and we found no encryption; the line names no client."""
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    return bool(rest)


@FORMAT.pattern("AUTH ", programs=SMTPD)
@FORMAT.pattern("EHLO ", programs=SMTPD)
@FORMAT.pattern("HELO ", programs=SMTPD)
@FORMAT.pattern("MAIL ", programs=SMTPD)
@FORMAT.pattern("RCPT ", programs=SMTPD)
@FORMAT.pattern("DATA", programs=SMTPD)
@FORMAT.pattern("QUIT", programs=SMTPD)
@FORMAT.pattern("RSET", programs=SMTPD)
@FORMAT.pattern("NOOP", programs=SMTPD)
@FORMAT.pattern("STARTTLS", programs=SMTPD)
def dialogue(event: Event, rest: str) -> bool:
    """What a client said (`ESMTP_LOG_DIALOG=1`); the rest of a login is blotted out."""
    if rest.startswith(" failed: "):
        return False
    if rest and "AUTH " + rest in event.event_original:
        method = rest.split(" ", 1)[0]
        blot(event, "AUTH " + rest, f"AUTH {method} {BLOT}" if " " in rest else "AUTH " + rest)
    return noted(event)
