"""The title says a whole thing, on the smallest screen."""

from typing import Any

import pytest
from notices import incident, notification

from mailwarden.alerts.incidents.toll import News
from mailwarden.alerts.telling.render import render


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


def test_a_name_is_shortened_before_a_sentence_is_torn() -> None:
    """Whatever else an incident holds, its title ends with a whole word."""
    found = incident(
        "igor@lindenhof.example",
        title="{account} logs in from {addresses} addresses, all at once",
        values={"addresses": 8},
        entities={"source.ip": [f"198.51.100.{n}" for n in range(40)]},
    )

    assert render(notification(found)).title == "● CRITICAL mx1: igor@lindenhof.exa… logs in from 8 addresses"
