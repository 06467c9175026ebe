"""Times in words, as syslog writes them: `Mar  3 04:05:06`, its relatives, and the same in other languages than English.

Who types `journalctl > mail.log` gets the months of his own language (systemd's `%b`), as `11月 03 04:05:06`. The words are
glibc's (`abmon` of its locales, 2.36), without the dot at their end, in small letters.
"""

import re

from mailwarden.parsers.zone_words import ZONE_WORDS

__all__ = ["MONTHS", "WORDED", "in_english", "lacks_year", "year_of_first_line"]

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
# In words: `Mar  3 04:05:06` (RFC 3164) and its relatives, with the year first, in the middle or last, the day before the
# month, the weekday, a fraction, the zone, and the marks of a clock that is not set (Cisco IOS).
WORDED = re.compile(
    r"[*.]?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:((?:19|20)[0-9]{2})(?: |-(?=[A-Z][a-z]{2}-)))?(?:([0-9]{1,2})[ /-])?"
    rf"({'|'.join(MONTHS)})[ /-](?: ?([0-9]{{1,2}}) )?(?:([0-9]{{4}})[ :])?"
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?(?: ?([AP]M))?"
    rf"(?: ({ZONE_WORDS}|[+-][0-9]{{2}}:?[0-9]{{2}})(?=[: \]]|$))?(?:(?: [A-Z]{{3,4}})? ([12][0-9]{{3}}))?:?(?=[ \t\]]|$)"
)
"""Groups: the year in front, day in front, month, day behind, year in the middle; hour, minute, second, fraction, half of
the day; zone, year at the end."""
# Croatian is left out: its June, July and October are July, August and November of its neighbours.
_LANGUAGES = (
    "1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月",  # Japanese, Chinese
    "1월|2월|3월|4월|5월|6월|7월|8월|9월|10월|11월|12월",  # Korean
    "thg 1|thg 2|thg 3|thg 4|thg 5|thg 6|thg 7|thg 8|thg 9|thg 10|thg 11|thg 12",  # Vietnamese
    "ม.ค|ก.พ|มี.ค|เม.ย|พ.ค|มิ.ย|ก.ค|ส.ค|ก.ย|ต.ค|พ.ย|ธ.ค",  # Thai
    "jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez",  # German
    "jan|feb|mrt|apr|mei|jun|jul|aug|sep|okt|nov|dec",  # Dutch
    "jan|feb|mars|apr|maj|juni|juli|aug|sep|okt|nov|des",  # Danish, Swedish, Norwegian
    "jan|feb|mar|april|maí|jún|júl|ágú|sep|okt|nóv|des",  # Icelandic
    "tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu",  # Finnish
    "janv|févr|mars|avril|mai|juin|juil|août|sept|oct|nov|déc",  # French
    "ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic",  # Spanish
    "gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic",  # Italian
    "jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez",  # Portuguese
    "de gen|de febr|de març|d’abr|de maig|de juny|de jul|d’ag|de set|d’oct|de nov|de des",  # Catalan
    "xan|feb|mar|abr|mai|xuñ|xul|ago|set|out|nov|dec",  # Galician
    "urt|ots|mar|api|mai|eka|uzt|abu|ira|urr|aza|abe",  # Basque
    "ian|feb|mar|apr|mai|iun|iul|aug|sep|oct|nov|dec",  # Romanian
    "sty|lut|mar|kwi|maj|cze|lip|sie|wrz|paź|lis|gru",  # Polish
    "led|úno|bře|dub|kvě|čen|čec|srp|zář|říj|lis|pro",  # Czech
    "jan|feb|mar|apr|máj|jún|júl|aug|sep|okt|nov|dec",  # Slovak
    "jan|feb|mar|apr|maj|jun|jul|avg|sep|okt|nov|dec",  # Slovenian
    "jan|febr|márc|ápr|máj|jún|júl|aug|szept|okt|nov|dec",  # Hungarian
    "янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек",  # Russian
    "січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру",  # Ukrainian
    "яну|фев|мар|апр|май|юни|юли|авг|сеп|окт|ное|дек",  # Bulgarian, Macedonian
    "јан|феб|мар|апр|мај|јун|јул|авг|сеп|окт|нов|дец",  # Serbian
    "jaan|veebr|märts|apr|mai|juuni|juuli|aug|sept|okt|nov|dets",  # Estonian
    "jan|feb|mar|apr|mai|jūn|jūl|aug|sep|okt|nov|dec",  # Latvian
    "saus|vas|kov|bal|geg|birž|liep|rugp|rugs|spal|lapkr|gruod",  # Lithuanian
    "ιαν|φεβ|μαρ|απρ|μαΐ|ιουν|ιουλ|αυγ|σεπ|οκτ|νοε|δεκ",  # Greek
    "oca|şub|mar|nis|may|haz|tem|ağu|eyl|eki|kas|ara",  # Turkish
    "jan|feb|mar|apr|mei|jun|jul|agu|sep|okt|nov|des",  # Indonesian
    "ינו|פבר|מרץ|אפר|מאי|יונ|יול|אוג|ספט|אוק|נוב|דצמ",  # Hebrew
    "ينا|فبر|مار|أبر|ماي|يون|يول|أغس|سبت|أكت|نوف|ديس",  # Arabic
)
_ENGLISH = {word: month for row in _LANGUAGES for word, month in zip(row.split("|"), MONTHS, strict=True)}
_STAMP = re.compile(r" ?([^:\[\]]{2,12}?)[. ]{0,3} ([0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?= )")
_PRIORITY = re.compile(r"^<[0-9]{1,3}>")


def in_english(text: str) -> tuple[str, int] | None:
    """Give the stamp in another language at the start of the text as syslog writes it, and the length of the text's own."""
    found = _STAMP.match(text)
    month = _ENGLISH.get(found[1].lower()) if found else None
    return None if found is None or month is None else (f"{month} {found[2]} ", found.end())


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
    return WORDED.match((in_english(text) or (text, 0))[0])
