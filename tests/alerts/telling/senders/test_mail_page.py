"""The HTML part of an alert's mail in a real browser: narrow, dark, in both languages; nothing is fetched.

`MAILWARDEN_PICTURES=DIRECTORY` keeps each as a picture, to be looked at.
"""

import os

import pytest
from browsing import AXE, browser
from notices import incident, notification
from playwright.sync_api import Browser

from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.render import render
from mailwarden.alerts.telling.senders.mail_page import page_of

__all__ = ["browser"]

pytestmark = pytest.mark.program("chromium")

LONG = "a.very.long.name.of.somebody.who.was.taken.over.and.over@a-long-domain-of-a-customer.example.org"


def page(severity: str, kind: str, language: str) -> str:
    """Write the mail of a turn."""
    notice = notification(incident(LONG, severity), kind)
    text = render(notice, language, link="https://warden.example.org", defang=True)
    return page_of(Message(id="n-1", title=text.title, body=text.body, tone=text.tone, about=(notice,)), language)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [640, 360, 320])
def test_an_alert_is_read_by_day_by_night_and_on_a_phone(
    browser: Browser, width: int, colours: str, language: str
) -> None:
    """Nothing sticks out, every text has its contrast, the sheet is dark at night, and nobody is asked for anything."""
    context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=colours)  # type: ignore[arg-type]
    window = context.new_page()
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    for severity, kind in (("critical", "opened"), ("high", "worse"), ("low", "opened"), ("critical", "ended")):
        window.set_content(page(severity, kind, language))
        wide = window.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        window.evaluate(AXE)
        found = window.evaluate(
            "axe.run().then(result => result.violations.map(one => one.id + ': ' + one.nodes[0].html))"
        )
        ground = window.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor")
        if directory := os.environ.get("MAILWARDEN_PICTURES"):
            window.screenshot(
                path=f"{directory}/alert-{severity}-{kind}-{width}-{colours}-{language}.png", full_page=True
            )

        assert not wide
        assert [one for one in found if not one.startswith(("region", "landmark"))] == []
        assert ground == ("rgb(17, 24, 39)" if colours == "dark" else "rgb(255, 255, 255)")
    context.close()
    assert asked == []
