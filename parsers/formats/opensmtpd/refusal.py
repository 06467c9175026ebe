"""Commands that were refused, and why.

`command="RCPT TO:<x>" result="550 Invalid recipient: <x>"`: the command is the client's text, with its quotes as they are;
the result is ours, or a filter's. A recipient that nobody here has and one that we would have to relay to get the same
answer: by the address alone `pipeline/correlation/sessions.py` tells them apart, where our domains are known.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT, OLD_SESSION, at_host
from mailwarden.parsers.secrets import BLOT

__all__: list[str] = []

_RESULT = re.compile(r"([245]\d\d)(?:[ -](?:([245]\.\d{1,3}\.\d{1,3}):? ?)?(.*))?$", re.DOTALL).match
_VERB = re.compile(r"[A-Za-z]{2,10}").match
_OLD_5 = re.compile(OLD_SESSION + r': "(.*)" => (.*)$', re.DOTALL).match
_OLD_BAD = re.compile(OLD_SESSION + r": (.*)$", re.DOTALL).match
_ANSWER = re.compile(
    r"(?!(?i:NOOP|HELP)$)(?:[A-Za-z0-9+/]{4}){0,200}(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"
).fullmatch
"""What looks like base64: who logs in where that is refused goes on with his name and his password."""
_LONGEST = 1000

_STAGES = {"AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "MAIL", "QUIT", "RCPT", "RSET", "STARTTLS", "VRFY"}
_ASKING = ("VRFY", "EXPN")
_JUDGED = (*_ASKING, "MAIL", "RCPT")
"""Commands that ask for something: what they get is no mere error of grammar."""

# By what the answer says, in lower case; the first that fits is taken. Ours first, then what filters usually say.
_WHY = (
    ("invalid recipient", "unknown_recipient"),
    ("recipient address syntax error", "other"),
    ("sender address syntax error", "other"),
    ("must issue a starttls", "tls_policy"),
    ("must issue an auth", "access_map"),
    ("too many recipients", "rate_limit"),
    ("too many messages", "rate_limit"),
    ("mailing list expansion problem", "other"),
    ("message exceeds", "too_big"),
    ("too big", "too_big"),
    ("loop detected", "mail_loop"),
    ("invalid domain name", "helo_invalid"),
    ("requires domain name", "helo_invalid"),
    ("greylist", "greylist"),
    ("graylist", "greylist"),
    ("try again later", "greylist"),
    ("dnsbl", "dnsbl"),
    ("rbl", "dnsbl"),
    ("spamhaus", "dnsbl"),
    ("blocklist", "dnsbl"),
    ("blacklist", "dnsbl"),
    ("fcrdns", "no_fcrdns"),
    ("rdns", "no_rdns"),
    ("reverse dns", "no_rdns"),
    ("spf", "spf_fail"),
    ("dkim", "dkim_fail"),
    ("dmarc", "dmarc_fail"),
    ("virus", "malware"),
    ("spam", "spam"),
    ("sender rejected", "access_map"),
    ("sender not allowed", "sender_login_mismatch"),
    ("relay", "relay_denied"),
    ("temporary", "server_error"),
)
_GRAMMAR = (
    "command unrecognized",
    "command not allowed",
    "command line too long",
    "line too long",
    "already identified",
    "already authenticated",
    "already secured",
    "no parameters",
    "does not accept arguments",
    "no recipient specified",
    "not supported",
    "unsupported option",
    "option too large",
    "syntax error",
)


def _verb(command: str) -> str:
    found = _VERB(command)
    word = found[0].upper() if found else ""
    return word if word in _STAGES else ""


def _addressed(event: Event, verb: str, command: str) -> None:
    """Set the address that a command names."""
    if verb in _ASKING:
        name = command.partition(" ")[2].strip()
        if name:
            event.email_to_address = [name]
        return
    if verb not in ("MAIL", "RCPT"):
        return
    address = _address(command.partition(":")[2].strip())
    if verb == "MAIL":
        event.email_from_address = [address] if address else []
        event.mail_null_sender = None if address else True
    elif address:
        event.email_to_address = [address]


def _address(text: str) -> str:
    """Take the address off `<a@example.org> SIZE=1`."""
    if not text.startswith("<"):
        return text.partition(" ")[0]
    end = text.find("> ")
    return text[1 : end if end >= 0 else len(text)].removesuffix(">")


def _refused(event: Event, command: str, result: str) -> bool:
    """Judge a refused command by what it was and what we answered."""
    found = _RESULT(result)
    if found is None:
        return False
    verb = _verb(command)
    event.network_protocol = "smtp"
    event.smtp_reply_code = int(found[1])
    event.smtp_reply_enhanced_code = found[2]
    said = (found[3] or "")[:_LONGEST]
    event.smtp_reply_text = said or None
    if verb:
        event.smtp_stage = verb
    elif _ANSWER(command):
        event.event_original = event.event_original.replace(f'"{command}"', f'"{BLOT}"')
    _addressed(event, verb, command)
    lower = said.lower()
    if verb == "AUTH":
        return _not_in(event, command, lower)
    event.event_outcome = "failure"
    if "pipelining" in lower:
        event.event_action, event.event_reason = "protocol-error", "pipelining"
        return True
    reason = _why(lower)
    if verb not in _JUDGED and reason in (None, "other") and (not verb or _is_grammar(lower)):
        event.event_action = "protocol-error"
        return True
    event.event_action = "reject"
    event.event_reason = reason or "other"
    event.mail_reject_temporary = found[1].startswith("4")
    return True


def _why(said: str) -> str | None:
    return next((reason for words, reason in _WHY if words in said), None)


def _is_grammar(said: str) -> bool:
    return any(words in said for words in _GRAMMAR)


def _not_in(event: Event, command: str, said: str) -> bool:
    """An AUTH that was refused: the try itself has a line of its own, and what was typed with it is nobody's business."""
    _, method, typed = (*command.split(maxsplit=2), "", "")[:3]
    if method.isalpha():
        event.mail_sasl_method = method.upper()
    if len(typed) > 1 and not typed.startswith(("(", "[")):
        event.event_original = event.event_original.replace(typed, BLOT)
    event.event_outcome = "failure"
    if "authentication failed" in said or "temporary failure" in said:
        event.event_action = "statistics"
    else:
        event.event_action = "protocol-error"
        event.event_reason = "mech_unsupported" if "not supported" in said else None
    return True


@FORMAT.pattern("smtp failed-command ")
def refused(event: Event, rest: str) -> bool:
    """A command was refused."""
    rest = at_host(event, rest) or rest
    command, _, result = rest.removeprefix('command="').rpartition('" result="')
    if not rest.startswith('command="') or not result.endswith('"'):
        return False
    return _refused(event, command, result[:-1])


@FORMAT.pattern("smtp-in: Failed command on session ")
def refused_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x and some of 6.0: `SESSION: "COMMAND" => RESULT`."""
    found = _OLD_5(rest)
    if found is None:
        return False
    event.mail_session_id = found[1]
    return _refused(event, found[2], found[3])


def _bad(event: Event, result: str) -> bool:
    found = _RESULT(result)
    if found is None:
        return False
    event.event_action = "protocol-error"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    event.smtp_reply_code = int(found[1])
    event.smtp_reply_enhanced_code = found[2]
    event.smtp_reply_text = (found[3] or "")[:_LONGEST] or None
    if "ipelining" in result:
        event.event_reason = "pipelining"
    return True


@FORMAT.pattern("smtp bad-input ")
def bad_input(event: Event, rest: str) -> bool:
    """A line that was too long, or sent before its turn."""
    rest = at_host(event, rest) or rest
    return rest.startswith('result="') and _bad(event, rest[8:].removesuffix('"'))


@FORMAT.pattern("smtp-in: Bad input on session ")
def bad_input_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x."""
    found = _OLD_BAD(rest)
    if found is None:
        return False
    event.mail_session_id = found[1]
    return _bad(event, found[2])
