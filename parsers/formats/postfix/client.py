"""smtp and lmtp: what the client notes of a remote server while a message's fate is still open.

A server that could not be reached or said "later" is `connection-lost` with outcome `unknown` and no source: the next
server is tried, and only the delivery line is a verdict.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.delivery import explain_failure
from mailwarden.parsers.formats.postfix.fields import destination
from mailwarden.parsers.formats.postfix.program import FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_CLIENTS = ("smtp", "lmtp")


def _open_end(event: Event, text: str) -> bool:
    explain_failure(event, text)
    event.event_action = "connection-lost"
    event.event_outcome = "unknown"
    event.network_protocol = "lmtp" if event.process_name == "lmtp" else "smtp"
    return True


@FORMAT.pattern("host ", programs=_CLIENTS)
def server_said(event: Event, rest: str) -> bool:
    """Read `H[A] said: 450 … (in reply to RCPT TO command)` or `H[A] refused to talk to me: …`."""
    tail = rest.partition(" ")[2]
    return tail.startswith(("said: ", "refused to talk to me: ")) and _open_end(event, f"host {rest}")


@FORMAT.pattern("connect to ", programs=_CLIENTS)
def unreachable(event: Event, rest: str) -> bool:
    return "[" in rest and _open_end(event, f"connect to {rest}")


@FORMAT.pattern("lost connection with ", programs=_CLIENTS)
@FORMAT.pattern("conversation with ", programs=_CLIENTS)
def server_lost(event: Event, rest: str) -> bool:
    lost = " timed out while " not in rest
    return _open_end(event, f"{'lost connection' if lost else 'conversation'} with {rest}")


@FORMAT.pattern("SASL authentication failed; ", programs=_CLIENTS)
def relay_login_failed(event: Event, rest: str) -> bool:
    """Read that a relay of ours refuses the login that we have for it: our trouble, nobody's attack."""
    explain_failure(event, f"SASL authentication failed; {rest}")
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    return True


@FORMAT.pattern("replace: ", programs=_CLIENTS)
@FORMAT.pattern("prepend: ", programs=_CLIENTS)
@FORMAT.pattern("strip: ", programs=_CLIENTS)
@FORMAT.pattern("warning: header ", programs=_CLIENTS)
@FORMAT.pattern("warning: body ", programs=_CLIENTS)
@FORMAT.pattern("info: ", programs=_CLIENTS)
def rewritten_on_the_way(event: Event, _rest: str) -> bool:
    """Read what `smtp_header_checks` and its kin did to a message as it left."""
    event.event_action = "filter-verdict"
    event.event_reason = "header_checks"
    return True


@FORMAT.pattern("host ", programs=_CLIENTS)
def mail_loop(event: Event, rest: str) -> bool:
    """Read `H[A]:25 greeted me with my own hostname X`: mail goes in circles, the routing is wrong."""
    who, _, rest = rest.partition(" ")
    if not rest.startswith(("greeted me with my own hostname ", "replied to HELO/EHLO with my own hostname ")):
        return False
    event.event_action = "service-error"
    event.event_outcome = "failure"
    return destination(event, who)


@FORMAT.pattern("no MX host for ", programs=_CLIENTS)
@FORMAT.pattern("numeric domain name in resource data of MX record for ")
@FORMAT.pattern("malformed domain name in resource data of MX record")
@FORMAT.pattern("valid_hostname: ")
@FORMAT.pattern("valid_ipv4_hostaddr: ")
@FORMAT.pattern("valid_ipv6_hostaddr: ")
@FORMAT.pattern("Unable to look up MX host ")
@FORMAT.pattern("Unable to look up NS host ")
@FORMAT.pattern("numeric hostname: ")
def odd_dns(event: Event, _rest: str) -> bool:
    """Read that somebody's DNS holds what no mail server can use."""
    event.event_action = "dns-mismatch"
    event.event_outcome = "unknown"
    return True


@FORMAT.pattern("enabling PIX workarounds: ", programs=_CLIENTS)
@FORMAT.pattern("discarding EHLO keywords: ", programs=(*_CLIENTS, "smtpd", "postscreen", "tlsproxy"))
@FORMAT.pattern("breaking line > ", programs=_CLIENTS)
@FORMAT.pattern("Host offered STARTTLS: ", programs=_CLIENTS)
@FORMAT.pattern("SMTPS wrappermode (TCP port 465) requires setting ", programs=_CLIENTS)
@FORMAT.pattern("skipping SRV lookup for ", programs=_CLIENTS)
@FORMAT.pattern("using DANE RR: ", programs=_CLIENTS)
def adjusted(event: Event, _rest: str) -> bool:
    """Read how the conversation was adjusted to the other side; no verdict."""
    return noted(event)


@FORMAT.pattern(": replacing server reply ", programs=_CLIENTS, anywhere=True)
@FORMAT.pattern(" offers SMTPUTF8 support, but not 8BITMIME", programs=_CLIENTS, anywhere=True)
def reply_adjusted(event: Event, text: str) -> bool:
    """Read `H[A]:25: replacing server reply …` or `host H[A]:25 offers …`."""
    event.event_action = "statistics"
    return destination(event, text.removeprefix("host ").partition(": replacing")[0].partition(" ")[0])
