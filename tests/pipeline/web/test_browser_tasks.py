"""What people do on the page in a real browser: with and without JavaScript, by keyboard, while it lives."""

import re
import time
from collections.abc import Iterator

import pytest
from browsing import WAYS, browser, let_in
from incidents import taken_over
from playwright.sync_api import Browser, Page, expect
from served import Served, served
from test_pages import acts
from watched import LONG, filled

from mailwarden.alerts.words.translate import translator

__all__ = ["browser"]

pytestmark = pytest.mark.program("chromium")

LANGUAGES = ("en", "ja")
ON_IT = "{who} is on it: asked, the service takes it up within a minute."
SILENCED = "Silence asked by {who}: the service takes it up within a minute."
INCIDENT = f"/i/{taken_over().id}"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page with something on each of its pages, as of now, long names among it."""
    now_us = time.time_ns() // 1000
    with served(filled(tmp_path_factory.mktemp("state"), now_us, (LONG,))) as one:
        yield one


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keyboard_is_enough(browser: Browser, page: Served, language: str) -> None:
    """From the first page to “I'm on it” with Tab and Enter alone; what has the focus is always seen."""
    tongue, asked = translator(language), len(acts(page))
    context = let_in(browser, page, **WAYS[language])
    window = context.new_page()
    window.goto("/")
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.textContent") == tongue.gettext("Skip to the content")
    window.keyboard.press("Enter")
    _tab_to(window, tongue.gettext("What to do"))
    window.keyboard.press("Enter")
    window.wait_for_url("**/i/**")
    _tab_to(window, tongue.gettext("I'm on it"))
    assert window.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    window.keyboard.press("Enter")
    expect(window.get_by_text(tongue.say(ON_IT, {"who": "operator"})).first).to_be_visible()
    assert len(acts(page)) == asked + 1
    context.close()


def _tab_to(window: Page, word: str) -> None:
    for _ in range(60):
        window.keyboard.press("Tab")
        if window.evaluate("document.activeElement.textContent.trim()") == word:
            return
    raise AssertionError(f"no Tab leads to {word}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_javascript_everything_works(browser: Browser, page: Served, language: str) -> None:
    """Filter, charts as lines, the table behind them, and a silence with its reason: no script is needed."""
    tongue, asked = translator(language), len(acts(page))
    context = let_in(browser, page, java_script_enabled=False, **WAYS[language])
    window = context.new_page()
    window.goto("/")
    expect(window.locator(".chart svg").first).to_be_visible()
    window.get_by_text(tongue.say("{title} as a table", {"title": tongue.gettext("Failed logins")})).click()
    expect(window.locator(".chart table").first).to_be_visible()
    window.goto("/incidents")
    window.get_by_label(tongue.gettext("Severity")).select_option("critical")
    window.get_by_role("button", name=tongue.gettext("Show"), exact=True).click()
    assert "level=critical" in window.url
    window.locator(".list a").first.click()
    window.get_by_text(tongue.gettext("Silence until worse…")).click()
    window.get_by_label(tongue.gettext("Why")).first.fill("a newsletter")
    window.get_by_role("button", name=tongue.gettext("Silence"), exact=True).click()
    expect(window.get_by_text(tongue.say(SILENCED, {"who": "operator"})).first).to_be_visible()
    assert [kind for kind, _ in acts(page)][asked:] == ["silence"]
    context.close()


def test_the_page_lives(browser: Browser, page: Served) -> None:
    """A new incident appears, and a service that stops is told, without anybody asking; a session that ends leads out."""
    context = let_in(browser, page, **WAYS["en"])
    window = context.new_page()
    page.commit(2, [])  # it reads, as of now
    window.goto("/")
    expect(window.locator("#pulse")).to_have_attribute("data-tone", "ok")

    late = taken_over("eve@nova0.test", opened_us=page.clocks.wall(), first_seen_us=page.clocks.wall())
    page.commit(3, [late])
    expect(window.get_by_text("eve@nova0.test was taken over and sends spam")).to_be_visible()

    before_s, page.clocks.passed_s = page.clocks.passed_s, page.clocks.passed_s + 400
    expect(window.locator("#pulse")).to_have_attribute("data-tone", "critical")
    assert "nothing read for" in (window.locator("#pulse").text_content() or "")
    page.clocks.passed_s = before_s + 410

    other = context.new_page()
    other.goto("/health")
    other.get_by_role("button", name="Sign out").click()
    window.wait_for_url("**/sign-in**")
    context.close()


def test_what_somebody_types_is_not_taken_from_them(browser: Browser, page: Served) -> None:
    """A page does not renew itself under the hands of who writes a reason."""
    context = let_in(browser, page, **WAYS["en"])
    window = context.new_page()
    window.goto(INCIDENT)
    window.get_by_text("This is normal here…").click()
    field = window.locator("details[open] input[name=because]")
    field.fill("half a sen")
    page.commit(4, [taken_over("zoe@nova0.test", opened_us=page.clocks.wall(), first_seen_us=page.clocks.wall())])
    window.wait_for_timeout(3000)

    assert field.input_value() == "half a sen"
    context.close()


def _focus(window: Page, role: str, name: str | re.Pattern[str]) -> None:
    """Press Tab until what a screen reader calls so has the focus."""
    wanted = window.get_by_role(role, name=name).first  # type: ignore[arg-type]
    for _ in range(80):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        window.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to the {role} {name!r}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_tasks_without_javascript_by_keyboard_and_ear(browser: Browser, page: Served, language: str) -> None:
    """Take it on, call it normal, learn why a mail is not there, find who reads in clear: by Tab and Enter alone."""
    tongue, asked = translator(language), len(acts(page))
    context = let_in(browser, page, java_script_enabled=False, **WAYS[language])
    window = context.new_page()
    window.goto(INCIDENT)
    _focus(window, "button", tongue.gettext("I'm on it"))
    window.keyboard.press("Enter")
    assert tongue.say(ON_IT, {"who": "operator"}) in window.locator("main").aria_snapshot()

    summary = window.get_by_text(tongue.gettext("This is normal here…"))
    while not summary.evaluate("one => one === document.activeElement"):
        window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    window.keyboard.press("Tab")
    window.keyboard.type("our newsletter")
    window.keyboard.press("Enter")
    assert tongue.say(SILENCED, {"who": "operator"}) in window.locator("main").aria_snapshot()
    assert [kind for kind, _ in acts(page)][asked:] == ["acknowledge", "silence"]

    _focus(window, "link", tongue.gettext("Messages"))
    window.keyboard.press("Enter")
    label = tongue.gettext("Address, queue id, message id, client address or path of a script")
    _focus(window, "searchbox", label)
    window.keyboard.type("ana@nova0.test")
    window.keyboard.press("Enter")
    heard = window.locator("main").aria_snapshot()
    assert f"1 {tongue.gettext('waiting')}" in heard
    assert "unusual rate of unsolicited mail" in heard

    _focus(window, "link", tongue.gettext("Now"))
    window.keyboard.press("Enter")
    clear = re.escape(tongue.count("{number} in clear", "{number} in clear", 7)).replace("7", "[0-9]+")
    _focus(window, "link", re.compile(f"▲ {clear}"))  # of a day that goes on: the page's clock is a live one
    window.keyboard.press("Enter")
    heard = window.locator("main").aria_snapshot()
    comes = "{number} account still comes by {protocol} without TLS."
    assert tongue.count(comes, comes, 1, {"protocol": "POP3"}) in heard
    assert 'cell "old@nova0.test' in heard
    context.close()
