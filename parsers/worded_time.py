"""Times in words, as syslog writes them: `Mar  3 04:05:06`, its relatives, and the same in other languages than English.

Who types `journalctl > mail.log` gets the months of his own language (systemd's `%b`), as `11月 03 04:05:06`.
"""

import re

from mailwarden.parsers.months import MONTHS, month_of
from mailwarden.parsers.spoken_date import as_syslog
from mailwarden.parsers.zone_words import ZONE_WORDS

__all__ = ["HALF", "WORDED", "in_english", "lacks_year", "year_of_first_line"]

# A small `am` may be a host's name: then its program follows at once.
HALF = r"[ \u202f\xa0]?([AP]M|[ap]\.m\.|[ap]m(?! \S{1,160}: ))(?![^ \t\]:])"
"""Half of the day, behind a clock of twelve hours; a pattern."""
# In words: `Mar  3 04:05:06` (RFC 3164) and its relatives, with the year first, in the middle or last, the day before the
# month, the weekday, a fraction, the zone, and the marks of a clock that is not set (Cisco IOS).
WORDED = re.compile(
    r"[*.]?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:((?:19|20)[0-9]{2})(?: |-(?=[A-Z][a-z]{2}-)))?(?:([0-9]{1,2})[ /-])?"
    rf"({'|'.join(MONTHS)})[ /-](?: ?([0-9]{{1,2}}) )?(?:([0-9]{{4}})[ :])?"
    rf"([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})(?:[.,]([0-9]{{1,9}}))?(?:{HALF})?"
    rf"(?: ({ZONE_WORDS}|[+-][0-9]{{2}}:?[0-9]{{2}})(?=[: \]]|$))?(?:(?: [A-Z]{{3,4}})? ([12][0-9]{{3}}))?:?(?=[ \t\]]|$)"
)
"""Groups: the year in front, day in front, month, day behind, year in the middle; hour, minute, second, fraction, half of
the day; zone, year at the end."""
_STAMP = re.compile(r" ?([^:\[\]]{2,12}?)[. ]{0,3} ([0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?= )")
_PRIORITY = re.compile(r"^<[0-9]{1,3}>")


def in_english(text: str) -> tuple[str, int] | None:
    """Give the stamp in other words at the start of the text as syslog writes it, and the length of the text's own."""
    found = _STAMP.match(text)
    month = month_of(found[1]) if found else None
    return as_syslog(text) if found is None or month is None else (f"{month} {found[2]}", found.end())


def year_of_first_line(first: str, last: str, year: int) -> int:
    """Give the year of a file's first line, where `year` is that of its last and both bear no year.

    Args:
        first: The file's first traditional stamp, or its line.
        last: The file's last one.
        year: Year of the last line.
    """
    begins, ends = _worded(first), _worded(last)
    if begins is None or ends is None:
        return year
    dates = [(MONTHS[found[3]], int(found[2] or found[4] or 0), found[6], found[7]) for found in (begins, ends)]
    return year - 1 if dates[0] > dates[1] else year


def lacks_year(line: str) -> bool:
    """Say whether the line begins with a stamp in words that names no year."""
    found = _worded(line)
    return found is not None and not (found[1] or found[5] or found[12])


def _worded(line: str) -> re.Match[str] | None:
    text = _PRIORITY.sub("", line)
    english = in_english(text)
    return WORDED.match(text if english is None else english[0])
