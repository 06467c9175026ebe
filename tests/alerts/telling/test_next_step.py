"""Every message says the one thing to do next, with a command that can be typed."""

import pytest
from notices import KINDS, NEXT, incident, notification

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.filling import short_id
from mailwarden.alerts.telling.render import render


def test_a_command_that_cannot_be_shown_safely_is_left_out() -> None:
    """A name that would break out of the command's quotes in chat gives a step without a command."""
    body = render(notification(incident(account="a`; reboot`@x.example"))).body

    assert "doveadm" not in body
    assert "Next: change the password" in body


def test_an_incident_without_advice_has_a_next_step() -> None:
    """The cause stands in for advice that is missing."""
    bare: Incident = incident(advice="", cause="service", modules=[])

    assert "Next: see what the server complains about: `mailwarden show " in render(notification(bare)).body


def test_a_command_too_long_for_an_alert_stands_where_all_stands() -> None:
    """Half a command is worse than none: the next step says where the whole of it is."""
    clients = [f"2001:db8:aaaa:bbbb:cccc:dddd:eeee:{number}" for number in range(12)]

    body = render(notification(incident(modules=["courier"], entities={"source.ip": clients}))).body

    assert (
        f"then cut its open connections: they outlive a changed password: `mailwarden show {short_id(incident().id)}`"
        in body
    )


def test_the_end_of_a_takeover_says_what_is_left_to_do() -> None:
    """That a thief is quiet is no proof that he is out."""
    english = render(notification(kind="ended")).body
    japanese = render(notification(kind="ended"), "ja").body

    assert "Next: see that the password of walter.rossi1969@nova0.example was changed, or it begins again" in english
    assert "walter.rossi1969@nova0.example のパスワードが変更済みか確認してください" in japanese


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


@pytest.mark.parametrize("limit", [60, 80, 98, 120, 160])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_short_message_ends_with_a_command_that_can_be_typed(limit: int, kind: str, language: str) -> None:
    """A text message of 160 characters has its title and one line: its command is whole, or is the way to all of it."""
    body = render(notification(kind=kind), language, body_limit=limit).body

    (line,) = [row for row in body.split("\n") if row.startswith(NEXT[language])]
    assert line.endswith("`")
    assert line.count("`") == 2
