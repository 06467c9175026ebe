"""OpenDMARC: whether the sender in a message's header may be believed.

`QUEUEID: DOMAIN pass|fail|none`. The domain is whatever stands in the message's header.

Source: opendmarc/opendmarc.c of OpenDMARC 1.3.2 to 1.4.2.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.milter_frame import frame_patterns
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import QUEUE_ID, result_word, set_result

__all__ = ["FORMAT"]

_ID = re.compile(QUEUE_ID + r":? |(?:NOQUEUE|\(?unknown-jobid\)?|UNKNOWN): ")
_NAME = r"([A-Za-z0-9_.-]{1,255}|\[[0-9A-Fa-f.:]{2,45}\])"
_VERDICT = re.compile(rf"(?:\(\))?{_NAME} (pass|fail|none|quarantine|reject|error|unknown)$")
_SPF = re.compile(rf"(mailfrom|helo)\): (?:(?:[^\s@]{{1,64}}@)?{_NAME})? ?([a-z]{{2,9}})$")


def _prepare(event: Event, text: str) -> str:
    """Take the queue id off, and put the verdict's word in front, by which it is known."""
    found = _ID.match(text)
    if found is not None and (text[found.end() - 2] == ":" or text.startswith("ignoring ", found.end())):
        event.mail_queue_id = found[1]
        text = text[found.end() :]
    return _MARK + text if _VERDICT.match(text) else text


_MARK = "verdict: "
FORMAT = Format("opendmarc", ("opendmarc",), prepare=_prepare)


@FORMAT.pattern(_MARK)
def judged(event: Event, rest: str) -> bool:
    """What the policy of the header's domain comes to: `example.net fail`."""
    found = _VERDICT.match(rest)
    if found is None:
        return False
    word = found[2]
    set_result(event, "dmarc", {"quarantine": "fail", "reject": "fail"}.get(word) or result_word(word) or "none")
    event.set("mail.dmarc.domain", found[1].lower())
    return True


@FORMAT.pattern("SPF(")
def spf(event: Event, rest: str) -> bool:
    """What OpenDMARC itself, or whoever wrote the header it trusts, says of SPF: `mailfrom): example.net pass`."""
    found = _SPF.match(rest)
    result = result_word(found[3]) if found else None
    if found is None or result is None:
        return False
    set_result(event, "spf", result)
    event.set("mail.spf.scope", found[1])
    if found[2]:
        event.set("mail.spf.domain", found[2].lower())
    return True


@FORMAT.pattern("RFC5322 requirement error", "unable to parse From header field", "multi-valued From field detected")
def malformed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A message whose header names no sender, or more than one."""
    set_result(event, "dmarc", "permerror")
    return True


@FORMAT.pattern("ARC pass, policy ")
def arc(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A message that somebody trusted forwarded: `pass > overriding DMARC fail`."""
    event.set("mail.arc.result", "pass")
    return noted(event)


@FORMAT.pattern("rejected by DMARC policy for ", "quarantined by DMARC policy for ")
def enforced(event: Event, rest: str) -> bool:
    """A message that its domain's policy turns away."""
    set_result(event, "dmarc", "fail")
    event.set("mail.dmarc.domain", rest.lower())
    return True


@FORMAT.pattern("ignoring connection from ")
def trusted(event: Event, rest: str) -> bool:
    """A client whose mail is not looked at."""
    event.source_ip = ip(rest)
    if event.source_ip is None:
        event.source_domain = rest or None
    return noted(event)


@FORMAT.pattern(
    "ignoring mail from ", "ignoring Authentication-Results", "ignoring invalid ", "ignoring reload signal",
    "can't extract SPF address", "additional trusted authentication services", "trusted authentication services",
    "implicit authentication service", "can't write pid to ", "unable to parse validated SPF address",
    "WARNING: symbol ", "can't enable coredumps", "unable to determine ",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step on the way to a verdict, or a remark of the program's."""
    return noted(event)


frame_patterns(FORMAT, "OpenDMARC Filter")


@FORMAT.pattern(
    "DMARC context initialization failed", "can't load ", "error ", "failed to ", "socket cleanup failed", "pthread_",
    "kill(", "no such ", "[parent] ", "[child] ", "unable to create ", "required parameter ", "use of ChangeRoot",
    "configuration error", "getaddrinfo", "The RejectString ", "read/parse error", "opendmarc_policy_",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of the program's own."""
    return failed(event)
