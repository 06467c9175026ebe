"""What the abbreviation of a zone, which some stamps bear, says of the time."""

from datetime import datetime, tzinfo

from mailwarden.parsers.counted_time import SECOND_US

__all__ = ["ZONE_WORDS", "is_called", "offset_of"]

# Hours east of UTC; None where several places call different times so (India, Israel and Ireland; Britain and Bangladesh).
# Those of North America are such as mail has always known them (RFC 5322, section 4.3): China's CST is found by the file's zone.
_HOURS: dict[str, float | None] = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "IST": None,
    "BST": None, "SAST": 2, "EAT": 3, "WAT": 1, "PKT": 5, "WIB": 7, "HKT": 8, "JST": 9, "KST": 9, "AWST": 8, "ACST": 9.5,
    "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
ZONE_WORDS = rf"(?=[A-Z]{{3}})(?:{'|'.join(sorted(_HOURS, key=len, reverse=True))})"
"""Any of the words, as a pattern that is soon done with what is none."""


def offset_of(word: str) -> int | None:
    """Give the microseconds east of UTC that a word says by itself; None where it says several."""
    hours = _HOURS.get(word)
    return None if hours is None else round(hours * 3600) * SECOND_US


def is_called(word: str, local: datetime, zone: tzinfo | None) -> bool:
    """Say whether the time on this clock (by its `fold`) is called so in a zone; None is this machine's."""
    try:
        return (local.astimezone() if zone is None else local.replace(tzinfo=zone)).tzname() == word
    except (ValueError, OverflowError, OSError):
        return False
