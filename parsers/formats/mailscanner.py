"""MailScanner, which takes messages out of the queue in batches, checks them and puts them back.

`Message QUEUEID from IP (SENDER) to DOMAIN is spam, SpamAssassin (…, score=35.2, required 4, …)`. The sender is the client's
text; the address stands before it.

Source: lib/MailScanner/Message.pm, SpamBox.pm, SweepViruses.pm of MailScanner 5.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import judge_spam, number, virus

__all__ = ["FORMAT"]

FORMAT = Format("mailscanner", ("MailScanner", "mailscanner"))

_MESSAGE = re.compile(r"([0-9A-Za-z]{5,40})(?:\.[0-9A-F]{5})? from ([0-9A-Fa-f.:]{2,45}) \(")
_ENVELOPE = re.compile(r"([^()\s]{0,320})\) to ([^\s,]{1,255}(?:,[^\s,]{1,255}){0,20}) is ")
_VERDICT = re.compile(r" is (not spam|spam|whitelisted|blacklisted)(?=, | \(|$)")
_SCORE = re.compile(r"score=(-?[0-9.]{1,12}), (?:required|benötigt) (-?[0-9.]{1,12})[,)]")


@FORMAT.pattern("Message ")
def judged(event: Event, rest: str) -> bool:
    """What it makes of a message; a sender who writes a verdict of his own makes none sure."""
    found = _MESSAGE.match(rest)
    verdicts = _VERDICT.findall(rest)
    if found is None or not verdicts:
        return False
    event.mail_queue_id, event.source_ip = found[1], ip(found[2])
    if len(set(verdicts)) > 1:
        event.mail_parse_ambiguous = True
        event.event_action = "filter-verdict"
        return True
    envelope = _ENVELOPE.match(rest, found.end())
    if envelope is not None and envelope[1]:
        event.email_from_address = [envelope[1]]
    score = _SCORE.search(rest)
    is_spam = verdicts[0] in ("spam", "blacklisted")
    judge_spam(
        event,
        is_spam=is_spam,
        score=number(score[1]) if score else None,
        threshold=number(score[2]) if score else None,
        action=verdicts[0],
    )
    return True


@FORMAT.pattern("Infected message ")
def infected(event: Event, rest: str) -> bool:
    """A message with a virus: `QUEUEID came from IP`."""
    name, came, address = rest.partition(" came from ")
    if not came:
        return False
    event.mail_queue_id = name.partition(".")[0] or None
    event.source_ip = ip(address.strip())
    virus(event, "")
    return True


@FORMAT.pattern("MailScanner E-Mail", "MailScanner Email")
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its start."""
    return started(event)


@FORMAT.pattern("MailScanner child ", "MailScanner exiting")
def ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The end of a child, which another follows."""
    return stopped(event)


@FORMAT.pattern(
    "New Batch: ", "Spam Checks: ", "Spam Actions: ", "Virus and Content Scanning", "Virus Scanning: ", "Uninfected: ",
    "Requeue: ", "Batch ", "Deleted ", "Saved ", "Logging message ", "Read ", "Reading ", "Using ", "Config: ",
    "Connected to ", "Enabling ", "SpamAssassin ", "Whitelist ", "Blacklist ", "Filename Checks: ", "Filetype Checks: ",
    "Content Checks: ", "Unscanned: ", "Cleaned: ", "Sender Warnings: ", "Notices: ", "Delivery of ", "Delete bayes",
    "Other Checks: ", "Bayes ", "RBL checks: ", "Completed ", "Found ", "Expired ", "Message Content", "User's home",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of a batch."""
    return noted(event)


@FORMAT.pattern(
    "Warning: ",
    "WARNING: ",
    "ERROR",
    "Error ",
    "Could not ",
    "Cannot ",
    "Can't ",
    "Failed ",
    "Commercial ",
    "Lock type",
)
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of its own, or a scanner that failed."""
    return failed(event)
