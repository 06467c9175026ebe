"""postscreen, dnsblog and tlsproxy: clients looked at before they may speak. They are always `[address]:port`."""

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import peer, source, stage
from mailwarden.parsers.formats.postfix.program import FORMAT, SCREEN

__all__: list[str] = []

_SCREENS = (*SCREEN, "tlsproxy")


@FORMAT.pattern("CONNECT from ", programs=_SCREENS)
def screen_connect(event: Event, rest: str) -> bool:
    who, _, here = rest.partition(" to ")
    if not source(event, who):
        return False
    local = peer(here) if here else None
    if local is not None:
        _, event.destination_ip, event.destination_port = local
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    return True


@FORMAT.pattern("DISCONNECT ", programs=_SCREENS)
def screen_disconnect(event: Event, rest: str) -> bool:
    return _seen(event, rest, "connection-close")


def _seen(event: Event, who: str, action: str, reason: str | None = None) -> bool:
    if not source(event, who):
        return False
    event.event_action = action
    event.event_reason = reason
    event.network_protocol = "smtp"
    if action == "screen-pass":
        event.event_outcome = "success"
    elif action == "screen-fail":
        event.event_outcome = "failure"
    return True


@FORMAT.pattern("PASS OLD ", programs=SCREEN)
@FORMAT.pattern("PASS NEW ", programs=SCREEN)
def screen_pass(event: Event, rest: str) -> bool:
    return _seen(event, rest, "screen-pass")


@FORMAT.pattern("ALLOWLISTED ", programs=SCREEN)
@FORMAT.pattern("WHITELISTED ", programs=SCREEN)
def screen_allowed(event: Event, rest: str) -> bool:
    return _seen(event, rest, "screen-pass", "access_map")


@FORMAT.pattern("DENYLISTED ", programs=SCREEN)
@FORMAT.pattern("BLACKLISTED ", programs=SCREEN)
def screen_denied(event: Event, rest: str) -> bool:
    return _seen(event, rest, "screen-fail", "access_map")


@FORMAT.pattern("ALLOWLIST VETO ", programs=SCREEN)
@FORMAT.pattern("WHITELIST VETO ", programs=SCREEN)
def screen_veto(event: Event, rest: str) -> bool:
    """Read that the client came to an address of ours where no client earns a pass."""
    return _seen(event, rest, "screen-fail", "policy_service")


@FORMAT.pattern("PREGREET ", programs=SCREEN)
def pregreet(event: Event, rest: str) -> bool:
    """Read `N after T from [A]:P: TEXT`: the client spoke before its turn."""
    _, _, rest = rest.partition(" from ")
    return _seen(event, rest.partition(": ")[0], "screen-fail", "pregreet")


@FORMAT.pattern("DNSBL rank ", programs=SCREEN)
def dnsbl_rank(event: Event, rest: str) -> bool:
    """Read `N for [A]:P`: blocklists together reached the threshold."""
    return _seen(event, rest.partition(" for ")[2], "screen-fail", "dnsbl")


@FORMAT.pattern("HANGUP after ", programs=SCREEN)
def hangup(event: Event, rest: str) -> bool:
    """Read `T from [A]:P in tests before SMTP handshake`: gone before it passed, which fails no test of its own."""
    who, _, tests = rest.partition(" from ")[2].partition(" in ")
    event.event_outcome = "failure"
    event.smtp_stage = "CONNECT" if tests == "tests before SMTP handshake" else None
    return _seen(event, who, "connection-lost")


def _test_failed(event: Event, text: str, reason: str) -> bool:
    """Read `[A]:P after CMD` or `[A]:P after CMD: TEXT`."""
    who, _, rest = text.partition(" after ")
    word = rest.partition(":")[0]
    if word.isascii() and word.isalpha() and word.isupper():  # else the client's garbage
        event.smtp_stage = stage(word)
    return _seen(event, who, "screen-fail", reason)


@FORMAT.pattern("COMMAND PIPELINING from ", programs=SCREEN)
def screen_pipelining(event: Event, rest: str) -> bool:
    return _test_failed(event, rest, "pipelining")


@FORMAT.pattern("BARE NEWLINE from ", programs=SCREEN)
def bare_newline(event: Event, rest: str) -> bool:
    return _test_failed(event, rest, "smtp_smuggling")


@FORMAT.pattern("NON-SMTP COMMAND from ", programs=SCREEN)
@FORMAT.pattern("COMMAND TIME LIMIT from ", programs=SCREEN)
@FORMAT.pattern("COMMAND COUNT LIMIT from ", programs=SCREEN)
@FORMAT.pattern("COMMAND LENGTH LIMIT from ", programs=SCREEN)
def screen_protocol(event: Event, rest: str) -> bool:
    return _test_failed(event, rest, "other")


@FORMAT.pattern("DATA without valid RCPT from ", programs=SCREEN)
@FORMAT.pattern("BDAT without valid RCPT from ", programs=SCREEN)
def screen_no_recipient(event: Event, rest: str) -> bool:
    """Read that a client goes on to its message though every recipient was refused."""
    event.smtp_stage = "DATA"
    return _seen(event, rest, "screen-fail", "other")


@FORMAT.pattern("getpeername: ", programs=(*SCREEN, "smtpd", "tlsproxy"))
def vanished(event: Event, _rest: str) -> bool:
    """Read that a client was gone before its address could be asked for."""
    event.event_action = "connection-lost"
    event.event_outcome = "unknown"
    return True


@FORMAT.pattern("addr ", programs=("dnsblog",))
def dnsbl_hit(event: Event, rest: str) -> bool:
    """Read `A listed by domain ZONE as CODE`; not a refusal yet."""
    address, _, rest = rest.replace(" blocked by domain ", " listed by domain ", 1).partition(" listed by domain ")
    zone, _, code = rest.partition(" as ")
    known = ip(address)
    if known is None or not zone:
        return False
    event.event_action = "dnsbl-hit"
    event.source_ip = known
    event.mail_dnsbl_zone = zone
    event.set("mail.dnsbl.code", code)
    return True


@FORMAT.pattern("entering STRESS mode", programs=SCREEN)
@FORMAT.pattern("leaving STRESS mode", programs=SCREEN)
@FORMAT.pattern("dnsblog reply timeout ", programs=SCREEN)
@FORMAT.pattern("psc_", programs=SCREEN)
@FORMAT.pattern("too many connections", programs=SCREEN)
@FORMAT.pattern("haproxy ", programs=(*SCREEN, "smtpd"))
def screen_trouble(event: Event, _rest: str) -> bool:
    """Read that postscreen itself is short of something: places, answers, speed."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    return True
