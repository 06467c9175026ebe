"""The pages about mail and about mailwarden itself, and the same as data."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from incidents import START_US
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from served import TOKEN, Client, Served, served
from test_pages import CUSTOMER, HOSTILE, WALTER, words

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.risk.outcomes import KIND
from mailwarden.alerts.risk.sender import Sender
from mailwarden.alerts.state.blob import encode
from mailwarden.alerts.telling.outbox import Delivery, pack
from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import coded
from mailwarden.parsers.event import Event
from mailwarden.pipeline.answers.words import reason_text
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Listing, Posture, Store
from mailwarden.pipeline.web.openapi import document
from mailwarden.pipeline.web.views.messages import events_for
from mailwarden.pipeline.web.views.senders import SENDERS
from mailwarden.pipeline.web.visitor import Visitor

HOUR_US = START_US - START_US % 3_600_000_000
DAY_US = 86_400_000_000
SENT = ("sent", "sent_recipients")


def event(second: int, action: str, **fields: Any) -> Event:
    """Make an event."""
    made = Event()
    made.timestamp_us = made.stream_us = START_US + second * 1_000_000
    made.event_kind, made.event_action, made.host_hostname = "event", action, "mx1"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def mail(directory: Path) -> Path:
    """That directory with an archive: a message to two people, another customer's, and a login."""
    mine: dict[str, Any] = {"mail_queue_id": "4Zx", "mailwarden_account": "ana@nova0.test"}
    other: dict[str, Any] = {"mail_queue_id": "5Zy", "mailwarden_account": "secret@other.test"}
    archive = Archive.open(directory / "archive", 0)
    archive.write(
        1,
        [
            event(0, "message-received", user_name="ana@nova0.test", source_ip="192.0.2.7", **mine),
            event(1, "message-queued", email_from_address=["ana@nova0.test"], mail_recipient_count=2, **mine),
            event(
                2, "delivery", email_to_address=["bob@example.org"], mail_delivery_status="sent",
                smtp_reply_text="250 ok", **mine,
            ),
            event(
                3, "delivery", email_to_address=["eve@example.net"], mail_delivery_status="deferred",
                smtp_reply_text=f"451 {HOSTILE}", mail_delivery_delay=7_300.0, mail_bounce_class="rate_limit",
                mail_provider="yahoo", **mine,
            ),
            event(
                4, "delivery", email_to_address=["ana@nova0.test"], email_from_address=["secret@other.test"],
                event_reason="a copy for olga@other.test failed", **other,
            ),
            event(5, "delivery", email_to_address=["olga@other.test"], mail_delivery_status="sent", **other),
            event(6, "auth-success", user_name="ana@nova0.test", source_ip="192.0.2.7"),
        ],
    )  # fmt: skip
    rollups = {
        (HOUR_US, "login_account", "ana@nova0.test", "imap", "1.3"): 9,
        (HOUR_US, "login_account", "old@nova0.test", "pop3", "no"): 2,
        (HOUR_US, "login_account", HOSTILE, "imap", "1.0"): 1,
        (HOUR_US, "login_account", "secret@other.test", "imap", "1.3"): 4,
        (HOUR_US, "auth_account", "ana@nova0.test", "exists", ""): 1,
        (HOUR_US, "auth_account", "guessed@nova0.test", "unknown", ""): 7,
        (HOUR_US, "sent", "ana@nova0.test", "account", ""): 3,
        (HOUR_US, "sent_recipients", "ana@nova0.test", "account", ""): 5,
        (HOUR_US, "sent", "/srv/contact", "script", HOSTILE): 7,
        (HOUR_US, "sent_recipients", "/srv/contact", "script", HOSTILE): 7,
        (HOUR_US, "sent_recipients", "secret@other.test", "account", ""): 4,
        (HOUR_US, "sent", "secret@other.test", "account", ""): 4,
        (HOUR_US, "read_trait", "ana@nova0.test", "imap", "bytes"): 2_345_678,
        (HOUR_US, "login_network", "ana@nova0.test", "imap", "192.0.2.0/24"): 9,
        (HOUR_US, "pop3_deleted", "ana@nova0.test", "", ""): 6,
        (HOUR_US, "delivery", "yahoo", "deferred", "rate_limit"): 1,
        (HOUR_US, "delivery_waited", "yahoo", "hour", ""): 2,
        (HOUR_US, "delivery", HOSTILE, "bounced", "blocklist"): 50,
    }
    listings = [
        Listing("192.0.2.25", "bl.example", START_US, START_US, "listed", "Example BL", 1.0, ("127.0.0.2",), HOSTILE),
        Listing("192.0.2.25", "zen.example", START_US, START_US, "no answer", "Zen", 1.0),
    ]
    postures = [
        Posture("nova0.test", "spf", "nova0.test", START_US, START_US, "wrong", "spf_missing", should="v=spf1 -all")
    ]
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, rollups=rollups, listings=listings, postures=postures))
    return directory


@pytest.fixture
def page(mail: Path) -> Iterator[Served]:
    """The page of it, as it was that night."""
    with served(mail) as one:
        one.clocks.now_us = START_US + 60_000_000
        yield one


PAGES = (
    "/messages?what=4zx",
    "/people",
    "/senders",
    "/delivery",
    "/delivery?days=30",
    "/reputation",
    "/health",
    "/reports",
)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_text_is_only_text(page: Served, language: str) -> None:
    """Names of accounts and providers, replies of receivers and reasons of lists stay text on every page."""
    client = page.client(language=language)
    for path in PAGES:
        answer = client.get(path)

        assert answer.status == 200, path
        assert "<script>alert" not in answer.text
        assert "49txt" not in answer.text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", answer.text)


def test_a_message_has_one_line_of_life(page: Served) -> None:
    """A queue id gives sender, receivers, what became of each, and what was said of the one that did not get it."""
    text = words(page.client().get("/messages?what=4ZX").text)

    assert "✓ 1 delivered" in text
    assert "▲ 1 waiting" in text
    assert "ana@nova0.test → bob@example.org , eve@example.net" in text
    assert "451 <script>alert(1)</script>\\x1b[31m" in text
    assert "secret@other.test" not in text


def test_an_address_gives_its_messages_and_its_logins(page: Served) -> None:
    """What belongs to no message stands apart."""
    text = words(page.client().get("/messages?what=ana@nova0.test").text)

    assert "2 messages" in text
    assert "Without a message: logins and refusals" in text
    assert "logged in" in text


def test_what_nobody_names(page: Served) -> None:
    """Nothing found is said, not shown as an empty table."""
    assert "Nothing names “nobody”" in words(page.client().get("/messages?what=nobody").text)


def test_people_are_told_by_how_they_log_in(page: Served) -> None:
    """Logins without TLS and with an old one are marked; a name that was only guessed is nobody."""
    client = page.client()
    text = words(client.get("/people").text)

    assert "old@nova0.test ▲ without TLS POP3 2 · ▲ without TLS" in text
    assert "TLS older than 1.2" in text
    assert "guessed@nova0.test" not in text
    assert "1 person logged in" in words(client.get("/people?kind=clear").text)
    assert "2.3 MB fetched · from 192.0.2.0/24" in text
    assert "6 messages deleted by POP3" in text


def test_who_reads_by_a_protocol_without_tls(page: Served) -> None:
    """The page answers in a sentence, and names who."""
    client = page.client()
    pop3 = words(client.get("/people?protocol=pop3&kind=clear").text)

    assert "1 account still comes by POP3 without TLS." in pop3
    assert "old@nova0.test" in pop3
    assert "Nobody was seen to come by IMAP without TLS." in words(client.get("/people?protocol=imap").text)


def test_senders_are_called_what_they_are(page: Served) -> None:
    """The page, the spreadsheet and the API tell it alike; a hostile name runs nowhere."""
    client = page.client()
    sheet = client.get("/senders.csv").text

    text = words(client.get("/senders").text)
    assert "/srv/contact local user" in text
    assert "contact form (sure) its path says so 7" in text
    assert "/srv/contact,script" in sheet
    sent = json.loads(client.get("/api/v1/senders").text)["senders"]
    assert {one["sender"]: one["is"] for one in sent}["ana@nova0.test"] == "person"
    assert "ana@nova0.test,imap,9" in client.get("/people.csv").text


def test_who_is_part_of_an_incident_is_judged_however_little_they_sent(mail: Path) -> None:
    """Of a large hoster the page judges those who sent most; it says so, and nobody who is suspected is left out."""
    many = {(HOUR_US, name, f"p{n}@nova0.test", "account", ""): 50 for n in range(SENDERS) for name in SENT}
    few = {(HOUR_US, name, WALTER.primary[1], "account", ""): 1 for name in SENT}
    with Store.open(store_path(mail)) as store:
        store.commit(Commit(3, rollups=many | few))
    with served(mail) as page:
        page.clocks.now_us = START_US + 60_000_000
        client = page.client()
        first, last = (words(client.get(f"/senders?page={number}").text) for number in (1, 9))

    assert "154 senders · page 1 of 4" in first
    assert "Of 154 senders the 151 who sent most are judged here, all who are part of an incident among them" in first
    assert first.index(f"{WALTER.primary[1]} ▲ part of an incident") < first.index("p0@nova0.test")
    assert "page 4 of 4" in last


def test_delivery_names_who_does_not_take_our_mail(page: Served) -> None:
    """The first sentence names the providers; each has its reasons, in words."""
    text = words(page.client().get("/delivery").text)

    assert "Some of our mail is not taken:" in text
    assert "too much at once 4" in text
    assert "we are on a blocklist 50" in text


def test_delivery_says_how_long_mail_waits(page: Served) -> None:
    """The age at which a provider last put mail off, and how many were taken only after an hour."""
    text = words(page.client().get("/delivery").text)

    assert "2 h 2 taken after an hour or more" in text


def test_delivery_names_whose_mail_it_is(mail: Path) -> None:
    """Under the provider that is looked at stands which of our domains it takes mail of, counted by whole days."""
    midnight_us = HOUR_US - HOUR_US % (24 * 3_600_000_000)
    rollups = {
        (midnight_us, "delivery_domain", "nova0.test", "google", "sent"): 20,
        (midnight_us, "delivery_domain", "nova1.test", "google", "deferred"): 7,
        (midnight_us, "delivery_domain", "nova1.test", "microsoft", "sent"): 9,
    }
    with Store.open(store_path(mail)) as store:
        store.commit(Commit(3, rollups=rollups))
    with served(mail) as page:
        page.clocks.now_us = START_US + 60_000_000
        text = words(page.client().get("/delivery?provider=google").text)

    assert "nova1.test ▲ 100 % not taken 0 7 0 nova0.test 20 0 0" in text


@pytest.mark.parametrize(
    ("reason", "said"), [("credentials_rejected", "name or password wrong"), ("new_one", "new one")]
)
def test_a_reason_is_said_in_words(reason: str, said: str) -> None:
    """Nobody reads the names that reasons have in data; one that has no words yet is at least no code."""
    assert said == reason_text(reason, translator("en"))


def test_reputation_tells_no_answer_apart(page: Served) -> None:
    """Listed, wrong and not answered are three things, and the record to publish stands there."""
    text = words(page.client().get("/reputation").text)

    assert "We stand on 1 block list." in text
    assert "1 gave no answer: that is neither good nor bad." in text
    assert "v=spf1 -all" in text


def test_risk_names_its_parts_and_what_to_do(mail: Path) -> None:
    """A sender that is near a block comes first, with the parts of its risk, who says so, and the first step."""
    judged = Sender(
        last_us=START_US, addresses={"192.0.2.25": 9}, state={"listings": {"Example BL": 1.0}},
        receivers={"listings": {"google": 3}}, behind={"listings": {HOSTILE: 2}},
    )  # fmt: skip
    with Store.open(store_path(mail)) as store:
        store.commit(Commit(3, states=[(KIND, "server mx1", 1, 1 << 62, encode(judged))]))
    with served(mail) as page:
        page.clocks.now_us = START_US + 60_000_000
        client = page.client()
        text, now = client.get("/reputation").text, words(client.get("/").text)

    assert re.search(r"\d+ of 100", words(text))
    assert "192.0.2.25 (mx1)" in words(text)
    assert "What to do, in this order" in text
    assert "<script>alert" not in text
    assert re.search(r"Blacklist risk . \d+ of 100", now)


def test_nothing_asked_is_no_good_reputation(directory: Path) -> None:
    """Where no probe has run the page says that nothing was checked."""
    with served(directory) as page:
        assert "Not checked: no block list and no record was asked for yet." in words(
            page.client().get("/reputation").text
        )


def test_a_report_is_shown_as_it_is_sent(page: Served) -> None:
    """The report is made by a process of its own; meanwhile the page says so; then it stands there, fenced in."""
    client = page.client()
    day = "2025-11-23"
    first = client.get(f"/reports?day={day}")
    assert first.headers["refresh"] == "1"

    for _ in range(120):
        answer = client.get(f"/reports?day={day}&with=2025-11-22")
        if "refresh" not in answer.headers:
            break
        time.sleep(0.5)
    sent = client.get(f"/reports/sent?day={day}")

    assert "<iframe" in answer.text
    assert "failed logins 40 0 ▲ new" in words(answer.text)
    assert "critical incidents 1 0 ▲ new" in words(answer.text)
    assert sent.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "walter.rossi1969@nova0.test" in sent.text
    assert "<script>alert" not in sent.text


def test_a_report_that_cannot_be_made_says_why(page: Served) -> None:
    """It is not called under way for ever."""
    client = page.client()
    for part in page.directory.glob("mailwarden.db*"):
        part.unlink()

    for _ in range(120):
        answer = client.get("/reports/sent?day=2025-11-23")
        if answer.status != 200:
            break
        time.sleep(0.5)

    assert answer.status == 503
    assert "mailwarden.db" in words(answer.text)


@pytest.mark.parametrize("day", ["", "2025-13-40", "0001-01-01", "9999-01-01", "x" * 500, "--page", "2025-11-23'--"])
def test_a_day_that_is_none_gives_yesterday(page: Served, day: str) -> None:
    """Nothing but a day gets into the command that makes the report."""
    page.clocks.now_us += DAY_US

    assert "Report of 2025-11-23" in page.client().get(f"/reports?day={day}").text


def test_health_names_what_fails(page: Served) -> None:
    """A channel that fails is named with what it said and how many notices wait for it."""
    with Store.open(store_path(page.directory)) as store:
        notice = Notification(id="n", kind="opened", incident=store.incidents()[0], at_us=START_US)
        delivery = Delivery(notification=notice, receivers=("ops",), failed={"ops": f"403 {HOSTILE}"})
        store.commit(Commit(3, outbox=[("n", START_US, pack(delivery))]))

    client = page.client()
    text = words(client.get("/health").text)

    assert "● ops 1 notice waits 403 <script>alert(1)</script>\\x1b[31m" in text
    assert "Lines in 24 hours 1,000" in text
    assert "waits for ops" in words(client.get("/i/" + notice.incident.id).text)


def test_an_id_leads_to_what_it_means(page: Served) -> None:
    """What is wrong has its id, on Health a link; one that is not there is told, and changes nothing."""
    with Store.open(store_path(page.directory)) as store:
        notice = Notification(id="m", kind="opened", incident=store.incidents()[0], at_us=START_US)
        said = coded("MW4105", "answered {status}: {text}", status=403, text="[MW9999]")
        delivery = Delivery(notification=notice, receivers=("ops",), failed={"ops": said})
        store.commit(Commit(3, outbox=[("m", START_US, pack(delivery))]))
    client = page.client(language="ja")

    health = client.get("/health").text
    told = client.get("/errors/MW4105")
    refused = client.get("/incidents/nowhere").text

    assert '<a href="/errors/MW4105">MW4105</a>' in health
    assert (told.status, "<h1>通知先がメッセージを拒否しました</h1>" in told.text) == (200, True)
    assert "<code>mailwarden doctor --send</code>" in told.text
    assert "alerts:\n  channels" in client.get("/errors/mw4102").text
    assert [client.get(f"/errors/{code}").status for code in ("MW9999", "x", "<b>")] == [404] * 3
    assert '<a href="/errors/MW7203">MW7203</a>' in refused


def test_checks_speak_the_readers_language(page: Served) -> None:
    """What `doctor` found is said in the language of who reads it, though its data is English."""
    client = page.client(language="ja")
    for _ in range(300):
        text = words(client.get("/health").text)
        if "設定ファイルはありません" in text:
            break
        page.clocks.passed_s += 1
        time.sleep(0.1)

    assert "設定ファイルはありません" in text


def test_checks_that_cannot_be_made_are_no_calm(page: Served) -> None:
    """Where `doctor` itself fails the page names its fault, and does not call all well."""
    with Store.open(store_path(page.directory)) as store:
        store.commit(Commit(3, positions={"/var/log/mail.log": {"merged_us": 1}}))  # not as a service writes them
    client = page.client()
    while "refresh" in (answer := client.get("/health")).headers:
        time.sleep(0.2)
        page.clocks.passed_s += 0.2

    text = words(answer.text)
    assert "▲ None could be made. mailwarden" in text
    assert "KeyError: 'source'" in text
    assert "1 thing is to be mended." in text


def test_a_customer_sees_nothing_of_others(mail: Path) -> None:
    """A person limited to a domain finds only their own mail and people, and no page about all."""
    with served(mail, people=[CUSTOMER]) as page:
        page.clocks.now_us = START_US + 60_000_000
        client = page.client(let_in=False)
        client.sign_in("cus", "correct horse")
        own = client.get("/messages?what=4zx")
        answers = [own]
        for what in ("5zy", "secret@other.test", "olga@other.test", "192.0.2.7", "ana@nova0.test"):
            answers += [client.get(f"/messages?what={what}"), client.get(f"/api/v1/messages?what={what}")]
        answers += [client.get(path) for path in ("/people", "/people?q=secret", "/api/v1/people", "/api/v1/status")]
        sending = [client.get(path) for path in ("/senders", "/senders.csv", "/people.csv", "/api/v1/senders")]
        closed = [client.get(path) for path in ("/delivery", "/reputation", "/health", "/metrics")]
        closed += [client.get(f"/api/v1/{path}") for path in ("delivery", "reputation")]
        sent = client.get("/reports?domain=other.test")

    assert {one.status for one in [*answers, *sending]} == {200}
    assert {one.status for one in closed} == {403}
    assert not any(name in one.text for one in sending for name in ("secret", "/srv/"))
    assert "eve@example.net" in own.text
    for answer in [*answers, *closed, sent]:
        shown = answer.text.replace("“secret@other.test”", "").replace("“olga@other.test”", "")
        shown = re.sub(r'value="[^"]*"|<title>.*?</title>|<h1>.*?</h1>', "", shown)  # what they typed themselves
        shown = shown.replace("what=olga%40other.test", "")
        assert "olga" not in shown
        assert "google" not in shown
    inbound = client_text(answers, "5zy")
    assert "secret@other.test → ana@nova0.test" in inbound


def test_what_a_customer_sees_of_mail_to_them() -> None:
    """The envelope's sender and what became of it; of a neighbour's no login, address, script, count or other recipient."""
    customer = Visitor(name="cus", domains=("nova0.test",))
    neighbour = {
        "event.action": "delivery",
        "email.from.address": ["shop@other.test"],
        "email.to.address": ["ana@nova0.test", "olga@other.test"],
        "mailwarden.account": "login@other.test",
        "mailwarden.direction": "internal",
        "source.ip": "192.0.2.7",
        "user.id": "acct9",
        "mail.recipient_count": 7,
        "process.working_directory": "/home/acct9",
        "mail.delivery.status": "sent",
        "event.original": "x",
    }
    stranger = {
        "event.action": "reject",
        "email.from.address": ["ana@nova0.test"],
        "email.to.address": ["ana@nova0.test", "olga@other.test"],
        "source.ip": "198.51.100.9",
        "smtp.reply.text": "550 no olga@other.test here",
        "mailwarden.direction": "inbound",
    }

    of_neighbour, of_stranger = events_for([neighbour, stranger], customer)

    assert of_neighbour == {
        "event.action": "delivery",
        "email.from.address": ["shop@other.test"],
        "email.to.address": ["ana@nova0.test"],
        "mail.delivery.status": "sent",
    }
    assert of_stranger["source.ip"] == "198.51.100.9"
    assert of_stranger["email.to.address"] == ["ana@nova0.test"]  # though it bears their name as its sender
    assert "olga" not in str(of_stranger)


def client_text(answers: list[Any], what: str) -> str:
    """Give the words of the page on which something was looked for."""
    return next(words(one.text) for one in answers if f'value="{what}"' in one.text)


# ---------------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/status", 200),
        ("/api/v1/incidents?level=critical", 200),
        ("/api/v1/incidents?level=bad", 400),
        ("/api/v1/incidents?limit=5", 400),
        ("/api/v1/incidents?page=0", 400),
        ("/api/v1/incidents/FZJ", 200),
        ("/api/v1/incidents/ZZZZ", 404),
        ("/api/v1/messages", 400),
        ("/api/v1/messages?what=4zx", 200),
        ("/api/v1/people?days=30", 200),
        ("/api/v1/people?protocol=pop3&kind=vanishing", 200),
        ("/api/v1/people?protocol=uucp", 400),
        ("/api/v1/senders?days=30", 200),
        ("/api/v1/delivery", 200),
        ("/api/v1/reputation", 200),
        ("/api/v1/nothing", 404),
    ],
)
def test_data_comes_as_described(page: Served, path: str, status: int) -> None:
    """Each address gives JSON, an error too."""
    answer = page.client().get(path)

    assert answer.status == status
    assert answer.headers["content-type"].startswith("application/json")
    data = json.loads(answer.text)
    assert isinstance(data, dict)
    assert data.get("error.code") == {200: None, 400: "MW7201", 404: "MW7203"}[status]


def test_data_has_the_names_of_the_command_line(page: Served) -> None:
    """An incident has the same keys as `mailwarden show --json`."""
    data = json.loads(page.client().get("/api/v1/incidents/FZJ").text)

    assert data["primary"] == {"user.name": "walter.rossi1969@nova0.test"}
    assert data["first_seen"].endswith("+00:00")


def test_the_api_keeps_to_its_description(page: Served) -> None:
    """Schemathesis sends what the description allows and what it does not: every answer is one that is described."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    schema = schemathesis.openapi.from_dict(document())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    base = f"http://127.0.0.1:{page.port}"
    modes = schemathesis.GenerationMode
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (modes.POSITIVE, modes.NEGATIVE):
            try:
                strategy = operation.as_strategy(generation_mode=mode)
            except Exception as error:  # nothing about it can be wrong
                assert mode is modes.NEGATIVE, error
                continue

            @settings(
                max_examples=12, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=strategy, _=st.none())
            def check(case: schemathesis.Case, _: None) -> None:
                nonlocal asked
                page.clocks.passed_s += 1
                case.call_and_validate(base_url=base, headers=headers)
                asked += 1

            check()

    assert asked > 100


def test_prometheus_reads_the_metrics(page: Served) -> None:
    """Both forms are parsed by Prometheus's own parser; numbers are those of the store."""
    client = Client(page.port)
    token = {"Authorization": f"Bearer {TOKEN}"}
    text = client.get("/metrics", **token).text
    open_text = client.get("/metrics", Accept="application/openmetrics-text; version=1.0.0", **token).text

    found = {
        (one.name, tuple(sorted(one.labels.items()))): one.value for family in plain(text) for one in family.samples
    }
    assert found["mailwarden_events_total", (("kind", "event"), ("module", "postfix"))] == 990
    assert found["mailwarden_unparsed_ratio", ()] == 0.01
    assert found["mailwarden_incidents", (("severity", "critical"), ("status", "open"))] == 1
    assert found["mailwarden_delivery_total", (("class", ""), ("provider", "google"), ("status", "sent"))] == 20
    assert found["mailwarden_outbox_pending", ()] == 0
    assert found["mailwarden_listed", (("list", "Example BL"), ("subject", "192.0.2.25"))] == 1
    assert not [one for one in found if "zen" in str(one).lower()]
    assert {one.name for family in openmetrics(open_text) for one in family.samples} == {name for name, _ in found}


def test_metrics_of_what_never_ran_claim_no_life(tmp_path: Path) -> None:
    """A store that nobody reads into has no lag, not one of nothing; nor does a service that has ended count as running."""
    with Store.open(store_path(tmp_path)):
        pass
    token = {"Authorization": f"Bearer {TOKEN}"}
    with served(tmp_path, watched=False) as page:
        never = Client(page.port).get("/metrics", **token).text
        page.commit(1, [])
        ended = Client(page.port).get("/metrics", **token).text
    with served(tmp_path) as page:
        page.commit(2, [])
        lives = Client(page.port).get("/metrics", **token).text

    assert not re.search(r"^mailwarden_lag_seconds", never, re.MULTILINE)
    assert "mailwarden_service_running 0.0" in never
    assert re.search(r"^mailwarden_lag_seconds 0\.", ended, re.MULTILINE)
    assert "mailwarden_service_running 0.0" in ended
    assert "mailwarden_service_running 1.0" in lives


@pytest.mark.parametrize("version", ["x", "\xff", "9.9", ""])
def test_a_form_of_metrics_that_nobody_knows_is_no_fault(page: Served, version: str) -> None:
    """Whatever version a scraper asks for, it gets a form that Prometheus reads."""
    accept = f"application/openmetrics-text; version={version}"
    answer = Client(page.port).get("/metrics", Authorization=f"Bearer {TOKEN}", Accept=accept)

    assert answer.status == 200
    assert "mailwarden_build_info" in answer.text


def test_metrics_are_not_open(page: Served) -> None:
    """Who has no token gets none."""
    assert Client(page.port).get("/metrics").status == 401


def test_counters_only_grow(mail: Path) -> None:
    """Sums hold what was counted long ago and what was counted just now."""
    old = (HOUR_US - 40 * DAY_US, "lines", "event", "postfix", "x")
    with Store.open(store_path(mail)) as store:
        store.commit(Commit(3, rollups={old: 5}))
    with served(mail) as page:
        client, token = Client(page.port), {"Authorization": f"Bearer {TOKEN}"}
        line = 'mailwarden_events_total{kind="event",module="postfix"}'
        first = client.get("/metrics", **token).text
        with Store.open(store_path(mail)) as store:
            store.commit(Commit(4, rollups={(HOUR_US, "lines", "event", "postfix", "y"): 7}))
        second = client.get("/metrics", **token).text

    assert f"{line} 995.0" in first
    assert f"{line} 1002.0" in second
