"""What is known of each account and of each network: small, bounded records, whatever an attacker tries."""

import msgspec

from mailwarden.alerts.facts.programs import Programs
from mailwarden.alerts.facts.usual import Usual
from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["Account", "Network", "Pair", "Records", "is_known"]

Pair = tuple[int, int]
"""When an account was first and last let in from a network."""

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_QUARTER_US = 900_000_000
_KEEP_US = 90 * _DAY_US
_KNOWN_US = 30 * _DAY_US  # a network is, to an account, after it was last let in from there
_FAIL_US = _DAY_US  # failures before a success count for a day (AUTH-11)
_TRIED_NAMES = 32
_WEEK = 7  # days whose tries of a network are remembered, for who guesses a few a day (AUTH-03)
_ANEW_US = 2 * _DAY_US  # after which a network that only ever failed comes as if for the first time
_SPRAYED = 2  # other accounts that a network failed at, before a login from there is a stranger's,
# and more than so many for each account that was let in: in an office, and behind a carrier, people succeed
_TIMES_PEOPLE = 2
_SHARED_BY = 3  # people at a network: an office, where some mistype
_DEVICE_NAMES = 2  # that a printer or a phone with a wrong password fails at
_PROXY_USERS = 5  # a network that five accounts come back to on another day is an office, a webmail, a proxy
_PROXY_ENTERED = 15  # or that so many came to: a webmail that has moved; a thief has fewer passwords
_TAUGHT = 0.05  # of what is usual, by one day
_DICTIONARY_US = 30 * _DAY_US  # how long a name is remembered that several networks guessed and nobody has (AUTH-07)
_ODD_US = 3 * _DAY_US  # over a weekend: what an intruder sets up may show with the next mail only
_AT_WORK_US = 2 * _HOUR_US  # what logs in often is learned once an hour


class Account(msgspec.Struct, array_like=True):
    """What is known of one account."""

    first_us: int = 0
    last_us: int = 0
    successes: int = 0
    exists: bool = False
    networks: dict[str, Pair] = {}
    failing: dict[str, tuple[int, int]] = {}  # network -> (last failure, failures) without a success there
    usual: Usual = msgspec.field(default_factory=Usual)  # recipients of an hour
    hour: int = 0
    hour_recipients: int = 0
    quarter: int = 0
    quarter_recipients: int = 0
    best_quarter: int = 0  # the most recipients in a quarter of an hour, from networks that were its own
    protocols: list[str] = []  # by which it was let in
    stale_us: int = 0  # when it last failed where it always is
    guessed_us: int = 0  # when it last came to a new network after failures of strangers,
    guessed: int = 0  # and how many
    tried_day: int = 0
    tried: int = 0  # tries of strangers on that day
    raised_day: int = 0  # when a network that was not its own last raised its best quarter
    run: int = 0  # the most recipients of an hour from networks that were its own, of days before the present one,
    run_today: int = 0  # and of the present one
    run_day: int = 0
    usual_tries: float = 0.0  # of strangers on a day before this one, faded
    disturbed_us: int = 0  # when it last failed where it always is more than once in an hour
    programs: Programs | None = None  # which it writes with
    sprayed: int = 0  # when it was guessed: tries of that network at others, where they were a stranger's
    away_hour: int = 0  # when it last wrote from a network that was not its own,
    away: tuple[int, int] = (0, 0)  # and to how many, in that hour and in the one before
    odd_us: int = 0  # when it was last let in from a new network in a way that is unlike it,
    odd: int = 0  # and by how many points (`suspicion.py`)

    def expires_us(self) -> int:
        """A name that was only ever guessed is kept for two days, by several networks for thirty; an account for ninety."""
        if self.exists:
            return self.last_us + _KEEP_US
        return self.last_us + (_DICTIONARY_US if len(self.failing) > 1 else 2 * _DAY_US)

    def whole_quarter(self, now: int) -> int:
        """Give the recipients of the present quarter of an hour; of one seen only from its middle, what it would hold."""
        seen_us = now - self.first_us
        if self.first_us < self.quarter * _QUARTER_US or not 0 < seen_us < _QUARTER_US:
            return self.quarter_recipients
        return self.quarter_recipients * _QUARTER_US // max(seen_us, _QUARTER_US // 3)

    def is_undisturbed(self, now: int) -> bool:
        """Say whether its own devices went on within the day and none has failed lately: its password was not changed."""
        return bool(self.successes) and now - self.last_us <= _DAY_US and now - self.disturbed_us > 2 * _DAY_US

    def tries_of_a_day(self, day: int) -> float:
        """Give how many tries of strangers an account sees on a day, those of the last day it had any among them."""
        if self.tried_day >= day:
            return self.usual_tries
        yesterday = self.usual_tries + _TAUGHT * (self.tried - self.usual_tries)
        return yesterday * (1 - _TAUGHT) ** (day - self.tried_day - 1)

    def learn_run(self, now: int) -> int:
        """Learn the recipients of the present hour; give the most that an hour of the days before had."""
        day = now // _DAY_US
        if self.run_day != day:
            self.run, self.run_today, self.run_day = max(self.run, self.run_today), 0, day
        self.run_today = max(self.run_today, self.hour_recipients)
        return self.run

    def was_elsewhere(self, net: str, first_us: int) -> bool:
        """Say whether an account was let in from another network before it first came to this one."""
        return any(seen[0] <= first_us for other, seen in self.networks.items() if other != net)

    def strangers(self, net: str | None, now: int) -> int:
        """Give how many other networks failed at it within the day, none of which it was let in from since."""
        return len([other for other, (last, _) in self.failing.items() if now - last <= _FAIL_US and other != net])

    def goes_on_elsewhere(self, net: str, first_us: int, now: int) -> bool:
        """Say whether what it was let in from before it came to a network is at work just now, too."""
        return any(
            seen[0] < first_us and now - seen[1] <= _AT_WORK_US for other, seen in self.networks.items() if other != net
        )


class Network(msgspec.Struct, array_like=True):
    """What is known of one network: the accounts that succeed from it."""

    last_us: int = 0
    users: list[str] = []
    tried: int = 0  # failed tries from here where the pair was not known, until none came for a day
    tried_us: int = 0
    names: list[int] = []  # marks of some accounts it failed at meanwhile, and that were not let in from here since
    entered: int = 0  # accounts that came to it
    settled: int = 0  # of them, those that came back on another day
    hour: int = 0
    hour_tried: int = 0  # tries of that hour
    day: int = 0
    day_tried: int = 0  # tries of that day
    ghosts: int = 0  # of these names, those that nobody has
    earlier: dict[int, int] | None = None  # tries of the week's days before that one; of most networks there are none
    since_us: int = 0  # when the first account came to it; 0 where nobody wrote that down
    together: int = 0  # accounts known from elsewhere that came to it within a day of that

    def expires_us(self) -> int:
        """A network that only ever failed is kept for a week after its last try, one with users for ninety days."""
        return max(self.last_us + _KEEP_US if self.users else 0, self.tried_us + _WEEK * _DAY_US)

    def tried_lately(self, now: int) -> bool:
        """Say whether it failed within the day."""
        return now - self.tried_us <= _FAIL_US

    def comes_anew(self, now: int) -> bool:
        """Say whether its next try is that of a stranger who has not been here lately."""
        return not self.tried_us or (not self.users and now - self.tried_us > _ANEW_US)

    def days_of_week(self) -> list[int]:
        """Give the tries of each day on which it tried within the week."""
        return [*(self.earlier or {}).values(), self.day_tried]

    def learn_try(self, account: str | None, tries: int, now: int, *, is_ghost: bool) -> None:
        """Learn that tries at an account failed which is not known from here; a ghost is a name that nobody has."""
        if not self.tried_lately(now):
            self.tried, self.ghosts, self.names = 0, 0, []
        if self.hour != now // _HOUR_US:
            self.hour, self.hour_tried = now // _HOUR_US, 0
        if self.day != now // _DAY_US:
            self._begin_day(now // _DAY_US)
        self.tried += tries
        self.hour_tried += tries
        self.day_tried += tries
        self.tried_us = now
        name = mark(account) if account else None
        if name is not None and name not in self.names and len(self.names) < _TRIED_NAMES:
            self.names.append(name)
            self.ghosts += is_ghost

    def _begin_day(self, day: int) -> None:
        known = {**(self.earlier or {}), self.day: self.day_tried}
        self.earlier = {one: tries for one, tries in known.items() if tries and one > day - _WEEK} or None
        self.day, self.day_tried = day, 0

    def others_tried(self, account: str) -> int:
        """Give how many other accounts it failed at lately."""
        own = mark(account)
        return sum(name != own for name in self.names)

    def sprayed(self, account: str) -> int:
        """Give its failed tries of the day where they make a login to an account a stranger's: most whom it tried kept it out."""
        others = self.others_tried(account)
        people = max(self.entered, len(self.users))
        return self.tried if others >= _SPRAYED and others > _TIMES_PEOPLE * people else 0

    def is_shared(self, account: str, now: int, *, is_proxy: bool) -> bool:
        """Say whether people are here who may mistype: several were let in, and it did not keep far more out."""
        if len(self.users) < _SHARED_BY:
            return False
        return is_proxy or not self.tried_lately(now) or not self.sprayed(account)

    def learn_entry(self, account: str) -> None:
        """Learn that an account was let in: what failed for it before was its owner's mistake, or the guess that fitted."""
        if self.names and (name := mark(account)) in self.names:
            self.names.remove(name)

    def is_device(self) -> bool:
        """Say whether its failures are a device's of somebody here: people are let in from it, and it tries few names."""
        return bool(self.users) and len(self.names) <= _DEVICE_NAMES

    def is_proxy(self) -> bool:
        """Say whether a network is one that many people share. An intruder with five passwords does not make it one."""
        return self.settled >= _PROXY_USERS or self.entered >= _PROXY_ENTERED


class Records:
    """The accounts and networks of a site. What has expired counts as none, whether or not it was swept out yet.

    Args:
        backing: Where they are kept.
    """

    def __init__(self, backing: Backing) -> None:
        self._accounts = Shelf("ledger.account", 2, Account, Account.expires_us, backing)
        self._networks = Shelf("ledger.network", 1, Network, Network.expires_us, backing)
        self.shelves = (self._accounts, self._networks)

    def account(self, name: str, now: int) -> Account | None:
        """Give what is known of an account."""
        record = self._accounts.get(name)
        return None if record is None or record.expires_us() < now else record

    def network(self, net: str, now: int) -> Network | None:
        """Give what is known of a network."""
        known = self._networks.get(net)
        return None if known is None or known.expires_us() < now else known

    def keep_account(self, name: str, record: Account) -> None:
        """Keep what was learned of an account."""
        self._accounts.put(name, record)

    def keep_network(self, net: str, known: Network) -> None:
        """Keep what was learned of a network."""
        self._networks.put(net, known)

    def learn_mailbox(self, account: str, now: int) -> None:
        """Learn that an account has a mailbox here."""
        record = self.account(account, now)
        if record is None:
            record = Account(first_us=now, last_us=now)
        elif record.exists:
            return
        record.exists = True
        self.keep_account(account, record)

    def first_seen(self, account: str, now: int) -> int | None:
        """Give when an account was first seen here, or None."""
        record = self.account(account, now)
        return record.first_us if record is not None and record.exists else None

    def entered_oddly(self, account: str, now: int) -> int:
        """Give the points of a login within three days that was unlike the account's owner; 0 where none was."""
        record = self.account(account, now)
        return record.odd if record is not None and now - record.odd_us <= _ODD_US else 0

    def is_home(self, net: str, now: int, within_us: int) -> bool:
        """Say whether somebody was let in from a network lately; to the day, for that is how often it is written down."""
        known = self.network(net, now)
        return known is not None and bool(known.users) and now - known.last_us <= within_us + _DAY_US


def is_known(pair: Pair | None, now: int) -> bool:
    """Say whether a network is known for an account: it was let in from there within thirty days."""
    return pair is not None and now - pair[1] <= _KNOWN_US
