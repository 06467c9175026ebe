"""The page in a real browser: with and without JavaScript, by keyboard, on a phone, in both colours and languages.

axe-core (MPL-2.0, `axe.LICENSE.txt`) finds what keeps people with a disability out. `MAILWARDEN_PICTURES=DIRECTORY` keeps every
page as a picture, to be looked at.
"""

import gzip
import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from math import pi, sin
from pathlib import Path
from typing import Any

import pytest
from incidents import everyday, incident, taken_over
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from served import Served, served

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.outbox import Delivery, pack
from mailwarden.alerts.terms import Evidence
from mailwarden.parsers.event import Event
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Listing, Posture, Store

pytestmark = pytest.mark.program("chromium")

AXE = gzip.decompress(Path(__file__).with_name("axe.min.js.gz").read_bytes()).decode()
PICTURES = os.environ.get("MAILWARDEN_PICTURES")
CHROMIUM = shutil.which("chromium") or "chromium"
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1080, "height": 900}
LONG = "a.very.long.name.of.somebody.who.was.taken.over.and.over@a-long-domain-of-a-customer.example.org"

WAYS: dict[str, dict[str, Any]] = {
    "en": {"locale": "en-GB", "color_scheme": "light", "viewport": DESK},
    "ja": {"locale": "ja-JP", "color_scheme": "light", "viewport": DESK},
    "dark": {"locale": "en-GB", "color_scheme": "dark", "viewport": DESK},
    "phone": {"locale": "en-GB", "color_scheme": "light", "viewport": PHONE},
    "phone-ja": {"locale": "ja-JP", "color_scheme": "dark", "viewport": PHONE},
}
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
    "nowhere": "/nowhere",
    "sign-in": "/sign-in",
}


SENDERS: dict[tuple[str, str, str, int], dict[str, float]] = {
    ("news@nova0.test", "account", "", 1500): {"days": 1 / 1500, "run": 1, "run_messages": 1, "single": 1, "verp": 1},
    ("talk-bounces@nova0.test", "machine", "", 90): {"list": 1, "single": 1},
    ("/home/acct1/public_html/wp-content/plugins/contact-form-7", "script", "acct1", 14): {"tried": 1, "single": 1},
    ("/srv/www/shop/checkout.php", "script", "www-data", 80): {"days": 0.0125, "single": 1, "tried": 1, "strange": 0.9},
    ("uid 0", "script", "0", 4): {"tried": 1},
}


_ATTACK = (140, 260, 230, 90, 40, 15)  # failed logins of the last hours, the newest first


def numbers(now_us: int) -> dict[Any, int]:
    """Make five weeks of counts: a day like the others but for failed logins and one provider in its last hours."""
    made: dict[Any, int] = {}
    hour_us = now_us - now_us % HOUR_US
    for n in range(35 * 24):
        at_us = hour_us - n * HOUR_US
        made[at_us, "lines", "event", "postfix", "postfix/smtpd"] = 2000 + n % 24 * 50
        by_day = max(0.1, sin((at_us // HOUR_US % 24 - 5) * pi / 15))  # few people write at night
        made[at_us, "auth_failure", "dovecot", "bad_password", "imap"] = (
            20 + n * 7 % 23 + (_ATTACK[n] if n < len(_ATTACK) else 0)
        )
        made[at_us, "delivery", "google", "sent", ""] = round(90 * by_day) + n * 5 % 11
        made[at_us, "delivery", "microsoft", "deferred", "rate_limit"] = 40 if n < 4 else 0
        made[at_us, "delivery", "microsoft", "sent", ""] = round(30 * by_day)
        made[at_us, "delivery", LONG.partition("@")[2], "bounced", "unknown_user"] = 2
        made[at_us, "login", "imap", "1.3", ""] = 200
        made[at_us, "login", "pop3", "no", ""] = 5
        made[at_us, "message", "inbound", "", ""] = 80
    for day in range(30):
        at_us = now_us - now_us % DAY_US - day * DAY_US
        for account in ("ana@nova0.test", "bob@nova0.test", LONG):
            made[at_us, "login_account", account, "imap", "1.3"] = 20
            made[at_us, "login_network", account, "imap", "192.0.2.0/24"] = 20
            made[at_us, "read_trait", account, "imap", "bytes"] = 48_211_000
            made[at_us, "read_trait", account, "imap", "hours"] = 9
            for name in ("sent", "sent_recipients"):
                made[at_us, name, account, "account", ""] = 12
        made[at_us, "login_account", "old@nova0.test", "pop3", "no"] = 120
        made[at_us, "login_account", "bob@nova0.test", "pop3", "1.0"] = 2
        made[at_us, "pop3_deleted", "bob@nova0.test", "", ""] = 3
        made[at_us, "read_trait", "old@nova0.test", "pop3", "hours"] = 24
        made[at_us, "login_network", "old@nova0.test", "pop3", "198.51.100.0/24"] = 120
        for sender, kind, user, number in SENDERS:
            made[at_us, "sent", sender, kind, user] = number
            made[at_us, "sent_recipients", sender, kind, user] = number
            for trait, share in SENDERS[sender, kind, user, number].items():
                made[at_us, "sent_trait", sender, kind, trait] = round(share * number)
        for host in ("mx1", "mx2"):
            made[at_us, "host_lines", host, "event", "postfix"] = 9
    return made


def event(at_us: int, action: str, **fields: Any) -> Event:
    """Make an event of a message."""
    made = Event()
    made.timestamp_us = made.stream_us = at_us
    made.event_kind, made.event_action, made.host_hostname, made.mail_queue_id = "event", action, "mx1", "4ZxY3k0jQzz1"
    made.mailwarden_account = "ana@nova0.test"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _ends(now_us: int, days: int, name: str = "mx1.nova0.test") -> dict[str, Any]:
    day = datetime.fromtimestamp(now_us / 1e6 + days * 86_400, UTC).date()
    return {"ends": day.isoformat(), "name": name, "days": days, "port": 993}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page with something on each of its pages, as of now, long names among it."""
    now_us = time.time_ns() // 1000
    with served(_filled(tmp_path_factory.mktemp("state"), now_us, (LONG,))) as one:
        yield one


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same, as an ordinary night has it: what the README shows."""
    now_us = int(datetime(2026, 11, 24, 2, 36, 20, tzinfo=UTC).timestamp()) * 1_000_000
    with served(_filled(tmp_path_factory.mktemp("fair"), now_us, ())) as one:
        one.clocks.now_us = now_us
        yield one


def _lately(now_us: int) -> dict[str, Any]:
    began_us = now_us - HOUR_US
    return {
        "opened_us": began_us,
        "first_seen_us": began_us,
        "last_seen_us": now_us - 60_000_000,
        "timeline": [(began_us + 2_000_000, "send_from_new_network")],
    }


def _filled(state: Path, now_us: int, others: tuple[str, ...]) -> Path:
    log = state / "mail.log"
    log.write_text("")
    lately = _lately(now_us)
    telling = taken_over(**lately, lead="send_from_new_network", evidence=_proof(now_us), evidence_count=72)
    guessing = lately | {"timeline": [(now_us - HOUR_US, "fast_guessing")]}
    found = [
        telling,
        *(taken_over(name, severity="high", **lately) for name in others),
        incident(
            primary=("mailwarden.network", "203.0.113.0/24"),
            severity="medium",
            title="{address} guesses passwords",
            why="{count} tries; {measure} within {span} from a network that nobody here uses (fires at {threshold})",
            values={"address": "203.0.113.7", "count": 412, "measure": 64, "span_s": 600, "threshold": 5},
            **guessing,
        ),
        *everyday(),
    ]
    notice = Delivery(
        notification=Notification(id="n", kind="opened", incident=telling, at_us=now_us), receivers=("ops", "chat"),
        failed={"ops": "403 bot was blocked by the user"}, accepted_by="chat", accepted_us=now_us,
    )  # fmt: skip
    Archive.open(state / "archive", 0).write(
        1,
        [
            event(now_us - 9_000_000, "message-queued", email_from_address=["ana@nova0.test"], mail_recipient_count=2),
            event(
                now_us - 8_000_000, "delivery", email_to_address=["bob@example.org"], mail_delivery_status="sent",
                mail_delivery_relay="mx.example.org[192.0.2.1]:25", smtp_reply_text="250 2.0.0 Ok: queued as 5C2D6B37FE2",
            ),
            event(
                now_us - 7_000_000, "delivery", email_to_address=[LONG], mail_delivery_status="deferred",
                smtp_reply_text="421-4.7.28 Our system has detected an unusual rate of unsolicited mail " * 3,
            ),
        ],
    )  # fmt: skip
    listings = [
        Listing(
            "192.0.2.25", "bl.example", now_us, now_us, "listed", "Example BL", 1.0, ("127.0.0.2",), "see our page"
        ),
        Listing(
            "192.0.2.25", "zen.example", now_us, now_us, "no answer", "Zen", 1.0, (), "query through a public resolver"
        ),
    ]
    postures = [
        Posture(
            "nova0.test",
            "dmarc",
            "_dmarc.nova0.test",
            now_us,
            now_us,
            "wrong",
            "p_none",
            should="v=DMARC1; p=quarantine",
        ),
        Posture(
            "mx1.nova0.test", "certificate", "25", now_us, now_us, "ok", now="2027-01-31", details=_ends(now_us, 80)
        ),
        Posture(
            "mx1.nova0.test",
            "certificate",
            "993",
            now_us,
            now_us,
            "wrong",
            "cert_ends_14",
            "medium",
            details=_ends(now_us, 9, "imap.nova0.test"),
        ),
    ]
    with Store.open(store_path(state)) as store:
        store.commit(
            Commit(
                1, incidents=found, rollups=numbers(now_us), meta={"stream_us": str(now_us)},
                positions={str(log): {"merged_us": 1}}, outbox=[("n", now_us, pack(notice))], listings=listings,
                postures=postures, unparsed={("postfix", "smtpd", "x"): (3, "Nov 23 00:00:01 mx1 postfix/smtpd[7]: never seen")},
            )
        )  # fmt: skip
    return state


def _proof(now_us: int) -> list[Evidence]:
    began = datetime.fromtimestamp(now_us / 1e6 - 3600, UTC)
    lines = (
        "postfix/submission/smtpd[13675]: 2B82A0646D2: client=unknown[198.18.10.60], sasl_method=PLAIN, "
        "sasl_username=walter.rossi1969@nova0.test",
        "postfix/qmgr[900]: 2B82A0646D2: from=<walter.rossi1969@nova0.test>, size=1873, nrcpt=17 (queue active)",
        "postfix/smtp[13702]: 2B82A0646D2: to=<c48@example.net>, relay=mx.example.net[192.0.2.40]:25, delay=1.9, "
        "dsn=5.1.1, status=bounced (550 5.1.1 User unknown)",
    )
    return [
        Evidence("/var/log/mail.log", 9_572_731 + 200 * n, f"{began:%b %d %H:%M:%S} mx1 {line}")
        for n, line in enumerate(lines)
    ]


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


def let_in(browser: Browser, page: Served, **way: Any) -> BrowserContext:
    """Open a window of somebody who is in."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{page.port}", **way)
    assert page.desk.links is not None
    window = context.new_page()
    window.goto(f"/sign-in?token={page.desk.links.make()}")
    window.close()
    page.clocks.passed_s += 20  # so that no limit of requests is met
    return context


def settled(window: Page, path: str) -> None:
    """Open a page, and wait until what it has made in the background is there."""
    window.goto(path)
    for _ in range(60):
        if window.locator("main [role=status]").count() == 0 or path == "/sign-in":
            break
        window.wait_for_timeout(500)
        window.goto(path)


@pytest.mark.parametrize("way", WAYS)
def test_every_page_is_open_to_everybody(browser: Browser, page: Served, way: str) -> None:
    """No page has a serious fault for a screen reader, scrolls sideways, says anything in the console, or asks elsewhere."""
    context = let_in(browser, page, **WAYS[way])
    said: list[str] = []
    asked: set[str] = set()
    context.on("console", lambda one: said.append(_words(one)))
    context.on("request", lambda one: asked.add(re.sub(r"(//[^/]*).*", r"\1", one.url)))
    window = context.new_page()
    faults = {}
    for name, path in PAGES.items():
        settled(window, path)
        wide = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        window.evaluate(AXE)
        found = window.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        bad = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        if wide > 0 or bad:
            faults[name] = (wide, bad)
        if PICTURES:
            window.screenshot(path=f"{PICTURES}/{name}-{way}.png", full_page=True)
    context.close()

    assert faults == {}
    assert [one for one in said if "404" not in one] == []  # the page that is not there
    assert asked == {f"http://127.0.0.1:{page.port}"}


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


def test_at_double_size_nothing_is_lost(browser: Browser, page: Served) -> None:
    """At 200 % (half the room) no page scrolls sideways."""
    context = let_in(browser, page, viewport={"width": 540, "height": 450}, device_scale_factor=2)
    window = context.new_page()
    for path in PAGES.values():
        window.goto(path)

        assert window.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    context.close()


def test_the_keyboard_is_enough(browser: Browser, page: Served) -> None:
    """From the first page to “I'm on it” with Tab and Enter alone; what has the focus is always seen."""
    context = let_in(browser, page, **WAYS["en"])
    window = context.new_page()
    window.goto("/")
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.textContent") == "Skip to the content"
    window.keyboard.press("Enter")
    _tab_to(window, "What to do")
    window.keyboard.press("Enter")
    window.wait_for_url("**/i/**")
    _tab_to(window, "I'm on it")
    assert window.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    window.keyboard.press("Enter")
    expect(window.get_by_text("operator is on it: asked")).to_be_visible()
    context.close()


def _tab_to(window: Page, word: str) -> None:
    for _ in range(60):
        window.keyboard.press("Tab")
        if window.evaluate("document.activeElement.textContent.trim()") == word:
            return
    raise AssertionError(f"no Tab leads to {word}")


def test_without_javascript_everything_works(browser: Browser, page: Served) -> None:
    """Filter, charts as lines, the table behind them, and a silence with its reason: no script is needed."""
    context = let_in(browser, page, java_script_enabled=False, **WAYS["en"])
    window = context.new_page()
    window.goto("/")
    expect(window.locator(".chart svg").first).to_be_visible()
    window.get_by_text("Failed logins as a table").click()
    expect(window.locator(".chart table").first).to_be_visible()
    window.goto("/incidents")
    window.get_by_label("Severity").select_option("critical")
    window.get_by_role("button", name="Show").click()
    assert "level=critical" in window.url
    window.locator(".list a").first.click()
    window.get_by_text("Silence until worse…").click()
    window.get_by_label("Why").first.fill("a newsletter")
    window.get_by_role("button", name="Silence", exact=True).click()
    expect(window.get_by_text("Silence asked by operator")).to_be_visible()
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
    expect(window.get_by_text("eve@nova0.test was taken over and sends spam")).to_be_visible(timeout=15_000)

    before_s, page.clocks.passed_s = page.clocks.passed_s, page.clocks.passed_s + 400
    expect(window.locator("#pulse")).to_have_attribute("data-tone", "critical", timeout=15_000)
    assert "nothing read for" in (window.locator("#pulse").text_content() or "")
    page.clocks.passed_s = before_s + 410

    other = context.new_page()
    other.goto("/health")
    other.get_by_role("button", name="Sign out").click()
    window.wait_for_url("**/sign-in**", timeout=15_000)
    context.close()


def test_what_somebody_types_is_not_taken_from_them(browser: Browser, page: Served) -> None:
    """A page does not renew itself under the hands of who writes a reason."""
    context = let_in(browser, page, **WAYS["en"])
    window = context.new_page()
    window.goto(PAGES["incident"])
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


def test_four_tasks_without_javascript_by_keyboard_and_ear(browser: Browser, page: Served) -> None:
    """Take it on, call it normal, learn why a mail is not there, find who reads in clear: by Tab and Enter alone."""
    context = let_in(browser, page, java_script_enabled=False, **WAYS["en"])
    window = context.new_page()
    window.goto(PAGES["incident"])
    _focus(window, "button", "I'm on it")
    window.keyboard.press("Enter")
    assert "operator is on it: asked" in window.locator("main").aria_snapshot()

    summary = window.get_by_text("This is normal here…")
    while not summary.evaluate("one => one === document.activeElement"):
        window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    window.keyboard.press("Tab")
    window.keyboard.type("our newsletter")
    window.keyboard.press("Enter")
    assert "Silence asked by operator" in window.locator("main").aria_snapshot()

    _focus(window, "link", "Messages")
    window.keyboard.press("Enter")
    _focus(window, "searchbox", "Address, queue id, message id, client address or path of a script")
    window.keyboard.type("ana@nova0.test")
    window.keyboard.press("Enter")
    heard = window.locator("main").aria_snapshot()
    assert "1 waiting" in heard
    assert "unusual rate of unsolicited mail" in heard

    _focus(window, "link", "Now")
    window.keyboard.press("Enter")
    _focus(window, "link", re.compile(r"▲ [0-9]+ in clear"))  # of a day that goes on: the page's clock is a live one
    window.keyboard.press("Enter")
    heard = window.locator("main").aria_snapshot()
    assert "1 account still comes by POP3 without TLS." in heard
    assert 'cell "old@nova0.test' in heard
    context.close()
