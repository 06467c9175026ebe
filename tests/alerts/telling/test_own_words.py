"""Messages in an operator's own words: filled, escaped, and never the reason that nobody is told."""

import logging
from datetime import UTC

import pytest
from notices import NOON_US, incident, notification

from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.own_words import OwnWords, Words, WordsFault, example
from mailwarden.alerts.telling.parcels import Writer

OURS = "{{ word }} {{ host }}: {{ about }}\n{{ what }}\n{% if kind == 'ended' %}over{% else %}{{ next }} {{ command }}{% endif %}"


def told(
    template: str, kind: str = "opened", language: str = "en", url: str = "json://localhost", **fields: object
) -> Message:
    """Write a message for a channel that has a template."""
    channels = Channels([Channel(name="own", url=url, language=language, template=template)])
    notice = notification(incident(**fields), kind)  # type: ignore[arg-type]
    writer = Writer(channels, tuple, "https://warden.example.org/", UTC, own_words=channels.own_words)
    return writer.single("own", notice, [notice.id], NOON_US).message


@pytest.mark.parametrize(
    ("language", "word", "step"), [("en", "CRITICAL", "change the password of"), ("ja", "緊急", "のパスワードを変更し")]
)
def test_the_first_line_is_the_title_and_the_rest_the_body(language: str, word: str, step: str) -> None:
    """The parts come in the channel's language, with the command of the server in play."""
    message = told(OURS, language=language)

    first, last = message.body.split("\n")
    assert message.title == f"{word} mx1: walter.rossi1969@nova0.example"
    assert "walter.rossi1969@nova0.example" in first
    assert step in last
    assert "doveadm kick walter.rossi1969@nova0.example" in last
    assert (message.id, message.tone) == ("n-1", "failure")


def test_a_turn_can_be_told_apart() -> None:
    """A template says the end otherwise than the beginning."""
    assert told(OURS, "ended").body.endswith("\nover")


def test_log_text_calls_nobody_and_is_no_template() -> None:
    """What a stranger wrote is filled in once, escaped; what the operator writes himself stays as it is."""
    hostile = "@everyone{{ 7 * 7 }}\x1b[31m@example.org"

    message = told(
        "<@U123> {{ about }}\n{{ what }}", primary=("mailwarden.account", hostile), values={"account": hostile}
    )

    assert message.title.startswith("<@U123> @\u200beveryone{{ 7 * 7 }}\\x1b[31m")
    assert "49" not in message.body
    assert "@everyone" not in message.body
    assert "\x1b" not in message.title + message.body


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("{{ title }}\n{{ bdoy }}", 2, '"bdoy" is none of what can be said: about, body,'),
        ("x\n\n{% if %}", 3, "cannot be read"),
        ("x\n{{ title.foo.bar }}", 2, "cannot be filled"),
        ("x\n{{ events / 0 }}", 2, "cannot be filled"),
        ("x\n{{ ''.__class__.__mro__ }}", 2, "cannot be filled"),
        ("{% include 'other' %}", 1, "cannot be filled"),
        ("{{ range(3) }}", 1, '"range" is none'),
        ("{{ config }}", 1, '"config" is none'),
        ("{# nothing #}\n", 1, "says nothing"),
    ],
)
def test_a_fault_is_told_with_its_line(template: str, line: int, said: str) -> None:
    """Before anything is sent: what cannot be read, names what is not there, reaches for more, or says nothing."""
    with pytest.raises(WordsFault) as raised:
        OwnWords(template).check()

    assert raised.value.line == line
    assert said in str(raised.value)


def test_every_name_can_be_used() -> None:
    """All that is documented is there; loops and variables of a template's own are no fault."""
    names = "\n".join(f"{{{{ {name} }}}}" for name in Words.__struct_fields__)

    OwnWords(names).check()
    OwnWords("{% set x = title %}{% for one in [x, why] %}{{ loop.index }} {{ one }}\n{% endfor %}").check()

    assert OwnWords(names).written(example())[0] == example().title


def test_a_notice_that_cannot_be_filled_is_sent_in_our_words(caplog: pytest.LogCaptureFixture) -> None:
    """A template that fails on this notice alone costs nothing but a line in the log."""
    with caplog.at_level(logging.WARNING):
        message = told("{{ 1 // (events - 291) }}")

    assert message.title.startswith("● CRITICAL mx1: walter.rossi1… was taken over")
    assert "Next: " in message.body
    assert "channel own: its template, line 1: cannot be filled" in caplog.text


def test_its_length_is_that_of_the_channel() -> None:
    """However much a template writes, what is sent fits the service."""
    message = told("{{ what }}{{ what }}{{ what }}\n{% for one in body %}{{ body }}{% endfor %}")

    assert len(message.title) <= 60
    assert len(message.body) <= 900


def test_a_channel_without_one_says_it_in_our_words() -> None:
    """Nothing changes where no template is set."""
    assert told("").title.startswith("● CRITICAL mx1: ")
