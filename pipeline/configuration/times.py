"""Durations and instants as people write them."""

from datetime import datetime, timedelta, tzinfo

from mailwarden.parsers.errors import WrongValueError, coded

__all__ = ["parse_duration", "read_instant"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `10m`, `2h`, `1d` or `1w`.

    Raises:
        ValueError: It is none of these.
    """
    unit = _UNITS.get(text[-1:])
    if unit is None or not text[:-1].isdecimal() or len(text) > 7:
        raise WrongValueError(coded("MW2112", "{shown} is not a duration. Write 10m, 2h or 1d.", shown=f'"{text}"'))
    return timedelta(**{unit: int(text[:-1])})


def read_instant(text: str, zone: tzinfo) -> int:
    """Read `2026-12-01 22:00` or `2026-12-01`, in the site's zone; give epoch microseconds.

    Raises:
        ValueError: It is none.
    """
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M" if ":" in text else "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        raise WrongValueError(
            coded("MW2113", '"{text}" is no date and time. Write it like "2026-12-01 22:00".', text=text)
        ) from None
    return round(moment.timestamp()) * 1_000_000
