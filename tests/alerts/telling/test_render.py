"""What a person receives is short, says what matters, and cannot be bent by log text."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import NOON_US, incident, notification

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.toll import News, Toll
from mailwarden.alerts.telling.lines import LINE_LIMIT, Rendered
from mailwarden.alerts.telling.render import render, render_digest, short_id
from mailwarden.alerts.telling.render_own import heartbeat_notice, render_fault
from mailwarden.alerts.terms import Evidence

KINDS = ["opened", "worse", "repeated", "escalated", "acknowledged", "ended", "returned", "summary"]
NEXT = {"en": "Next: ", "ja": "次の操作："}
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


@pytest.mark.parametrize(
    ("fields", "english", "japanese"),
    [
        (
            {"told_severity": "high", "told_count": 200},
            "● WORSE mx1: now CRITICAL: walter.rossi1… was taken over",
            "● 悪化 mx1：現在「緊急」：walter.rossi1969@nova0.e… が乗っ取られ、迷惑メールを送信中です",
        ),
        (
            {"told_severity": "critical", "told_count": 70},
            "● WORSE mx1: 4× as much: walter.rossi1… was taken over",
            "● 悪化 mx1：4 倍に増加：walter.rossi1969@nova0.e… が乗っ取られ、迷惑メールを送信中です",
        ),
        (
            {"told_severity": "high", "told_count": 20, "told_lead": "doubt"},  # what it is called is new itself
            "● WORSE mx1: walter.rossi1969… was taken over and sends spam",
            "● 悪化 mx1：walter.rossi1969@nova0.example が乗っ取られ、迷惑メールを送信中です",
        ),
    ],
)
def test_the_title_of_a_worse_turn_says_what_got_worse(fields: dict[str, Any], english: str, japanese: str) -> None:
    """Where nothing new was found, it is the severity or the number that grew; never the words of its opening alone."""
    told = notification(incident(**{"lead": "burst", "told_lead": "burst"} | fields), "worse")

    titles = [render(told, language).title for language in ("en", "ja")]

    assert titles == [english, japanese]
    assert max(map(len, titles)) <= 60


def test_the_title_of_a_worse_turn_is_its_newest_news_where_there_is_no_room_for_whom() -> None:
    """A long sentence ends where it may; whom it is about the body says first."""
    long = "{provider} refuses our mail: of example.org and of many others that nobody would name in a title"
    told = incident(
        told_severity="critical",
        told_lead="burst",
        lead="burst",
        news=[News("one", long, {"provider": "microsoft"}, ("mailwarden.receiver", "microsoft"))],
    )

    text = render(notification(told, "worse"))

    assert text.title == "● WORSE mx1: Microsoft refuses our mail"
    assert text.body.startswith("walter.rossi1969@nova0.example was taken over and sends spam.\nNew: Microsoft refuses")


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


def test_evidence_is_cut_before_meaning() -> None:
    """When room is short, the log lines go first, and the next step is there to the last."""
    long = incident(evidence=[Evidence("/var/log/mail.log", n, f"{n} " + "x" * 500) for n in range(10)])

    bodies = [render(notification(long), body_limit=limit).body for limit in (900, 520, 330, 200)]

    assert [body.count("Proof: mail.log") for body in bodies][-2:] == [0, 0]
    assert all("doveadm kick" in body for body in bodies)
    assert "291 recipients" in bodies[1]


def test_a_command_that_cannot_be_shown_safely_is_left_out() -> None:
    """A name that would break out of the command's quotes in chat gives a step without a command."""
    body = render(notification(incident(account="a`; reboot`@x.example"))).body

    assert "doveadm" not in body
    assert "Next: change the password" in body


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


@pytest.mark.parametrize(
    ("others", "expected"),
    [([], "ABC"), (["ABD2"], "ABC"), (["ABC2"], "ABCD"), (["ABCDEF2", "XYZ"], "ABCDEFG"), (["ABCDEFGH"], "ABC")],
)
def test_short_id_is_the_shortest_that_is_clear(others: list[str], expected: str) -> None:
    """Three characters, or as many more as it takes to tell it from the others."""
    assert short_id("ABCDEFGH", others) == expected


@settings(deadline=None)
@given(st.lists(st.text("AB2", min_size=8, max_size=8), min_size=1, max_size=30, unique=True))
def test_short_ids_are_unambiguous(ids: list[str]) -> None:
    """No short id is the beginning of another incident's id."""
    for own in ids:
        short = short_id(own, ids)
        assert len(short) >= 3
        assert [each for each in ids if each.startswith(short)] == [own]


def test_an_incident_without_advice_has_a_next_step() -> None:
    """The cause stands in for advice that is missing."""
    bare: Incident = incident(advice="", cause="service", modules=[])

    assert "Next: see what the server complains about: `mailwarden show " in render(notification(bare)).body


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


def test_who_elsewhere_got_the_mail_is_named_by_domain_only() -> None:
    """Recipients of others are nobody's business in a chat; the account itself is what it is about."""
    line = (
        "mx1 postfix/smtp[7]: 4jYB: to=<Ann.B+x@gmail.example>, from=<walter.rossi1969@nova0.example>, status=bounced"
    )

    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)]))).body

    assert "to=<…@gmail.example>" in body
    assert "Ann.B" not in body


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            r'1a <= a@b.example S=12 T="CHEAP \"PILLS\" now" from <a@b.example>',
            '1a <= …@b.example S=12 T="…" from <…@b.example>',
        ),
        (
            "2B: warning: header Subject: PILLS from x[192.0.2.1]; from=<x> from y[192.0.2.2]; from=<b@c.example> proto=ESMTP",
            "2B: warning: header Subject: … from y[192.0.2.2]; from=<…@c.example> proto=ESMTP",
        ),
        ("2B: warning: header Subject: PILLS", "2B: warning: header Subject: …"),
        ('(1-2) Passed SPAM, Subject: "PILLS", size: 7', '(1-2) Passed SPAM, Subject: "…", size: 7'),
    ],
)
def test_what_a_mail_is_called_is_not_told(line: str, shown: str) -> None:
    """A subject is its reader's, and where it is a spammer's, the alert would be taken for spam as well."""
    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)]))).body

    assert f"Proof: mail.log: `{shown}`\n" in body


def test_a_long_log_line_keeps_its_beginning_and_its_end() -> None:
    """Who and when stand at the beginning, what the other server said at the end."""
    line = (
        "mx1 postfix/smtp[7]: 4jYB: status=bounced (host mx.example.net said: 550 "
        + "x" * 300
        + " blocked by list.example)"
    )

    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)]))).body

    assert "Proof: mail.log: `mx1 postfix/smtp[7]: 4jYB: … xxx" in body
    assert "blocked by list.example)" in body


@pytest.mark.parametrize("stamp", ["Nov 23 00:30:28", "2026-11-23T00:30:28.123456+01:00"])
def test_a_long_log_line_loses_its_time_first(stamp: str) -> None:
    """When it was is said above; the words at the cut are whole."""
    said = " ".join(f"word{number}" for number in range(60))

    body = render(
        notification(incident(evidence=[Evidence("/var/log/mail.log", 1, f"{stamp} mx1 exim[7]: {said}")]))
    ).body

    proof = next(line for line in body.split("\n") if line.startswith("Proof: "))
    assert proof.startswith("Proof: mail.log: `mx1 exim[7]: word0 word1 word2 word3 … word39 ")
    assert proof.endswith(" word59`")


def test_a_command_too_long_for_an_alert_stands_where_all_stands() -> None:
    """Half a command is worse than none: the next step says where the whole of it is."""
    clients = [f"2001:db8:aaaa:bbbb:cccc:dddd:eeee:{number}" for number in range(12)]

    body = render(notification(incident(modules=["courier"], entities={"source.ip": clients}))).body

    assert (
        f"then cut its open connections: they outlive a changed password: `mailwarden show {short_id(incident().id)}`"
        in body
    )


@pytest.mark.parametrize("limit", [900, 700, 620])
def test_a_log_line_is_no_markdown(limit: int) -> None:
    """What a stranger typed is a quote between backticks, cut or whole: no link, picture or emphasis in a chat."""
    line = (
        "mx1 postfix/smtpd[7]: helo=<`![x](http://evil.example/a.png) **now** [click](http://evil.example)>"
        + " y" * 200
    )

    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)])), body_limit=limit).body

    (proof,) = [row for row in body.split("\n") if "postfix/smtpd" in row]
    assert proof.startswith("Proof: mail.log: `mx1 ")
    assert (proof[-1], proof.count("`")) == ("`", 2)
    assert all(row.count("`") % 2 == 0 for row in body.split("\n"))


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
    ("sentence", "title"),
    [
        ("{account} forwards spam, which counts against us all", "▲ MEDIUM mx1: bob@example.org forwards spam"),
        ("the mailbox {account} is flooded: 400 messages", "▲ MEDIUM mx1: the mailbox bob@example.org is flooded"),
        ("{account} was taken over and sends a lot of spam", "▲ MEDIUM mx1: bob@example.org was taken over"),
        ("a: {account} is at home where nobody ever looks for it", None),
    ],
)
def test_a_title_without_room_ends_before_a_clause(sentence: str, title: str | None) -> None:
    """The title still says a whole thing, and the body begins with all of it."""
    text = render(notification(incident("bob@example.org", "medium", title=sentence)))

    assert text.title == title or (title is None and text.title.endswith("…"))
    assert text.body.casefold().startswith(sentence.format(account="bob@example.org").casefold())


def test_a_name_is_not_taken_for_a_clause() -> None:
    """Who chooses an account's name does not choose where the title ends."""
    text = render(
        notification(incident("a, b: c; d and e@example.org", "medium", title="{account} forwards far too much"))
    )

    assert text.title.startswith("▲ MEDIUM mx1: a, b: c; d")
    assert text.title.endswith("forwards far too much")


def test_the_end_of_a_takeover_says_what_is_left_to_do() -> None:
    """That a thief is quiet is no proof that he is out."""
    english = render(notification(kind="ended")).body
    japanese = render(notification(kind="ended"), "ja").body

    assert "Next: see that the password of walter.rossi1969@nova0.example was changed, or it begins again" in english
    assert "walter.rossi1969@nova0.example のパスワードが変更済みか確認してください" in japanese


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


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({}, "see that the password of walter.rossi1969@nova0.example was changed, or it begins again: `"),
        (
            {"cause": "relay", "primary": ("mailwarden.site", "mx1"), "advice": "relay_open"},
            "see that the relay was closed, or it begins again: `",
        ),
        (
            {"cause": "sending", "primary": ("mailwarden.script", "/srv/a.php"), "advice": "script"},
            "see that the script was mended, or it begins again: `",
        ),
        ({"cause": "service", "primary": ("mailwarden.site", "mx1"), "advice": "disk_full"}, "look at how it went: `"),
    ],
)
def test_an_end_names_what_lets_it_begin_again(fields: dict[str, object], step: str) -> None:
    """That it is quiet does not mean that it was mended."""
    assert f"\nNext: {step}" in render(notification(incident(**fields), "ended")).body


def test_where_a_log_names_no_host_the_title_names_the_server() -> None:
    """Exim's and Haraka's files name no host: the reader of several servers' alerts must still know which it is."""
    nameless = notification(incident(hosts=[], site="default"))

    assert render(nameless, called="mx9.example.org").title.startswith("● CRITICAL mx9: ")


def test_a_name_is_shortened_before_a_sentence_is_torn() -> None:
    """Whatever else an incident holds, its title ends with a whole word."""
    found = incident(
        "igor@lindenhof.example",
        title="{account} logs in from {addresses} addresses, all at once",
        values={"addresses": 8},
        entities={"source.ip": [f"198.51.100.{n}" for n in range(40)]},
    )

    assert render(notification(found)).title == "● CRITICAL mx1: igor@lindenhof.exa… logs in from 8 addresses"


def test_a_log_line_of_which_little_would_be_left_is_left_out() -> None:
    """Half a time stamp proves nothing."""
    long = incident(evidence=[Evidence("/var/log/mail.log", n, f"{n} " + "x " * 100) for n in range(2)])

    for limit in range(400, 900, 7):
        lines = render(notification(long), body_limit=limit).body.split("\n")
        assert all(len(line) >= 100 for line in lines if line.startswith("Proof: mail.log"))


@pytest.mark.parametrize("limit", [60, 80, 98, 120, 160])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_short_message_ends_with_a_command_that_can_be_typed(limit: int, kind: str, language: str) -> None:
    """A text message of 160 characters has its title and one line: its command is whole, or is the way to all of it."""
    body = render(notification(kind=kind), language, body_limit=limit).body

    (line,) = [row for row in body.split("\n") if row.startswith(NEXT[language])]
    assert line.endswith("`")
    assert line.count("`") == 2


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
