"""Alerts as an Alertmanager takes them: begun, going on, ended."""

from notices import NOON_US, incident, notification

from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.senders.alertmanager import alerts_of

DAY_US = 86_400_000_000


def message(kind: str, **fields: object) -> Message:
    """Give a message about one turn."""
    about = (notification(incident(**fields), kind),)  # type: ignore[arg-type]
    return Message(
        id="m-1", title="t", body="b", about=about, sent_us=NOON_US + 60_000_000, link="http://localhost:8742"
    )


def test_an_alert_begins_and_lasts() -> None:
    """It lasts a week unless it is told again: an Alertmanager resolves by itself what has no end."""
    (alert,) = alerts_of(message("opened"))

    assert alert["labels"] == {
        "alertname": "mailwarden_takeover",
        "severity": "critical",
        "site": "mx1",
        "cause": "takeover",
        "incident": incident().id,
        "entity": "walter.rossi1969@nova0.example",
    }
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-11-23T00:30:28+00:00", "2026-11-30T00:31:28+00:00")
    assert alert["annotations"] == {"summary": "t", "description": "b", "notice": "n-1"} | {"notice": "m-1"}
    assert alert["generatorURL"] == "http://localhost:8742"


def test_another_severity_is_another_alert_and_ends_the_old_one() -> None:
    """Labels name an alert: what was high ends when it is critical."""
    old, new = alerts_of(message("worse", told_severity="high"))

    assert (old["labels"]["severity"], old["endsAt"]) == ("high", "2026-11-23T00:31:28+00:00")
    assert (new["labels"]["severity"], new["endsAt"]) == ("critical", "2026-11-30T00:31:28+00:00")


def test_the_end_ends_every_severity() -> None:
    """Nothing stays behind, whichever severities were told."""
    ended = alerts_of(message("ended"))

    assert [alert["labels"]["severity"] for alert in ended] == ["medium", "high", "critical"]
    assert {alert["endsAt"] for alert in ended} == {"2026-11-23T00:31:28+00:00"}


def test_it_knows_no_acknowledgement() -> None:
    """That somebody is on it changes no alert."""
    assert alerts_of(message("acknowledged")) == []


def test_hostile_names_become_labels_that_move_nothing() -> None:
    """A name that an attacker chose is a value of bounded length without controls."""
    account = "a\n\x1b[31m\u202e" + "x" * 500
    (alert,) = alerts_of(message("opened", primary=("mailwarden.account", account)))

    assert alert["labels"]["entity"].startswith("a\\x0a\\x1b[31m\\u202exxx")
    assert len(alert["labels"]["entity"]) == 200
