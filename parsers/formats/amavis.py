"""amavis (amavisd-new): one line a message with its verdict, and what its scanners and unpackers say on the way.

`(12345-06) TEXT`. `(!)` before a text is amavis's own word for a fault. Of the line that sums up a message the client's address
and the queue id stand before anything that the sender wrote, but for the names of a banned file or a virus.

Source: Amavis.pm of amavisd-new 2.13.0 (`log_short_templ`, `log_verbose_templ`), lines of 2.4 to 2.12.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import UNAVAILABLE, failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import judge_spam, number, read_tests, virus

__all__ = ["FORMAT", "claim"]

_TAGS = frozenset(
    {"amavis", "amavisd", "amavisd-new", "amavisd-milter", "amavis-services", "amavis-mc", "amavisd-snmp-subagent"}
)
_ID = re.compile(r"\(([0-9]{1,10}-[0-9]{2,6}(?:-[0-9]{1,6})?|![0-9]{1,10})\) ?")
_FAULT = re.compile(r"\(!{1,3}\)(?:_?[A-Z]{3,5}: )?")
_STEP, _FAULTY, _REST = "step: ", "fault: ", "rest: "
_VERDICTS = ("Passed", "Blocked")


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a tag tells; started with a path it logs under it."""
    name = tag.rpartition("/")[2]
    return (name, "amavis", None) if name in _TAGS else None


def _prepare(event: Event, text: str) -> str:
    """Take amavis's number of the message off, and its mark of a fault."""
    found = _ID.match(text)
    if found is not None:
        event.set("amavis.id", found[1])
        text = text[found.end() :]
    fault = _FAULT.match(text)
    if fault is not None:
        return _FAULTY + text[fault.end() :]
    if found is None or text.startswith(_VERDICTS):
        return text
    return (_REST if text.startswith("...") else _STEP) + text


FORMAT = Format("amavis", tuple(sorted(_TAGS)), prepare=_prepare)

# ---------------------------------------------------------------------- what it makes of a message

_CATEGORY = re.compile(
    r"(OTHER|CLEAN|MTA-BLOCKED|OVERSIZED|BAD-HEADER(?:-[0-9]{1,2})?|SPAMMY|SPAM|UNCHECKED(?:-ENCRYPTED)?|BANNED|INFECTED|"
    r"TEMPFAIL|VIRUS)"
)
_ACTIONS = re.compile(r" \{([A-Za-z0-9,]{1,200})\}")
_CLIENT = re.compile(
    r"(?:,| )(?: [A-Z][A-Z0-9_/-]{1,60}){0,2} \[([0-9A-Fa-f.:]{2,45})\](?::([0-9]{1,5}))?(?: \[([0-9A-Fa-f.:]{2,45})\])?"
    r"(?: [A-Z]{1,10}/[A-Z]{1,10})? "
)
_NAME_ENDS = re.compile(
    r"\)(?: \{[A-Za-z0-9,]{1,200}\})?,(?: [A-Z][A-Z0-9_/-]{1,60}){0,2} (?:\[[0-9A-Fa-f.:]{2,45}\]|<[^<>]{0,320}> ->)"
)
"""Where a name ends: behind it stand the client, or sender and recipients."""
_NAME_MAY_END = re.compile(r"\)(?= \{[A-Za-z0-9,]{1,200}\},|, )")
_ENVELOPE = re.compile(r"(?:, | )?<([^<>]{0,320})> -> (<[^<>]{0,320}>(?:,<[^<>]{0,320}>){0,200})")
_QUEUE_ID = re.compile(r"(?:, quarantine: [^\s,]{1,200})?, Queue-ID: ([0-9A-Za-z]{5,40})(?=,|$)")
_MESSAGE_ID = re.compile(
    r", Message-ID: <(.{0,1000})>, (?:Resent-Message-ID: .{0,1000}, )?mail_id: [A-Za-z0-9+_-]{1,40},", re.DOTALL
)
_HITS = re.compile(r", Hits: (-?[0-9]{1,6}(?:\.[0-9]{1,6})?|-|x)[^,]{0,40}, size: ([0-9]{1,12})")
_QUEUED_AS = re.compile(r", queued_as: ([0-9A-Za-z]{5,40})(?=[,/]|$)")
_SIGNATURE = re.compile(r", dkim_(sd|new)=([^:,\s]{1,255}):([^,\s]{1,255})")
_TESTS = re.compile(r", Tests: \[([A-Za-z0-9_=.,-]{0,8000})\]")


def _read_client(event: Event, text: str) -> str:
    """Read the client and the envelope; give what stands behind them."""
    found = _CLIENT.match(text)
    if found is not None:
        event.source_ip = ip(found[1])
        if found[2]:
            event.source_port = int(found[2])
        if found[3]:
            event.client_ip = ip(found[3])
        text = text[found.end() :]
    envelope = _ENVELOPE.match(text)
    if envelope is None:
        return text
    if envelope[1]:
        event.email_from_address = [envelope[1]]
    else:
        event.mail_null_sender = True
    event.email_to_address = re.findall(r"<([^<>]+)>", envelope[2])[:100] or None
    return text[envelope.end() :]


def _read_message(event: Event, text: str) -> float | None:
    """Read what stands behind the envelope; give the score."""
    queue_id = _QUEUE_ID.match(text)
    if queue_id is not None:
        event.mail_queue_id = queue_id[1]
    message_id = _MESSAGE_ID.search(text)
    if message_id is not None:
        event.email_message_id = message_id[1] or None
    hits = _last(_HITS, text)
    if hits is None:
        return None
    event.mail_size = int(hits[2])
    behind = text[hits.end() :]
    queued = _QUEUED_AS.match(behind)
    if queued is not None:
        event.mail_queue_remote_id = queued[1]
    for kind, selector, domain in _SIGNATURE.findall(behind):
        if kind == "new":
            event.set("mail.dkim.signed", True)
        else:
            event.set("mail.dkim.result", "pass")
        event.set("mail.dkim.selector", selector)
        event.set("mail.dkim.domain", domain.lower())
        break
    tests = _TESTS.search(behind)
    if tests is not None:
        _read_tests(event, tests[1])
    return number(hits[1])


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Find a pattern where it stands last: a message id may hold the same words, and amavis's own stand behind it."""
    found = list(pattern.finditer(text))
    return found[-1] if found else None


def _read_tests(event: Event, text: str) -> None:
    names = [one.partition("=")[0] for one in text.split(",") if one]
    event.set("mail.spam.symbols", names[:100])
    read_tests(event, names)


def _judged(event: Event, rest: str, action: str) -> bool:
    """Read `SPAM {DiscardedInbound}, [IP]:PORT [IP] <s> -> <r>, Queue-ID: Q, …`."""
    rest = rest.lstrip(" ,")
    category = _CATEGORY.match(rest)
    kind = category[1] if category else ""
    named = ""
    behind = rest[category.end() :] if category else ", " + rest
    if behind.startswith(" ("):
        named, behind = _named(event, behind)
    actions = _ACTIONS.match(behind)
    if actions is not None:
        behind = behind[actions.end() :]
        _direct(event, actions[1])
    score = _read_message(event, _read_client(event, behind))
    judge_spam(event, is_spam=kind in ("SPAM", "SPAMMY"), score=score, action=action)
    event.event_code = kind or None
    if kind in ("INFECTED", "VIRUS"):
        virus(event, named)
    elif kind == "BANNED":
        event.event_outcome, event.event_reason = "failure", "body_checks"
    elif action == "blocked" and event.event_outcome == "success":
        event.event_outcome = "failure"
    return True


def _named(event: Event, text: str) -> tuple[str, str]:
    """Take ` (NAME)` off, whose name a sender may choose: with marks of its own inside nothing behind it is sure."""
    ends = list(_NAME_ENDS.finditer(text)) or list(_NAME_MAY_END.finditer(text))[:1]
    if not ends:
        return text[2:], ""
    if len(ends) > 1 or len(_ACTIONS.findall(text)) > 1:
        event.mail_parse_ambiguous = True
        return text[2 : ends[0].start()], ""
    return text[2 : ends[0].start()], text[ends[0].start() + 1 :]


def _direct(event: Event, actions: str) -> None:
    event.set("amavis.actions", actions.split(","))
    for word, direction in (("Outbound", "outbound"), ("Inbound", "inbound"), ("Internal", "internal")):
        if word in actions:
            event.set("email.direction", direction)
            return


@FORMAT.pattern("Passed ", "Passed,")
def passed(event: Event, rest: str) -> bool:
    """A message that goes on its way."""
    return _judged(event, rest, "passed")


@FORMAT.pattern("Blocked ", "Blocked,")
def blocked(event: Event, rest: str) -> bool:
    """A message that is refused, thrown away or put aside."""
    return _judged(event, rest, "blocked")


@FORMAT.pattern(_STEP, _REST)
def step(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of its work on a message, or the rest of a long line; what it comes to has a line of its own."""
    return "amavis.id" in (event.extra or {}) and noted(event)


# ---------------------------------------------------------------------- its own troubles

_SCANNERS = (
    "WARN: all ", "connect to ", "run_av (", "ClamAV", "clamav", "ask_daemon", "AV: ", "SA failed", "SA TIMED OUT",
    "policy_server FAILED", "Can't connect ", "connect_to_", "Empty spamd response", "Error in spamd resp", "Sophos",
    "file(1) utility", "TROUBLE in check_mail: ", "TROUBLE in check_mail, ", "DENIED ACCESS", "lookup_sql", "lookup_ldap",
)  # fmt: skip


@FORMAT.pattern(_FAULTY)
def fault(event: Event, rest: str) -> bool:
    """What amavis itself calls a fault: `(!)ClamAV-clamd av-scanner FAILED: …`."""
    unavailable = rest.startswith(_SCANNERS) or " av-scanner FAILED" in rest[:80]
    return failed(event, UNAVAILABLE if unavailable else None, "fatal" if rest.startswith("FATAL") else "error")


@FORMAT.pattern("starting.", "Starting ", "AM.ZMQ ", "starting (")
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its start."""
    return started(event)


@FORMAT.pattern("sd_notify", "STOPPING", "Net::Server: ")
def managed(event: Event, rest: str) -> bool:
    """What Net::Server says, and systemd is told: `2026/03/03-04:05:06 Server closing!`."""
    return stopped(event) if "Server closing" in rest or "STOPPING" in rest else noted(event)


@FORMAT.pattern(
    "ANTI-SPAM ", "ANTI-SPAM-", "ANTI-VIRUS ", "AM.PDP", "Amavis::", "Arc4random", "Creating db in ", "DKIM code",
    "DKIM signature", "Decompression of ", "Deleting db files ", "Found ", "INFO", "Internal decoder ", "LDAP code",
    "LDAP-Lookup", "Lookup::", "Module ", "No decoder ", "No ext program ", "No config ", "No $", "OS_Fingerprint",
    "Out-SMTP", "Perl version", "SQL base", "SQL::", "SpamControl: ", "Sophos-", "TempDir ", "Unpackers", "Using ",
    "Valid PID file", "config files read", "extra modules loaded", "initializing Mail::SpamAssassin", "initialized ",
    "logging initialized", "perl=", "process_request: ", "storage ", "user=", "Group ", "SMTP-in", "SMTP proto",
    "SNMP", "bounce ", "Zeus", "Redis", "redis: ", "Requesting process rundown", "trying daemonized", "socket ",
    "will bind", "Setting ", "Syslog", "rundown", "child_", "enter_", "prolong_timer", "TIMING", "size: ", "RUSAGE",
    "load: ", "snmp-", "lock", "NOTE: ", "NOTICE: ",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What it found when it started, and other remarks."""
    return noted(event)


@FORMAT.pattern(
    "_WARN: ", "_DIE: ", "WARN", "TROUBLE", "Can't ", "Error ", "ERROR", "FATAL", "FAILED", "Insecure ", "Suicide"
)
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault without its mark."""
    return failed(event)
