"""The weather of a site: how much guessing it sees for ever, and what stands above that.

Guessing alone concerns nobody until it far exceeds what is usual here. Usual is the median of the last fortnight's days, so
that a day moves it little and an attacker must guess loudly for a week to be taken for the weather.

Stealthy spraying hides in no count of one address; the site as a whole gives it away: of all pairs of account and
network that come in an hour, too many fail. How the share varies by itself is a beta-binomial distribution, fitted to the
fortnight. Source: Javed and Paxson, "Detecting Stealthy, Distributed SSH Brute-Forcing", CCS 2013. At night, when nearly all
who come fail, the share says nothing; there the number of failing pairs does, which varies like a negative binomial.
"""

from math import exp, lgamma, log
from typing import NamedTuple

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["Beyond", "Spray", "Weather", "fit", "number_tail", "tail"]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_DAYS = 14
_KNOWN = 3  # days of history before this site's usual guessing is known
_FRESH = 2  # days
_FACTOR = 5
_FLOOR_DAY = 20  # a site that sees next to nothing is given a hundred tries a day
_FLOOR_HOUR = 100
_BUSIEST_FACTOR = 3  # times the usual busiest hour: weather comes in gusts, twice as much on one day in twenty
_LEAST_PAIRS = 12  # pairs of an hour before they are weighed
_IMPROBABLE = 1e-4
_LEAST_SPREAD, _MOST_SPREAD = 0.002, 0.1  # correlation of the pairs of an hour: no site's is nil
_LEAST_GUSTS = 0.25  # variance of an hour's mean, over the square of it
_RECHECK = 1.25  # weigh again when there is a quarter more
_ROLLOUT = 5  # accounts that fail where they always are, in an hour: passwords were changed, or the directory is down
_ROLLOUT_TIMES = 3  # times the usual


class Spray(NamedTuple):
    """An hour in which too many pairs of existing accounts and strange networks failed."""

    failed: int
    pairs: int  # all that came in the hour
    usual: float  # share that fails
    probability: float  # of so many or more, were it an hour like any other
    exceeds: bool  # far more than usual, and not explained by people whose password was changed


class Beyond(NamedTuple):
    """More tries than the weather has, and the limit of its day, or of its hour."""

    tries: int
    limit: int
    is_day: bool


class _Day(msgspec.Struct, array_like=True):
    """What is kept of a day that is over."""

    tries: int
    median_hour: int
    busiest_hour: int
    stale_hour: int  # accounts that failed where they always are, in the hour with most
    hours: int = 0  # that saw pairs
    failed: int = 0
    pairs: int = 0
    squares: float = 0.0  # of the failed pairs of an hour, each over all of its pairs
    failed_squares: int = 0  # of the failed pairs of an hour


class _Weather(msgspec.Struct, array_like=True):
    day: int = 0
    hour: int = 0
    today: int = 0
    tries: int = 0  # of this hour, as are the next
    stale: int = 0
    failed: int = 0
    good: int = 0
    weighed: int = 0
    rollout_us: int = 0
    last: tuple[int, int, int, int] = (0, 0, 0, 0)  # of the hour before: tries, stale, failed, good
    hours: list[tuple[int, int, int, int]] = []  # of today: tries, stale, failed, good
    days: list[_Day] = []


class Weather:
    """What one site sees, hour by hour.

    Args:
        site: Its name.
        backing: Where it is kept.
    """

    def __init__(self, site: str, backing: Backing) -> None:
        self._site = site
        self.shelf: Shelf[_Weather] = Shelf("ledger.weather", 2, _Weather, lambda _: 1 << 62, backing)

    def good(self, now: int) -> None:
        """Count a pair of account and network that was let in, once an hour."""
        weather = self._at(now)
        weather.good += 1
        self.shelf.put(self._site, weather)

    def stale(self, now: int) -> int:
        """Count an account that failed where it always is, once an hour; give how many did, where it is far too many."""
        weather = self._at(now)
        weather.stale += 1
        usual = _median([day.stale_hour for day in weather.days])
        is_rollout = weather.stale >= max(_ROLLOUT, _ROLLOUT_TIMES * usual)
        if is_rollout:
            weather.rollout_us = now
        self.shelf.put(self._site, weather)
        return weather.stale if is_rollout else 0

    def changes(self, now: int) -> bool:
        """Say whether passwords were changed within the day, or the directory was away: many fail where they always are."""
        weather = self.shelf.get(self._site)
        return weather is not None and _is_rollout(weather, now)

    def is_fresh(self) -> bool:
        """Say whether this site is seen for the first day or the second: hardly anything is known of it yet."""
        weather = self.shelf.get(self._site)
        return weather is None or len(weather.days) < _FRESH

    def tried(self, tries: int, now: int) -> Beyond | None:
        """Count tries of strangers; say what they exceed, None where they do not."""
        weather = self._at(now)
        weather.today += tries
        weather.tries += tries
        self.shelf.put(self._site, weather)
        if len(weather.days) < _KNOWN:
            return None
        calm = 4 if _is_rollout(weather, now) else 1
        usual_day = _median([day.tries for day in weather.days])
        day_limit = calm * _FACTOR * max(usual_day, _FLOOR_DAY)
        if weather.today > day_limit:
            return Beyond(weather.today, day_limit, True)
        usual_hour = _median([day.median_hour for day in weather.days])
        busiest = _median([day.busiest_hour for day in weather.days])
        hour_limit = calm * max(_FACTOR * usual_hour, _BUSIEST_FACTOR * busiest, _FLOOR_HOUR)
        tries = _sliding(weather.tries, weather.last[0], now)
        return Beyond(tries, hour_limit, False) if tries > hour_limit else None

    def failed(self, now: int) -> Spray | None:
        """Count an existing account that a strange network failed at, once an hour; weigh the hour when that is due."""
        weather = self._at(now)
        weather.failed += 1
        self.shelf.put(self._site, weather)
        failed = _sliding(weather.failed, weather.last[2], now)
        if failed < max(_LEAST_PAIRS, weather.weighed * _RECHECK) or len(weather.days) < _KNOWN:
            return None
        weather.weighed = failed
        days = _calm(weather.days)
        pairs = failed + _sliding(weather.good, weather.last[3], now)
        alpha, beta = fit(days)
        probability = tail(failed, pairs, alpha, beta)
        is_share = probability < _IMPROBABLE
        if failed >= 2 * _LEAST_PAIRS:
            probability = min(probability, number_tail(failed, days))
        if probability >= _IMPROBABLE:
            return None
        usual = sum(day.failed for day in days) / max(1, sum(day.hours for day in days))
        exceeds = is_share and failed >= 2 * _LEAST_PAIRS and failed > _FACTOR * max(1.0, usual)
        explained = _is_rollout(weather, now)
        return Spray(failed, pairs, alpha / (alpha + beta), probability, exceeds and not explained)

    def _at(self, now: int) -> _Weather:
        """Give the state with its hour and day brought up to now."""
        weather = self.shelf.get(self._site) or _Weather()
        hour, day = now // _HOUR_US, now // _DAY_US
        if hour != weather.hour:
            if weather.hour:
                counted = (weather.tries, weather.stale, weather.failed, weather.good)
                weather.hours.append(counted)
                weather.last = counted if hour == weather.hour + 1 else (0, 0, 0, 0)
            weather.hour, weather.tries, weather.stale = hour, 0, 0
            weather.failed = weather.good = weather.weighed = 0
        if day != weather.day:
            if weather.day:
                weather.days = [*weather.days, _summed(weather.hours, weather.today)][-_DAYS:]
            weather.day, weather.today, weather.hours = day, 0, []
        return weather


def _sliding(this: int, before: int, now: int) -> int:
    """Give what the last sixty minutes hold: of the hour before as much as its share of them."""
    return this + int(before * (1 - now % _HOUR_US / _HOUR_US))


def _is_rollout(weather: _Weather, now: int) -> bool:
    """Say whether passwords were changed for many within the day."""
    return bool(weather.rollout_us) and now - weather.rollout_us <= _DAY_US


def _summed(hours: list[tuple[int, int, int, int]], tries: int) -> _Day:
    """Sum up a day; hours in which nothing happened count as such."""
    each = sorted([hour[0] for hour in hours] + [0] * max(0, 24 - len(hours)))
    day = _Day(tries, each[len(each) // 2], each[-1], max((hour[1] for hour in hours), default=0))
    for _, _, failed, good in hours:
        if failed + good == 0:
            continue
        day.hours += 1
        day.failed += failed
        day.pairs += failed + good
        day.squares += failed * failed / (failed + good)
        day.failed_squares += failed * failed
    return day


def _calm(days: list[_Day]) -> list[_Day]:
    """Leave out the days with most failures, one in five: what is usual is not to be taught by an attack."""
    kept = len(days) - len(days) // 5
    return sorted(days, key=lambda day: day.failed)[:kept]


def fit(days: list[_Day]) -> tuple[float, float]:
    """Fit a beta-binomial distribution to the hours of some days; give its alpha and beta.

    The mean is that of all pairs; how much hours differ beyond chance is Pearson's statistic over the hours (Williams,
    Applied Statistics 31, 1982), kept within what small sites' few pairs can say.
    """
    hours = sum(day.hours for day in days)
    pairs, failed = sum(day.pairs for day in days), sum(day.failed for day in days)
    mean = (failed + 1) / (pairs + 2)
    average = pairs / max(1, hours)
    spread = _LEAST_SPREAD
    if hours > 1 and average > 1:
        share = failed / pairs
        pearson = (sum(day.squares for day in days) - share * share * pairs) / (mean * (1 - mean))
        spread = (pearson / (hours - 1) - 1) / (average - 1)
    spread = min(_MOST_SPREAD, max(_LEAST_SPREAD, spread))
    return mean * (1 - spread) / spread, (1 - mean) * (1 - spread) / spread


def tail(failed: int, pairs: int, alpha: float, beta: float) -> float:
    """Give the probability of so many failures or more among so many pairs."""
    if failed <= pairs * alpha / (alpha + beta):
        return 1.0
    chosen = lgamma(pairs + 1) - lgamma(failed + 1) - lgamma(pairs - failed + 1)
    start = chosen + _log_beta(failed + alpha, pairs - failed + beta) - _log_beta(alpha, beta)
    term = total = exp(max(start, log(1e-300)))
    for count in range(failed, pairs):
        term *= (pairs - count) / (count + 1) * (count + alpha) / (pairs - count - 1 + beta)
        total += term
        if term < total * 1e-9:
            break
    return min(1.0, total)


def number_tail(failed: int, days: list[_Day]) -> float:
    """Give the probability of so many failing pairs or more in an hour, were it one like those of some days.

    A negative binomial with their mean and variance (gusts make it larger than the mean); its hours may always differ by
    half.
    """
    hours = 24 * len(days)
    mean = (sum(day.failed for day in days) + 1) / (hours + 1)
    variance = sum(day.failed_squares for day in days) / max(1, hours) - mean * mean
    if failed <= mean:
        return 1.0
    shape = mean * mean / max(variance - mean, _LEAST_GUSTS * mean * mean)
    share = mean / (mean + shape)
    start = lgamma(failed + shape) - lgamma(shape) - lgamma(failed + 1) + failed * log(share) + shape * log(1 - share)
    term = total = exp(max(start, log(1e-300)))
    for count in range(failed, failed + 10_000):
        term *= share * (count + shape) / (count + 1)
        total += term
        if term < total * 1e-9:
            break
    return min(1.0, total)


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0
