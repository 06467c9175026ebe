"""What a person receives is short, says what matters, and cannot be bent by log text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import KINDS, NEXT, NOON_US, incident, notification

from mailwarden.alerts.incidents.toll import News, Toll
from mailwarden.alerts.telling.filling import short_id
from mailwarden.alerts.telling.lines import LINE_LIMIT, Rendered
from mailwarden.alerts.telling.render import render, render_digest
from mailwarden.alerts.telling.render_own import heartbeat_notice, render_fault
from mailwarden.alerts.terms import Evidence

HOSTILE = st.text(st.characters(exclude_categories=()), max_size=400) | st.sampled_from(
    [
        "@everyone",
        "{account}",
        "a\nb\n" * 20,
        "\x1b[2J",
        "`" * 50,
        "\u202e" * 30,
        "x@y." * 200,
        "<!channel>",
        "%s%n",
        "",
    ]
)


def fits(text: Rendered, language: str, title_limit: int = 60, body_limit: int = 900) -> None:
    """Check what holds for every message."""
    assert 0 < len(text.title) <= title_limit
    assert 0 < len(text.body) <= body_limit
    assert "\n" not in text.title
    assert 1 + len(text.body.split("\n")) <= LINE_LIMIT
    assert text.title[0] in "●▲■✓"
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text.title + text.body
    )
    assert "@everyone" not in text.title + text.body
    assert "<!" not in text.title + text.body


def test_the_alert_of_a_taken_over_account() -> None:
    """An alert says what, who, since when, the proof, the one next step, and how to say that it is normal."""
    text = render(notification(), link="http://localhost:8742/")

    short = short_id(incident().id)
    assert text.title == "● CRITICAL mx1: walter.rossi1… was taken over and sends spam"
    assert text.body.split("\n") == [
        "walter.rossi1969@nova0.example was taken over and sends spam.",
        "291 recipients within 15 min from 198.18.10.60, a network it had not used before (fires at 20).",
        "Since 00:30:28 UTC, last seen 00:30:54 UTC.",
        "Next: change the password of walter.rossi1969@nova0.example, then end its open sessions: "
        "`doveadm auth cache flush; doveadm kick walter.rossi1969@nova0.example`",
        "Proof: mail.log: `mx1 postfix/smtpd[13675]: 2B82A0646D2: client=x[198.18.10.60]`",
        f"Proof and more: `mailwarden show {short}` · http://localhost:8742/i/{short}",
        f"On it? `mailwarden silence {short} --on-it` · Normal here? `mailwarden silence {short}`",
        "Notice n-1",
    ]


@pytest.mark.parametrize("kind", ["opened", "worse", "repeated", "escalated", "returned", "ended", "acknowledged"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_customer_is_told_what_he_can_do(kind: str, language: str) -> None:
    """Who has no shell on the server gets the step for a panel, and no command, whatever the turn."""
    text = render(notification(kind=kind), language, link="https://warden.example.org/", for_customer=True)

    assert "mailwarden s" not in text.body and "doveadm" not in text.body
    assert "https://warden.example.org/i/" in text.body
    assert ("in the panel or the webmail" in text.body) == (language == "en" and kind not in ("ended", "acknowledged"))


def test_a_customers_digest_names_no_command() -> None:
    """Several at once are shown on the page, where there is one."""
    text = render_digest([notification()], digest_id="digest-1", link="https://warden.example.org", for_customer=True)

    assert "`" not in text.body
    assert "https://warden.example.org/" in text.body


def test_the_alert_in_japanese() -> None:
    """The same in Japanese, with the title's words and the whole account in it."""
    text = render(notification(), "ja")

    assert text.title == "● 緊急 mx1：walter.rossi1969@nova0.example が乗っ取られ、迷惑メールを送信中です"
    assert text.body.startswith(
        "これまで使われたことのない接続元 198.18.10.60 から、15 分以内に 291 件の宛先へ送信しました（基準：20）。\n"
    )
    assert "doveadm kick walter.rossi1969@nova0.example`" in text.body


@pytest.mark.parametrize(
    ("kind", "english", "japanese"),
    [
        ("opened", "● CRITICAL mx1: ", "● 緊急 mx1："),
        ("worse", "● WORSE mx1: ", "● 悪化 mx1："),
        ("repeated", "● STILL CRITICAL mx1: ", "● 緊急（継続中） mx1："),
        ("escalated", "● CRITICAL UNANSWERED mx1: ", "● 緊急（未対応） mx1："),
        ("acknowledged", "✓ TAKEN UP mx1: ", "✓ 対応開始 mx1："),
        ("ended", "✓ ENDED mx1: ", "✓ 終息 mx1："),
        ("returned", "● BACK mx1: ", "● 再発 mx1："),
        ("summary", "● CRITICAL mx1: ", "● 緊急 mx1："),
    ],
)
def test_each_turn_has_its_shape_and_word(kind: str, english: str, japanese: str) -> None:
    """A turn is told by a shape and a word, never by colour alone."""
    assert render(notification(kind=kind)).title.startswith(english)
    assert render(notification(kind=kind), "ja").title.startswith(japanese)


@pytest.mark.parametrize(("severity", "head"), [("high", "▲ HIGH "), ("medium", "▲ MEDIUM "), ("low", "■ MINOR ")])
def test_each_severity_has_its_shape_and_word(severity: str, head: str) -> None:
    """Two severities to watch share a shape and differ in their word."""
    assert render(notification(incident(severity=severity))).title.startswith(head)


def test_worse_says_what_is_new() -> None:
    """A worse turn says what it was, how it grew and what came to it; what people were told before it leaves out."""
    news = [
        News("one", "{provider} refuses our mail", {"provider": "microsoft"}, ("mailwarden.receiver", "microsoft")),
        News("server_risk", "blacklist risk of {address}: {risk} of 100, rising", {}, ("mailwarden.own_address", "x")),
    ]
    told = incident(
        told_severity="high", told_count=20, told_lead="burst", lead="burst", news=news, toll=Toll(18, 271, 180, 63)
    )

    text = render(notification(told, "worse"))
    body = text.body

    assert text.title == "● WORSE mx1: walter.rossi1…: Microsoft refuses our mail"
    assert body.startswith("walter.rossi1969@nova0.example was taken over and sends spam.\nNow CRITICAL, was HIGH.\n")
    assert "Microsoft" not in body
    assert "291 events by now, 20 when it was last told; last seen 00:30:54 UTC." in body
    assert (
        "Mail since it was noticed: 18 messages to 271 recipients; 180 taken, 63 refused, 28 still open.\nNext: "
        in body
    )
    assert "network it had not used before" not in body
    assert "Proof:" not in body
    assert "blacklist risk" not in body


def test_worse_by_another_rule_says_why() -> None:
    """What leads now has not been told: its sentence is new."""
    body = render(
        notification(incident(told_severity="high", told_count=20, told_lead="doubt", lead="burst"), "worse")
    ).body

    assert "291 recipients within 15 min from 198.18.10.60, a network it had not used before" in body


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        (
            {"toll": Toll(18, 271, 180, 63)},
            "Mail since it was noticed: 18 messages to 271 recipients; 180 taken, 63 refused, 28 still open.",
        ),
        (
            {"toll": Toll(1, 1, 3, 0)},
            "Mail since it was noticed: 1 message to 1 recipient. With what was on its way then, 3 taken, 0 refused.",
        ),
        (
            {"toll": Toll(0, 0, 2, 1)},
            "No more mail since it was noticed; of the mail before it, 2 taken, 1 refused.",
        ),
        ({"toll": Toll()}, "No mail of theirs was seen since it was noticed."),
        (
            {
                "cause": "guessing",
                "primary": ("mailwarden.network", "203.0.113.0/24"),
                "values": {"accounts": 15, "addresses": 208},
                "toll": Toll(),
            },
            "291 tries on 15 accounts, from 208 addresses.\nNobody was seen to log in from there since it was noticed.",
        ),
        (
            {
                "cause": "guessing",
                "primary": ("mailwarden.network", "203.0.113.0/24"),
                "toll": Toll(logins=[f"p{n}@example.org" for n in range(5)]),
            },
            "Logged in from there meanwhile: p0@example.org, p1@example.org, p2@example.org and 2 more.",
        ),
        (
            {"cause": "listed", "primary": ("mail.provider", "microsoft"), "senders": {"b@example.org": 9, "": 40}},
            "Whose mail it was: b@example.org.",
        ),
    ],
)
def test_an_end_says_what_it_cost(fields: dict[str, object], cost: str) -> None:
    """Whoever is told that it is over is told what went out, who refused it, who got in, and whose mail suffered."""
    lines = render(notification(incident(**fields), "ended")).body.split("\n")

    assert (
        cost.split("\n")
        == lines[lines.index("Quiet since 00:30:54 UTC. It lasted 26 s: 291 events.") + 1 :][: cost.count("\n") + 1]
    )
    assert not any("it had not used before" in line for line in lines)


@pytest.mark.parametrize("language", ["en", "ja"])
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    HOSTILE,
    HOSTILE,
    HOSTILE,
    st.dictionaries(
        st.sampled_from(["account", "address", "measure", "network", "id"]), HOSTILE | st.integers(), max_size=5
    ),
    st.sampled_from(["takeover", "spray", "relay_open", "protocol_abuse", "no such key"]),
)
def test_every_message_fits(
    language: str, kind: str, account: str, line: str, host: str, values: dict[str, object], advice: str
) -> None:
    """Whatever an attacker writes, a message keeps its limits, has exactly one next step, and moves nothing."""
    told = incident(account, evidence=[Evidence(line, 1, line)] * 3, hosts=[host], values=values, advice=advice)
    told.timeline = [(1, line + " x"), (2, account)]

    text = render(notification(told, kind), language, link="http://localhost:8742")

    fits(text, language)
    assert sum(part.startswith(NEXT[language]) for part in text.body.split("\n")) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(60, 900), st.integers(20, 250), HOSTILE)
def test_every_message_fits_small_services(body_limit: int, title_limit: int, line: str) -> None:
    """A service that takes less gets less."""
    told = notification(incident(line, evidence=[Evidence("f", 1, line)]))

    fits(render(told, title_limit=title_limit, body_limit=body_limit), "en", title_limit, body_limit)


def test_a_digest_names_the_worst_first() -> None:
    """Many notices in one message: counted by severity, the worst first, the rest counted."""
    many = [notification(incident(f"user{n}@example.org", "medium"), id=f"n-{n}") for n in range(9)]
    worst = notification(incident("boss@example.org", "high"), id="n-9")

    text = render_digest([*many, worst], digest_id="d-1")

    lines = text.body.split("\n")
    assert text.title == "▲ mx1: 10 notices in one: HIGH 1, MEDIUM 9"
    assert "boss@example.org" in lines[0]
    assert lines[-3:-1] == ["and 4 more", f"Next: look at the worst first: `mailwarden show {lines[0].split()[1]}`"]
    fits(text, "en")


def test_a_digest_of_hostile_names_fits() -> None:
    """A digest holds the same limits."""
    many = [notification(incident("@everyone\n" * n, "medium"), id=f"n-{n}") for n in range(40)]

    fits(render_digest(many, "ja", digest_id="d"), "ja")


def test_a_fault_tells_which_channel_and_what_to_do() -> None:
    """Another channel's failure is told with its answer and the next step."""
    text = render_fault("telegram", '403 "bot was blocked"', since_us=notification().at_us, waiting=3)

    assert text.title == "▲ HIGH mailwarden: channel telegram fails"
    assert text.body.split("\n")[:3] == [
        'What it said: 403 "bot was blocked"',
        "3 notices took another way or wait since 00:30:28 UTC.",
        "Next: mend the channel, then test it: `mailwarden doctor --send`",
    ]
    fits(text, "en")


@pytest.mark.parametrize("language", ["en", "ja"])
@settings(max_examples=60, deadline=None)
@given(st.booleans(), HOSTILE, HOSTILE)
def test_news_of_the_heartbeat_fits(language: str, is_over: bool, site: str, error: str) -> None:
    """Whatever its receiver answers, what is told of the heartbeat keeps its limits and has one next step."""
    notice = heartbeat_notice(site, error, NOON_US, NOON_US + 10**9, is_over=is_over, every_s=300)

    text = render(notice, language)

    fits(text, language)
    assert sum(part.startswith(NEXT[language]) for part in text.body.split("\n")) == 1


def test_a_summary_leads_to_what_is_open() -> None:
    """It stands for several incidents: there is none of its own that a command could show."""
    assert "Next: look at what is open: `mailwarden`" in render(notification(kind="summary")).body


def test_an_end_of_one_event_lasted_nothing() -> None:
    """What was seen once did not last 0 s."""
    once = incident(last_seen_us=NOON_US, event_count=1)

    assert "Quiet since 00:30:28 UTC.\n" in render(notification(once, "ended")).body


def test_a_digest_says_which_turn_each_is() -> None:
    """An end among the others bears its own shape and word."""
    told = [notification(kind="ended", id="1"), notification(incident("bob@example.org", "high"), id="2")]

    body = render_digest(told, digest_id="d").body

    assert f"✓ {short_id(incident().id)} ENDED: walter.rossi1969@nova0.example was taken over and sends spam" in body
    assert "▲ " in body
    assert "Next: look at the worst first" in body


@pytest.mark.parametrize(
    ("fields", "english", "japanese"),
    [
        (
            {},
            "✓ ENDED mx1: walter.rossi1969@nova0.example is quiet again",
            "✓ 終息 mx1：walter.rossi1969@nova0.example は静かになりました",
        ),
        (
            {"cause": "guessing", "title": "{account} is guessed at"},
            "✓ ENDED mx1: nobody guesses at walter.rossi1969@no… any more",
            "✓ 終息 mx1：walter.rossi1969@nova0.example への推測攻撃は止まりました",
        ),
        (
            {"cause": "guessing", "primary": ("source.ip", "203.0.113.9"), "title": "{address} guesses passwords"},
            "✓ ENDED mx1: 203.0.113.9 is quiet again",
            "✓ 終息 mx1：203.0.113.9 は静かになりました",
        ),
        (
            {"cause": "sending", "primary": ("source.ip", "127.0.0.1")},
            "✓ ENDED mx1: not seen any more: walter.rossi1… was taken ov…",
            "✓ 終息 mx1：現在は見られません：walter.rossi1969@nova… が乗っ取られ、迷惑メールを送信中です",
        ),
        (
            {"cause": "listed", "primary": ("mail.provider", "microsoft"), "title": "{provider} refuses our mail"},
            "✓ ENDED mx1: not seen any more: Microsoft refuses our mail",
            "✓ 終息 mx1：現在は見られません：Microsoft がメールの受信を拒否しています",
        ),
    ],
)  # fmt: skip
def test_an_end_is_not_told_in_the_words_of_the_beginning(
    fields: dict[str, object], english: str, japanese: str
) -> None:
    """Nobody who reads only the title of an end takes it for an attack that goes on."""
    ended = notification(incident(**fields), "ended")

    assert (render(ended).title, render(ended, "ja").title) == (english, japanese)


def test_an_end_says_what_it_was() -> None:
    """What the title of an end leaves out of the beginning stands below it."""
    body = render(notification(kind="ended")).body

    assert body.startswith("It was: walter.rossi1969@nova0.example was taken over and sends spam.\n")


def test_the_end_of_one_is_not_the_worst_of_several() -> None:
    """What is over comes last in a digest, is counted as over, and is not what to look at first."""
    told = [notification(kind="ended", id="1"), notification(incident("bob@example.org", "high"), id="2")]

    text = render_digest(told, digest_id="d")

    assert text.title == "▲ mx1: 2 notices in one: HIGH 1, ENDED 1"
    assert text.tone == "warning"
    assert text.body.startswith("▲ ")
    assert f"`mailwarden show {short_id(told[1].incident.id)}`" in text.body


def test_a_digest_of_ends_is_good_news() -> None:
    """When all is over nobody is alarmed by what it was."""
    told = [notification(incident(f"a{n}@example.org"), "ended", id=str(n)) for n in range(3)]

    text = render_digest(told, digest_id="d", link="http://localhost:8742")

    assert (text.title, text.tone) == ("✓ mx1: 3 notices in one: ENDED 3", "success")
    assert "Next: look at how it went: `" in text.body
    assert "http://localhost:8742/" in text.body.split("\n")


def test_worse_does_not_say_that_nothing_came_of_it() -> None:
    """Between its opening and its growth a burst may count no message: that is no news."""
    told = incident(told_severity="high", told_count=20, toll=Toll())

    assert "No mail of theirs" not in render(notification(told, "worse")).body
