"""The lines of a weekly report: one picture, every number of which stands beside it in words."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import resvg_py
from counted_days import QUIET, TODAY, Days

from mailwarden.pipeline.report import build
from mailwarden.pipeline.report.chart import ROW, lines_png
from mailwarden.pipeline.report.daily import Report
from mailwarden.pipeline.store import Store


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Store.open(tmp_path / "mailwarden.db") as store:
        yield Days(store)


def week(days: Days, language: str = "en") -> Report:
    return build(days.store, TODAY - timedelta(days=6), until=TODAY, weekly=True, language=language, host="mx1")


def size(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


@pytest.mark.parametrize(
    ("language", "row"),
    [
        ("en", "<strong>failed logins</strong><br>660 (660 – 770)"),
        ("ja", "<strong>ログイン失敗</strong><br>660（660～770）"),
    ],
)
def test_eight_weeks_are_lines(days: Days, language: str, row: str) -> None:
    """A weekly mail draws them in its one picture, and says each line's numbers in its text."""
    days.weeks(QUIET, days=60)
    days.add(TODAY, {**QUIET, ("auth_failure", "dovecot", "wrong_password", "imap"): 0})
    report = week(days, language)

    mail = message_from_bytes(
        report.as_mail("mx1.example.org", datetime(2026, 3, 4, tzinfo=UTC)).as_bytes(), policy=default
    )

    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    html = mail.get_body(("html",))
    assert html is not None
    text = re.sub(r' style="[^"]*"', "", html.get_content().replace("\r\n", "\n"))
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in text
    assert row in text
    rows = text.count(f'<tr><td height="{ROW}">')
    assert rows > 3
    assert f'rowspan="{rows}"' in text
    assert size(picture.get_content())[1] == 2 * ROW * rows
    assert len(html.get_content().encode()) < 60_000


def test_what_the_other_picture_would_have_said_is_said(days: Days) -> None:
    """The peak of failed logins is not lost where the week's lines take the place of its bars."""
    days.weeks(QUIET, days=60)
    days.add(TODAY, {**QUIET, ("auth_failure", "dovecot", "wrong_password", "imap"): 900})

    assert "Failed logins by day: at most 900, on 2026-03-03" in week(days).as_html()


def test_a_first_week_has_no_lines(days: Days) -> None:
    """One point is no line: the bars of its days stand as in any report."""
    days.add(TODAY, QUIET)

    html = week(days).as_html()

    assert 'class="lines"' not in html
    assert 'alt="Failed logins by day' in html


def test_a_week_that_nobody_read_breaks_the_line() -> None:
    """A line is not drawn over what is not known, and nothing is as if it were none."""
    broken, whole = lines_png([[4, 4, None, 4, 4]]), lines_png([[4, 4, 4, 4, 4]])

    assert broken != whole
    assert lines_png([[4, 4, None, 4, 4]]) != lines_png([[4, 4, 0, 4, 4]])
    assert size(broken) == size(whole)


def test_pictures_hold_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """No font is needed, and nothing in a picture has a language."""
    drawn: list[str] = []
    draw = resvg_py.svg_to_bytes
    monkeypatch.setattr(
        resvg_py,
        "svg_to_bytes",
        lambda svg_string, **given: drawn.append(svg_string) or draw(svg_string=svg_string, **given),
    )

    lines_png([[1, 2, None], [0, 0, 5]])

    assert drawn
    assert "<text" not in drawn[0]
