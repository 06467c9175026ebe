"""Incidents as they stood at an earlier instant, for the report of a day that is long over, as far as that is kept.

Kept is when each rule first found something of an incident, what each last judged, when it opened and was last seen. So it
is known whether it was there, how grave it was, what it was called, and whether it had ended. Not kept is how many of its
events were of that time, and whether one that went on later had paused.
"""

from functools import cache

import msgspec

from mailwarden.alerts.incidents.incident import Incident, quiet_at
from mailwarden.alerts.incidents.verdict import inputs_of
from mailwarden.alerts.terms import Detection, severity_rank

__all__ = ["as_it_was"]

_DAY_US = 86_400_000_000  # of quiet, after which an incident is closed


def as_it_was(incident: Incident, at_us: int) -> Incident | None:
    """Give an incident as it stood at an instant; None where it had not opened.

    Args:
        incident: As it is now.
        at_us: The instant; earlier than now.
    """
    if incident.opened_us >= at_us:
        return None
    rules = dict.fromkeys(rule for found_us, rule in incident.timeline if found_us < at_us)
    then = msgspec.structs.replace(incident, status=_status(incident, at_us))
    if not rules or rules.keys() >= {rule for _, rule in incident.timeline}:
        return then
    judged = {rule: inputs.severity for rule in rules if (inputs := inputs_of(incident, rule)) is not None}
    lead = max(judged, key=lambda rule: severity_rank(judged[rule]), default="")
    if lead and severity_rank(judged[lead]) < severity_rank(incident.severity):
        then.severity = judged[lead]
    return _called(then, lead) if lead and incident.lead not in rules else then


def _status(incident: Incident, at_us: int) -> str:
    """Say whether it was open, quiet or closed; what was seen later still is taken to have gone on."""
    quiet_us = quiet_at(incident)
    if incident.last_seen_us >= at_us or at_us < quiet_us:
        return "open"
    return "quiet" if at_us < quiet_us + _DAY_US else "closed"


def _called(incident: Incident, lead: str) -> Incident:
    """Give it the words of the rule that led then, filled with what that rule knew; of a rule that is gone, those of now."""
    detection, inputs = _detection(lead), inputs_of(incident, lead)
    if detection is None or inputs is None:
        return incident
    measure, threshold = inputs.counted[0][1:] if inputs.counted else (None, detection.threshold)
    known = {"measure": measure, "threshold": threshold, "span_s": detection.span_us // 1_000_000}
    return msgspec.structs.replace(
        incident,
        lead=lead,
        title=detection.title,
        why=detection.why,
        harmless=detection.harmless,
        advice=detection.advice,
        values=incident.values | known | inputs.values,
    )


@cache
def _detection(name: str) -> Detection | None:
    from mailwarden.alerts.detectors import load_named as detectors_named  # what compiles rules: few reports are old
    from mailwarden.alerts.rulebook.rulebook import load_named as rules_named

    found = [rule.detection for rule in rules_named((name,))] + [one.detection for one in detectors_named((name,))]
    return found[0] if found else None
