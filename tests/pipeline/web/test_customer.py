"""What a customer finds who may see one domain: his numbers, what he can do himself, what to send to whoever runs the server."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from incidents import START_US, incident, taken_over
from served import Client, Served, served
from test_pages import CUSTOMER, OPERATOR, WALTER, words

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.pipeline.configuration.web import Person
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, RollupKey, Store

DAY_US = 86_400_000_000
TODAY_US = START_US - START_US % DAY_US
COMMANDS = re.compile(
    r"doveadm|postsuper|postconf|fail2ban|exim |sudo |ss -K|uapi|mailwarden (?!show [A-Z2-7]{26})[a-z]+ "
)


def counts(day_us: int, domain: str, times: int = 1) -> dict[RollupKey, int]:
    """Count a day of a domain."""
    account = f"ana@{domain}"
    return {
        (day_us, "lines", "event", "postfix", "smtpd"): 1000,
        (day_us, "sent", account, "account", ""): 10 * times,
        (day_us, "delivery_domain", domain, "google", "sent"): 20 * times,
        (day_us, "delivery_domain", domain, "google", "deferred"): 3 * times,
        (day_us, "delivery_domain", domain, "google", "bounced"): 2 * times,
        (day_us, "delivery_domain", domain, "local", "sent"): 40 * times,
        (day_us, "login_account", account, "imap", "1.3"): 50 * times,
        (day_us, "login_account", account, "pop3", "no"): 5 * times,
        (day_us, "auth_account", account, "exists", ""): 6 * times,
    }


def shown(text: str) -> dict[str, list[str]]:
    """Give the numbers that stand on the first page, by their name."""
    table = re.search(r'id="own".*?<tbody>(.*?)</tbody>', text, re.DOTALL)
    assert table is not None
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table[1].split("</tr>") if "<tr" in row]
    return {words(name).strip(): [words(one).strip() for one in rest] for name, *rest in rows}


def customer(page: Served) -> Client:
    """Sign somebody in who may see one domain."""
    client = page.client(let_in=False)
    assert client.sign_in("cus", "correct horse").status == 303
    return client


def keep(directory: Path, rollups: dict[RollupKey, int], *incidents: Incident) -> None:
    """Write counts into the store."""
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(9, rollups=rollups, incidents=incidents, meta={"stream_us": str(START_US)}))


def test_numbers_of_the_own_domain_stand_beside_their_usual(directory: Path) -> None:
    """Of yesterday each number with its usual of such a day, of today what was counted so far; of other domains nothing."""
    rollups: dict[RollupKey, int] = {}
    for day in range(36):
        rollups |= counts(TODAY_US - day * DAY_US, "nova0.test", 4 if day == 1 else 1)
        rollups |= counts(TODAY_US - day * DAY_US, "other.test", 77)
    keep(directory, rollups)
    with served(directory, people=[CUSTOMER, OPERATOR]) as page:
        page.clocks.now_us = START_US
        text = customer(page).get("/").text
        ana = page.client(let_in=False)
        ana.sign_in("ana", "correct horse")
        whole = ana.get("/").text

    assert shown(text) == {
        "Mail sent": ["10", "40", "10", "▲ 4×"],
        "Mail delivered elsewhere": ["20", "80", "20", "▲ 4×"],
        "Mail that had to wait": ["3", "12", "3", "normal"],
        "Mail returned": ["2", "8", "2", "normal"],
        "Mail into mailboxes here": ["40", "160", "40", "▲ 4×"],
        "Logins": ["55", "220", "55", "▲ 4×"],
        "Logins without TLS": ["5", "20", "5", "normal"],
        "Failed logins": ["6", "24", "6", "normal"],
    }
    assert "Everything else is normal" not in text
    assert 'id="own"' not in whole


def test_several_domains_are_summed_up(directory: Path) -> None:
    """Who may see two sees both together, and of a domain whose name only ends alike nothing."""
    rollups: dict[RollupKey, int] = {}
    for name, times in (("nova0.test", 1), ("Second.test", 2), ("not-nova0.test", 100), ("sub.nova0.test", 100)):
        rollups |= counts(TODAY_US - DAY_US, name, times)
    keep(directory, rollups)
    both = Person("cus", CUSTOMER.password, "viewer", ("nova0.test", "second.test"))
    with served(directory, people=[both]) as page:
        page.clocks.now_us = START_US
        text = customer(page).get("/").text

    assert shown(text)["Mail sent"] == ["0", "30"]
    assert shown(text)["Mail into mailboxes here"] == ["0", "120"]
    assert "nova0.test, second.test" in text


def test_a_day_that_goes_on_is_only_told_to_be_more(directory: Path) -> None:
    """What is already above its usual is marked today, what is not yet there is not; when all is usual the verdict says so."""
    rollups: dict[RollupKey, int] = {}
    for day in range(36):
        rollups |= counts(TODAY_US - day * DAY_US, "nova0.test", 10)
    rollups |= {
        (TODAY_US, "sent", "ana@nova0.test", "account", ""): 900,
        (TODAY_US, "login_account", "ana@nova0.test", "imap", "1.3"): 0,
    }
    keep(directory, rollups)
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US
        numbers = shown(customer(page).get("/").text)
        page.clocks.now_us += DAY_US
        page.commit(10, [])
        later = customer(page).get("/").text

    assert numbers["Mail sent"] == ["▲ 900", "100", "100", "normal"]
    assert numbers["Logins"][0] == "50"
    assert shown(later)["Mail sent"] == ["0", "900", "100", "▲ 9×"]


def test_without_a_week_of_history_nothing_is_usual(directory: Path) -> None:
    """Numbers stand alone then, and nobody is told that all is normal."""
    keep(directory, counts(TODAY_US - DAY_US, "nova0.test"))
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US
        text = customer(page).get("/").text

    assert shown(text)["Logins"] == ["0", "55"]
    assert "No history yet" in text
    assert "normal" not in words(text)


def test_logins_that_bear_no_domain_are_said_to_be_missing(directory: Path) -> None:
    """Where people log in by bare names their number is not taken for none at all."""
    rollups = counts(TODAY_US - DAY_US, "nova0.test")
    rollups = {key: number for key, number in rollups.items() if key[1] != "login_account"}
    keep(directory, rollups | {(TODAY_US - DAY_US, "login_account", "ana", "imap", "1.3"): 50})
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US
        text = customer(page).get("/").text

    assert "whose they are is not known, so logins are not among these numbers" in text


def test_a_customer_is_told_what_a_customer_can_do(directory: Path) -> None:
    """Steps for panel and mail program stand there, no command of a shell but in the letter to whoever runs the server."""
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US + 60_000_000
        client = customer(page)
        text = client.get(f"/i/{WALTER.id}").text
        first = client.get("/").text

    letter = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    link = re.search(r'href="(mailto:[^"]*)"', text)
    assert letter is not None
    assert link is not None
    assert "Change the password of walter.rossi1969@nova0.test now, in the panel or the webmail" in words(text)
    assert "Change the password of walter.rossi1969@nova0.test now, in the panel or the webmail" in words(first)
    assert not COMMANDS.search(words(text.replace(letter[0], "")))
    assert "Not from walter.rossi1969@nova0.test: a stranger may read there." in words(text)
    lines = letter[1].split("\n")
    assert lines[:2] == [
        "walter.rossi1969@nova0.test was taken over and sends spam",
        f"To see all of it, on the server: mailwarden show {WALTER.id}",
    ]
    assert lines[2].startswith("CRITICAL, open; 291 events from 2025-11-23 00:30:28 UTC to ")
    assert "Accounts: walter.rossi1969@nova0.test" in lines
    asked = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    assert asked["subject"] == ["walter.rossi1969@nova0.test was taken over and sends spam"]
    assert WALTER.id in asked["body"][0]


def test_what_is_not_in_a_customers_hands_is_said_to_be_so(directory: Path) -> None:
    """Of trouble that only the server's keeper can mend, what can be done is to tell of it."""
    mine = incident("config", ("mailwarden.own_domain", "nova0.test"), advice="tls_reports", severity="high")
    keep(directory, {}, mine)
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US
        text = words(customer(page).get(f"/i/{mine.id}").text)

    assert "Nothing of it is in your hands but to tell of it." in text
    assert "Send this to whoever runs the server" in text


@pytest.mark.parametrize(
    "path",
    ["/", "/incidents?state=all", "/messages", "/messages?what=nobody@nova0.test", "/people", "/senders", "/nowhere", "/health",
     "/api/v1/incidents", "/incidents.json?state=all", "/incidents.csv"],
)  # fmt: skip
def test_no_page_of_a_customer_asks_for_a_shell(directory: Path, path: str) -> None:
    """Wherever a customer looks, nothing is to be typed on a server that is not his."""
    keep(directory, {}, taken_over("olga@nova0.test", modules=["exim", "cpanel"]))
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US
        text = words(customer(page).get(path).text)

    assert not COMMANDS.search(text)


def test_a_letter_of_a_hostile_name_is_text(directory: Path) -> None:
    """A name that wants to end the field, or to write a letter of its own, does neither."""
    name = '</textarea><script>alert(1)</script>&bcc=evil@example.org\r\n"@nova0.test'
    found = taken_over(name)
    keep(directory, {}, found)
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US
        text = customer(page).get(f"/i/{found.id}").text

    link = re.search(r'href="(mailto:[^"]*)"', text)
    assert "<script>alert" not in text
    assert text.count("</textarea>") == 1
    assert link is not None
    assert set(parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)) == {"subject", "body"}


def test_a_dead_service_is_something_to_tell(directory: Path) -> None:
    """When nobody watches, a customer is told whom to tell."""
    with served(directory, people=[CUSTOMER], watched=False) as page:
        page.clocks.now_us = START_US
        text = words(customer(page).get("/").text)

    assert "Tell whoever runs the server: until it is mended, nothing new is seen here." in text


def test_before_anything_is_watched_a_customer_types_nothing(tmp_path: Path) -> None:
    """Without a database neither its path nor a command is shown to whom the server does not belong, but whom to tell."""
    with served(tmp_path, people=[CUSTOMER, OPERATOR]) as page:
        text = words(customer(page).get("/").text)
        data = customer(page).get("/api/v1/status").text
        ana = page.client(let_in=False)
        ana.sign_in("ana", "correct horse")
        keeper = words(ana.get("/").text)

    assert "Nothing is watched here yet. Tell whoever runs the server." in text
    assert not COMMANDS.search(text + data)
    assert str(tmp_path) not in text + data
    assert "sudo mailwarden setup" in keeper
