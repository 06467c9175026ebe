"""One incident of ours is one of PagerDuty's: triggered, acknowledged, resolved."""

import pytest
from notices import NOON_US, incident, notification
from receiver import receiving

from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.senders.address import read_address
from mailwarden.alerts.telling.senders.pagerduty import PagerDuty, event_of
from mailwarden.alerts.telling.senders.sender import Timeouts


def message(*kinds: str, **fields: object) -> Message:
    """Give a message about one incident's turn, or several."""
    about = tuple(notification(incident(f"u{n}@example.org"), kind, id=f"n-{n}") for n, kind in enumerate(kinds))
    return Message(id="m-1", title="● CRITICAL mx1: x", body="why\nNext: x", about=about, sent_us=NOON_US, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("opened", "trigger"),
        ("worse", "trigger"),
        ("repeated", "trigger"),
        ("escalated", "trigger"),
        ("returned", "trigger"),
        ("acknowledged", "acknowledge"),
        ("ended", "resolve"),
    ],
)
def test_each_turn_has_its_action_under_one_key(kind: str, action: str) -> None:
    """All turns of an incident bear its id as their key, so that they are one incident there."""
    event = event_of(message(kind), "KEY")

    assert (event["event_action"], event["dedup_key"], event["routing_key"]) == (
        action,
        incident("u0@example.org").id,
        "KEY",
    )
    assert ("payload" in event) is (action == "trigger")


def test_a_trigger_says_what_a_responder_needs() -> None:
    """Summary, severity in their words, where, and the whole text."""
    event = event_of(message("opened", link="http://localhost:8742"), "KEY")

    payload = event["payload"]
    assert payload["summary"] == "● CRITICAL mx1: x"
    assert (payload["severity"], payload["source"], payload["class"]) == (
        "critical",
        "mx1.example.org",
        "account_takeover",
    )
    assert payload["custom_details"]["text"] == "why\nNext: x"
    assert payload["timestamp"] == "2026-11-23T00:30:54+00:00"
    assert event["client_url"] == "http://localhost:8742"


def test_a_digest_is_an_incident_of_its_own() -> None:
    """Many notices in one trigger one incident, as grave as the worst of them, and end none."""
    event = event_of(message("opened", "ended"), "KEY")

    assert (event["event_action"], event["dedup_key"]) == ("trigger", "m-1")
    assert event["payload"]["severity"] == "critical"


def test_news_of_mailwarden_itself_is_an_error() -> None:
    """That a channel fails concerns no incident."""
    assert event_of(message(), "KEY")["payload"]["severity"] == "error"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("pagerduty://KEY", "https://events.pagerduty.com/v2/enqueue"),
        ("pagerduty://KEY?region=eu", "https://events.eu.pagerduty.com/v2/enqueue"),
        ("pagerduty://KEY@OTHER", "https://events.pagerduty.com/v2/enqueue"),
    ],
)
def test_the_url_names_key_and_region(url: str, endpoint: str) -> None:
    """Apprise's form with two keys is understood; the routing key is the first."""
    sender = PagerDuty(read_address(url), Timeouts(1, 1))

    assert (sender._url, sender._key) == (endpoint, "KEY")


def test_what_is_over_is_resolved_with_the_end() -> None:
    """The end of the last incident of a digest resolves the digest too; news that is over is only resolved."""
    with receiving() as receiver:
        receiver.status = 202
        sender = PagerDuty(
            read_address(f"pagerduty://KEY?endpoint=http://{receiver.address}/v2/enqueue"), Timeouts(2, 2)
        )
        sender.send(message("ended", over=("digest-1",)))
        sender.send(message(over=("fault-ops-1",)))
        sent = [(post.json["event_action"], post.json["dedup_key"]) for post in receiver.posts]

    assert sent == [("resolve", incident("u0@example.org").id), ("resolve", "digest-1"), ("resolve", "fault-ops-1")]
