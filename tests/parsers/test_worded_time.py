"""Times in words: the months of other languages, and the year that they leave out."""

from datetime import UTC
from pathlib import Path

import pytest
from envelopes import flat

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import to_ecs
from mailwarden.parsers.months import _LANGUAGES, MONTHS
from mailwarden.parsers.worded_time import in_english, lacks_year, year_of_first_line

REST = "03 04:05:06 mx1 postfix/smtpd[2211]: connect from unknown[203.0.113.7]"
SAMPLES = Path(__file__).parents[2] / "sample_logs"


def test_no_word_means_two_months() -> None:
    """What one language calls July no other calls June."""
    words = {(word, number) for row in _LANGUAGES for number, word in enumerate(row.split("|"))}

    assert len(words) == len({word for word, _ in words})


@pytest.mark.parametrize(
    "language",
    [
        " 1月| 2月| 3月| 4月| 5月| 6月| 7月| 8月| 9月|10月|11月|12月",
        "Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez",
        "janv.|févr.|mars|avril|mai|juin|juil.|août|sept.|oct.|nov.|déc.",
        "de gen.|de febr.|de març|d’abr.|de maig|de juny|de jul.|d’ag.|de set.|d’oct.|de nov.|de des.",
        "Oca|Şub|Mar|Nis|May|Haz|Tem|Ağu|Eyl|Eki|Kas|Ara",
        "jaan |veebr|märts|apr  |mai  |juuni|juuli|aug  |sept |okt  |nov  |dets ",
    ],
    ids=["ja", "de", "fr", "ca", "tr", "et"],
)
def test_months_of_journalctl(language: str) -> None:
    """A line that journalctl wrote in another language is the line it writes in English (words of glibc 2.36)."""
    words = language.split("|")

    theirs = flat(*(f"{word} {REST}" for word in words))
    english = flat(*(f"{month} {REST}" for month in MONTHS))

    assert theirs == english
    assert [one["event.kind"] for one in english] == ["event"] * 12


def test_a_log_in_japanese_is_the_log_in_english() -> None:
    """A whole log, hours and years included, reads the same; the short way for lines of one hour is no other way."""
    lines = (SAMPLES / "account_takeover" / "mail.log").read_text().splitlines()
    japanese = [f"{MONTHS[line[:3]]:2}月 {line[4:6].replace(' ', '0')}{line[6:]}" for line in lines]

    read, reread = (Reader(zone=UTC, year=2026).read_lines(one) for one in (lines, japanese))

    assert len(lines) > 1000
    assert [{**to_ecs(one), "event.id": ""} for one in reread] == [{**to_ecs(one), "event.id": ""} for one in read]


@pytest.mark.parametrize(
    "text",
    ["lipanj 03 04:05:06 mx1 x", "月 03 04:05:06 mx1", "13月 03 04:05:06 mx1", "3月 03 04:05 mx1", "Mär 3 04:05:06 m"],
)
def test_no_stamp(text: str) -> None:
    """What no language known here calls a month, or what journalctl does not write, is no stamp."""
    assert in_english(text) is None


@pytest.mark.parametrize(
    ("first", "last", "year"),
    [
        ("Dec 31 23:59:59 mx1", "Jan  1 00:00:01 mx1", 2025),
        ("<22>Dec 31 23:59:59 mx1", "<22>Jan  1 00:00:01 mx1", 2025),
        ("12月 31 23:59:59 mx1", " 1月 01 00:00:01 mx1", 2025),
        ("10月 31 23:59:59 mx1", "11月 01 00:00:01 mx1", 2026),
    ],
)
def test_the_year_of_the_first_line(first: str, last: str, year: int) -> None:
    """A file that ends in January and begins in December began the year before, in any language."""
    assert lacks_year(first)
    assert year_of_first_line(first, last, 2026) == year
