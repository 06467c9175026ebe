"""Plugins: logins that fail, what protects a session, and all else that they write.

A login that fails is told by `delaying for N seconds` alone, whichever plugin asks for the password; who it was for stands on
a line of PROTOCOL, or of the plugins that ask a server elsewhere (`AUTH user=`).

Source: plugins/auth/auth_base.js, auth_proxy.js, auth_vpopmaild.js, plugins/tls.js of Haraka 2.5 to 3.3.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.haraka.prefix import FORMAT
from mailwarden.parsers.life import noted
from mailwarden.parsers.logfmt import fields

__all__: list[str] = []

_PROXIED = re.compile(r"(\"(?>(?:[^\"\\]|\\.)*)\"|\S+)(?: host=\"[^\"]*\")? success=(true|false)$")
_NAMED = re.compile(r"\s?:? ?<?([^\s<>]{1,320})>?$")


@FORMAT.pattern("plugin: delaying for ")
def login_failed(event: Event, rest: str) -> bool:
    """A wrong password: the answer is held back, longer with each."""
    if not rest.endswith((" seconds", " second")):
        return False
    event.event_action = "auth-failure"
    event.event_outcome = "failure"
    event.event_reason = "bad_password"
    event.network_protocol = "smtp"
    event.set("haraka.step", "delayed")
    return True


@FORMAT.pattern("plugin: AUTH user=")
def login_asked(event: Event, rest: str) -> bool:
    """A server elsewhere was asked for a name: what it said. A failure is told again by the delay."""
    found = _PROXIED.match(rest)
    event.network_protocol = "smtp"
    event.user_name = (found[1] if found else fields("user=" + rest).get("user", "")).strip('"') or None
    event.event_action = "statistics"
    event.set("haraka.step", "named")
    if found is not None and found[2] == "true":
        event.event_action = "auth-success"
        event.event_outcome = "success"
    return True


@FORMAT.pattern("plugin: authenticated as")
def login_named(event: Event, rest: str) -> bool:
    """A client has logged in, under which name."""
    found = _NAMED.match(rest)
    event.network_protocol = "smtp"
    event.event_action = "auth-success"
    event.event_outcome = "success"
    event.user_name = found[1] if found else None
    event.set("haraka.step", "named")
    return True


@FORMAT.pattern("plugin: secured: ")
def secured(event: Event, rest: str) -> bool:
    """A session is encrypted from here on."""
    told = fields(rest)
    event.event_action = "tls-established"
    event.network_protocol = "smtp"
    event.tls_established = True
    event.tls_cipher = told.get("cipher")
    version = told.get("version", "")
    if version[:4] == "TLSv":
        event.tls_version_protocol, event.tls_version = "tls", version[4:]
    return True


@FORMAT.pattern("note: ")
def note(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What a plugin, the server or the queue writes beside."""
    return noted(event)


@FORMAT.pattern("debug: ")
def debug(event: Event, rest: str) -> bool:
    """The dialogue, data and steps, for who looks for a mistake."""
    event.event_action = "statistics"
    if event.user_name is not None or rest.startswith("C: AUTH"):
        event.set("haraka.step", "named")  # or none is told: who tried before is forgotten
    elif rest.startswith("S: 235 "):
        event.set("haraka.step", "logged-in")
    return True


@FORMAT.pattern("trouble: ")
def trouble(event: Event, rest: str) -> bool:
    """Haraka, or a plugin, does not work as it should."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.set("error.message", rest[:200])
    return True


@FORMAT.pattern("start: ")
def start(event: Event, rest: str) -> bool:
    """Haraka starts, or reads its configuration anew."""
    event.process_name = event.service_name = "haraka"
    event.event_action = "service-start" if rest.startswith("Starting up Haraka version ") else "statistics"
    return True
