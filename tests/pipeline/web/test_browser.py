"""Every page in a real browser: on a phone, at double size, in both colours and languages, for whoever may see a part."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from browsing import DESK, PICTURES, WAYS, browser, cut_of, faults_of, let_in, settled, window_of
from incidents import taken_over
from playwright.sync_api import Browser, ConsoleMessage, expect
from served import Served, served
from watched import LONG, filled

from mailwarden.pipeline.configuration.web import Person
from mailwarden.pipeline.web.people import hash_password

__all__ = ["browser"]

pytestmark = pytest.mark.program("chromium")

PAGES = {
    "now": "/",
    "incidents": "/incidents?state=all&parts=1",
    "incident": f"/i/{taken_over().id}",
    "messages": "/messages?what=ana@nova0.test",
    "people": "/people",
    "senders": "/senders",
    "delivery": "/delivery",
    "reputation": "/reputation",
    "reports": "/reports",
    "health": "/health",
    "error": "/errors/MW4108",
    "ended": "/incidents?state=closed&q=nobody",
    "searched": "/messages",
    "who-pop3": "/people?days=30&protocol=pop3&kind=clear",
    "senders-of": "/senders?days=30&q=nova0",
    "provider": "/delivery?days=30&provider=microsoft",
    "week": "/reports?week=1",
    "beside": f"/reports?with={datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}",
    "audit": "/audit",
    "nowhere": "/nowhere",
    "sign-in": "/sign-in",
}
STATUS = {"nowhere": 404}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page with something on each of its pages, as of now, long names among it."""
    now_us = time.time_ns() // 1000
    with served(filled(tmp_path_factory.mktemp("state"), now_us, (LONG,))) as one:
        yield one


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page as somebody finds it who may see one domain."""
    customer = Person("cus", hash_password("correct horse"), domains=("nova0.test",))
    with served(filled(tmp_path_factory.mktemp("limited"), time.time_ns() // 1000), people=[customer]) as one:
        yield one


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same, as an ordinary night has it: what the README shows."""
    now_us = int(datetime(2026, 11, 24, 2, 36, 20, tzinfo=UTC).timestamp()) * 1_000_000
    with served(filled(tmp_path_factory.mktemp("fair"), now_us)) as one:
        one.clocks.now_us = now_us
        yield one


@pytest.mark.parametrize("way", WAYS)
def test_every_page_is_open_to_everybody(browser: Browser, page: Served, way: str) -> None:
    """No page has a fault for a screen reader, scrolls sideways, says anything in the console, or asks elsewhere."""
    context = let_in(browser, page, **WAYS[way])
    said: list[str] = []
    asked: set[str] = set()
    context.on("console", lambda one: said.append(_words(one)))
    context.on("request", lambda one: asked.add(re.sub(r"(//[^/]*).*", r"\1", one.url)))
    window = context.new_page()
    faults: dict[str, object] = {}
    for name, path in PAGES.items():
        status = settled(window, path)
        found = [*faults_of(window), *([status] if status != STATUS.get(name, 200) else [])]
        if found:
            faults[name] = found
        if PICTURES:
            window.screenshot(path=f"{PICTURES}/{name}-{way}.png", full_page=True)
    context.close()

    assert faults == {}
    assert [one for one in said if "404" not in one] == []  # the page that is not there
    assert asked == {f"http://127.0.0.1:{page.port}"}


@pytest.mark.parametrize("way", ["en", "phone-ja"])
def test_a_customer_has_pages_as_good(browser: Browser, limited: Served, way: str) -> None:
    """Signing in, a wrong password, what is theirs, and what is not shown to them: open to everybody, too."""
    context = window_of(browser, limited, **WAYS[way])
    window = context.new_page()
    faults: dict[str, object] = {}
    for password, status in (("wrong", 403), ("correct horse", 200)):
        window.goto("/sign-in")
        window.locator("input[name=name]").fill("cus")
        window.locator("input[name=password]").fill(password)
        with window.expect_navigation() as answer:  # to its end: axe is not to look at a page that goes
            window.locator("form.card button").click()
        assert answer.value.status == status
        faults[f"sign-in: {status}"] = faults_of(window)
    for name, path in PAGES.items():
        closed = name in ("audit", "delivery", "provider", "reputation", "health")
        status = settled(window, path)
        faults[name] = [*faults_of(window), *([status] if status != (403 if closed else STATUS.get(name, 200)) else [])]
        if PICTURES:
            window.screenshot(path=f"{PICTURES}/customer-{name}-{way}.png", full_page=True)
    context.close()

    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("way", ["en", "phone-ja"])
def test_before_anything_is_watched(browser: Browser, tmp_path: Path, way: str) -> None:
    """Without a database every page says how to begin, in a page that comes alive by itself."""
    with served(tmp_path) as page:
        context = let_in(browser, page, **WAYS[way])
        window = context.new_page()
        for path in ("/", "/incidents", "/health"):
            assert settled(window, path) == 503
            assert faults_of(window) == []
            expect(window.locator("main code")).to_have_text("sudo mailwarden setup")
        if PICTURES:
            window.screenshot(path=f"{PICTURES}/unwatched-{way}.png", full_page=True)
        page.commit(1, [taken_over()])
        window.goto("/")
        expect(window.locator("#needs")).to_be_visible()
        context.close()


def test_a_thousand_incidents_of_hostile_names(browser: Browser, tmp_path: Path) -> None:
    """On a phone 1,200 incidents whose names want to be markup are a list of short rows, and none of them runs."""
    names = ("<img src=x onerror=alert(1)>", "{{7*7}}", "\u202egnp.exe", "a" * 300, "\x1b[31mred", "&lt;b&gt;", "'\"--")
    many = [taken_over(f"{names[n % len(names)]}{n}@nova0.test") for n in range(1200)]
    with served(tmp_path) as page:
        page.commit(1, many)
        context = let_in(browser, page, **WAYS["phone"])
        window = context.new_page()
        alarms: list[str] = []
        window.on("dialog", lambda one: (alarms.append(one.message), one.dismiss()))
        for path in ("/", "/incidents?page=24", f"/i/{many[0].id}", f"/messages?what={quote(names[0])}"):
            assert settled(window, path) == 200
            assert faults_of(window) == []
            assert window.locator("main img, main script").count() == 0
            if PICTURES and "page=" in path:
                window.screenshot(path=f"{PICTURES}/thousand-phone.png", full_page=True)
        context.close()

    assert alarms == []


def test_on_a_phone_what_to_do_comes_first(browser: Browser, fair: Served) -> None:
    """Verdict, open incidents and the way to what to do stand above 600 px; a row of the list takes three lines."""
    context = let_in(browser, fair, **WAYS["phone"])
    window = context.new_page()
    window.goto("/")
    buttons = window.locator(".need .button").all()
    lowest = max(box["y"] + box["height"] for one in buttons if (box := one.bounding_box()) is not None)
    step = window.locator(".need .next").bounding_box()
    window.goto("/incidents")
    rows = [box["height"] for one in window.locator(".list tbody tr").all() if (box := one.bounding_box()) is not None]
    context.close()

    assert len(buttons) > 1
    assert lowest < 600
    assert step is not None
    assert step["y"] < 600
    assert (
        max(rows) <= 16 + 3 * 24 + 20
    )  # three lines of 24 px, a second line of a long name, and what lies around them


@pytest.mark.parametrize("way", ["en", "ja"])
def test_the_first_screen_judges(browser: Browser, fair: Served, way: str) -> None:
    """What needs a person, why, and the way to what to do about it stand on the first screen, before any number."""
    context = let_in(browser, fair, **WAYS[way])
    window = context.new_page()
    window.goto("/")
    window.wait_for_selector(".chart.drawn")

    box = window.locator(".need.critical .button").bounding_box()
    first = window.locator("#usual").bounding_box()
    assert box is not None
    assert first is not None
    assert box["y"] + box["height"] < min(DESK["height"], first["y"])
    if PICTURES:
        for name in ("now", "incident"):
            window.goto(PAGES[name])
            window.screenshot(path=f"{PICTURES}/fair-{name}-{way}.png", full_page=True)
    context.close()


def _words(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"


@pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
def test_at_double_size_nothing_is_lost(browser: Browser, page: Served, locale: str) -> None:
    """At 200 % (half the room) no page scrolls sideways, nor does a table within it."""
    context = let_in(browser, page, viewport={"width": 540, "height": 450}, device_scale_factor=2, locale=locale)
    window = context.new_page()
    for path in PAGES.values():
        settled(window, path)

        assert cut_of(window) == [], path
    context.close()
