"""Logins that succeed and fail, and whom the server shuts out for it.

A failed login is told at the level `debug` only. At `info`, the default, there is the session that failed too often and,
at last, the address that is banned: the first counts as a try of its own teller, so that nothing counts twice.

Source: crates/common/src/auth, crates/smtp/src/inbound/auth.rs, crates/common/src/listener of Stalwart 0.10 to 0.16.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.stalwart.prefix import FORMAT, client, values_of

__all__: list[str] = []

_MOST = 1000


def _tried(event: Event, rest: str, action: str, outcome: str, reason: str | None) -> bool:
    values = values_of(event, rest)
    client(event, values)
    name = values.text("accountName")
    event.user_name = name[:_MOST] if name else None
    event.event_action, event.event_outcome, event.event_reason = action, outcome, reason
    return True


@FORMAT.pattern("auth.success ")
def logged_in(event: Event, rest: str) -> bool:
    """The right password, or a token."""
    return _tried(event, rest, "auth-success", "success", None)


@FORMAT.pattern("auth.failed ")
def refused(event: Event, rest: str) -> bool:
    """A wrong password, or nobody of that name."""
    return _tried(event, rest, "auth-failure", "failure", "credentials_rejected")


@FORMAT.pattern("auth.mfa-required ", "auth.missing-totp ")
def second_factor(event: Event, rest: str) -> bool:
    """The right password, without the second factor that the account asks for."""
    return _tried(event, rest, "auth-failure", "failure", "mfa_required")


@FORMAT.pattern("auth.token-expired ", "auth.credential-expired ")
def expired(event: Event, rest: str) -> bool:
    """A token or a password whose time is over."""
    return _tried(event, rest, "auth-failure", "failure", "password_expired")


@FORMAT.pattern("security.unauthorized ", "security.ip-unauthorized ")
def not_allowed(event: Event, rest: str) -> bool:
    """The right password, of an account that may not do this, or not from there."""
    return _tried(event, rest, "auth-failure", "failure", "policy")


@FORMAT.pattern("auth.too-many-attempts ")
def too_often(event: Event, rest: str) -> bool:
    """A session is ended because its logins failed."""
    event.set("mail.auth.teller", "limit")
    return _tried(event, rest, "auth-failure", "failure", "credentials_rejected")


@FORMAT.pattern("auth.error ", "smtp.missing-auth-directory ")
def in_vain(event: Event, rest: str) -> bool:
    """A login that nobody could judge."""
    return _tried(event, rest, "auth-error", "unknown", "backend_unavailable")


@FORMAT.pattern("auth.warning ", "auth.client-registration ")
def noted(event: Event, rest: str) -> bool:
    """What it says of logins beside."""
    return _tried(event, rest, "statistics", "unknown", None)


@FORMAT.pattern("security.authentication-ban ", "security.abuse-ban ", "security.scan-ban ", "security.loiter-ban ")
@FORMAT.pattern("security.brute-force-ban ")
def banned(event: Event, rest: str) -> bool:
    """An address is shut out: it guessed, asked for addresses, scanned, or stayed without a word."""
    return _tried(event, rest, "ban", "success", None)


@FORMAT.pattern("security.ip-blocked ")
def kept_out(event: Event, rest: str) -> bool:
    """A banned address comes again."""
    event.smtp_stage = "CONNECT"
    return _tried(event, rest, "reject", "failure", "access_map")


@FORMAT.pattern("security.ip-block-expired ")
def let_in(event: Event, rest: str) -> bool:
    """A banned address may come again."""
    return _tried(event, rest, "unban", "success", None)


@FORMAT.pattern("security.ip-allow-expired ")
def no_more(event: Event, rest: str) -> bool:
    """An address that was never banned may be, from now on."""
    return _tried(event, rest, "statistics", "success", None)
