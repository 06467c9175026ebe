"""A verdict can be made again from what was kept of it, and a changed rule says what it would say now."""

from typing import Any

import msgspec
import pytest

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.verdict import inputs_of, judged_again, told_fields
from mailwarden.alerts.rulebook.rule import RuleSettings
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial import cases

RULES = {rule.detection.name: rule for rule in load_rules()}
SUBJECTS = [one for one in cases.subjects() if one.rule is not None]


def incidents_of(one: cases.Subject, monkeypatch: pytest.MonkeyPatch) -> list[Incident]:
    """Fold the cases of a rule that must fire; give their incidents as a store gives them back."""
    found: list[Incident] = []

    class Kept(Fold):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            drain = self.incidents.drain

            def keep() -> Any:
                changed, notices = drain()
                found.extend(changed)
                return changed, notices

            self.incidents.drain = keep  # type: ignore[method-assign]

    monkeypatch.setattr(cases, "Fold", Kept)
    for case in cases.cases_of(one.cases):
        if case.fires:
            cases.try_case(one, case)
    return [msgspec.msgpack.decode(msgspec.msgpack.encode(incident), type=Incident) for incident in found]


@pytest.mark.parametrize("one", SUBJECTS, ids=lambda one: one.name)
def test_every_verdict_of_every_rule_can_be_made_again(one: cases.Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the event with its facts, what was counted, and the thresholds, and from nothing else."""
    incidents = incidents_of(one, monkeypatch)

    assert incidents
    for incident in incidents:
        inputs = inputs_of(incident, one.name)
        assert inputs is not None
        again = judged_again(inputs, RULES[one.name])
        assert (again.says, again.severity) == ("same", inputs.severity)
        assert all(measure >= threshold for _, measure, threshold in inputs.counted)
        assert any(value is not None for value in told_fields(inputs, RULES[one.name]).values())


def test_a_rule_that_changed_says_what_it_would_say_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A higher threshold: nothing; another severity: that; a rule that is gone, or a detector: nobody knows."""
    (one,) = [one for one in SUBJECTS if one.name == "fast_guessing"]
    inputs = inputs_of(incidents_of(one, monkeypatch)[0], "fast_guessing")
    assert inputs is not None
    (higher,) = [
        rule
        for rule in load_rules(settings={"fast_guessing": RuleSettings(threshold=500)})
        if rule.detection.name == one.name
    ]
    (louder,) = [
        rule
        for rule in load_rules(settings={"fast_guessing": RuleSettings(severity="high")})
        if rule.detection.name == one.name
    ]

    assert judged_again(inputs, higher).says == "nothing"
    assert judged_again(inputs, louder) == replace_again(
        judged_again(inputs, RULES["fast_guessing"]), "severity", "high"
    )
    assert judged_again(inputs, None).says == "unknown"
    known = msgspec.structs.replace(inputs, fields=inputs.fields | {"mailwarden.pair.known": True})
    assert judged_again(known, RULES["fast_guessing"]).says == "nothing"


def replace_again(again: Any, says: str, severity: str) -> Any:
    """Give another answer of the same version."""
    return msgspec.structs.replace(again, says=says, severity=severity)


def test_what_fires_at_every_event_keeps_its_first_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An incident does not grow with what it counts."""
    (one,) = [one for one in SUBJECTS if one.name == "open_relay"]

    for incident in incidents_of(one, monkeypatch):
        inputs = inputs_of(incident, "open_relay")
        assert inputs is not None
        assert inputs.at_us == min(at_us for at_us, _ in incident.timeline)
        assert len(msgspec.msgpack.encode(incident.judged)) < 4096
