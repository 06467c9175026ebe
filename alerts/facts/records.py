"""What is known of one account and of one network, as the ledger keeps it."""

import msgspec

from mailwarden.alerts.facts.programs import Programs
from mailwarden.alerts.facts.usual import Usual

__all__ = ["Account", "Network"]

_DAY_US = 86_400_000_000
_QUARTER_US = 900_000_000
_KEEP_US = 90 * _DAY_US
_PROXY_USERS = 5  # a network that five accounts come back to on another day is an office, a webmail, a proxy
_PROXY_ENTERED = 15  # or that so many came to: a webmail that has moved; a thief has fewer passwords
_TAUGHT = 0.05  # of what is usual, by one day
_DICTIONARY_US = 30 * _DAY_US  # how long a name is remembered that several networks guessed and nobody has (AUTH-07)
_AT_WORK_US = 2 * 3_600_000_000  # what logs in often is learned once an hour


class Account(msgspec.Struct, array_like=True):
    """What is known of one account."""

    first_us: int = 0
    last_us: int = 0
    successes: int = 0
    exists: bool = False
    networks: dict[str, tuple[int, int]] = {}  # network -> (first, last) success
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
    names: list[int] = []  # hashes of some accounts it failed at meanwhile
    entered: int = 0  # accounts that came to it
    settled: int = 0  # of them, those that came back on another day
    hour: int = 0
    hour_tried: int = 0  # tries of that hour
    day: int = 0
    day_tried: int = 0  # tries of that day
    ghosts: int = 0  # of these names, those that nobody has

    def expires_us(self) -> int:
        """A network that only ever failed is kept for two days after its last try, one with users for ninety."""
        return max(self.last_us + _KEEP_US if self.users else 0, self.tried_us + 2 * _DAY_US)

    def is_proxy(self) -> bool:
        """Say whether a network is one that many people share. An intruder with five passwords does not make it one."""
        return self.settled >= _PROXY_USERS or self.entered >= _PROXY_ENTERED
