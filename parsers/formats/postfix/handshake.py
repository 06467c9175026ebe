"""How a TLS handshake goes on, step by step, and what of a session is kept: `smtpd_tls_loglevel = 2` and more.

What comes of it (a session that is encrypted, or a failure) has its own lines at every level: none of these is a verdict.
Source: src/tls/tls_misc.c (tls_info_callback), tls_verify.c, tls_session.c, tls_server.c, tls_client.c of Postfix 3.7 to 3.12.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import other_side
from mailwarden.parsers.formats.postfix.program import FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_SERVERS = ("smtpd", "tlsproxy", "postscreen")
_CLIENTS = ("smtp", "lmtp", "tlsproxy", "posttls-finger")
_BOTH = ("smtpd", "smtp", "lmtp", "tlsproxy", "posttls-finger", "tlsmgr", "postscreen")


@FORMAT.pattern("SSL_accept:", programs=_SERVERS)
@FORMAT.pattern("SSL_connect:", programs=_CLIENTS)
@FORMAT.pattern("SSL3 alert ", programs=_BOTH)
def state(event: Event, _rest: str) -> bool:
    """Read a step of a handshake, or an alert of either side: `SSL3 alert read:fatal:unknown CA`."""
    return noted(event)


@FORMAT.pattern("looking for session ", programs=_BOTH)
@FORMAT.pattern("reloaded session ", programs=_BOTH)
@FORMAT.pattern("save session ", programs=_BOTH)
@FORMAT.pattern("remove session ", programs=_BOTH)
def cached_session(event: Event, rest: str) -> bool:
    """Read that a session is looked for, kept or forgotten."""
    return rest.endswith(" cache") and noted(event)


@FORMAT.pattern(': TLS cipher list "', programs=_BOTH, anywhere=True)
@FORMAT.pattern(": Issuing session ticket, key expiration: ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": Decrypting session ticket, key expiration: ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": depth=", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": Reusing old session", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": looking up session ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": reloaded session ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": save session ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": remove session ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": SNI hostname: ", programs=_CLIENTS, anywhere=True)
@FORMAT.pattern(": raw public key fingerprint=", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": fingerprint=", programs=_BOTH, anywhere=True)
def detail(event: Event, text: str) -> bool:
    """Read `NA: …`: which ciphers are offered, which certificate was shown, which ticket given."""
    return other_side(event, text.partition(": ")[0]) and noted(event)
