"""Which programs are Cyrus's, and which protocol each speaks.

With `syslog_prefix: cyrus`, as Debian has it, a tag is `cyrus/SERVICE`; else it is the service's name in cyrus.conf alone, in old
versions the program's. Other servers have programs of those names: `imapd` is Courier's and UW's too, `master` anybody's.

Source: lib/libconfig.c (`config_ident`), imap/*.c and master/ of cyrus-imapd 3.6.1 and master.
"""

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format, Read

__all__ = ["FORMAT", "claim", "client_of"]


_PROTOCOLS = {
    "imap": "imap", "imaps": "imap", "imapd": "imap", "imap_proxy": "imap", "imapproxy": "imap", "imaplocal": "imap",
    "pop3": "pop3", "pop3s": "pop3", "pop3d": "pop3", "sieve": "managesieve", "timsieved": "managesieve",
    "managesieve": "managesieve", "lmtp": "lmtp", "lmtpd": "lmtp", "lmtpunix": "lmtp", "lmtpproxyd": "lmtp",
    "http": "http", "https": "http", "httpd": "http",
}  # fmt: skip
_OTHERS = frozenset(
    {
        "master", "ctl_cyrusdb", "ctl_deliver", "ctl_mboxlist", "ctl_conversationsdb", "cyr_expire", "cyr_virusscan",
        "cyr_dbtool", "tls_prune", "idled", "notifyd", "notify", "squatter", "deliver", "ptloader", "ptexpire", "sync_client",
        "sync_server", "csync",
        "mupdate", "smmapd", "ipurge", "reconstruct", "quota", "mbexamine", "unexpunge", "calalarmd",
        "backupd", "sieved", "promstatsd",
        "fud", "nntp", "nntps", "nntpd", "cyrquota", "cvt_cyrusdb", "restore", "arbitron", "cyr_userseen",
        "proxyd", "pop3proxyd",
    }
)  # fmt: skip
_STRANGERS = frozenset(
    {"imapd", "pop3d", "master", "httpd", "http", "https", "quota", "restore", "notify", "deliver", "proxyd", "sieve"}
)
"""Names that programs of others have as well: under them a text that is unknown is none of ours."""


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a tag tells: the whole tag, `cyrus`, and no service."""
    first, slash, _ = tag.partition("/")
    if slash and (first == "cyrus" or first.startswith("cyrus-")):
        return tag, first, None
    if tag == "cyrus" or tag in _PROTOCOLS or (tag in _OTHERS and tag not in {"quota", "restore"}):
        return tag, "cyrus", None
    return None


class _Cyrus(Format):
    """Cyrus's wording; under a name that is not its alone, only what it knows is its own."""

    def _make_reader(self, program: str | None) -> Read:
        read, name = super()._make_reader(program), program or ""
        if name not in _STRANGERS:
            return read

        def read_or_ignore(event: Event, text: str) -> bool:
            if not read(event, text):
                event.event_kind = "ignored"
            return True

        return read_or_ignore


def _prepare(event: Event, text: str) -> str:
    protocol = _PROTOCOLS.get((event.process_name or "").rpartition("/")[2])
    if protocol is not None:
        event.network_protocol = protocol
    return text


FORMAT = _Cyrus("cyrus", ("cyrus",), prepare=_prepare)


def client_of(event: Event, text: str) -> str | None:
    """Read `HOST [IP] ` or `[IP] ` in front; give what stands behind, None where it is neither."""
    name, found, rest = text.partition("[")
    address, closed, rest = rest.partition("]")
    source = ip(address) if found and closed else None
    name = name.removesuffix(" ")
    if source is None or " " in name:
        return None
    event.source_ip = source
    if name:
        event.source_domain = name
    return rest.removeprefix(" ")
