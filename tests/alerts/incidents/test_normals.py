"""What is normal here: one entity for one rule, up to its end."""

import pytest
from memory import Memory

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.incidents.normals import Normal, Normals
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.parsers.event import Event

RULES = {rule.detection.name: rule.detection for rule in load_rules()}
HOUR_US = 3_600_000_000
NORMAL = {"rules": ["fast_guessing"], "primary": ["mailwarden.network", "203.0.113.0/24"]}


def normal(until_us: int | None = None) -> Normal:
    """Make an exception of fast guessing from a network."""
    return Normal(rules=("fast_guessing",), primary=("mailwarden.network", "203.0.113.0/24"), until_us=until_us)


def finding(rule: str = "fast_guessing", name: str = "203.0.113.0/24", at_us: int = HOUR_US) -> Finding:
    """Make a finding of a rule about a network."""
    about = RULES[rule]._replace(primary="mailwarden.network")
    return Finding(about, name, at_us, at_us, True, 5, 5, {}, [], Event(), "medium", {})


def test_an_exception_is_for_its_rule_its_entity_and_its_time() -> None:
    """Another rule, another network, or a later time is found as ever."""
    normals = Normals()
    normals.add("1", normal(2 * HOUR_US))

    assert normals.covers(finding())
    assert not normals.covers(finding(at_us=2 * HOUR_US))
    assert not normals.covers(finding(rule="slow_guessing"))
    assert not normals.covers(finding(name="198.51.100.0/24"))


def test_what_ends_last_holds_until_all_are_ended() -> None:
    """Two exceptions for the same: the later end counts, and ending one leaves the other."""
    normals = Normals()
    normals.add("1", normal(2 * HOUR_US))
    normals.add("2", normal())

    assert normals.covers(finding(at_us=9 * HOUR_US))
    normals.end("2")
    assert not normals.covers(finding(at_us=9 * HOUR_US))
    assert normals.covers(finding())
    normals.end("1")
    normals.end("none")
    assert not normals


def test_what_is_normal_opens_no_incident_and_feeds_none() -> None:
    """The finding is made; nobody hears of it, and what another rule finds about the same is told."""
    incidents = Incidents("default", Memory())
    incidents.normals.add("1", normal())

    assert incidents.take(finding()) is None
    assert incidents.drain() == ([], [])
    assert incidents.take(finding(rule="network_walk")) is not None


def test_an_act_that_is_no_exception_is_none() -> None:
    """A silence alone is not one; what cannot be read is refused."""
    assert Normal.of_act({"incident": "ABC", "until": "worse"}) is None
    assert Normal.of_act({"exception": NORMAL, "until_us": 7}) == normal(7)
    with pytest.raises(ValueError, match="primary"):
        Normal.of_act({"exception": {"rules": ["x"]}})
