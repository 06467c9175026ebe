"""Postfix's SPF policy servers: policyd-spf (Python, with its milter) and policy-spf (Perl).

Both tell at the recipient, before there may be a queue id. The HELO name and the sender are the client's own text and hold
what they like; the address is found from the front, where the client has written nothing yet, or behind the last mark.

Source: spf_engine/policyd_spf.py and milter_spf.py 3.0.4, pypolicyd-spf 1.3 to 2.9, postfix-policyd-spf-perl 2.010 and 2.011.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted, started
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import QUEUE_ID, result_word, set_result

__all__ = ["FORMAT", "claim"]

_TAGS = frozenset({"policyd-spf", "pypolicyd-spf", "policyd-spf.py", "pyspf-milter", "policy-spf", "policyd-spf-perl"})
_ID = re.compile(QUEUE_ID + r": |: ")
_REPLY = re.compile(r"([45][0-9]{2})(?: ([45]\.[0-9]{1,3}\.[0-9]{1,3}))? ")
_REASON = re.compile(r"(?:SPF|for SPF) (Permanent Error|Temporary Error|[A-Za-z]{4,9})\b", re.IGNORECASE)
_WORDS = {"permanent error": "permerror", "temporary error": "temperror"}
_RESULT = re.compile(r"([A-Za-z]{4,9})\b[ ;]*(?:\((helo|mailfrom|mfrom)\) ?)?")


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a tag tells: `policyd-spf`, or `postfix/policy-spf` as the Perl server calls itself."""
    name = tag.rpartition("/")[2]
    return (name, "policyd-spf", None) if name in _TAGS else None


def _prepare(event: Event, text: str) -> str:
    """Take the queue id off, and the reply code behind it; what is left begins with a word."""
    found = _ID.match(text)
    if found is not None:
        event.mail_queue_id = found[1]
        text = text[found.end() :]
    reply = _REPLY.match(text)
    if reply is None:
        return text
    event.smtp_reply_code = int(reply[1])
    event.smtp_reply_enhanced_code = reply[2]
    return f"refused: {text[reply.end() :]}"


FORMAT = Format("policyd_spf", tuple(sorted(_TAGS)), prepare=_prepare)


def _between(text: str, start: str, end: str) -> str | None:
    """Give what stands between a mark and the next end, or the end of the text."""
    _, found, rest = text.partition(start)
    return rest.partition(end)[0] if found else None


_FIRST = re.compile(r"identity=(?:mailfrom|helo); client-ip=([0-9A-Fa-f.:]{2,45});")
_LAST = re.compile(r"; client-ip=([0-9A-Fa-f.:]{2,45});?\s*$")


def _only(event: Event, text: str, mark: str) -> str | None:
    """Give the address behind a mark that a client may have written too; None where there are two."""
    _, found, rest = text.partition(mark)
    if mark in rest:
        event.mail_parse_ambiguous = True
        return None
    return ip(re.split(r"[;,)\s]", rest, maxsplit=1)[0]) if found else None


def _read_client(event: Event, text: str) -> None:
    """Read `identity=mailfrom; client-ip=IP; helo=H; envelope-from=S; receiver=R`; in Perl's order IP stands last."""
    address = _FIRST.match(text) or _LAST.search(text[-80:])
    event.source_ip = ip(address[1]) if address else _only(event, text, "client-ip=")
    _, found, sender = text.rpartition("; envelope-from=")
    sender = sender.partition("; receiver=")[0].partition("; helo=")[0].strip(' "<>;')
    if found and "@" in sender:
        event.email_from_address = [sender]


def _judge(event: Event, text: str) -> bool:
    """Read `Pass (mailfrom) identity=…` or `Pass; identity=…`."""
    found = _RESULT.match(text)
    result = result_word(found[1]) if found else None
    if found is None or result is None:
        return False
    set_result(event, "spf", result)
    scope = found[2] or _between(text, "identity=", ";")
    event.set("mail.spf.scope", "helo" if scope and scope.startswith("helo") else "mailfrom")
    _read_client(event, text[found.end() :])
    return True


@FORMAT.pattern(
    "prepend Received-SPF: ", "result_only Received-SPF: ", "Header field not prepended: Received-SPF: ",
    "Policy action=PREPEND Received-SPF: ", "Received-SPF: ",
)  # fmt: skip
def judged(event: Event, rest: str) -> bool:
    """What SPF says of a client and its sender."""
    return _judge(event, rest)


@FORMAT.pattern(
    "prepend Authentication-Results: ", "Header field not prepended: Authentication-Results: ",
    "Authentication-Results: ", "Policy action=PREPEND Authentication-Results: ",
)  # fmt: skip
def judged_for_header(event: Event, rest: str) -> bool:
    """The same, written as an Authentication-Results header: `mx; spf=pass (…) smtp.mailfrom=S (client-ip=IP; …)`."""
    _, found, said = rest.partition("; spf=")
    word = re.match(r"[a-z]{4,9}", said)
    result = result_word(word[0]) if word else None
    if not found or result is None:
        return False
    set_result(event, "spf", result)
    event.set("mail.spf.scope", "helo" if " smtp.helo=" in said else "mailfrom")
    _read_client(event, said)
    return True


_BEFORE_RECIPIENT = re.compile(r";ip=([0-9A-Fa-f.:]{2,45});r=")


@FORMAT.pattern("refused: ", "Policy action=5", "Policy action=4")
def refused(event: Event, rest: str) -> bool:
    """A recipient that is refused: `Message rejected due to: SPF fail - not authorized. Please see http://…;ip=IP;r=R`."""
    reason = _REASON.search(rest.partition("Please see ")[0])
    word = reason[1].lower() if reason else "fail"
    set_result(event, "spf", _WORDS.get(word) or result_word(word) or "fail")
    why = rest.rpartition(";r=")[0] or rest.rpartition(";r=")[2]
    addresses = set(_BEFORE_RECIPIENT.findall(rest)) or {why.rpartition(";ip=")[2].partition(";")[0].strip()}
    if len(addresses) > 1:  # the sender or the recipient holds one, too
        event.mail_parse_ambiguous = True
    else:
        event.source_ip = ip(addresses.pop())
    sender = _between(why, ";id=", ";ip=") or ""
    event.set("mail.spf.scope", "helo" if "s=helo;" in rest else "mailfrom")
    sender = sender.replace("%40", "@")
    if "@" in sender:
        event.email_from_address = [sender]
    return True


@FORMAT.pattern("defer_if_permit ", "Policy action=DEFER_IF_PERMIT ", "DEFER_IF_PERMIT ")
def deferred(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A recipient that is put off since nothing can be said of SPF now."""
    set_result(event, "spf", "temperror")
    return True


_PERL = re.compile(r"([A-Za-z]{4,9}): (HELO/EHLO(?: \(Null Sender\))?|Envelope-from): (.*)$", re.DOTALL)


@FORMAT.pattern("SPF ")
def judged_in_perl(event: Event, rest: str) -> bool:
    """What Perl's server logs when told to: `Pass: HELO/EHLO: NAME, IP Address: IP, Recipient: R`."""
    found = _PERL.match(rest)
    result = result_word(found[1]) if found else None
    if found is None or result is None:
        return False
    set_result(event, "spf", result)
    event.set("mail.spf.scope", "mailfrom" if found[2] == "Envelope-from" else "helo")
    text, _, recipient = found[3].rpartition(", Recipient: ")
    event.source_ip = _only(event, found[3], ", IP Address: ")
    if "@" in recipient and text:
        event.email_to_address = [recipient.strip("<>")]
    return True


@FORMAT.pattern(
    "prepend X-Comment: ", "Header field not prepended: X-Comment: ", "X-Comment: ",
    "Policy action=PREPEND X-Comment: ", "Policy action=DUNNO", "Policy action=dunno", "handler ", "Attribute: ",
    "Starting", "Normal exit", "Read line: ", "Found the end of entry", "Config: ", "Action: ",
    "Cached data for this instance", "spfcheck: ", "Per user configuration data", "skip_addresses ", "Whitelist ",
    "Domain_Whitelist ", "HELO_Whitelist ", "Domain Whitelist ", "HELO Whitelist ", "HELO Domain ", "PTR Domain ",
    "Pyspf Cached ", "not peruser", "_get_resultcodes", "Scope ", "helo policy ", "mfrom policy ", "mailfrom policy ",
    "readConfigFile: ", "Header text", "connect from ", "mail from: ", "Pass; ", "Fail; ", "None; ", "Softfail; ",
    "Neutral; ", "Permerror; ", "Temperror; ", "testing:",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of a check, which ends in a verdict on a line of its own; or mail that is not checked."""
    return noted(event)


@FORMAT.pattern("pyspf-milter started")
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The milter's start."""
    return started(event)


@FORMAT.pattern(
    "ERROR: ", "WARNING: ", "Ouch, caught exc: ", "Configuration File parsing error", "Authserv_Id not set",
    "Header_Type includes both", "fatal_exit: ", "warning: ", "HELO check failed ",
    "Mail From (sender) check failed ", "Traceback ", "  File ", "Exception ", "Uncaught exception", "ImportError",
    "ModuleNotFoundError", "Error ",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of its own, or a configuration that it does not understand."""
    return failed(event)
