"""How people read and send their mail, for the page and the command line: protocol, TLS, from where, how much, by what.

An account whose mail POP3 deletes while it is also read by IMAP may miss mail: what one program takes is gone for the other.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.event import iso
from mailwarden.pipeline.answers.words import PROTOCOLS
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.store import Reader, SumRow

__all__ = [
    "DAY_US",
    "MARKS",
    "Account",
    "Way",
    "accounts_of",
    "as_data",
    "fill",
    "fits",
    "pattern_text",
    "protocol_word",
    "size_text",
    "tls_text",
]

DAY_US = 86_400_000_000
_SOUGHT = 500  # accounts; from so many on reading all is quicker than seeking each
_DORMANT_DAYS = 14  # without a login, seen before in the time that is looked at
_TRIED = 5  # failed logins,
_TRIED_SHARE = 0.1  # and more than this part of those that succeeded
_ALWAYS = 16  # hours of a day with logins: nobody sits there
_POLL = 4  # logins of an hour: more than a program that stays connected makes
_MOVES = 4  # networks
_LOOPBACK = ("127.", "::/64")
_UNTOLD = ("yes", "no", "unknown")
MARKS = {
    "clear": N_("without TLS"),
    "old": N_("TLS older than 1.2"),
    "vanishing": N_("POP3 deletes what IMAP reads"),
    "new": N_("new"),
    "dormant": N_("dormant"),
    "failing": N_("mistyped or tried"),
}
"""What is worth a look about an account."""


class Way(msgspec.Struct):
    """How an account comes by one protocol."""

    protocol: str
    logins: int = 0
    tls: dict[str, int] = {}  # version, or whether at all: logins
    networks: dict[str, int] = {}
    days: int = 0
    hours: int = 0  # with a login; 0 where it is not counted
    sessions: int = 0
    size: int = 0  # bytes fetched

    @property
    def clear(self) -> int:
        """Logins without TLS."""
        return self.tls.get("no", 0)

    @property
    def is_old(self) -> bool:
        """Whether a version older than TLS 1.2 was used."""
        return any(version.startswith("ssl") or version in ("1.0", "1.1") for version in self.tls)


class Account(msgspec.Struct):
    """An account and how it was used in some days."""

    name: str
    ways: dict[str, Way] = {}
    first_us: int = 1 << 62
    last_us: int = 0
    days: int = 0
    failed: int = 0
    sent: int = 0
    fetched: int = 0  # messages, by POP3,
    deleted: int = 0  # and those of them that it deleted
    marks: list[str] = []

    @property
    def logins(self) -> int:
        """By all protocols."""
        return sum(way.logins for way in self.ways.values())


def accounts_of(reader: Reader, days: int, now_us: int, owns: Callable[[str], bool] = lambda _: True) -> list[Account]:
    """Give all accounts that logged in within some days, without what `fill` adds; those with most to look at first.

    Args:
        reader: Where it was counted.
        days: How many, up to now.
        now_us: The newest stream time.
        owns: Says of a name whether it may be shown.
    """
    from_us, until_us = now_us - days * DAY_US, now_us + DAY_US
    rows = [
        *reader.sums(from_us, until_us, ("login_account", "pop3_fetched", "pop3_deleted")),
        *reader.sums(from_us, until_us, ("auth_account",), b="exists"),
    ]
    began_us = reader.store.first_rollup_us() or now_us
    found: dict[str, Account] = {}
    for row in rows:
        if row.a != OTHER and owns(row.a):
            _add(found.setdefault(row.a, Account(row.a, {})), row)
    accounts = [one for one in found.values() if one.logins]
    for one in accounts:
        one.marks = _marks(one, began_us, from_us, now_us, days)
    return sorted(accounts, key=lambda one: (-len(one.marks), -one.logins, one.name))


def fill(reader: Reader, accounts: Sequence[Account], days: int, now_us: int) -> None:
    """Add to accounts from where they came, what they fetched and how much they sent; to as many as a page shows."""
    by_name = {one.name: one for one in accounts}
    from_us, until_us = now_us - days * DAY_US, now_us + DAY_US
    ways = ("login_network", "read_hours", "read_trait")
    if len(by_name) <= _SOUGHT:
        rows = reader.sums_of(from_us, until_us, ways, list(by_name))
        rows += reader.sums_of(from_us, until_us, ("sent",), list(by_name), b="account")
    else:
        rows = [*reader.sums(from_us, until_us, ways), *reader.sums(from_us, until_us, ("sent",), b="account")]
    for row in rows:
        account = by_name.get(row.a)
        if account is not None:
            _add(account, row)


def _add(account: Account, row: SumRow) -> None:
    if row.name in ("login_account", "login_network", "read_hours", "read_trait"):
        way = account.ways.setdefault(row.b, Way(row.b, tls={}, networks={}))
    match row.name:
        case "login_account":
            way.logins += row.number
            way.tls[row.c] = way.tls.get(row.c, 0) + row.number
            way.days = max(way.days, row.spans)
            account.first_us, account.last_us = min(account.first_us, row.first_us), max(account.last_us, row.last_us)
            account.days = max(account.days, row.spans)
        case "login_network":
            way.networks[row.c] = row.number
        case "read_hours":
            way.hours += row.number
        case "read_trait" if row.c == "bytes":
            way.size += row.number
        case "read_trait" if row.c == "sessions":
            way.sessions += row.number
        case "pop3_fetched":
            account.fetched += row.number
        case "pop3_deleted":
            account.deleted += row.number
        case "auth_account":
            account.failed += row.number
        case "sent":
            account.sent += row.number


def _marks(one: Account, began_us: int, from_us: int, now_us: int, days: int) -> list[str]:
    ways = one.ways.values()
    tests = {
        "clear": any(way.clear for way in ways),
        "old": any(way.is_old for way in ways),
        "vanishing": bool(one.deleted and one.ways.get("imap") and one.ways["imap"].logins),
        "new": began_us < from_us and one.first_us > from_us + (days - 2) * DAY_US,
        "dormant": one.last_us < now_us - _DORMANT_DAYS * DAY_US,
        "failing": one.failed >= _TRIED and one.failed > _TRIED_SHARE * one.logins,  # everybody mistypes now and then
    }
    return [mark for mark, holds in tests.items() if holds]


def fits(one: Account, mark: str | None, protocol: str | None) -> bool:
    """Say whether an account bears a mark and comes by a protocol, as far as asked for; with both, its TLS is that one's."""
    if mark and mark not in one.marks:
        return False
    if not protocol:
        return True
    way = one.ways.get(protocol)
    if way is None:
        return False
    return bool(way.clear) if mark == "clear" else way.is_old if mark == "old" else True


def protocol_word(way: Way) -> str:
    """Name a protocol."""
    return PROTOCOLS.get(way.protocol, way.protocol or "?")


def tls_text(way: Way) -> str:
    """Name the versions in use, the oldest first: what is not encrypted before all."""
    known = sorted(tls for tls in way.tls if tls not in _UNTOLD)
    return ", ".join([*(["–"] if way.clear else []), *known]) or ("TLS" if "yes" in way.tls else "?")


def size_text(size: int, tongue: Translator) -> str:
    """Write an amount of bytes in the unit that says most."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{tongue.value('number', value)} {unit}"


def pattern_of(way: Way) -> str:
    """Say how it comes: `webmail`, `poll`, `always`, `moves`, `desk`; "" where nothing tells."""
    if way.networks and all(net.startswith(_LOOPBACK) for net in way.networks):
        return "webmail"
    a_day = way.hours / way.days if way.days else 0.0
    if a_day >= _ALWAYS:
        return "poll" if way.logins >= _POLL * way.hours else "always"
    if len(way.networks) >= _MOVES:
        return "moves"
    return "desk" if way.networks else ""


_PATTERNS = {
    "webmail": N_("from this machine, as webmail does"),
    "poll": N_("a program that looks about every {minutes} min"),
    "always": N_("a program that never sleeps"),
    "moves": N_("from {networks} networks, as a phone does"),
    "desk": N_("from {from}"),
}


def pattern_text(way: Way, tongue: Translator) -> str:
    """Say how it comes, in words; "" where nothing tells."""
    pattern = pattern_of(way)
    if not pattern:
        return ""
    most = sorted(way.networks, key=lambda net: (-way.networks[net], net))
    values: dict[str, object] = {
        "minutes": max(1, round(60 * way.hours / way.logins)),
        "networks": len(way.networks),
        "from": tongue.names(most[:1], len(most)),
    }
    return tongue.say(_PATTERNS[pattern], values)


def as_data(one: Account) -> dict[str, Any]:
    """Give an account as data."""
    return {
        "user.name": one.name,
        "logins": one.logins,
        "failed": one.failed,
        "sent": one.sent,
        "first_day": iso(one.first_us),
        "last_day": iso(one.last_us),
        "pop3_fetched": one.fetched,
        "pop3_deleted": one.deleted,
        "marks": one.marks,
        "ways": [
            {
                "network.protocol": way.protocol,
                "logins": way.logins,
                "tls": way.tls,
                "networks": way.networks,
                "sessions": way.sessions,
                "bytes": way.size,
                "hours": way.hours,
                "pattern": pattern_of(way),
            }
            for way in one.ways.values()
        ],
    }
