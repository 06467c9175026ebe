"""Exim's troubles with itself: files, processes, configuration, the services it asks.

None of it is a client's doing. Most of it stands in paniclog, too, where Exim writes what it could not go on with.

Source: calls of log_write() with LOG_PANIC and of moan() in src/src/ of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.limits import router_limit
from mailwarden.parsers.formats.exim.prefix import FORMAT

__all__: list[str] = []

_TROUBLE = (
    "(SSL_CTX",
    "accept process ",
    "accept() failed",
    'ACL "',
    "ACL for ",
    "acl_smtp_mime: ",
    "ALERT: ",
    "ALPN unusable",
    "Attempt to ",
    "attempt to ",
    "bind of ",
    "bounce_message_file ",
    "can't ",
    "Cannot ",
    "cannot ",
    "CNAME loop for ",
    "configured error code ",
    "Could not ",
    "could not ",
    "Couldn't ",
    "couldn't ",
    "creation of pipe ",
    "Daemon cannot be run",
    "daemon: ",
    "DCC: ",
    "delivery setrlimit(",
    "Delivery status for ",
    "Disk quota exceeded",
    "DMARC failure ",
    "DNS list lookup ",
    "dnslist query ",
    "dnslists domain ",
    "EHLO/HELO response must ",
    "Error in ",
    "Error reading spool file ",
    "error while ",
    "Error while reading message",
    "Exim configuration error",
    "exim user lost privilege ",
    "Expansion of ",
    "expansion of ",
    "Failed ",
    "failed to ",
    "failure in ",
    "failure to ",
    "fork failed ",
    "fork of ",
    "fork() failed ",
    "Format error in spool file ",
    "getsockname() failed",
    "getsockopt() failed",
    "internal ACL error",
    "internal error",
    "internal problem ",
    "internal scanner error",
    "LDAP ",
    "list matching forced to fail: ",
    "listen() failed",
    "local_scan() function ",
    "log directory ",
    "LOG: ",
    "lookup of ",
    "lowest numbered MX record points to local host",
    "malformed ",
    "malware acl condition: ",
    "MIME acl condition",
    "mime_regex acl condition",
    "MySQL ",
    "no space ",
    "No space left on device",
    "OCSP dates invalid",
    "OCSP unusable",
    "PDKIM: ",
    "Process failed (",
    "queue run: process ",
    "queue run: unexpected ",
    "re-exec of exim ",
    "Received TLS cert status ",
    "recipient verify defer ",
    "redirection process ",
    "regex acl condition",
    "regular expression error",
    "remote delivery process count ",
    "remote host address is the local host",
    "Required TLS certificate status ",
    "routing loop for ",
    "sasl2 authenticator (",
    "Server certificate revoked",
    "Server certificate status unknown",
    "setgroups() failed",
    "setrlimit(",
    "setsockopt(",
    "Setting IPV6_V6ONLY ",
    "setting SO_REUSEADDR ",
    "setuid",
    "SIGSEGV ",
    "smtp send to ",
    "smtp-wait database entry ",
    "SNI unusable",
    "socket bind() to port ",
    "socks auth failed",
    "spam acl condition: ",
    "SPF: ",
    "spool ",
    "Spool ",
    "SSL channel closed",
    "SSL_read",
    "SSL_write",
    "string_sprintf expansion ",
    "Tainted ",
    "tainted ",
    "Temporary error with DCC",
    "TLS error in certificate ",
    "tls_require_ciphers invalid",
    "too many lookups open",
    "unable to ",
    "Unable to ",
    "Unexpected error return ",
    "unlink",
    "User 0 set for ",
    "WARNING: ",
)


def trouble(event: Event, rest: str) -> bool:
    """The server itself is in trouble."""
    if rest.startswith(("file is locked", "file for ")):  # another process has the message
        return False
    if router_limit(event, rest):
        return True
    event.event_action = "service-error"
    event.event_outcome = "failure"
    if rest.endswith("o space left on device") or "space check failed" in rest[:40]:
        event.event_reason = "disk_full"
    elif rest.startswith("expand "):  # behind `failed to `
        asked = " gave DEFER: " in rest
        event.event_reason = "backend_unavailable" if asked else "config_error"
        if asked:
            event.set("mail.table", "lookup")
    return True


for _words in _TROUBLE:
    FORMAT.pattern(_words)(trouble)


@FORMAT.pattern(" router: skipped error: ", anywhere=True)
@FORMAT.pattern(" transport output: ", anywhere=True)
@FORMAT.pattern(" transport process ", anywhere=True)
@FORMAT.pattern(": Cyrus SASL permanent failure: ", anywhere=True)
def delivery_trouble(event: Event, text: str) -> bool:
    """A router or transport of the configuration has something to complain of."""
    if _COMPLAINER.match(text) is None:
        return False
    event.event_action = "service-error"
    event.event_outcome = "failure"
    return True


_COMPLAINER = re.compile(
    r"[\w.-]{1,64} router: skipped error: |<[^<>]{0,400}>: [\w.-]{1,64} transport output: "
    r"|[\w.-]{1,64} transport process (?:vanished|returned) |[\w.-]{1,64} authenticator \([^()]{1,80}\): Cyrus SASL "
)
