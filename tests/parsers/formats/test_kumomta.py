"""What KumoMTA's records tell, and what clients cannot make them tell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event


def read(kind: str, **more: object) -> Event:
    """Read a record."""
    record = {
        "type": kind, "id": "d7ef", "sender": "ann@example.org", "recipient": "carol@example.net", "queue": "", "site": "",
        "size": 900, "response": {"code": 250, "content": ""}, "peer_address": {"name": "x", "addr": "203.0.113.7"},
        "timestamp": 1772510706, "created": 1772510706, "meta": {},
    }  # fmt: skip
    return Reader().read(json.dumps(record | more, separators=(",", ":")))


@given(st.text(max_size=60))
def test_no_greeting_moves_the_address(name: str) -> None:
    """Whatever a client calls itself, it is known by its own address."""
    event = read("Reception", peer_address={"name": name, "addr": "203.0.113.7"}, sender=name)

    assert (event.event_action, event.source_ip, event.mail_queue_id) == ("message-received", "203.0.113.7", "d7ef")


@pytest.mark.parametrize("password", ["AGFubgBzZWNyZXQ=", "AGFubgBzZWNyZXQ= x"])
def test_passwords_are_not_kept(password: str) -> None:
    """A refused login stands there as it was sent."""
    event = read("Rejection", response={"code": 535, "content": "no", "command": f"AUTH PLAIN {password}"})

    assert event.event_action == "auth-failure"
    assert "AGFubgBzZWNyZXQ" not in event.event_original


@pytest.mark.parametrize(
    "broken",
    [
        {"response": None}, {"response": {"code": "550"}}, {"peer_address": []}, {"meta": None}, {"recipient": 5},
        {"recipient": [1, None, "a@example.org"]}, {"size": -1}, {"timestamp": 1e300}, {"timestamp": True},
        {"response": {"code": 550, "enhanced_code": {"class": "5"}}}, {"sender": None},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Reception", "Delivery", "TransientFailure", "Rejection", "Expiration", "OOB"])
def test_other_values_than_expected_do_no_harm(kind: str, broken: dict[str, object]) -> None:
    """A template may leave anything out, or put something else there."""
    assert read(kind, **broken).event_kind == "event"


def test_a_cut_record_is_not_understood() -> None:
    """And stops nothing."""
    assert Reader().read('{"type":"Delivery","id":"d7ef","sender":"ann@exa').event_kind == "pipeline_error"
