"""What was refused, thrown away or held by a rule set, and who asked for too much.

`ruleset=check_rcpt, arg1=<A>, relay=CLIENT, reject=550 5.7.1 <A>... Relaying denied`: A is the client's text and stands twice.
The client is the last one whose answer begins with what stands before it.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.message import address
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, client, enhanced, read_client

__all__ = ["why"]

_RULESET = re.compile(r"(\w{2,40}), arg1=").match
_VERDICT = re.compile(
    r", relay=([^,]{1,300}?\](?: \(may be forged\))?|[^, ]{1,255}), (reject=(?=[245]\d\d )|discard|quarantine=)"
)
_NO_RELAY = re.compile(r"(.*?), (reject=(?=[245]\d\d )|discard$|quarantine=)(.*)$", re.DOTALL).match
_MOST = 12
_ECHO = re.compile(r"[245]\d\d (?:[245]\.\d{1,3}\.\d{1,3} )?").match
_STAGES = {
    "check_relay": "CONNECT",
    "check_mail": "MAIL",
    "check_rcpt": "RCPT",
    "check_data": "DATA",
    "check_etrn": "ETRN",
    "check_vrfy": "VRFY",
    "check_expn": "EXPN",
    "check_compat": "RCPT",
    "trust_auth": "AUTH",
}
_TLS = ("tls_server", "tls_client", "tls_rcpt")
_PLAIN = re.compile(r"(<.{0,320}>|[^\s:.][^\s:]{0,319}?)\.\.\. (.{2,900})$", re.DOTALL).match
_ASKED = re.compile(r"(.*?\](?: \(may be forged\))?): ((?i:VRFY|EXPN)) (.*?)( \[rejected\])?$", re.DOTALL).match

# By what is said, in lower case; the first that fits is taken.
_WHY = (
    ("relaying denied", "relay_denied"),
    ("relaying temporarily denied", "relay_denied"),
    ("unable to relay", "relay_denied"),
    ("user unknown", "unknown_recipient"),
    ("no such user", "unknown_recipient"),
    ("user is unknown", "unknown_recipient"),
    ("mailbox unavailable", "unknown_recipient"),
    ("domain of sender address", "sender_domain_unknown"),
    ("domain name required for sender", "sender_domain_unknown"),
    ("sender domain must exist", "sender_domain_unknown"),
    ("real domain name required", "sender_domain_unknown"),
    ("connection rate limit", "rate_limit"),
    ("too many open connections", "rate_limit"),
    ("too many recipients", "rate_limit"),
    ("rate limit", "rate_limit"),
    ("greylist", "greylist"),
    ("graylist", "greylist"),
    ("possibly forged", "no_fcrdns"),
    ("fix reverse dns", "no_rdns"),
    ("cannot resolve ptr", "no_rdns"),
    ("name lookup failed", "no_rdns"),
    ("listed at ", "dnsbl"),
    ("listed in ", "dnsbl"),
    ("blacklist", "dnsbl"),
    ("blocklist", "dnsbl"),
    (" rbl", "dnsbl"),
    ("dnsbl", "dnsbl"),
    ("spamhaus", "dnsbl"),
    ("spamcop", "dnsbl"),
    ("dsbl.org", "dnsbl"),
    ("spam blocked", "dnsbl"),
    ("spf", "spf_fail"),
    ("dkim", "dkim_fail"),
    ("dmarc", "dmarc_fail"),
    ("virus", "malware"),
    ("malware", "malware"),
    ("infected", "malware"),
    ("spam", "spam"),
    ("authentication required", "access_map"),
    ("access denied", "access_map"),
    ("access not allowed", "access_map"),
    ("command rejected", "access_map"),
    ("mail rejected", "access_map"),
    ("message size exceeds", "too_big"),
    ("message too large", "too_big"),
    ("too many hops", "mail_loop"),
    ("invalid route address", "other"),
    ("encryption", "tls_policy"),
    ("verification", "tls_policy"),
    ("insufficient disk", "disk_full"),
    ("denied", "access_map"),
    ("blocked", "access_map"),
)
_ZONE = re.compile(r"listed (?:at|in|by) ([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5})", re.IGNORECASE).search


def why(said: str) -> str:
    """Name the reason of a refusal from its text, from which the client's address is already taken."""
    lower = said.lower()
    return next((reason for words, reason in _WHY if words in lower), "other")


@FORMAT.pattern("ruleset=")
def ruled(event: Event, rest: str) -> bool:
    """A rule set refused a client, a sender, a recipient or a message, threw it away or held it."""
    found = _RULESET(rest)
    if found is None:
        return False
    name, text = found[1], rest[found.end() :]
    argument, who, verdict, said = _split(event, text, has_two=name == "check_relay")
    if verdict is None:
        return False
    event.network_protocol = "smtp"
    event.smtp_stage = _STAGES.get(name)
    event.set("sendmail.ruleset", name)
    if verdict != "reject=":
        event.event_action = "discard" if verdict == "discard" else "message-held"
        if who:
            read_client(event, who)
    elif name in _TLS:
        _untrusted(event, name, who, said)
    else:
        event.event_action = "reject"
        event.event_outcome = "failure"
        if who:
            read_client(event, who)
        explanation = _own_words(enhanced(event, said) or said, argument)
        event.mail_reject_temporary = said.startswith("4")
        event.event_reason = why(explanation)
        if event.event_reason == "dnsbl":
            zone = _ZONE(explanation)
            event.mail_dnsbl_zone = zone[1].lower() if zone else None
    _argument(event, name, argument)
    return True


def _split(event: Event, text: str, *, has_two: bool) -> tuple[str, str, str | None, str]:
    """Split into the argument, the client, the verdict's word and what follows it.

    Where an answer does not repeat the address, and the address holds a verdict of its own, two readings are possible: no
    client is named then.
    """
    chosen: re.Match[str] | None = None
    sure = doubtful = False
    for count, found in enumerate(_VERDICT.finditer(text)):
        if count == _MOST:
            break
        says = _echoes(text[found.end() :], text[: found.start()], has_two=has_two)
        if says or not sure:
            doubtful = chosen is not None and not says
            chosen, sure = found, sure or says
        elif found.start() > _echo_end(text, chosen):
            doubtful = True
    if chosen is not None:
        event.mail_parse_ambiguous = doubtful or None
        return text[: chosen.start()], "" if doubtful else chosen[1], chosen[2], text[chosen.end() :]
    plain = _NO_RELAY(text)
    return (plain[1], "", plain[2], plain[3]) if plain else (text, "", None, "")


def _echo_end(text: str, chosen: re.Match[str] | None) -> int:
    """Give where the argument, as a verdict's answer repeats it, ends."""
    code = None if chosen is None else _ECHO(text, chosen.end())
    return 0 if chosen is None or code is None else code.end() + chosen.start()


def _echoes(said: str, argument: str, *, has_two: bool) -> bool:
    """Say whether an answer begins with the argument; of a rule set that is given two, with the first."""
    code = _ECHO(said)
    start = argument.partition(", arg2=")[0] if has_two else argument
    return code is not None and bool(start) and said.startswith(f"{start}...", code.end())


def _own_words(said: str, argument: str) -> str:
    """Take the argument, which the client chose, off an answer."""
    for spelt in (argument, address(argument)):
        if spelt and said.startswith(f"{spelt}..."):
            return said[len(spelt) + 3 :]
    return said


def _argument(event: Event, name: str, argument: str) -> None:
    if name in ("check_rcpt", "check_vrfy", "check_expn") and argument:
        event.email_to_address = [address(argument)]
    elif name == "check_mail":
        sender = address(argument)
        event.email_from_address = [sender] if sender else []
        event.mail_null_sender = None if sender else True


def _untrusted(event: Event, name: str, who: str, said: str) -> None:
    """Read that the other side's encryption is not good enough for a rule of ours."""
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.event_reason = "tls_policy"
    enhanced(event, said)
    known = client(who) if who else None
    if name == "tls_client" and known is not None:
        event.source_ip = known.address
    elif known is not None:
        event.destination_ip, event.destination_domain = known.address, known.domain


@FORMAT.pattern("... ", anywhere=True)
def refused(event: Event, text: str) -> bool:
    """An address was refused; whose it was stands on other lines of its session: `<A>... User unknown`."""
    found = _PLAIN(text)
    if found is None or text.startswith("..."):
        return False
    name, said = address(found[1]), found[2]
    reason = why(said)
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = reason
    event.network_protocol = "smtp"
    if reason == "sender_domain_unknown" or "ender" in said:
        event.smtp_stage = "MAIL"
        event.email_from_address = [name] if name else []
    else:
        event.smtp_stage = "RCPT"
        event.email_to_address = [name]
    event.smtp_reply_text = said
    return True


@FORMAT.pattern("]: VRFY ", anywhere=True)
@FORMAT.pattern("]: EXPN ", anywhere=True)
@FORMAT.pattern("]: vrfy ", anywhere=True)
@FORMAT.pattern("]: expn ", anywhere=True)
@FORMAT.pattern(" (may be forged): VRFY ", anywhere=True)
@FORMAT.pattern(" (may be forged): EXPN ", anywhere=True)
def asked(event: Event, text: str) -> bool:
    """A client asked whether an address exists; only a refusal says what it was told."""
    found = _ASKED(text)
    if found is None or not read_client(event, found[1]):
        return False
    event.smtp_stage = found[2].upper()
    event.email_to_address = [address(found[3])]
    if found[4]:
        event.event_action = "reject"
        event.event_outcome = "failure"
        event.event_reason = "access_map"
    else:
        event.event_action = "address-question"
    return True


@FORMAT.pattern(": possible SMTP attack: command=", anywhere=True)
@FORMAT.pattern(": Possible SMTP RCPT flood, ", anywhere=True)
def slowed(event: Event, text: str) -> bool:
    """A client asks for too much, and is made to wait or cut off."""
    who, _, what = text.rpartition(": possible SMTP attack: command=")
    if not who:
        who, what = text.rpartition(": Possible SMTP RCPT flood, ")[0], ""
    if not read_client(event, who):
        return False
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limit"
    command, _, count = what.partition(", count=")
    event.smtp_stage = command.upper()[:10] or "RCPT"
    if count.isdecimal():
        event.mail_rate_value = int(count[:9])
    return True


@FORMAT.pattern(": probable open proxy: command=", anywhere=True)
@FORMAT.pattern(": SMTP violation, input too long: ", anywhere=True)
def no_mail(event: Event, text: str) -> bool:
    """A client sends what is no SMTP."""
    who = text.partition(": probable open proxy: command=")[0].partition(": SMTP violation, input too long: ")[0]
    if not read_client(event, who):
        return False
    event.event_action = "protocol-error"
    return True


@FORMAT.pattern("rejecting commands from ")
def too_early(event: Event, rest: str) -> bool:
    """A client spoke before it was greeted."""
    who, named, _ = rest.partition(" due to pre-greeting traffic after ")
    if not named or not read_client(event, who.strip()):
        return False
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "pregreet"
    event.smtp_stage = "CONNECT"
    return True


@FORMAT.pattern("message size (")
def too_big(event: Event, rest: str) -> bool:
    """A message is larger than we take."""
    if ") exceeds maximum (" not in rest:
        return False
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "too_big"
    event.smtp_stage = "DATA"
    return True


@FORMAT.pattern("unauthorized PIPELINING, ")
def hasty(event: Event, rest: str) -> bool:
    """A client does not wait for our answers."""
    _, named, who = rest.rpartition("relay=")
    if not named or not read_client(event, who):
        return False
    event.event_action = "protocol-error"
    event.event_reason = "pipelining"
    return True


@FORMAT.pattern("POSSIBLE ATTACK from ")
def newline(event: Event, rest: str) -> bool:
    """A client put a line's end where none may be."""
    event.event_action = "protocol-error"
    read_client(event, rest.partition(": newline in string")[0])
    return True


@FORMAT.pattern("SMTP ")
def put_off(event: Event, rest: str) -> bool:
    """A client that a rule put off earlier goes on: `MAIL command (…) from CLIENT tempfailed (due to previous checks)`."""
    said, closed, who = rest.rpartition(") from ")
    who, named, _ = who.partition(" tempfailed (due to previous checks)")
    if not closed or not named or not read_client(event, who):
        return False
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "other"
    event.mail_reject_temporary = True
    event.smtp_stage = said.partition(" ")[0]
    return True


@FORMAT.pattern('" command from ', anywhere=True)
def antique(event: Event, text: str) -> bool:
    """A client tries a command of the eighties that opened a shell: `"wiz" command from HOST [A] (A)`."""
    if not text.startswith('"') or not read_client(event, text.partition('" command from ')[2].rpartition(" (")[0]):
        return False
    event.event_action = "protocol-error"
    return True


@FORMAT.pattern("tcpwrappers (")
def wrapped(event: Event, rest: str) -> bool:
    """The TCP wrapper refused a client: `HOST, A) rejection`."""
    host, named, tail = rest.rpartition(", ")
    if not named or not read_client(event, f"[{tail.partition(')')[0]}]"):
        return False
    if host and " " not in host:
        event.source_domain = host
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "access_map"
    event.smtp_stage = "CONNECT"
    return True


@FORMAT.pattern("setsender: ")
@FORMAT.pattern("cannot prescan from (")
def odd_sender(event: Event, rest: str) -> bool:
    """A sender's address cannot be read: `S: invalid or unparsable, received from CLIENT`."""
    _, named, who = rest.rpartition(", received from ")
    if named:
        read_client(event, who)
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "other"
    event.smtp_stage = "MAIL"
    return True
