"""qmail, notqmail and netqmail: qmail-send's queue, tcpserver's clients, rblsmtpd's and chkuser's refusals.

They write to multilog (`@40000000… text`, without host and tag) or to syslog through splogger (`qmail: 1157520813.485077 text`).
A delivery's end names its number only; which message and recipient that is stands on the line of its start, and is joined in
`pipeline/correlation/qmail_deliveries.py`. In reports a blank is `_`, a line's end is `/`, and what is no letter `?`.

Source: qmail-send.c, qmail-remote.c, qsutil.c of notqmail 1.08; tcpserver.c, rblsmtpd.c of ucspi-tcp 0.88; chkuser 2.0.9.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.reply_text import taken_as

__all__ = ["FORMAT", "claim_text"]

_SPLOGGER_TIME = re.compile(r"[0-9]{9,11}\.[0-9]{6} ")
_OURS = re.compile(
    r"(?:new|end) msg [0-9]{1,20}$|info msg [0-9]{1,20}: bytes |bounce msg [0-9]{1,20} qp |starting delivery [0-9]{1,20}: msg "
    r"|delivery [0-9]{1,20}: (?:success|failure|deferral|report mangled)|status: local [0-9]|CHKUSER [a-z]"
)

_WITH_NAMES = frozenset({"tcpserver", "rblsmtpd"})


def _prepare(event: Event, text: str) -> str:
    """Take off the time that splogger writes and the name behind it, and give a word to what begins with none."""
    found = _SPLOGGER_TIME.match(text)
    if found is not None:
        text = text[found.end() :]
        name, _, said = text.partition(": ")
        if name in _WITH_NAMES:
            event.process_name, text = name, said
    if event.process_name == "tcpserver":
        return f"accepted {text[3:]}" if text.startswith("ok ") else text
    if event.process_name == "rblsmtpd":
        return text if text.startswith(("fatal: ", "warning: ")) else f"refused {text}"
    return text


FORMAT = Format("qmail", ("qmail", "qmail-send", "tcpserver", "rblsmtpd"), prepare=_prepare)

_SEND = ("qmail", "qmail-send")
_TCPSERVER = ("tcpserver",)


def claim_text(text: str) -> bool:
    """Say whether a text behind multilog's stamp is qmail-send's or chkuser's; the others write their names."""
    return _OURS.match(text) is not None


# ---------------------------------------------------------------------- the queue

_INFO = re.compile(r"([0-9]{1,20}): bytes ([0-9]{1,18}) from <(.*)> qp ([0-9]{1,20}) uid ([0-9]{1,20})$", re.DOTALL)
_START = re.compile(r"([0-9]{1,20}): msg ([0-9]{1,20}) to (local|remote) (.+)$", re.DOTALL)
_END = re.compile(r"([0-9]{1,20}): (success|failure|deferral): (.*)$", re.DOTALL)
_OUTCOMES = {"success": ("sent", "success"), "failure": ("bounced", "failure"), "deferral": ("deferred", "failure")}


@FORMAT.pattern("info msg ", programs=_SEND)
def taken(event: Event, rest: str) -> bool:
    """A message in the queue: its size and its sender. Who handed it in no line tells."""
    found = _INFO.match(rest)
    if found is None:
        return False
    event.event_action = "message-queued"
    event.mail_queue_id, event.mail_size = found[1], int(found[2])
    event.email_from_address = [found[3]] if found[3] else []
    event.mail_null_sender = not found[3]
    return True


@FORMAT.pattern("starting delivery ", programs=_SEND)
def started_delivery(event: Event, rest: str) -> bool:
    """A recipient who is tried."""
    found = _START.match(rest)
    if found is None:
        return False
    number, event.mail_queue_id, channel, recipient = found.groups()
    event.event_action = "delivery-start"
    event.set("qmail.delivery", number)
    event.set("qmail.channel", channel)
    local, _, domain = recipient.rpartition("@")
    if channel == "local" and local.lower().startswith(f"{domain.lower()}-"):  # what a virtual domain puts before it
        recipient = recipient[len(domain) + 1 :]
    event.email_to_address = [recipient]
    return True


# What qmail-remote says of the other server, in its own words, before that server's.
_HOST = re.compile(r"(?:Connected_to_|Giving_up_on_)?((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?=_)")
_SAID = "Remote_host_said:_"
_GIVING_UP = re.compile(r"/Giving_up_on_[^/]{1,80}/*$")
_NEXT_LINE = re.compile(r"/(?=[245][0-9]{2}[-_])")
_REPLY = re.compile(r"([245][0-9]{2})(?:[ -](?:#?([245]\.[0-9]{1,3}\.[0-9]{1,3})\b ?)?(.*))?$", re.DOTALL)
_OWN_CODE = re.compile(r"\(#([245]\.[0-9]{1,3}\.[0-9]{1,3})\)")
_LONGEST = 1000
_WHY = (
    ("couldn't find any host", "host_not_found"),
    ("couldn't find a mail exchanger", "host_not_found"),
    ("cname lookup failed", "host_not_found"),
    ("wasn't able to establish an smtp connection", "connect_timeout"),
    ("no mailbox here by that name", "unknown_recipient"),
    ("best-preference mx", "mail_loop"),
    ("looping", "mail_loop"),
    ("over quota", "quota_exceeded"),
    ("overquota", "quota_exceeded"),
    ("mailbox is full", "quota_exceeded"),
)


@FORMAT.pattern("delivery ", programs=_SEND)
def ended_delivery(event: Event, rest: str) -> bool:
    """What became of a recipient, in the words of the server that took or refused him."""
    found = _END.match(rest)
    if found is None:
        return False
    number, outcome, report = found.groups()
    event.event_action = "delivery"
    event.set("qmail.delivery", number)
    event.mail_delivery_status, event.event_outcome = _OUTCOMES[outcome]
    own, said, reply = report.partition(_SAID)
    host = _HOST.match(own)
    if host is not None:
        event.destination_ip = ip(host[1])
        event.network_protocol = "smtp"
    if said:
        _read_reply(event, _NEXT_LINE.sub(" ", _GIVING_UP.sub("", reply)).rstrip("/").replace("_", " "))
    else:
        _read_report(event, own.rstrip("/").replace("_", " "))
    return True


def _read_reply(event: Event, reply: str) -> None:
    """Read the other server's words."""
    found = _REPLY.match(reply)
    if found is None:
        event.smtp_reply_text = reply[:_LONGEST] or None
        return
    event.smtp_reply_code, event.smtp_reply_enhanced_code = int(found[1]), found[2]
    event.smtp_reply_text = (found[3] or "")[:_LONGEST] or None
    if event.mail_delivery_status == "sent":
        event.mail_queue_remote_id = taken_as(found[3] or "")


def _read_report(event: Event, report: str) -> None:
    """Read qmail's own words, where no server answered, or a mailbox here took or refused it."""
    code = _OWN_CODE.search(report)
    event.smtp_reply_enhanced_code = code[1] if code else None
    if event.mail_delivery_status == "sent":
        return
    event.smtp_reply_text = report[:_LONGEST] or None
    lower = report.lower()
    event.event_reason = next((reason for words, reason in _WHY if words in lower), "other")


@FORMAT.pattern("end msg ", programs=_SEND)
def left(event: Event, rest: str) -> bool:
    """A message that left the queue; its number is given again."""
    if not rest.isdigit():
        return False
    event.event_action, event.mail_queue_id = "message-removed", rest
    return True


@FORMAT.pattern("new msg ", "bounce msg ", "triple bounce: ", "status: local ", "status: ", programs=_SEND)
def step(event: Event, rest: str) -> bool:
    """A step that another line tells more of; how busy it is; its end."""
    return stopped(event) if rest == "exiting" else noted(event)


@FORMAT.pattern("alert: ", "warning: ", programs=_SEND)
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of the queue's."""
    return failed(event)


# ---------------------------------------------------------------------- the clients

_OK = re.compile(
    r"[0-9]{1,10} [^:\s]{0,255}:[0-9A-Fa-f.]{0,39}:([0-9]{1,5}) ([^:\s]{0,255}):([0-9.]{7,15}):.*:[0-9]{0,5}$",
    re.DOTALL,
)
_PORTS = {"25": "smtp", "465": "smtp", "587": "smtp", "110": "pop3", "995": "pop3", "143": "imap", "993": "imap"}


def _read_peer(event: Event, rest: str) -> bool:
    found = _OK.match(rest)
    if found is None:
        return False
    event.network_protocol = _PORTS.get(found[1])
    event.source_ip = ip(found[3])
    event.source_domain = found[2] or None
    return True


@FORMAT.pattern("accepted ", programs=_TCPSERVER)
def connected(event: Event, rest: str) -> bool:
    """A client who was let in: `ok 7 mx1:192.0.2.1:25 pc.example.net:203.0.113.7::4711`."""
    event.event_action = "connection-open"
    return _read_peer(event, rest)


@FORMAT.pattern("deny ", programs=_TCPSERVER)
def denied(event: Event, rest: str) -> bool:
    """A client whom our rules keep out."""
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "access_map"
    return _read_peer(event, rest)


@FORMAT.pattern("status: ", "end ", "pid ", programs=_TCPSERVER)
def counted(event: Event, rest: str) -> bool:  # noqa: ARG001
    """How many clients there are; one that goes; one that is looked at."""
    return noted(event)


@FORMAT.pattern("fatal: ", "warning: ", programs=(*_TCPSERVER, "rblsmtpd"))
def server_trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of the server's own."""
    return failed(event)


_LISTED = re.compile(
    r"([0-9A-Fa-f.:]{2,45}) pid [0-9]{1,10}(?: ([a-z0-9.-]{1,255}))?: ([245][0-9]{2}) (.*)$", re.DOTALL
)
_BLOCKED = re.compile(r"[a-z0-9.-]{1,255} blocked ((?:[0-9]{1,3}\.){3}[0-9]{1,3}) ([a-z0-9.-]{1,255}) ")  # before 0.70


@FORMAT.pattern("refused ", programs=("rblsmtpd",))
def listed(event: Event, rest: str) -> bool:
    """A client who is on a list that we ask."""
    found = _LISTED.match(rest)
    blocked = None if found else _BLOCKED.match(f"{rest} ")
    if found is None and blocked is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "dnsbl"
    event.network_protocol = "smtp"
    if blocked is not None:
        event.source_ip, event.mail_dnsbl_zone = ip(blocked[1]), blocked[2]
        return True
    if found is not None:
        event.source_ip, event.mail_dnsbl_zone = ip(found[1]), found[2]
        event.smtp_reply_code, event.smtp_reply_text = int(found[3]), found[4][:_LONGEST] or None
        event.mail_reject_temporary = found[3] < "500"
    return True


# `rejected rcpt: from <SENDER:LOGIN:> remote <HELO:NAME:IP> rcpt <RECIPIENT> : why`; all but name and address are the client's.
_BETWEEN = "> remote <"
_CHKUSER = re.compile(
    r"(rejected|accepted|relaying) (\w{1,12}): from <(.*)> remote <(.*)> rcpt <(.*)> : (.*)$", re.DOTALL
)
_REFUSALS = (
    ("not allowed to relay", "relay_denied"),
    ("not existing recipient", "unknown_recipient"),
    ("overquota", "quota_exceeded"),
    ("invalid sender mx", "sender_domain_unknown"),
    ("threshold", "rate_limit"),
)


@FORMAT.pattern("CHKUSER ")
def checked(event: Event, rest: str) -> bool:
    """A sender or a recipient that chkuser lets pass or refuses."""
    found = _CHKUSER.match(rest)
    if found is None:
        return noted(event)
    verdict, _, sender, remote, recipient, why = found.groups()
    if verdict != "rejected":
        return noted(event)
    event.event_action, event.event_outcome = "reject", "failure"
    lower = why.lower()
    event.event_reason = next((reason for words, reason in _REFUSALS if words in lower), "other")
    event.network_protocol = "smtp"
    if rest.count(_BETWEEN) != 1 or rest.count("> rcpt <") != 1:
        event.mail_parse_ambiguous = True
        return True
    event.source_ip = ip(remote.rpartition(":")[2])
    address, _, login = sender.removesuffix(":").partition(":")
    event.email_from_address = [address] if address else []
    event.user_name = login or None
    if recipient:
        event.email_to_address = [recipient]
    return True
