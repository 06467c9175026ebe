"""OpenDKIM (and dkim-filter before it): signing of our mail, verification of others'.

`QUEUEID: TEXT`. Host names, domains and selectors are whatever the other side wrote.

Source: opendkim/opendkim.c of OpenDKIM 2.11.0-beta2; with `LogWhy` it tells why it does not sign.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.milter_frame import frame_patterns
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import QUEUE_ID, set_result

__all__ = ["FORMAT", "SIGNING"]

SIGNING = "signing_failed"
"""The reason of a fault that keeps our mail from being signed."""

_ID = re.compile(QUEUE_ID + r": |(?:NOQUEUE|\(?unknown-jobid\)?|UNKNOWN): ")


def _prepare(event: Event, text: str) -> str:
    """Take the queue id off."""
    found = _ID.match(text)
    if found is None:
        return text
    event.mail_queue_id = found[1]
    return text[found.end() :]


FORMAT = Format("opendkim", ("opendkim", "dkim-filter"), prepare=_prepare)

_KEY = re.compile(r"s=([^,\s]{0,255}),? d=([^,\s)]{0,255})(?:[,)\s]|$)")


def _key(event: Event, text: str) -> None:
    found = _KEY.match(text)
    if found is not None:
        event.set("mail.dkim.selector", found[1])
        event.set("mail.dkim.domain", found[2].lower())


# ---------------------------------------------------------------------- our mail


@FORMAT.pattern("DKIM-Signature field added (", "DomainKey-Signature field added (")
def signed(event: Event, rest: str) -> bool:
    """A message of ours that was signed: `s=mail, d=example.org)`."""
    event.event_action, event.event_outcome = "dkim-verdict", "success"
    event.set("mail.dkim.signed", True)
    _key(event, rest)
    return True


@FORMAT.pattern("no signing table match for '", "no signing domain match for '", "no signing subdomain match for '")
def unsigned(event: Event, rest: str) -> bool:
    """A message that is not signed, for want of a key: of ours if it came from inside, which correlation knows."""
    sender, quote, _ = rest.rpartition("'")
    if not quote:
        return False
    event.event_action = "dkim-verdict"
    event.set("mail.dkim.signed", False)
    event.set("mail.dkim.domain", sender.rpartition("@")[2].lower())
    return True


@FORMAT.pattern("external host ")
def spoofed(event: Event, rest: str) -> bool:
    """Mail from outside, without a login, in the name of a domain that is signed for here."""
    host, said, domain = rest.rpartition(" attempted to send as ")
    if not said:
        return False
    event.event_action, event.event_outcome, event.event_reason = "dkim-verdict", "failure", "spoof_attempt"
    _client(event, host)
    event.set("mail.dkim.domain", domain.lower())
    return True


@FORMAT.pattern(
    "signature generation error: ", "error loading key '", "error reading signing table", "key '",
    "signing table references unknown key '", "failed to add default signing request", "can't load key from ",
    "could not find valid key record ", "error requesting key '", "error looking up ", "KeyTable entry for ",
    "key data is not secure", "failed to load/apply default key", "can't determine signing domain",
    "opendkim: milter socket must be specified",
)  # fmt: skip
def signing_failed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A key or a table that our mail cannot be signed with."""
    return failed(event, SIGNING)


@FORMAT.pattern(
    " is writeable and owned by uid ", " which has multiple users ", " can be read or written by other users",
    " is not owned by the executing uid ", " no signature added: ", " message not signed", anywhere=True,
)  # fmt: skip
def key_unsafe(event: Event, text: str) -> bool:  # noqa: ARG001
    """A key whose file others may read or change: with `RequireSafeKeys` nothing is signed with it."""
    return failed(event, SIGNING)


# ---------------------------------------------------------------------- mail of others


def _client(event: Event, host: str) -> None:
    address = ip(host) if host[:1] == "[" or ":" in host or host[-1:].isdigit() else None
    if address is not None:
        event.source_ip = address
    elif host:
        event.source_domain = host


@FORMAT.pattern(" not internal", anywhere=True)
def not_internal(event: Event, text: str) -> bool:
    """From where a message comes that is verified rather than signed: `HOST [203.0.113.7] not internal`."""
    host, _, address = text.removesuffix(" not internal").rpartition(" [")
    source = ip(address.removesuffix("]"))
    if source is None or not text.endswith("] not internal"):
        return False
    event.source_ip = source
    if host[:1] != "[":
        event.source_domain = host or None
    event.set("mail.dkim.internal", False)
    return noted(event)


@FORMAT.pattern("DKIM verification successful")
def passed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A valid signature."""
    set_result(event, "dkim", "pass")
    return True


@FORMAT.pattern("no signature data")
def absent(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A message without any signature."""
    set_result(event, "dkim", "none")
    return True


@FORMAT.pattern("bad signature data", "signature processing failed", "bad DKIM signature data", "body hash mismatch")
def bad(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A signature that does not fit the message."""
    set_result(event, "dkim", "fail")
    return True


@FORMAT.pattern("key revoked", "RFC5322 header requirement error")
def void(event: Event, rest: str) -> bool:
    """A signature that can never be right."""
    set_result(event, "dkim", "permerror")
    _key(event, rest.removeprefix(" ("))
    return True


@FORMAT.pattern("key retrieval failed")
def key_missing(event: Event, rest: str) -> bool:
    """A signature whose key the sender's name servers do not give: `(s=sel, d=example.net): 'NAME' record not found`."""
    set_result(event, "dkim", "permerror" if "not found" in rest or "NXDOMAIN" in rest else "temperror")
    _key(event, rest.removeprefix(" ("))
    return True


@FORMAT.pattern(" d=", "verification failed: ", anywhere=True)
def examined(event: Event, text: str) -> bool:
    """Which signature was looked at, and what the crypto library said of it: `s=sel d=example.net SSL error:…`."""
    _, _, told = text.partition("verification (")
    key = told or text
    if _KEY.match(key) is None and not text.startswith("verification failed: "):
        return False
    _, _, error = text.partition(" SSL")
    bad_one = ") failed: " in told or text.startswith("verification failed: ")
    good = ") succeeded" in told
    event.event_action = "dkim-verdict"
    if error.strip() or bad_one or good:
        set_result(event, "dkim", "pass" if good and not bad_one else "fail")
    _key(event, key)
    return True


@FORMAT.pattern("SSL ")
def crypto(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What the crypto library said of a signature that is not named."""
    set_result(event, "dkim", "fail")
    return True


# ---------------------------------------------------------------------- the program itself


frame_patterns(FORMAT, "OpenDKIM Filter", "Sendmail DKIM Filter", "DKIM Filter")


@FORMAT.pattern(
    "not authenticated", "can't determine message sender", "domain '", "ignoring ", "message has signatures from ",
    "no macros match", "no MTA name match ", "cache: ", "skipping signing of mail to '", "BodyLengthDB matched ",
    "signature=", "can't write pid to ", "early EOF", "WARNING: symbol ", "using default configfile ",
    "settings found for deprecated value", "can't parse ", "failed to parse ", "can't enable coredumps",
    "failed to remove ", "can't verify VBR", "can't create VBR", "can't set VBR", "error handling VBR",
    "mode select: ",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step on the way to a verdict, or a remark of the program's."""
    return noted(event)


@FORMAT.pattern(
    "can't configure DKIM library", "odkim.", "required parameter ", "use of ChangeRoot", "can't initialize ",
    "socket cleanup failed", "error initializing crypto library", "error reading configuration",
    "failed to initialize", "failed to set ", "failed to retrieve ", "failed to load Replace", "failed to generate",
    "pthread_", "kill(", "no such ", "configuration error", "unknown ", "[parent] ", "[child] ", "popen()",
    "pclose()", "WARNING: verifier mode", "internal error from libopendkim", "resource unavailable",
    "overflow parsing", "incompatible SSL versions", "verify mode requires",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of the program's own."""
    return failed(event)
