"""What happened stands on the page of an incident, with what the other side said of it, and on the page about delivery."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from incidents import START_US, incident, taken_over
from served import served
from test_mail_pages import event
from test_pages import CUSTOMER, HOSTILE, words

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.parsers.event import Event
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Store

WHO = "walter.rossi1969@nova0.test"
BEGAN_S = 1800
THIEF, OWNER = "198.18.10.60", "192.0.2.7"
GONE = "<c@example.net>: Recipient address rejected: User unknown"
LONG = "Our system has detected an unusual rate of unsolicited mail originating from your address. " * 4


def accepted(second: int, queue: str, address: str, recipients: int) -> list[Event]:
    """Make what is logged when the account hands in a message."""
    who: dict[str, Any] = {"mailwarden_account": WHO, "mail_queue_id": queue, "source_ip": address}
    return [
        event(second, "message-received", user_name=WHO, network_protocol="smtp", mail_sasl_method="PLAIN", **who),
        event(second, "message-queued", email_from_address=[WHO], mail_recipient_count=recipients, **who),
    ]


def tried(second: int, queue: str, to: str, status: str, text: str, klass: str | None = None, **more: Any) -> Event:
    """Make a delivery elsewhere and what was answered."""
    return event(
        second, "delivery", mail_queue_id=queue, email_to_address=[to], mail_delivery_status=status, smtp_reply_text=text,
        mail_bounce_class=klass, mailwarden_account=WHO, destination_domain="mx.example.net", **more,
    )  # fmt: skip


@pytest.fixture
def night(directory: Path) -> Path:
    """That directory with an archive of the night: guessing, two who came in, what they sent, what became of it."""
    bad: dict[str, Any] = {"user_name": WHO, "mailwarden_account": WHO}
    rows = [
        *(event(BEGAN_S - 60 + n, "auth-failure", source_ip=f"198.18.9.{n % 2}", **bad) for n in range(6)),
        event(BEGAN_S - 54, "auth-failure", source_ip="198.18.9.1", mailwarden_attempts=0, **bad),  # told once more
        *accepted(BEGAN_S + 28, "2B82A", THIEF, 5),
        tried(BEGAN_S + 29, "2B82A", "a@example.net", "sent", "250 ok"),
        tried(BEGAN_S + 29, "2B82A", "b@example.net", "deferred", LONG, "rate_limit", mail_provider="google",
              smtp_reply_code=421, smtp_reply_enhanced_code="4.7.28"),
        tried(BEGAN_S + 30, "2B82A", "c@example.net", "bounced", GONE, "unknown_user", smtp_reply_code=550,
              smtp_reply_enhanced_code="5.1.1"),
        tried(BEGAN_S + 31, "2B82A", "d@example.net", "bounced", HOSTILE, "spam_content", mail_provider="yahoo"),
        event(BEGAN_S + 32, "bounce-created", mail_queue_id="2B82A", mail_queue_child_id="B0"),
        event(BEGAN_S + 32, "delivery", mail_queue_id="B0", email_to_address=[WHO], mail_delivery_status="sent"),
        *accepted(BEGAN_S + 40, "4C4P2", OWNER, 1),
        tried(BEGAN_S + 41, "4C4P2", "f@example.net", "sent", "250 ok"),
    ]  # fmt: skip
    Archive.open(directory / "archive", 0).write(1, rows)
    found = taken_over(WHO)
    found.entities = found.entities | {"source.ip": [THIEF, OWNER]}
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, incidents=[found]))
    return directory


def story(text: str) -> str:
    """Give the words under “How it went”."""
    found = re.search(r'<ol class="turns">(.*?)</ol>', text, re.DOTALL)
    assert found is not None
    return words(found[1])


def test_what_happened_is_told(night: Path) -> None:
    """Who tried, who came in from where, to how many they wrote and what became of each: notices to the sender are not theirs."""
    with served(night) as page:
        text = story(page.client().get(f"/i/{taken_over(WHO).id}").text)

    assert "6 failed logins from 2 addresses" in text
    assert f"First login from {THIEF}: SMTP, PLAIN" in text
    assert f"1 message to 5 recipients from {THIEF}: 1 delivered, 2 bounced, 1 waiting, 1 not tried yet" in text
    assert f"1 message to 1 recipient from {OWNER}: 1 delivered" in text
    assert f"Other receivers refused 1 recipient: no such user “550 5.1.1 {GONE}”" in text
    assert text.index("failed logins") < text.index("First login") < text.index("1 message to 5")


def test_a_reply_is_only_text_and_may_be_opened(night: Path) -> None:
    """What the other side wrote comes in whole and harmless; a long one is cut, and opens without JavaScript."""
    with served(night) as page:
        text = page.client().get(f"/i/{taken_over(WHO).id}").text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e" in text
    said = re.search(r'<details class="reply"><summary>“(421 4\.7\.28 [^<]*)…”</summary>“([^<]*)”</details>', text)
    assert said is not None
    assert len(said[1]) == 160
    assert said[2] == f"421 4.7.28 {LONG}".strip()


def test_without_an_archive_the_findings_are_told(directory: Path) -> None:
    """Where nothing is kept of events, or a file of it is damaged, the incident is shown all the same."""
    with served(directory) as page:
        before = page.client().get(f"/i/{taken_over(WHO).id}")
        day = directory / "archive" / "events" / "2025-11-23"
        day.mkdir(parents=True)
        (day / "batch-000000001.parquet").write_bytes(b"no parquet")
        after = page.client().get(f"/i/{taken_over(WHO).id}")

    assert (before.status, after.status) == (200, 200)
    assert "first event" in story(before.text)
    assert "there may be more" not in words(before.text)
    assert "Told from the newest part of what is kept: there may be more." in words(after.text)


def test_a_customer_reads_the_story_of_their_own(night: Path) -> None:
    """Somebody limited to a domain sees what happened to their account, and nothing of a neighbour's mail to it."""
    theirs: dict[str, Any] = {"mailwarden_account": "secret@other.test", "mail_queue_id": "7Q", "source_ip": THIEF}
    Archive.open(night / "archive", 1).write(
        2,
        [
            event(BEGAN_S + 33, "message-received", user_name="secret@other.test", **theirs),
            event(BEGAN_S + 33, "message-queued", email_from_address=["secret@other.test"], **theirs),
            event(
                BEGAN_S + 34, "delivery", email_to_address=[WHO, "olga@other.test"], mail_delivery_status="bounced",
                smtp_reply_text="550 olga is on holiday", mail_bounce_class="policy_auth", mail_provider="orange", **theirs,
            ),
        ],
    )  # fmt: skip
    with served(night, people=[CUSTOMER]) as page:
        client = page.client(let_in=False)
        client.sign_in("cus", "correct horse")
        text = client.get(f"/i/{taken_over(WHO).id}").text

    assert "1 message to 5 recipients" in story(text)
    assert GONE in story(text)
    assert not re.search("secret|olga|Orange", text)


def provider(name: str, value: str) -> Incident:
    """Make an incident about a provider that refuses our mail."""
    return incident(
        "listed", (name, value), category="blocklist_risk", severity="critical", title="{provider} refuses our mail",
        values={"provider": value}, first_seen_us=START_US + BEGAN_S * 1_000_000,
        last_seen_us=START_US + (BEGAN_S + 60) * 1_000_000, entities={name: [value]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("mail.provider", "google", "Gmail put off 1 recipient: too much at once"),
        ("mailwarden.receiver", "example.net", "Other receivers refused 1 recipient: no such user"),
    ],
)
def test_what_a_provider_said_is_told(night: Path, name: str, value: str, told: str) -> None:
    """The incident of a provider shows what it did not take, why, and in which words."""
    found = provider(name, value)
    with Store.open(store_path(night)) as store:
        store.commit(Commit(3, incidents=[found]))
    with served(night) as page:
        page.desk.index.build()
        text = page.client().get(f"/i/{found.id}").text

    assert told in story(text)
    assert "mailwarden.receiver" not in words(text)
    assert "mail.provider" not in words(text)


def test_delivery_shows_what_was_said(night: Path) -> None:
    """Beside why mail was not taken stands what the provider wrote, newest first found, with the message that it was said of."""
    hour_us = START_US - START_US % 3_600_000_000
    rollups = {
        (hour_us, "delivery", "yahoo", "bounced", "spam_content"): 9,
        (hour_us, "delivery", "google", "sent", ""): 9,
    }
    with Store.open(store_path(night)) as store:
        store.commit(Commit(3, rollups=rollups))
    with served(night) as page:
        page.clocks.now_us = START_US + 3_600_000_000
        client = page.client()
        text = client.get("/delivery?provider=yahoo").text
        data = json.loads(client.get("/api/v1/delivery").text)["providers"]

    assert "taken for spam 9 “<script>alert(1)</script>\\x1b[31m" in words(text)
    assert "What Yahoo said" in words(text)
    assert 'href="/messages?what=2B82A"' in text
    assert "<script>alert" not in text
    assert [one["reasons"][0]["replies"] for one in data if one["mail.provider"] == "yahoo"] == [[HOSTILE]]


def test_the_rest_of_what_belongs_to_an_incident_is_one_click_away(directory: Path) -> None:
    """Of many that are part of another ten are named, and a link leads to the list of them all."""
    whole = taken_over(WHO)
    parts = [incident(primary=("mailwarden.network", f"203.0.113.{n}/32"), parent=whole.id) for n in range(14)]
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, incidents=parts))
    with served(directory) as page:
        client = page.client()
        found = re.search(r'href="(/incidents\?of=[^"]+)">and (\d+) more', client.get(f"/i/{whole.id}").text)
        assert found is not None
        listed = words(client.get(found[1].replace("&amp;", "&")).text)

    assert found[2] == "4"
    assert "14 incidents" in listed
    assert f"Part of {WHO} was taken over and sends spam" in listed
