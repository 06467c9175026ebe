"""PHP's own log of the mail that scripts send (`mail.log` of php.ini): which script, to whom.

It stands in a file (`[06-Oct-2016 01:38:43 UTC] mail() on […]: To: …`) or in syslog under the name of whatever runs PHP. What
became of the mail is told by the server that it was handed to.

Source: ext/standard/mail.c of PHP 5.3 to 8.4 (the subject since 7.2).
"""

import re
from email.utils import getaddresses

from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_CALL = "mail() on ["
# Whoever wrote the script chose what follows the path; an `eval()` in it stands behind the path.
_SCRIPT = re.compile(r"([^\n]{1,1024}?)(?:\([0-9]{1,7}\) : [^\[\]]{1,60})?:([0-9]{1,7})\]: To: ")
_FROM = re.compile(r"(?:^|\s)From: ?(.{1,320}?)(?=\s{1,2}[A-Z][A-Za-z0-9-]{1,40}: |$)", re.IGNORECASE)
_HEADERS, _SUBJECT = " -- Headers:", " -- Subject: "
_MAX = 100  # receivers that are kept
_LONGEST = 8000  # characters of them that are looked at


def claim_text(text: str) -> bool:
    """Say whether a text is PHP's, whatever its tag: it writes under the name of the web server or of its own."""
    return text.startswith(_CALL)


FORMAT = Format("php_mail", ())


@FORMAT.pattern(_CALL)
def called(event: Event, rest: str) -> bool:
    """A script hands a message in."""
    found = _SCRIPT.match(rest)
    if found is None:
        return False
    receivers, _, headers = rest[found.end() :].partition(_HEADERS)
    headers, _, subject = headers.rpartition(_SUBJECT) if _SUBJECT in headers else (headers, "", "")
    event.event_action = "process-start"
    event.file_path = found[1]
    event.process_working_directory = found[1].rpartition("/")[0] or None
    event.set("process.executable", "php")
    event.email_to_address = _addresses(receivers)
    event.email_subject = subject or None
    sender = _FROM.search(headers[:_LONGEST])
    written = _addresses(sender[1]) if sender else None
    if written:
        event.set("mail.header_from.address", written[0])
    return True


def _addresses(text: str) -> list[str] | None:
    try:
        pairs = getaddresses([text[:_LONGEST]])
    except RecursionError:  # a thousand groups within each other: nobody's header
        return None
    return [address for _, address in pairs if "@" in address][:_MAX] or None
