"""A real browser for the tests of the page, and what it is asked of every page.

axe-core (MPL-2.0, `axe.LICENSE.txt`) finds what keeps people with a disability out. `MAILWARDEN_PICTURES=DIRECTORY` keeps every
page as a picture, to be looked at.
"""

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from served import Served

AXE = gzip.decompress(Path(__file__).with_name("axe.min.js.gz").read_bytes()).decode()
PICTURES = os.environ.get("MAILWARDEN_PICTURES")
expect.set_options(timeout=120_000)  # of a machine that has other things to do
CHROMIUM = shutil.which("chromium") or "chromium"
EACH_S = 0.05
"""What a request costs of the limit of requests: the page's clock stands still, or goes on with them."""

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1080, "height": 900}

WAYS: dict[str, dict[str, Any]] = {
    "en": {"locale": "en-GB", "color_scheme": "light", "viewport": DESK},
    "ja": {"locale": "ja-JP", "color_scheme": "light", "viewport": DESK},
    "dark": {"locale": "en-GB", "color_scheme": "dark", "viewport": DESK},
    "phone": {"locale": "en-GB", "color_scheme": "light", "viewport": PHONE},
    "phone-ja": {"locale": "ja-JP", "color_scheme": "dark", "viewport": PHONE},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which asks nobody for anything."""
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as driver:
        one = driver.chromium.launch(
            executable_path=CHROMIUM, args=[*quiet, "--no-first-run", "--disable-default-apps"]
        )
        yield one
        one.close()


def window_of(browser: Browser, page: Served, **way: Any) -> BrowserContext:
    """Open a window of somebody who is not in yet."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{page.port}", **way)
    context.set_default_timeout(120_000)
    context.on("request", lambda _: page.clocks.pass_on(EACH_S))
    return context


def let_in(browser: Browser, page: Served, **way: Any) -> BrowserContext:
    """Open a window of somebody who is in."""
    context = window_of(browser, page, **way)
    assert page.desk.links is not None
    window = context.new_page()
    window.goto(f"/sign-in?token={page.desk.links.make()}")
    window.close()
    return context


def settled(window: Page, path: str) -> int:
    """Open a page, wait until it shows what was made for it in the background, and give its status.

    Such a page looks again by itself: whoever asks for it anew meanwhile may cut that short, and has it fail.
    """
    answer = window.goto(path)
    assert answer is not None
    whole = window.locator("main:not(:has([role=status]:not(.note))) ~ footer")  # the footer comes last of all
    expect(whole).to_have_count(1)
    return answer.status


def faults_of(window: Page) -> list[str]:
    """Give what keeps somebody out of the page that is open: what axe-core finds, and what scrolls sideways."""
    window.evaluate(AXE)
    found = window.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [*(f"{one['id']}: {one['nodes'][0]['html']}" for one in found), *cut_of(window)]


def cut_of(window: Page) -> list[str]:
    """Give what of the page that is open scrolls sideways."""
    cut = window.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
    )
    wide = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*(f"{name}: columns are cut off" for name in cut), *([f"scrolls sideways by {wide}"] if wide > 0 else [])]
