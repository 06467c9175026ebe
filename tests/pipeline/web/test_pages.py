"""What the pages about incidents show, to whom, and what they ask of the service."""

import csv
import html
import io
import json
import re
from datetime import UTC
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from incidents import START_US, incident, taken_over
from served import Served, served

from mailwarden.alerts.blocklist import Policy
from mailwarden.alerts.incidents.incident import Incident, Judged, Kind, Notification
from mailwarden.alerts.state.blob import encode
from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.telling.story import KIND as STORY
from mailwarden.alerts.telling.story import Story
from mailwarden.alerts.terms import Evidence
from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.configuration.blocklist import BlocklistSetting, Output
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.web import Person
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Store
from mailwarden.pipeline.web.people import hash_password
from mailwarden.pipeline.web.views.blocked import blocked_lines
from mailwarden.pipeline.web.views.incident import TOLD_WORDS

WALTER = taken_over()
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202etxt.exe\x00\"'{{7*7}}"
OPERATOR = Person("ana", hash_password("correct horse"), "operator")
VIEWER = Person("vic", hash_password("correct horse"))
CUSTOMER = Person("cus", hash_password("correct horse"), "operator", ("nova0.test",))


def words(text: str) -> str:
    """Give the words of a page as they are seen."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


def test_the_first_sentence_judges(page: Served) -> None:
    """The first page begins with what needs a person, by severity: in a shape and a word, not in a colour alone."""
    page.commit(2, [])

    head = re.search(r"<h1[^>]*>(.*?)</h1>", page.client().get("/").text)

    assert head is not None
    assert words(head[1]) == " ● 1 critical."


def test_calm_is_never_false(page: Served) -> None:
    """When nobody reads the logs, that is what the first page says first, and the line at the top says it in red."""
    page.clocks.passed_s += 7200

    text = page.client().get("/").text

    assert '<h1 class="verdict critical">' in text
    assert "● Nobody is watching: what happens now is not seen. 1 critical." in words(text)
    assert 'data-tone="critical"' in text
    assert "nothing read for 2 h" in text


def test_a_service_that_ended_is_known_at_once(directory: Path) -> None:
    """Its lock goes with its process: nobody waits for five minutes to learn that nobody watches."""
    with served(directory, watched=False) as page:
        page.commit(2, [])
        client = page.client()
        text, health = (words(client.get(path).text) for path in ("/", "/health"))

    assert "● Nobody is watching: what happens now is not seen." in text
    assert "● not running, last sign 0 s ago" in text
    assert "● Nobody is watching: what happens now is not seen." in health


def test_a_clock_that_is_wrong_hides_no_dead_service(page: Served) -> None:
    """Lines dated ahead are said to be so, and are no sign of life for as long as the clocks differ."""
    with Store.open(store_path(page.directory)) as store:
        store.commit(Commit(2, meta={"stream_us": str(page.clocks.wall() + 7_200_000_000)}))
    client = page.client()

    ahead = words(client.get("/").text)
    page.clocks.passed_s += 3_600
    later = words(client.get("/").text)

    assert "The newest line of the logs is dated 2 h ahead of this machine's clock: one of the two is wrong." in ahead
    assert "✓ reading" in ahead
    assert "Nobody is watching: what happens now is not seen." in later
    assert "● nothing read for" in later


def test_a_store_into_which_nobody_reads_is_not_calm(tmp_path: Path) -> None:
    """Nothing read is told as such on the first page and on that of mailwarden's health, whatever the file's age."""
    with Store.open(store_path(tmp_path)):
        pass
    with served(tmp_path) as page:
        client = page.client()
        first, health = words(client.get("/").text), words(client.get("/health").text)

    assert "Nothing was read: nobody knows whether all is well." in first
    assert "✓ Nothing is wrong" not in first
    assert "not watching yet" in first
    assert "Nothing has been read yet." in health


def test_a_thousand_are_counted_as_they_are(directory: Path) -> None:
    """However many are open, the first sentence names the number of them, not of those that were looked at."""
    many = [taken_over(f"{n}@nova0.test", severity="critical" if n % 4 else "high") for n in range(999)]
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, incidents=many))
    with served(directory) as page:
        page.clocks.now_us = START_US + 60_000_000
        text = words(page.client().get("/").text)

    assert "750 critical, 250 to watch." in text
    assert "and 992 more" in text


def test_a_lost_source_is_louder_than_a_quiet_one(directory: Path, tmp_path: Path) -> None:
    """A log that is gone is told first; one that is only quiet is not told."""
    gone, quiet = tmp_path / "gone.log", tmp_path / "quiet.log"
    quiet.write_text("")
    position = {"merged_us": START_US}
    old = {"merged_us": START_US - 1}
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, positions={str(gone): position, str(quiet): position, "/no/longer/read": old}))
    with served(directory) as page:
        text = page.client().get("/").text

    assert "A source is lost: not everything is seen." in text
    assert f"lost: {gone}" in text
    assert "/no/longer/read" not in text


def test_numbers_without_history_have_no_usual(page: Served) -> None:
    """With less than seven days of counts the word is that there is no history yet."""
    text = words(page.client().get("/").text)

    assert "No history yet" in text
    assert "Everything else is normal" not in text


def test_numbers_stand_beside_their_usual(directory: Path) -> None:
    """With four weeks of counts, what left its band is marked, by shape and by factor."""
    week_us = 7 * 86_400_000_000
    hour_us = START_US - START_US % 3_600_000_000
    rollups = {(hour_us - 30 * 86_400_000_000, "lines", "event", "", ""): 1}
    for week in range(1, 5):
        rollups[(hour_us - week * week_us, "auth_failure", "dovecot", "bad_password", "imap")] = 8
        rollups[(hour_us - week * week_us, "delivery", "google", "sent", "")] = 20
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, rollups=rollups))
    with served(directory) as page:
        page.clocks.now_us = START_US + 60_000_000
        text = words(page.client().get("/").text)

    assert "Failed logins 40 8 ▲ 5×" in text
    assert "Mail delivered elsewhere 20 20 normal" in text
    assert "Failed logins as a table hour Failed logins usual" in text
    assert "00:00 40 8 " in text


def test_half_a_message_is_not_none(directory: Path) -> None:
    """A small usual value keeps its half: “0, and 80 times as many” would be no sentence."""
    hour_us = START_US - START_US % 3_600_000_000
    day_us = 86_400_000_000
    rollups = {(hour_us - 30 * day_us, "lines", "event", "", ""): 1, (hour_us, "delivery", "google", "bounced", ""): 40}
    for week in range(1, 5):
        rollups[(hour_us - week * 7 * day_us, "login", "imap", "1.3", "")] = 12
        rollups[(hour_us - week * 7 * day_us, "delivery", "google", "bounced", "")] = week % 2
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, rollups=rollups))
    with served(directory) as page:
        page.clocks.now_us = START_US + 60_000_000
        text = words(page.client().get("/").text)

    assert "Mail returned 40 0.5 ▲ 80×" in text


def test_what_each_rule_found_is_said_in_words(directory: Path) -> None:
    """The story of an incident has no bare names of rules: what another rule found is told as it saw it."""
    told = taken_over(timeline=[(START_US, "send_from_new_network"), (START_US + 1, "fast_guessing")])
    told.lead = "send_from_new_network"
    told.judged["fast_guessing"] = Judged(
        version=1, at_us=START_US, severity="low", span_us=600_000_000, counted=[("", 22, 10)], fields={},
        values={"address": "198.18.0.9"},
    )  # fmt: skip
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, incidents=[told]))
    with served(directory) as page:
        body = page.client().get(f"/i/{told.id}").text

    assert "198.18.0.9 guesses passwords" in words(body)
    assert f"/messages?what={told.primary[1].replace('@', '%40')}" in body
    assert "found by the rule" not in body


def test_what_to_do_first_stands_on_the_first_page(page: Served) -> None:
    """Under the worst of what needs a person stands its first step; its own page names no command that only leads there."""
    client = page.client()
    with Store.open(store_path(page.directory)) as store:
        refused = incident(
            primary=("mailwarden.provider", "apple"), category="blocklist_risk", rules=["provider_block"]
        )
        refused.advice, refused.modules = "provider_block", ["postfix"]
        store.commit(Commit(2, incidents=[refused]))

    assert "→ Change the password of walter.rossi1969@nova0.test, then end its open sessions" in words(
        client.get("/").text
    )
    text = client.get(f"/i/{refused.id}").text
    assert "Find and stop what caused it" in words(text)
    assert "<code>mailwarden show" not in text


def test_the_page_of_an_incident_tells_its_story(page: Served) -> None:
    """What to do with the command, why, the proof with its place, and how to silence stand on one page."""
    text = words(page.client().get(f"/i/{WALTER.id[:5].lower()}").text)

    for said in (
        "walter.rossi1969@nova0.test was taken over and sends spam",
        "doveadm kick walter.rossi1969@nova0.test",
        "291 recipients within 15 min from 198.18.10.60, a network it had not used before",
        "/var/log/mail.log:9572731",
        "Could it be harmless?",
        "Nobody yet.",
    ):
        assert said in text


def test_without_a_channel_nobody_can_be_told(directory: Path) -> None:
    """Where no channel is configured the page of an incident says so, and how to mend it, and not that it comes yet."""
    with served(directory, channels=()) as page:
        text = words(page.client().get(f"/i/{WALTER.id}").text)

    assert "Nobody: no channel stands in the configuration. To be told: mailwarden setup" in text
    assert "Nobody yet." not in text


def test_the_first_page_says_that_nobody_is_told(directory: Path) -> None:
    """Calm may be true, and yet nobody would hear of the next trouble; who has no channel to set is not told so."""
    shop = Person("shop", hash_password("a long password"), "viewer", ("shop.example",))
    shown = []
    for people, channels in (((), ()), ((shop,), ())):
        with served(directory, people=people, channels=channels) as page:
            client = page.client(let_in=not people)
            if people:
                client.sign_in("shop", "a long password")
            shown.append("Nobody is told" in client.get("/").text)
    with served(directory) as page:
        shown.append("Nobody is told" in page.client().get("/").text)

    assert shown == [True, False, False]


def test_who_was_told_is_said_as_it_was(directory: Path) -> None:
    """Old news was told in a summary, by its channel; of what nobody was told of, the page says why."""
    minor = incident(told_severity=None, severity="low")
    part = incident("198.51.100.9", parent=WALTER.id, severity="high", told_severity="high")
    told = msgspec.structs.replace(WALTER, told_severity="critical")
    decided = Notification(id="summary-1", kind="summary", incident=incident("mx1"), at_us=START_US, named=(WALTER,))
    delivery = Delivery(notification=decided, receivers=("ops",), accepted_by="ops", accepted_us=START_US + 1)
    story = Story(START_US, first_us=START_US, told_us=START_US, is_open=True, summary="summary-1")
    rows = [(STORY, told.id, 1, START_US * 2, encode(story))]
    with Store.open(store_path(directory)) as store:
        store.commit(
            Commit(2, incidents=[told, minor, part], states=rows, outbox=[("summary-1", START_US, pack(delivery))])
        )
        store.outbox_update("summary-1", START_US, True, pack(delivery))
    with served(directory) as page:
        texts = {one.id: words(page.client().get(f"/i/{one.id}").text) for one in (told, minor, part)}

    assert "in a summary · ✓ ops took it" in texts[told.id]
    assert "told: ops" in texts[told.id]
    assert "Nobody: what is minor is not told by itself. It stands in the report." in texts[minor.id]
    assert "Nobody by itself: it is told with what it is part of." in texts[part.id]


@pytest.mark.parametrize("name", ["x\udced\udca0y", "\udc80", "a" * 10_000, "n\0ul"])
def test_a_name_that_is_no_text_has_its_page(page: Served, name: str) -> None:
    """Bytes that are no UTF-8, typed at a login, stand there escaped; what leads on from them leads somewhere."""
    found = taken_over(f"{name}@nova0.test")
    page.commit(2, [found])
    client = page.client()
    answer = client.get(f"/i/{found.id}")
    link = re.search(r'href="(/messages\?[^"]*)"', answer.text)

    assert answer.status == 200
    assert link is not None
    assert client.get(html.unescape(link[1])).status == 200


def test_an_incident_that_is_not_there(page: Served) -> None:
    """An id that names nothing, too little, or nonsense is answered with a sentence."""
    client = page.client()

    assert client.get("/i/ZZZZZZ").status == 404
    assert client.get("/i/Z").status == 404
    assert client.get("/i/%F0%9F%92%A9").status == 404
    assert client.get("/i/" + "A" * 5000).status == 404


@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_text_is_only_text(page: Served, language: str) -> None:
    """Whatever an attacker writes into names and log lines, no page holds markup, controls or turned text of theirs."""
    evil = incident(
        primary=("mailwarden.account", HOSTILE),
        severity="high",
        title="{account} sends far more than usual: {recipients} recipients in an hour",
        why="{account} {measure} {threshold}",
        values={"account": HOSTILE, "recipients": 3, "measure": HOSTILE, "threshold": HOSTILE},
        rules=[HOSTILE],
        entities={"user.name": [HOSTILE], HOSTILE: [HOSTILE], "email.to.address": [HOSTILE]},
        evidence=[Evidence(HOSTILE, 1, f"Nov 23 {HOSTILE} \udcff")],
        timeline=[(START_US, HOSTILE)],
        hosts=[HOSTILE],
        harmless=HOSTILE,
        acknowledged_by=HOSTILE,
    )
    page.commit(2, [evil])
    client = page.client(language=language)
    for path in ("/", "/incidents", f"/i/{evil.id}", f"/incidents?q={'%3Cscript%3E%1b%e2%80%ae'}"):
        answer = client.get(path)

        assert answer.status == 200
        assert "<script>alert" not in answer.text
        assert "49txt" not in answer.text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", answer.text)
    assert "&lt;script&gt;alert(1)" in client.get(f"/i/{evil.id}").text
    assert "\\x1b[31m\\u202e" in client.get(f"/i/{evil.id}").text


def test_a_spreadsheet_runs_nothing(page: Served) -> None:
    """In the CSV no cell is a formula, and names are those of `show --json`."""
    page.commit(2, [incident(primary=("mailwarden.account", "=HYPERLINK(1)"), title="=cmd|' /C calc'!A0")])

    answer = page.client().get("/incidents.csv?state=all")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert {"incident.id", "severity", "title", "event_count"} <= set(rows[0])
    assert {row["primary"] for row in rows} >= {"'=HYPERLINK(1)", "walter.rossi1969@nova0.test"}
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "@"))]


def test_the_list_is_filtered_in_the_address_bar(page: Served) -> None:
    """State, severity, kind and words narrow the list and the data alike."""
    page.commit(2, [incident(primary=("mailwarden.network", "203.0.113.0/24"), status="closed")])
    client = page.client()

    def found(query: str) -> int:
        return len(json.loads(client.get(f"/incidents.json?{query}").text))

    assert found("") == 2
    assert found("state=all") == 3
    assert found("state=closed") == 1
    assert found("level=medium") == 1
    assert found("category=auth_attack&q=198.18") == 1
    assert found("q=NOVA0") == 1
    assert found("q=%25") == 0
    assert "203.0.113" not in client.get("/incidents").text


def test_a_long_list_has_pages(page: Served) -> None:
    """A list of a hundred and more is shown in pages of fifty; the data holds all."""
    page.commit(2, [incident(primary=("mailwarden.network", f"198.51.{n}.0/24")) for n in range(120)])
    client = page.client()

    assert "page 3 of 3" in words(client.get("/incidents?page=3").text)
    assert "page 3 of 3" in words(client.get("/incidents?page=99").text)
    assert len(json.loads(client.get("/incidents.json").text)) == 122


def acts(page: Served) -> list[tuple[str, dict[str, object]]]:
    """Give what the service was asked for."""
    with Store.open(store_path(page.directory), read_only=True) as store:
        return [(act.kind, act.payload) for act in store.pending_acts()]


def test_acting_asks_the_service(page: Served) -> None:
    """“I'm on it”, a silence and “normal here” become acts, with who and why, and are shown until they are taken up."""
    client, at = page.client(), f"/i/{WALTER.id[:3]}"
    csrf = client.csrf(at)

    for path, form in (
        ("on-it", {}),
        ("silence", {"until": "2h", "because": "newsletter"}),
        ("normal", {"because": "so it is"}),
    ):
        assert client.post(f"{at}/{path}", {"csrf": csrf, **form}).status == 303

    (one, first), (two, second), (three, third) = acts(page)
    assert (one, two, three) == ("acknowledge", "silence", "silence")
    assert (first["incident"], first["who"]) == (WALTER.id, "operator")
    assert (second["because"], second["until"]) == ("newsletter", "time")
    about = ["mailwarden.account", "walter.rossi1969@nova0.test"]
    assert third["exception"] == {"rules": WALTER.rules, "primary": about}
    assert "the service takes it up within a minute" in client.get(at).text


def test_a_link_only_shows(page: Served) -> None:
    """Whoever can make somebody open a link changes nothing."""
    client = page.client()
    for path in ("on-it", "silence", "normal"):
        assert client.get(f"/i/{WALTER.id}/{path}").status == 405
    client.get(f"/i/{WALTER.id}?csrf={client.csrf()}&until=forever")

    assert acts(page) == []


@pytest.mark.parametrize(
    ("csrf", "headers"),
    [
        ("", {}),
        ("x" * 32, {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec_Fetch_Site": "cross-site"}),
        (None, {"Sec_Fetch_Site": "same-site"}),
    ],
)
def test_another_site_cannot_act(page: Served, csrf: str | None, headers: dict[str, str]) -> None:
    """A form that stood elsewhere does nothing, and that it was tried is written down."""
    client = page.client()
    form = {"csrf": client.csrf() if csrf is None else csrf}

    assert client.post(f"/i/{WALTER.id}/on-it", form, **headers).status == 403
    assert acts(page) == []
    assert '"refused"' in (page.directory / "web-audit.jsonl").read_text()


def test_a_silence_needs_a_reason_and_an_end(page: Served) -> None:
    """Without a reason, or with an end that is none, nothing is done."""
    client = page.client()
    csrf = client.csrf()

    assert client.post(f"/i/{WALTER.id}/silence", {"csrf": csrf, "because": " "}).status == 400
    assert client.post(f"/i/{WALTER.id}/silence", {"csrf": csrf, "because": "x", "until": "soon"}).status == 400
    assert acts(page) == []


def test_who_only_looks_does_not_act(directory: Path) -> None:
    """A viewer sees no button, and a form of their own making does nothing."""
    with served(directory, people=[VIEWER]) as page:
        client = page.client(let_in=False)
        client.sign_in("vic", "correct horse")
        shown = client.get(f"/i/{WALTER.id}")
        answer = client.post(f"/i/{WALTER.id}/on-it", {"csrf": client.csrf()})

        assert "on-it" not in shown.text
        assert answer.status == 403
        assert acts(page) == []


def test_a_silenced_incident_needs_nobody(page: Served) -> None:
    """What is silenced is counted apart, and its page says by whom and why."""
    page.clocks.now_us = START_US + 60_000_000
    client = page.client()
    form = {"csrf": client.csrf(), "because": "a newsletter", "until": "worse"}
    client.post(f"/i/{WALTER.id}/silence", form)
    page.commit(2, [])

    text = words(client.get("/").text)
    assert "Nothing is wrong that needs you." in text
    assert "1 silenced" in text
    assert "silenced until it gets worse, by operator: a newsletter" in words(client.get(f"/i/{WALTER.id}").text)


def test_what_was_held_back_is_told_again(page: Served) -> None:
    """Whoever silenced something, or took it on, gives it back on its page; whoever only looks, or another site, does not."""
    page.clocks.now_us = START_US + 60_000_000
    client, at = page.client(), f"/i/{WALTER.id}"
    assert "tell-again" not in client.get(at).text
    client.post(f"{at}/silence", {"csrf": client.csrf(), "because": "a newsletter", "until": "worse"})
    page.commit(2, [taken_over(acknowledged_by="ana")])
    page_of_it = client.get(at).text

    assert client.post(f"{at}/tell-again", {"csrf": "x"}).status == 403
    assert client.get(f"{at}/tell-again").status == 405
    assert client.post(f"{at}/tell-again", {"csrf": client.csrf()}).status == 303
    assert "Tell of it again" in page_of_it
    assert "I'm on it" not in words(page_of_it)
    asked = acts(page)
    assert [kind for kind, _ in asked] == ["silence", "end_silence", "let_go"]
    with Store.open(store_path(page.directory), read_only=True) as store:
        assert asked[1][1]["silence"] == store.pending_acts()[0].id
    assert "The end of the silence asked by operator" in words(client.get(at).text)


@pytest.fixture
def others() -> list[Incident]:
    """Incidents of another customer, of the site, and one of our customer whose lines name others."""
    return [
        incident(primary=("mailwarden.account", "secret@other.test"), severity="critical"),
        incident(primary=("mailwarden.account", "bare"), severity="critical"),
        incident(primary=("mailwarden.account", "eve@evilnova0.test"), severity="critical"),
        taken_over(
            "olga@nova0.test",
            values={
                "account": "olga@nova0.test",
                "address": "198.18.10.60",
                "measure": 3,
                "threshold": 2,
                "span_s": 60,
            },
            why="{measure} {threshold} {span} {address} secret@other.test",
            entities={
                "user.name": ["olga@nova0.test", "secret@other.test", "bare"],
                "email.to.address": ["x@other.test"],
            },
            evidence=[
                Evidence("/var/log/mail.log", 1, "from=<olga@nova0.test> to=<secret@other.test>"),
                Evidence("/var/log/mail.log", 2, "sasl_username=olga@nova0.test"),
            ],
            evidence_count=2,
            parent=incident(primary=("mailwarden.account", "secret@other.test")).id,
        ),
        incident(
            "takeover",
            ("mailwarden.own_domain", "nova0.test"),
            severity="critical",
            title="{account}",
            values={"account": "secret@other.test"},
            advice="takeover",
            modules=["dovecot"],
            entities={"user.domain": ["nova0.test", "other.test"]},
        ),
    ]


def test_a_customer_sees_nothing_of_others(directory: Path, others: list[Incident]) -> None:
    """A person limited to a domain finds no name, address, number or incident of anybody else on any page."""
    with served(directory, people=[CUSTOMER]) as page:
        page.commit(2, others)
        client = page.client(let_in=False)
        client.sign_in("cus", "correct horse")
        answers = {
            path: client.get(path) for path in ("/", "/incidents?state=all&parts=1", "/incidents.json?state=all")
        }
        answers |= {one.id: client.get(f"/i/{one.id}") for one in others}
        answers |= {path: client.get(path) for path in (f"/api/v1/incidents/{others[4].id}", "/api/v1/incidents")}
        act = client.post(f"/i/{others[0].id}/on-it", {"csrf": client.csrf()})

        assert [answers[one.id].status for one in others] == [404, 404, 404, 200, 200]
        assert act.status == 404
        assert acts(page) == []
    for answer in answers.values():
        for name in ("other.test", "bare", "evilnova0", "198.18.0.", ">990<"):
            assert name not in answer.text, name
    assert "walter.rossi1969@nova0.test" in answers["/"].text
    assert "sasl_username" in answers[others[3].id].text
    assert "1 line is not shown: it names others." in answers[others[3].id].text


def test_languages(page: Served) -> None:
    """The browser's language is taken, and a choice made on the page outweighs it."""
    client = page.client(language="fr, ja;q=0.8, en;q=0.5")

    assert '<html lang="ja">' in client.get("/").text
    assert client.post("/language", {"language": "en", "next": "/incidents"}).headers["location"] == "/incidents"
    assert '<html lang="en">' in client.get("/").text
    client.post("/language", {"language": "xx", "next": "//evil.example"})
    assert '<html lang="en">' in client.get("/").text


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Before the service has run the page says so, and how to begin; once it runs the page goes on by itself."""
    (tmp_path / "new").mkdir()
    with served(tmp_path / "new") as page:
        client = page.client()
        before = client.get("/")
        page.commit(1, [])
        after = client.get("/")

    assert before.status == 503
    assert "sudo mailwarden setup" in before.text
    assert before.headers["refresh"] == "5"
    assert after.status == 200


def test_every_turn_of_a_notice_has_a_word() -> None:
    """Whatever an incident's notice tells of, the page says it in the reader's language."""
    assert set(get_args(Kind)) <= set(TOLD_WORDS)


@pytest.mark.parametrize("is_dry", [False, True])
def test_an_incident_says_what_the_block_list_does_about_it(directory: Path, is_dry: bool) -> None:
    """Who is listed until when, who is spared and why; where no list is kept it says nothing."""
    found = incident(entities={"source.ip": ["198.18.0.7", "198.18.0.8"]}, category="auth_attack")
    setting = BlocklistSetting(
        Policy(allow=("198.18.0.8",)), (Output("text", directory / "blocked.txt"),), dry_run=is_dry
    )
    kept = Configuration(state=directory, blocklist=setting)
    with Store.open(store_path(directory)) as store:
        store.commit(Commit(2, incidents=[found]))
        told = [
            blocked_lines(store, one, found, translator("en"), UTC, START_US + 120_000_000)
            for one in (kept, Configuration(state=directory))
        ]

    listed = "On the block list until 24 Nov 00:01:00 UTC: 198.18.0.7."
    if is_dry:
        listed = "Would be on the block list until 24 Nov 00:01:00 UTC: 198.18.0.7; blocklist.dry_run is on."
    assert told == [[listed, "Not on the block list: 198.18.0.8 (it stands on the allow list)."], []]
