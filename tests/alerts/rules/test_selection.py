"""Many rules are asked at once, and each answers as it would alone."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.alerts.detection.detector import Detector
from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.rulebook.selection import selector
from mailwarden.parsers.event import Event

RULES = load_rules()
ACTIONS = sorted({action for rule in RULES for action in rule.actions})
NUMBERS = (None, 0, 3, 7, 12)
FACTS = (
    "mailwarden.accepted",
    "mailwarden.first_try",
    "mailwarden.pair.known",
    "mailwarden.pair.young",
    "mailwarden.relayed",
    "mailwarden.source.is_proxy",
    "mailwarden.user.has_history",
)
COUNTS = ("mailwarden.source.failures", "mailwarden.source.users", "mailwarden.user.failing_networks")


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Make an event of any action, with and without what rules ask for."""
    event = Event()
    event.event_action = draw(st.sampled_from(ACTIONS))
    event.event_reason = draw(st.sampled_from((None, "relay_denied", "unknown_user", "cleartext_auth_disabled")))
    event.mail_delivery_status = draw(st.sampled_from((None, "sent", "deferred", "bounced")))
    event.mail_bounce_class = draw(st.sampled_from((None, "blocklist", "reputation", "rate_limit")))
    event.mail_provider = draw(st.sampled_from((None, "google", "elsewhere")))
    event.tls_established = draw(st.sampled_from((None, True, False)))
    event.source_ip = draw(st.sampled_from((None, "192.0.2.7")))
    if draw(st.booleans()):
        event.facts = {name: draw(st.sampled_from((None, True, False))) for name in FACTS}
        event.facts |= {name: draw(st.sampled_from(NUMBERS)) for name in COUNTS}
    return event


def alone(event: Event, rules: list[Rule]) -> Iterator[int]:
    """Ask rule after rule, each by its own condition."""
    return (place for place, rule in enumerate(rules) if rule.condition.function()(event))


@given(events())
def test_rules_asked_together_answer_as_alone(event: Event) -> None:
    """What an action decides, what is asked once for many, and events without facts change no answer."""
    rules = [rule for rule in RULES if not rule.actions or event.event_action in rule.actions]

    together = selector([rule.condition for rule in rules], event.event_action)(event)

    assert list(together) == list(alone(event, rules))


@given(events())
def test_without_an_action_nothing_is_taken_for_decided(event: Event) -> None:
    """A selector for events of any action asks each rule's action too."""
    assert list(selector([rule.condition for rule in RULES])(event)) == list(alone(event, RULES))


@pytest.mark.parametrize("detector", load_detectors(), ids=lambda one: one.detection.name)
def test_a_detector_is_not_asked_where_it_has_no_key(detector: Detector[Any]) -> None:
    """A detector that names what it needs gives no key for an event that lacks any of it."""
    for lacking, action in itertools.product(detector.needs, detector.actions):
        event = Event()
        event.event_action, event.mailwarden_attempts, event.facts = action, 1, {}
        event.email_to_address, event.mail_delivery_status = ["a@example.org"], "sent"
        event.mailwarden_account, event.mailwarden_network = "office@example.org", "192.0.2.0/24"
        for fact in ("accepted", "first_try", "pair.young", "user.has_history", "surprise"):
            event.facts[f"mailwarden.{fact}"] = True
        event.facts["mailwarden.source.is_proxy"] = False
        if lacking in event.facts:
            del event.facts[lacking]
        elif not lacking.startswith("mailwarden.weather"):
            setattr(event, lacking.replace(".", "_"), None)

        assert list(detector.keys(event)) == []
