"""What the first screen of a report holds, in Chromium at 600 px, at a phone's width and in the dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import browser
from counted_days import QUIET, TODAY, Days, incident
from playwright.sync_api import Browser

from mailwarden.pipeline.report import build
from mailwarden.pipeline.store import Store

__all__ = ["browser"]

pytestmark = pytest.mark.program("chromium")

FIRST_SCREEN = 640  # px: with what stands around a mail, a laptop's


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Store.open(tmp_path / "mailwarden.db") as store:
        yield Days(store)


def four(days: Days) -> None:
    """Count a day with four incidents that each have a reason and a command."""
    days.weeks(QUIET)
    why = "{measure} recipients within {span} from {address}, a network it had not used before (fires at {threshold})"
    values = {"measure": 291, "span_s": 900, "address": "198.51.100.7", "threshold": 20}
    days.add(TODAY, QUIET)
    people = {
        "ana@example.org": "critical",
        "ben@example.org": "critical",
        "cleo@example.org": "high",
        "dora@example.org": "high",
    }
    days.commit(
        incidents=[
            incident(who, severity, why=why, values={"account": who, **values}, modules=["dovecot"])
            for who, severity in people.items()
        ]
    )


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_four_incidents_the_first_screen_says_what_to_do(
    days: Days, browser: Browser, language: str, scheme: str
) -> None:
    """The verdict, each incident and the first step of each with its command stand above the fold; reasons stand below."""
    four(days)
    html = build(days.store, TODAY, language=language, host="mx1").as_html()
    shown = browser.new_page(viewport={"width": 600, "height": 600}, color_scheme=scheme)  # type: ignore[arg-type]
    shown.set_content(html)
    commands = shown.locator(".card code")

    bottoms = [commands.nth(n).bounding_box() for n in range(commands.count())]
    reason = shown.get_by_text("198.51.100.7").first.bounding_box()
    shown.close()

    assert len(bottoms) == 4
    assert reason is not None
    lowest = max(box["y"] + box["height"] for box in bottoms if box)
    assert lowest <= FIRST_SCREEN
    assert reason["y"] > lowest


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_phone_needs_no_sideways_scrolling(days: Days, browser: Browser, language: str) -> None:
    """Commands break where the glass ends."""
    four(days)
    shown = browser.new_page(viewport={"width": 360, "height": 740})
    shown.set_content(build(days.store, TODAY, language=language, host="mx1").as_html())

    width = shown.evaluate("document.documentElement.scrollWidth")
    shown.close()

    assert width == 360


def test_no_step_is_told_twice(days: Days) -> None:
    """What stands with an incident is not in the list of further steps, and each reason stands once, below them."""
    four(days)

    many = build(days.store, TODAY).as_html()

    assert many.count("change the password of ana@example.org") == 1
    assert "Change the password of ana@example.org" not in many
    assert many.count("a network it had not used before") == 4
    assert "Why they were raised" in many
