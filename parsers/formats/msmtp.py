"""msmtp and sSMTP, which hand a machine's mail to its provider: whether that took it, and what it said.

msmtp writes a file of its own (`logfile`), whose lines begin with the time and go on with `host=`, or to syslog.

Source: log lines of msmtp 1.4 to 1.8 in published questions, and its manual ("logfile", "syslog"); ssmtp.c of sSMTP 2.64 by the
parser of logdata-anomaly-miner. The provider wrote what stands in its reply, so the end is read from the end.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.reply_text import taken_as

__all__ = ["FORMAT", "claim", "claim_text"]

FORMAT = Format("msmtp", ("msmtp", "sSMTP"))

_OWN = re.compile(r"host=\S{1,255} tls=o(?:n|ff) auth=o(?:n|ff) ")
_SENT = re.compile(
    r"(\S{1,255}) tls=(on|off) auth=(?:on|off)(?: user=\S{1,320})? from=(\S{0,320}) recipients=(\S{1,8000})"
    r"(?: mailsize=([0-9]{1,15}))?(?: smtpstatus=([0-9]{3}))?(?: smtpmsg='(.*)')?(?: errormsg='(.*)')?"
    r" exitcode=EX_([A-Z]{2,12})$",
    re.DOTALL,
)
_REPLY = re.compile(r"([2-5][0-9]{2})[ -](?:([245]\.[0-9]{1,3}\.[0-9]{1,3}) )?")
_MAIL = re.compile(r"(\S{1,320}) \((.*)\) uid=([0-9]{1,10}) username=(\S{1,64}) outbytes=([0-9]{1,15})$", re.DOTALL)
_RECEIVER = re.compile(r"<([^<>\s]{1,320})> \((.*)\)$", re.DOTALL)
_SERVER = re.compile(r"([^\s:]{1,255}):([0-9]{1,5})$")
_LONGEST = 1000  # characters of a reply that are kept
_PASSING = frozenset({"TEMPFAIL", "NOHOST", "IOERR", "OSERR"})


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Claim both programs, sSMTP also in small letters."""
    name = {"msmtp": "msmtp", "sSMTP": "sSMTP", "ssmtp": "sSMTP"}.get(tag)
    return (name, name.lower(), None) if name else None


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is msmtp's."""
    return _OWN.match(text) is not None


@FORMAT.pattern("host=")
def handed_over(event: Event, rest: str) -> bool:
    """A message that was sent, or was not."""
    found = _SENT.match(rest)
    if found is None:
        return False
    host, tls, sender, receivers, size, status, said, error, code = found.groups()
    sent = code == "OK"
    _delivery(event, host, "sent" if sent else "deferred" if code in _PASSING else "bounced")
    event.email_from_address = [sender] if sender else []
    event.mail_null_sender = None if sender else True
    event.email_to_address = receivers.split(",")[:100]
    event.mail_recipient_count = receivers.count(",") + 1
    event.mail_size = int(size) if size else None
    event.tls_established = True if tls == "on" and sent else None
    event.event_code = f"EX_{code}"
    _reply(event, said or error or "")
    if status and event.smtp_reply_code is None:
        event.smtp_reply_code = int(status)
    return True


@FORMAT.pattern("Sent mail for ")
def sent(event: Event, rest: str) -> bool:
    """A message that the provider took."""
    found = _MAIL.match(rest)
    if found is None:
        return False
    _delivery(event, None, "sent")
    event.email_from_address, event.user_id, event.mail_size = [found[1]], found[4], int(found[5])
    return True


@FORMAT.pattern("RCPT TO:")
def refused(event: Event, rest: str) -> bool:
    """A receiver whom the provider refused."""
    found = _RECEIVER.match(rest)
    if found is None:
        return False
    _reply(event, found[2])
    _delivery(event, None, "deferred" if event.smtp_reply_code and event.smtp_reply_code < 500 else "bounced")
    event.email_to_address, event.smtp_stage = [found[1]], "RCPT"
    return True


@FORMAT.pattern("Cannot open ", programs=("sSMTP",))
def unreachable(event: Event, rest: str) -> bool:
    """The provider's server does not answer, or speaks another TLS."""
    found = _SERVER.match(rest)
    if found is None:
        return False
    event.destination_domain, event.destination_port = found[1], int(found[2])
    return failed(event)


def _delivery(event: Event, host: str | None, status: str) -> None:
    event.event_action, event.mail_delivery_status = "delivery", status
    event.event_outcome = "success" if status == "sent" else "failure"
    event.network_protocol = "smtp"
    if host is not None:
        event.mail_delivery_relay = host
        event.destination_ip = ip(host)
        event.destination_domain = None if event.destination_ip else host


def _reply(event: Event, said: str) -> None:
    found = _REPLY.match(said)
    text = said[found.end() :] if found else said
    event.smtp_reply_text = text[:_LONGEST] or None
    if found:
        event.smtp_reply_code, event.smtp_reply_enhanced_code = int(found[1]), found[2]
        event.mail_queue_remote_id = taken_as(text)
