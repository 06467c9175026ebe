"""Passwords in Haraka's lines: the dialogue that its level PROTOCOL writes down, and what hooks are called with.

A client that logs in by LOGIN or CRAM-MD5 sends lines that are no command: they stand as `C: …`, as `line=…` of what was
said too early, and as `params=…` of `hook=unrecognized_command`. What is no command of SMTP is therefore not kept.

Source: connection.js (process_line), plugins.js (log_run_item), outbound/hmail.js (send_command) of Haraka 2.8 to 3.3.
"""

import re
from base64 import b64decode

from mailwarden.parsers.secrets import BLOT

__all__ = ["hide", "login_name"]

_COMMANDS = frozenset(
    {"AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "HELP", "LHLO", "MAIL", "NOOP", "PROXY", "QUIT", "RCPT", "RSET",
     "STARTTLS", "VRFY", "XCLIENT", "XFORWARD"}
)  # fmt: skip
_QUOTED = r"(\"(?>(?:[^\"\\]|\\.)*)\"|\S*)"
_DIALOGUE = re.compile(r"(.{0,40}?\b[Cc]: )(\S*)(.*)", re.DOTALL)
_SERVER = re.compile(r".{0,40}?\b[Ss]: ")
_CALLED = re.compile(r"(^ *hook=unrecognized_command .{0,300}?\bparams=)" + _QUOTED, re.DOTALL)
_HARMLESS = (
    "connect ip=", "disconnect ip=", "sender <", "recipient <", "message mid=", "queue code=", "delivered file=",
    "bouncing mail: ", "Temp failing ", "Invalid RCPT TO ", "Invalid MAIL FROM ",
)  # fmt: skip
"""How lines begin that repeat no command, whatever a client or another server has put into them."""
_EARLY = re.compile(r"(\b(?:line|pipelined|command)=)" + _QUOTED)
_NAMED = re.compile(
    r"(\b(?:pass(?:word|wd|phrase)?|auth_pass|pw|secret|hash)(?:[=:] ?|\" ?: ?))(\"[^\"]*\"|[^\s,;)>}]+)", re.IGNORECASE
)
_LOGGING_IN = re.compile(
    r"(\bAUTH +(?:PLAIN|LOGIN|CRAM-MD5|XOAUTH2|OAUTHBEARER|XOAUTH)(?: +|\\+r|\\+n))(\S.*)", re.IGNORECASE
)
_PLAIN = re.compile(r"\s*C: AUTH PLAIN ([A-Za-z0-9+/=]{4,1000})", re.IGNORECASE)


def hide(level: str, origin: str, said: str) -> str:
    """Give a text without what may be a password."""
    if level == "DATA":
        return BLOT
    if level == "PROTOCOL":
        return _dialogue(said)
    text = said.lstrip(" ")
    if text.startswith(_HARMLESS):
        return said
    if text.startswith("hook="):
        return _CALLED.sub(_called, said)
    said = _EARLY.sub(rf"\1{BLOT}", said)
    if origin != "queue/smtp_forward":  # there: the name that we log in with elsewhere
        said = _LOGGING_IN.sub(rf"\1{BLOT}", said)
    return _NAMED.sub(rf"\1{BLOT}", said)


def _called(found: re.Match[str]) -> str:
    word = found[2].strip('"')
    return found[0] if not word or word.upper() in _COMMANDS else found[1] + BLOT


def _dialogue(said: str) -> str:
    found = _DIALOGUE.match(said)
    if found is None:
        return said if _SERVER.match(said) else BLOT
    word, rest = found[2].partition("\\")[0].upper(), found[3]
    if word == "AUTH":
        return f"{found[1]}AUTH {BLOT}"
    if word not in _COMMANDS:
        return found[1] + BLOT
    return said if "\\n" not in rest.rstrip("\\rn ") else f"{found[1]}{found[2]} {BLOT}"  # more lines behind


def login_name(said: str) -> str | None:
    """Give the name that a client logs in with, where the whole of it is on the line."""
    found = _PLAIN.match(said)
    if found is None:
        return None
    try:
        parts = b64decode(found[1], validate=True).decode().split("\0")
    except ValueError:
        return None
    return parts[1] if len(parts) == 3 and parts[1] else None
