"""PAM: what its modules say when a mail service asks for a password.

`pam_unix(SERVICE:TYPE): TEXT` under any tag, in old systems `TEXT` under the tag `SERVICE(pam_unix)`. Lines of sshd, cron
or sudo are ignored. The user (`ruser`) is the client's text: the last `rhost=` is PAM's own.

Source: Linux-PAM modules/pam_unix/support.c and pam_unix_acct.c, sssd src/sss_client/pam_sss.c.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim", "claim_text"]

_SERVICES = {  # PAM service -> protocol, where it has one
    "dovecot": None,
    "imap": "imap",
    "imap4": "imap",
    "imaps": "imap",
    "imapd": "imap",
    "pop": "pop3",
    "pop3": "pop3",
    "pop3s": "pop3",
    "pop3d": "pop3",
    "smtp": "smtp",
    "smtps": "smtp",
    "smtpd": "smtp",
    "smtp.postfix": "smtp",
    "smtp.sendmail": "smtp",
    "smtp.exim": "smtp",
    "esmtp": "smtp",
    "submission": "smtp",
    "postfix": "smtp",
    "sendmail": "smtp",
    "exim": "smtp",
    "exim4": "smtp",
    "opensmtpd": "smtp",
    "courier": None,
    "calendar": None,
    "authdaemon": None,
    "authdaemond": None,
    "saslauthd": None,
    "sasl": None,
    "cyrus": None,
    "mail": None,
    "webmail": None,
    "lmtp": "lmtp",
    "sieve": "managesieve",
    "managesieve": "managesieve",
    "timsieved": "managesieve",
    "mupdate": None,
    "openemail": None,
    "zimbra": None,
    "perdition": None,
    "qpopper": "pop3",
    "popa3d": "pop3",
    "teapop": "pop3",
    "vpopmail": None,
}
_MODULE = re.compile(r"pam_[a-z0-9_]{1,30}\(([^():\s]{0,60})(?::[a-z]{0,20})?\): ?")
_FOREIGN = "no mail service: "


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None.

    Only the old form names PAM: `imap(pam_unix)`.
    """
    service, module, _ = tag.partition("(pam_")
    return (service, None, None) if module and service else None


def claim_text(text: str) -> bool:
    """Say whether a text is PAM's, under whatever tag it stands."""
    if text.startswith("pam_"):
        return _MODULE.match(text) is not None
    service, old, _ = text[:48].partition("(pam_")
    return bool(old) and " " not in service


def _prepare(event: Event, text: str) -> str:
    """Take `pam_unix(SERVICE:TYPE): ` off; a service that is none of mail makes the text foreign."""
    module = _MODULE.match(text)
    if module is not None:
        service, text = module.group(1), text[module.end() :]
    else:
        service, old, rest = text.partition("(pam_")
        if old and len(service) < 40:  # the tag is still in front
            text = rest.partition(": ")[2]
            event.process_name = service
        else:
            service = (event.process_name or "").partition("(")[0]
    service = service.lower()
    if service not in _SERVICES and not service.startswith(("dovecot", "exim", "postfix", "courier", "cyrus")):
        return _FOREIGN + text
    protocol = _SERVICES.get(service)
    if protocol is not None:
        event.network_protocol = protocol
    event.service_name = service
    return text


FORMAT = Format("pam", (), prepare=_prepare)


@FORMAT.pattern(_FOREIGN)
def foreign(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A line of a service that is none of mail: sshd, cron, sudo."""
    event.event_kind = "ignored"
    return True


_MORE = re.compile(r"(?:PAM )?(\d{1,9}) more authentication failures?; ")
_MOST_SPLITS = 20  # a user name of 255 characters holds no more that matter
_FIELDS = re.compile(r"logname=(.*?) uid=-?\d{1,12} euid=-?\d{1,12} tty=(.*?) ruser=")


def _split(text: str) -> tuple[str, str, str] | None:
    """Split `U rhost=IP  user=U`; the client writes both U, so the split where they are equal is right, else the last."""
    last: tuple[str, str, str] | None = None
    at = text.find("rhost=")
    for _count in range(_MOST_SPLITS):
        if at < 0:
            break
        host, _, user = text[at + 6 :].partition(" ")
        last = (text[:at].strip(), host, user.strip())
        if last[2] == "user=" + last[0]:
            return last
        at = text.find("rhost=", at + 6)
    return last


def _asker(event: Event, text: str) -> bool:
    """Read `logname= uid=0 euid=0 tty=dovecot ruser=U rhost=IP  user=U`.

    `user=` is missing where the account does not exist (pam_unix hides such names unless told to audit).
    """
    fields = _FIELDS.match(text)
    if fields is None:
        return False
    split = _split(text[fields.end() :])
    if split is None:
        return False
    ruser, host, user = split
    known = user.startswith("user=")
    name = user.removeprefix("user=") if known else ""
    event.event_action = "auth-failure"
    event.event_outcome = "failure"
    event.event_reason = "wrong_password" if known else "unknown_user"
    event.user_name = name or ruser.strip() or fields.group(1) or None
    if not event.user_name:
        event.event_reason = "credentials_rejected"
    address = ip(host) if host else None
    if address is not None:
        event.source_ip = address
    elif host:
        event.source_domain = host
    return True


@FORMAT.pattern("authentication failure; ")
def authentication_failure(event: Event, rest: str) -> bool:
    """A refused password."""
    return _asker(event, rest)


@FORMAT.pattern(" more authentication failure", anywhere=True)
def more_failures(event: Event, text: str) -> bool:
    """Further refused passwords of one conversation, summed up at its end."""
    more = _MORE.match(text)
    if more is None or not _asker(event, text[more.end() :]):
        return False
    event.event_count = event.mail_auth_attempts = max(int(more.group(1)), 1)
    return True


@FORMAT.pattern("authentication success; ")
def authentication_success(event: Event, rest: str) -> bool:
    """An accepted password (pam_sss)."""
    if not _asker(event, rest):
        return False
    event.event_action = "auth-success"
    event.event_outcome = "success"
    event.event_reason = None
    return True


@FORMAT.pattern("check pass; user unknown")
@FORMAT.pattern("received for user ")
@FORMAT.pattern("session opened for user ")
@FORMAT.pattern("session closed for user ")
@FORMAT.pattern("password for user ")
@FORMAT.pattern("requirement ")
@FORMAT.pattern("getting password ")
@FORMAT.pattern("pam_get_item returned a password")
@FORMAT.pattern("request ")
def notice(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step beside a verdict that has a line of its own, so that no try counts twice."""
    return noted(event)


def _refused(event: Event, user: str, reason: str) -> bool:
    event.event_action = "auth-failure"
    event.event_outcome = "failure"
    event.event_reason = reason
    event.user_name = user.strip("'`\"[]() ") or None
    return True


@FORMAT.pattern("account ")
def account_expired(event: Event, rest: str) -> bool:
    """A good password for an account that has expired."""
    user, found, _ = rest.rpartition(" has expired")
    return bool(found) and _refused(event, user, "user_disabled")


@FORMAT.pattern("expired password for user ")
def password_expired(event: Event, rest: str) -> bool:
    """A good password that is too old."""
    return _refused(event, rest.rpartition(" (")[0] or rest, "password_expired")


@FORMAT.pattern("bad username ")
def bad_username(event: Event, rest: str) -> bool:
    """A user name that no account can have."""
    return _refused(event, rest, "unknown_user")


@FORMAT.pattern("Refused user ")
def listed(event: Event, rest: str) -> bool:
    """A user that a list forbids (pam_listfile)."""
    return _refused(event, rest.rpartition(" for service ")[0] or rest, "policy")


@FORMAT.pattern("user '")
def winbind(event: Event, rest: str) -> bool:
    """Winbind's verdict on a password; what the domain answered stands on the line before."""
    user, denied, _ = rest.rpartition("' denied access (")
    if denied:
        return _refused(event, user, "credentials_rejected")
    user, granted, _ = rest.rpartition("' granted access")
    event.event_action = "auth-success"
    event.event_outcome = "success"
    event.user_name = user or None
    return bool(granted)


@FORMAT.pattern("access denied for user ")
def denied(event: Event, rest: str) -> bool:
    """A user that may not come from there (pam_access)."""
    user, found, origin = rest.rpartition(" from ")
    if found:
        event.source_ip = ip(origin.strip("'`\" "))
    return _refused(event, user or rest, "policy")


@FORMAT.pattern("Consecutive login failures for user ")
def locked(event: Event, rest: str) -> bool:
    """An account that is shut for a while after too many tries (pam_faillock)."""
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limited"
    event.user_name = rest.partition(" account ")[0] or None
    return True


@FORMAT.pattern("user ")
def counted_out(event: Event, rest: str) -> bool:
    """An account that is shut after too many tries (pam_tally2): `user bob (1001) tally 6, deny 5`."""
    user, found, tally = rest.rpartition(" (")
    if not found or ") tally " not in tally:
        return False
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limited"
    event.user_name = user or None
    return True


@FORMAT.pattern("could not identify ")
@FORMAT.pattern("could not obtain user info")
@FORMAT.pattern("auth could not identify password for ")
@FORMAT.pattern("conversation failed")
@FORMAT.pattern("error ")
@FORMAT.pattern("unable to ")
@FORMAT.pattern("Unable to ")
@FORMAT.pattern("Failed to ")
@FORMAT.pattern("unrecognized ")
def trouble(event: Event, rest: str) -> bool:
    """A check that could not be made, or not to its end; LDAP calls a wrong password one."""
    if "(Invalid credentials)" in rest:
        return _refused(event, "", "wrong_password")
    event.event_action = "auth-error"
    event.event_outcome = "unknown"
    event.event_reason = "backend_unavailable"
    return True
