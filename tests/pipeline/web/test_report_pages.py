"""Which report the page shows first, and the very one that was sent."""

import re
import time
from pathlib import Path

import pytest
from incidents import START_US
from served import Client, Served, served
from test_pages import CUSTOMER, words

from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.report.__main__ import main as write_report
from mailwarden.pipeline.store import Commit, Store

DAY = "2025-11-23"
"""The day of `START_US`, the only one that was counted."""
DAY_US = 86_400_000_000


def keep(directory: Path, *words: str, name: str = DAY) -> None:
    """Write a report as the service does."""
    words = (str(store_path(directory)), "--from", DAY, "--zone", "UTC", "--host", "mx1", *words)
    assert write_report([*words, "--keep", str(directory / "reports"), "--name", name]) == 0


def customer(page: Served) -> Client:
    """Let somebody in who may see one domain."""
    client = page.client(let_in=False)
    assert client.sign_in("cus", "correct horse").status == 303
    return client


def test_a_report_that_was_sent_stays_as_it_was(directory: Path) -> None:
    """What is counted later changes what would be sent now, not what was."""
    keep(directory)
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, rollups={(START_US, "lines", "event", "postfix", "postfix/smtpd"): 5_000}))
    with served(directory) as page:
        page.clocks.now_us = START_US + DAY_US
        client = page.client()
        while "refresh" in (shown := client.get("/reports")).headers:
            time.sleep(0.2)
            page.clocks.passed_s += 0.2  # for the page, too: else this were a flood of requests
        link = re.search(r'href="(/reports/sent\?[^"]*kept=1)"', shown.text)
        assert link is not None
        then, now = (client.get(path) for path in (link[1].replace("&amp;", "&"), f"/reports/sent?day={DAY}"))

    assert "1,000 lines read" in words(then.text)
    assert "6,000 lines read" in words(now.text)
    assert then.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_report_that_was_not_sent_is_not_there(page: Served) -> None:
    """Nor is one of a server whose name wants to be a path."""
    client = page.client()
    for server in ("", "..", "../../mailwarden", "x/../../y"):
        answer = client.get(f"/reports/sent?day={DAY}&kept=1&server={server}")

        assert answer.status == 404
        assert "No such report was sent" in answer.text


def test_a_customer_gets_the_report_that_was_theirs(directory: Path) -> None:
    """Of all that were kept only the one of their domain, whatever they ask for."""
    keep(directory)
    keep(directory, "--domain", "nova0.test", name=f"{DAY}.nova0.test")
    keep(directory, "--server", "mx1", name=f"{DAY}.server-mx1")
    with served(directory, people=[CUSTOMER]) as page:
        client = customer(page)
        answers = [
            client.get(f"/reports/sent?day={DAY}&kept=1{more}") for more in ("", "&domain=other.test", "&server=mx1")
        ]

    assert {answer.status for answer in answers} == {200}
    for answer in answers:
        assert "nova0.test" in answer.text
        assert "203.0.113.0/24" not in answer.text  # an incident of all


@pytest.mark.parametrize(("days_later", "first"), [(0, DAY), (1, DAY), (2, "2025-11-24")])
def test_the_first_day_is_not_an_empty_report(directory: Path, days_later: int, first: str) -> None:
    """Yesterday's report comes first, on the first day that day's; no day is offered before anything was counted."""
    with served(directory) as page:
        page.clocks.now_us = START_US + days_later * DAY_US
        text = words(page.client().get("/reports").text)

    assert f"Report of {first}" in text
    assert "2025-11-22" not in text
