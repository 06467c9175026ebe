"""What there is to know of a server beside its wording: its name for people, and what its lines leave to others.

A format without an entry is one of a filter or another helper that people know by the format's own name.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

__all__ = ["SERVERS", "Server", "servers_where"]


class Server(NamedTuple):
    """One format's server.

    Args:
        title: Its name for people.
        is_server: Takes mail, or lets people read it: rules may be about it alone. Filters and webmails are none.
        whole: Tells all of a message when it arrives; Postfix goes on with it until its queue manager has it.
        tells_logins: Has a line of its own for a login that succeeded; Postfix and Exim tell of it with the message alone.
        hosts: Whether deliveries name the host they went to; where they do not, the recipient's domain stands for it.
            `refusals` are without it, or all are (`none`; the address may be told).
        logins_at_end: Tells of a login, where no message does, with the end of the session alone.
        in_blocks: Writes a session as one block, whose first line alone tells which it is (`blocks.py`).
        on_windows: Runs there only: a shell's `ss` and `ip` are no commands for it.
        session: How the lines of a session are joined: None where each tells enough, else a name of `sessions.py`.
    """

    title: str
    is_server: bool = False
    whole: bool = False
    tells_logins: bool = False
    hosts: Literal["all", "refusals", "none"] = "all"
    logins_at_end: bool = False
    in_blocks: bool = False
    on_windows: bool = False
    session: str | None = None


SERVERS = {
    "postfix": Server("Postfix", is_server=True),
    "dovecot": Server("Dovecot", is_server=True),
    "exim": Server("Exim", is_server=True, whole=True),
    "opensmtpd": Server("OpenSMTPD", is_server=True, whole=True, tells_logins=True, session="opensmtpd"),
    "sendmail": Server("Sendmail", is_server=True, whole=True, tells_logins=True, session="process"),
    "courier": Server("Courier", is_server=True, hosts="refusals"),
    "haraka": Server("Haraka", is_server=True, whole=True, hosts="refusals", session="haraka"),
    "qmail": Server("qmail", is_server=True, hosts="none"),
    "exchange": Server("Exchange", is_server=True, whole=True, tells_logins=True, on_windows=True, session="dialogue"),
    "hmailserver": Server(
        "hMailServer", is_server=True, whole=True, tells_logins=True, hosts="none", on_windows=True, session="dialogue"
    ),
    "kerio": Server("Kerio Connect", is_server=True, whole=True, hosts="none"),
    "vpopmail": Server("vpopmail", is_server=True),
    "cyrus": Server("Cyrus IMAP", is_server=True, session="cyrus"),
    "uw_imap": Server("UW-IMAP", is_server=True),
    "zimbra": Server("Zimbra", is_server=True),
    "stalwart": Server("Stalwart", is_server=True, whole=True, tells_logins=True, session="dialogue"),
    "kumomta": Server("KumoMTA", is_server=True, whole=True),
    "mox": Server("mox", is_server=True, whole=True, hosts="none", logins_at_end=True, session="mox"),
    "maddy": Server("Maddy", is_server=True, whole=True, hosts="refusals", session="maddy"),
    "mailenable": Server(
        "MailEnable", is_server=True, whole=True, tells_logins=True, hosts="none", on_windows=True, session="dialogue"
    ),
    "mdaemon": Server(
        "MDaemon",
        is_server=True,
        whole=True,
        tells_logins=True,
        hosts="none",
        in_blocks=True,
        on_windows=True,
        session="dialogue",
    ),
    "domino": Server("Domino", is_server=True),
    "oracle_ims": Server("Oracle Messaging Server", is_server=True, tells_logins=True),
    "solid_pop3d": Server("solid-pop3d", is_server=True),
    "qpopper": Server("qpopper", is_server=True),
    "perdition": Server("perdition"),
    "assp": Server("ASSP"),
    "openwebmail": Server("Open WebMail"),
    "directadmin": Server("DirectAdmin"),
    "nginx": Server("nginx", session="proxy"),
    "roundcube": Server("Roundcube"),
    "sogo": Server("SOGo"),
    "snappymail": Server("SnappyMail"),
    "horde": Server("Horde"),
    "mailu": Server("Mailu"),
    "mailcow": Server("mailcow's netfilter"),
    "rspamd": Server("Rspamd"),
    "amavis": Server("amavis"),
    "spamassassin": Server("SpamAssassin"),
    "clamav": Server("ClamAV"),
    "mailscanner": Server("MailScanner"),
    "opendkim": Server("OpenDKIM"),
    "opendmarc": Server("OpenDMARC"),
    "policyd_spf": Server("policyd-spf"),
    "postgrey": Server("Postgrey"),
    "postsrsd": Server("PostSRSd"),
    "plesk": Server("Plesk's filters"),
    "php_mail": Server("PHP's mail()"),
    "msmtp": Server("msmtp and sSMTP"),
    "pam": Server("PAM"),
}
"""By the name of the format, in the order in which people are shown them."""


def servers_where(holds: Callable[[Server], object]) -> frozenset[str]:
    """Give the formats of whose server something holds."""
    return frozenset(name for name, server in SERVERS.items() if holds(server))
