"""What is normal for an account: on how many days, at which hours, from where and by which protocols it comes.

Days are counted, not logins, and all fades with a half-life of twenty active days: one day moves no figure by more than
one, however busy it was, so an intruder would have to come for weeks to look like the owner.

A new thing is worth as many bits as it is rare for this very account (a new network says much of a person who sits in an
office, nothing of a phone that roams). Source: Freeman, Jain, Dürmuth, Biggio and Giacinto, "Who Are You? A Statistical
Approach to Measuring User Authenticity", NDSS 2016, with the simplest smoothing (half a day for what was never seen).
"""

from math import log2
from typing import Any

import msgspec

from mailwarden.alerts.facts.geography import Place, distance_km
from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["ROAMS", "Habits", "kin"]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_KEEP_US = 120 * _DAY_US
_FADE = 0.966  # a day; half-life 20 days
_MOST_PLACES = 12
_MOST_BITS = 6.0
_HOUR_BITS = 4.0
_COUNTRY_BITS = 5.0
_BULK_BITS = 4.0  # a new device fetches the whole mailbox, too
ROAMS = 0.25
"""Share of days with a network unlike those known from which on an account roams: a new network says nothing of it."""
_LEAST_DAYS = 3  # of history before anything is unusual: until then an account's networks are found, not changed
_ONE_MOVE = 1.0  # and a single network unlike those known may be an intruder's
_TRAVEL_KM = 500  # nearer, databases of places are wrong too often
_TRAVEL_KMH = 900  # an airliner's
_TRAVEL_WITHIN_US = _DAY_US


class _Habits(msgspec.Struct, array_like=True):
    day: int = 0  # the newest active day
    hour: int = 0  # the newest hour that was learned, counted since 1970
    days: float = 0.0  # active ones, faded
    moved: float = 0.0  # of them: days with a network unlike those known
    moved_day: int = 0
    hours: list[float] = []  # of them: days on which it came at this hour of the day, UTC
    countries: dict[str, int] = {}  # country -> newest day
    carriers: dict[int, int] = {}  # number of the autonomous system -> newest day
    place: tuple[int, float, float] | None = None  # when and where it was last
    hits: int = 0  # hours it was seen at that place
    bulk: float = 0.0  # days on which a session read very much
    bulk_day: int = 0


class Habits:
    """The habits of accounts.

    Args:
        backing: Where they are kept.
    """

    def __init__(self, backing: Backing) -> None:
        self.shelf: Shelf[_Habits] = Shelf("ledger.habits", 1, _Habits, _expires, backing)

    def roams(self, account: str) -> bool:
        """Say whether an account comes from another network every few days."""
        record = self.shelf.get(account)
        return record is not None and record.moved > _ONE_MOVE and record.moved / record.days >= ROAMS

    def meet(
        self, account: str, now: int, place: Place, *, is_new: bool, wants: bool, is_young: bool = False
    ) -> dict[str, Any]:
        """Learn that an account came; give the facts of how unusual that was, where they are wanted.

        Args:
            account: Who came.
            now: Stream time.
            place: From where, as far as a database tells.
            is_new: Whether its network is unlike those known.
            wants: Whether anybody asks for the facts.
            is_young: Whether it is new for a day yet: its hours are not the account's.
        """
        record = self.shelf.get(account) or _Habits(hours=[0.0] * 24)
        facts = _facts(record, now, place, is_new=is_new) if wants else {}
        if now // _HOUR_US != record.hour or (is_new and record.moved_day != now // _DAY_US):
            _learn(record, now, place, is_new=is_new, is_young=is_young)
            self.shelf.put(account, record)
        return facts

    def reads_much(self, account: str, now: int, *, is_young: bool) -> float:
        """Give how strange it is that a session of an account reads very much, in bits, then learn it."""
        record = self.shelf.get(account)
        if record is None or record.days < _LEAST_DAYS:
            return 0.0
        found = _bits(record.bulk, record.days, _BULK_BITS)
        if not is_young and record.bulk_day != now // _DAY_US:
            record.bulk, record.bulk_day = record.bulk + 1, now // _DAY_US
            self.shelf.put(account, record)
        return round(found, 1)


def kin(net: str) -> str:
    """Give the range that a network shares with its neighbours of one provider: /16, or /32 for IPv6."""
    return ":".join(net.split(":", 2)[:2]) if ":" in net else ".".join(net.split(".", 2)[:2])


def _expires(record: _Habits) -> int:
    return (record.day + 1) * _DAY_US + _KEEP_US


def _facts(record: _Habits, now: int, place: Place, *, is_new: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"mailwarden.habit.days": int(record.days)}
    if place.country:
        facts["source.geo.country_iso_code"] = place.country
        is_known = place.country in record.countries
        facts["mailwarden.country.known"] = is_known
        facts["mailwarden.country.new"] = not is_known and bool(record.countries)
    if record.place is not None and record.hits >= 2:
        facts |= _travel(record.place, now, place)
    if record.days < _LEAST_DAYS:
        return facts
    bits = 0.0
    if is_new and place.as_number not in record.carriers:
        bits += _bits(record.moved, record.days, _MOST_BITS)
    if facts.get("mailwarden.country.new"):
        bits += _COUNTRY_BITS
    hour = now // _HOUR_US % 24
    near = max(record.hours[hour], record.hours[hour - 1], record.hours[(hour + 1) % 24])
    hour_bits = _bits(near, record.days, _HOUR_BITS)
    facts["mailwarden.habit.hour_share"] = min(100, round(100 * near / record.days))
    facts["mailwarden.surprise"] = round(bits + hour_bits, 1)
    return facts


def _bits(days: float, of: float, most: float) -> float:
    """Give the surprise at something that happened on so many days of all."""
    return min(most, max(0.0, -log2((days + 0.5) / (of + 1))))


def _travel(last: tuple[int, float, float], now: int, place: Place) -> dict[str, Any]:
    """Say how fast it would have had to travel."""
    then_us, latitude, longitude = last
    way = distance_km(Place(latitude=latitude, longitude=longitude), place)
    if way is None or way < _TRAVEL_KM or now - then_us > _TRAVEL_WITHIN_US:
        return {}
    speed = way / max((now - then_us) / _HOUR_US, 1 / 60)
    if speed < _TRAVEL_KMH:
        return {}
    return {"mailwarden.travel.kmh": min(round(speed), 100_000), "mailwarden.travel.km": round(way)}


def _learn(record: _Habits, now: int, place: Place, *, is_new: bool, is_young: bool) -> None:
    day, hour = now // _DAY_US, now // _HOUR_US
    if day != record.day:
        record.days = record.days * _FADE + 1
        record.moved *= _FADE
        record.bulk *= _FADE
        record.hours = [share and share * _FADE for share in record.hours]  # a zero stays one object
        record.day = day
    if is_new and record.moved_day != day and record.days > _LEAST_DAYS:
        record.moved, record.moved_day = record.moved + 1, day
    if hour != record.hour and not (is_young and record.days > _LEAST_DAYS):
        record.hour = hour
        record.hours[hour % 24] = min(record.hours[hour % 24] + 1, record.days)
    if place.country:
        _remember(record.countries, place.country, day)
    if place.as_number:
        _remember(record.carriers, place.as_number, day)
    if place.latitude is not None and place.longitude is not None:
        same = record.place is not None and record.place[1:] == (place.latitude, place.longitude)
        record.hits = min(record.hits + 1, 1000) if same else 1
        record.place = (now, place.latitude, place.longitude)


def _remember(known: dict[Any, int], what: Any, day: int) -> None:
    known.pop(what, None)
    known[what] = day
    if len(known) > _MOST_PLACES:
        del known[next(iter(known))]
