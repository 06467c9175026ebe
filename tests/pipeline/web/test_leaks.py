"""Whoever may see a part learns nothing of the rest: not by an id, a reason, a mark, a bare name, or a way to more."""

import http.client
import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from incidents import START_US, incident, taken_over
from served import Client, Served, served
from test_mail_pages import event
from test_pages import CUSTOMER, WALTER, acts

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.terms import Evidence
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.archive import archive as module
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.service.acts import on_it, silence
from mailwarden.pipeline.store import Commit, Store
from mailwarden.pipeline.web.visitor import Visitor

LIMITED = Visitor(name="cus", domains=("nova0.test",))


@pytest.fixture
def page(directory: Path) -> Iterator[Served]:
    """The page of a server with customers."""
    with served(directory, people=[CUSTOMER]) as one:
        one.clocks.now_us = START_US + 60_000_000
        yield one


def customer(page: Served) -> Client:
    """Give one who may see a part, and act there."""
    client = page.client(let_in=False)
    client.sign_in("cus", "correct horse")
    return client


def beside(mine: Incident, length: int) -> Incident:
    """Make an incident of another customer whose id begins as ours does."""
    for n in count():
        one = incident(primary=("mailwarden.account", f"secret{n}@other.test"))
        if one.id[:length] == mine.id[:length]:
            return one
    raise AssertionError


def test_an_id_that_others_share_names_none_of_theirs(page: Served) -> None:
    """A beginning that also an incident of others has is nobody's, on the page, in the data and where something is asked for."""
    other = beside(WALTER, 3)
    page.commit(2, [other])
    client = customer(page)
    short = WALTER.id[:3]
    answers = [client.get(f"/i/{short}"), client.get(f"/api/v1/incidents/{short}")]
    answers += [
        client.post(f"/i/{short}/{act}", {"csrf": client.csrf(), "because": "x"}) for act in ("on-it", "silence")
    ]
    nothing = client.get("/i/ZZZ")

    assert {one.status for one in answers} == {404}
    assert not any("secret" in one.text or other.id[:6] in one.text for one in answers)
    assert re.sub(r"/i/\w+", "", answers[0].text) == re.sub(r"/i/\w+", "", nothing.text)
    assert acts(page) == []


def test_what_names_others_without_an_address_is_not_shown(page: Served) -> None:
    """Scripts, local users, domains and names that an incident holds beside the own are left out, on the page and in the data."""
    names = {
        "mailwarden.script": ["/home/othershop/send.php"], "user.id": ["othershop"], "mail.dkim.domain": ["other.test"],
        "mailwarden.sender_domain": ["other.test", "nova0.test"], "mailwarden.content.sender": ["boss@other.test"],
        "dns.question.name": ["mail.other.test"], "mailwarden.complaint.about": ["other.test"], "new.field": ["other.test"],
        "source.ip": ["198.18.10.60"],
    }  # fmt: skip
    found = taken_over("olga@nova0.test", entities=names)
    page.commit(2, [found])
    client = customer(page)
    texts = [client.get(f"/i/{found.id}").text, client.get(f"/api/v1/incidents/{found.id}").text]
    texts += [client.get(path).text for path in ("/incidents.json?state=all", "/api/v1/incidents", "/incidents.csv")]

    assert not any(re.search(r"othershop|other\.test", one) for one in texts)
    assert "198.18.10.60" in texts[0]
    assert json.loads(texts[1])["entities"] == {
        "mailwarden.sender_domain": ["nova0.test"],
        "source.ip": ["198.18.10.60"],
    }


def test_a_line_that_names_the_domain_of_another_customer_is_not_shown(page: Served) -> None:
    """Not as a host, not as a HELO; the server's own name, which stands in every line, hides nothing, nor does a stranger's."""
    own = "mx1.hoster.test postfix/smtpd[1]: connect from mail.example.org[198.18.10.60], helo=<www.nova0.test>"
    lines = [own, own + " relay=mail.other.test", own + " helo=<OTHER.test>"]
    found = taken_over(
        "olga@nova0.test", evidence=[Evidence("m", n, line) for n, line in enumerate(lines)], hosts=["mx1.hoster.test"]
    )
    day_us = START_US - START_US % 86_400_000_000
    counts = {
        (day_us, "delivery_domain", name, "google", "sent"): 1 for name in ("other.test", "nova0.test", "hoster.test")
    }
    with Store.open(store_path(page.directory)) as store:
        store.commit(Commit(2, incidents=[found], rollups=counts))
    client = customer(page)

    shown = client.get(f"/i/{found.id}").text
    data = client.get(f"/api/v1/incidents/{found.id}").text + client.get("/incidents.json?state=all").text

    assert "other.test" not in (shown + data).lower()
    assert [one["line"] for one in json.loads(client.get(f"/api/v1/incidents/{found.id}").text)["evidence"]] == [own]
    assert "2 lines are not shown: they name others." in shown


def test_every_field_that_a_rule_names_is_judged(page: Served) -> None:
    """A field of a new rule is shown to nobody limited to domains, unless it bears their own: it may name others."""
    detections = [rule.detection for rule in load_rules()] + [one.detection for one in load_detectors()]
    named = {name for one in detections for name in one.entities}
    values: dict[str, list[str]] = {name: ["bare"] for name in named}

    shown = set(LIMITED.entities(values))

    assert shown <= named
    assert not shown & {
        "mailwarden.account", "mailwarden.script", "mailwarden.content.sender", "user.id", "email.from.address",
        "email.to.address", "mailwarden.sender_domain", "mailwarden.own_domain", "mailwarden.unsigned", "mail.dkim.domain",
    }  # fmt: skip


def test_a_reason_names_nobody_else(page: Served) -> None:
    """Why somebody silenced something is shown without the addresses of others."""
    payload = silence(WALTER, "ana", "as with secret@other.test, a newsletter", START_US)
    with Store.open(store_path(page.directory)) as store:
        store.add_act("silence", payload, START_US)
        store.add_act("acknowledge", on_it(WALTER, "ana"), START_US)
    page.commit(2, [])
    client = customer(page)
    texts = [client.get(path).text for path in ("/", "/incidents", f"/i/{WALTER.id}")]

    assert "as with •••, a newsletter" in texts[2]
    assert not any("secret" in one for one in texts)


def test_a_silence_of_more_than_theirs_is_not_theirs_to_end(page: Served) -> None:
    """What an operator silenced by words that fit many incidents does not end because a customer wants to hear of one."""
    payload = {"who": "ana", "because": "moving", "until": "forever", "matcher": {"category": WALTER.category}}
    with Store.open(store_path(page.directory)) as store:
        store.add_act("silence", payload, START_US)
    page.commit(2, [])
    client = customer(page)
    text = client.get(f"/i/{WALTER.id}").text
    client.post(f"/i/{WALTER.id}/tell-again", {"csrf": client.csrf()})

    assert "by ana: moving" in text
    assert "tell-again" not in text
    assert [kind for kind, _ in acts(page)] == ["silence"]


def test_the_story_tells_of_their_own_parts(page: Served) -> None:
    """What rules found in parts of others does not stand in the story, nor the parts, nor how many they are."""
    told = taken_over(
        timeline=[(START_US, "send_from_new_network"), (START_US + 1, "fast_guessing"), (START_US + 2, "bounce_ratio")]
    )
    mine = incident("sending", ("mailwarden.account", "ana@nova0.test"), rules=["bounce_ratio"], parent=told.id)
    theirs = [incident(primary=("mailwarden.account", f"secret{n}@other.test"), parent=told.id) for n in range(30)]
    page.commit(2, [told, mine, *theirs])
    text = customer(page).get(f"/i/{told.id}").text

    assert "bounce_ratio" in text
    assert "fast_guessing" not in text
    assert "secret" not in text
    assert "/incidents?of=" not in text


def marks(port: int, client: Client) -> str:
    """Give the mark that the line of events tells."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    connection.request("GET", "/events", headers={"Cookie": cookies})
    response = connection.getresponse()
    told = b""
    while b"data: {" not in told or not told.endswith(b"\n\n"):
        told += response.readline()
    connection.close()
    return str(json.loads(told.partition(b"data: ")[2])["mark"])


def test_what_happens_to_others_changes_no_mark(page: Served) -> None:
    """A page that is open, and the line of events, stay as they are when an incident of others opens or ends."""
    client = customer(page)
    before = re.search(r'data-mark="([^"]+)"', client.get("/").text)
    page.commit(
        2, [incident(primary=("mailwarden.account", "secret@other.test"), severity="critical", opened_us=START_US + 9)]
    )
    after = re.search(r'data-mark="([^"]+)"', client.get("/").text)
    page.commit(3, [taken_over("ana@nova0.test", opened_us=START_US + 10)])
    own = re.search(r'data-mark="([^"]+)"', client.get("/").text)

    assert before is not None
    assert after is not None
    assert own is not None
    assert before[1] == after[1] != own[1]
    assert marks(page.port, client) == own[1]


def test_no_way_leads_to_older_mail_of_others(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for an address that only others wrote to is told the same as of one that nobody wrote to."""
    monkeypatch.setattr(module, "_FULL", 10)
    archive = Archive.open(directory / "archive", 0)
    theirs: dict[str, Any] = {"mailwarden_account": "secret@other.test", "email_to_address": ["friend@example.net"]}
    for batch in range(1, 13):
        rows = [
            event(batch, "delivery", mail_queue_id=f"Q{batch}{n}", mail_delivery_status="sent", **theirs)
            for n in range(10)
        ]
        archive.write(batch, rows)
    with served(directory, people=[CUSTOMER]) as page:
        client = customer(page)
        texts = [client.get(f"/messages?what={who}@example.net").text for who in ("friend", "nobody")]
        data = [json.loads(client.get(f"/api/v1/messages?what={who}@example.net").text) for who in ("friend", "nobody")]

    assert texts[0].replace("friend", "nobody") == texts[1]
    assert data[0] == data[1] == {"events": [], "before": ""}


@pytest.mark.parametrize(
    "path",
    ["/", "/incidents?state=all&parts=1", "/incidents?q=other", "/incidents?of=" + WALTER.id, "/people", "/people?q=other",
     "/people.csv", "/senders", "/senders.csv", "/messages?what=secret@other.test", "/reports", "/api/v1/status", "/nowhere",
     "/api/v1/incidents?state=all&parts=1", "/api/v1/people", "/api/v1/senders", "/api/v1/messages?what=olga@other.test",
     "/api/v1/openapi.json", "/sign-in"],
)  # fmt: skip
def test_no_address_tells_of_others(directory: Path, path: str) -> None:
    """Each address, asked by somebody limited to a domain, holds no name, number or line of another customer."""
    hour_us = START_US - START_US % 3_600_000_000
    rollups = {
        (hour_us, "login_account", "secret@other.test", "imap", "1.3"): 4242,
        (hour_us, "sent_recipients", "secret@other.test", "account", ""): 4242,
        (hour_us, "delivery_domain", "other.test", "google", "bounced"): 4242,
        (hour_us, "delivery", "google", "bounced", "blocklist"): 4242,
    }
    theirs = incident(
        primary=("mailwarden.account", "secret@other.test"), severity="critical", parent=WALTER.id, event_count=4242,
        evidence=[Evidence("/var/log/mail.log", 1, "sasl_username=secret@other.test")],
    )  # fmt: skip
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, rollups=rollups, incidents=[theirs]))
    with served(directory, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US + 60_000_000
        answer = customer(page).get(path)

    # What they typed themselves.
    shown = re.sub(r'value="[^"]*"|<title>.*?</title>|<h1>.*?</h1>|“[^”]*”', "", answer.text)
    assert not re.search(r"secret|4,?242|other\.test", shown)
