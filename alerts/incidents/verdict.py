"""Why a rule fired, kept as it was: the event with its facts, what was counted, the thresholds and the version.

From these inputs alone the verdict is made again: whoever looks later, with other facts and perhaps another rule, sees
what was known then, and whether the rule of today would say the same.
"""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mailwarden.alerts.incidents.incident import Incident, Judged
from mailwarden.alerts.risk.words import RISK_VALUES
from mailwarden.alerts.state.blob import decoder, encode
from mailwarden.parsers.event import ATTRIBUTES, Event, to_ecs

if TYPE_CHECKING:
    from mailwarden.alerts.detection.finding import Finding
    from mailwarden.alerts.rulebook.rule import Rule

__all__ = ["Again", "inputs_of", "judged", "judged_again", "told_fields"]

_LINE = 1000  # characters of the line that are kept
_TIME = "@timestamp"  # stands in `at_us`
_unpack = decoder(Judged)


class Again(msgspec.Struct, frozen=True):
    """What the rule of today says to the inputs of then.

    `says`: the same, another severity, nothing (it would not fire), or unknown where there is no such rule to ask: a
    detector, whose memory is not kept, or a rule that is gone.
    """

    says: Literal["same", "severity", "nothing", "unknown"]
    severity: str | None = None
    version: int | None = None  # of today's rule


def judged(finding: "Finding") -> bytes:
    """Give the inputs of a finding, packed."""
    event, detection = finding.event, finding.detection
    fields = to_ecs(event)
    fields.pop(_TIME, None)
    if event.facts:
        facts = event.facts.items()
        fields.update((name, sorted(fact) if isinstance(fact, frozenset) else fact) for name, fact in facts)
    fields["event.original"] = event.event_original[:_LINE]
    return encode(
        Judged(
            version=detection.version,
            at_us=finding.at_us,
            severity=finding.severity,
            span_us=detection.span_us,
            counted=list(finding.counted) or [("", finding.measure, detection.threshold)],
            fields=fields,
            values={name: value for name, value in finding.values.items() if name not in RISK_VALUES},
        )
    )


def inputs_of(incident: Incident, rule: str) -> Judged | None:
    """Give the inputs of a rule's verdict on an incident; None where none are kept."""
    kept = incident.judged.get(rule)
    return _unpack(kept) if isinstance(kept, bytes) else kept


def judged_again(inputs: Judged, rule: "Rule | None") -> Again:
    """Make the verdict again from its inputs, with today's rule."""
    from mailwarden.alerts.detection.engine import severity_of  # beneath it is all that compiles rules

    if rule is None:
        return Again("unknown")
    event = _event(inputs)
    version = rule.detection.version
    counts = {count.name: count.threshold for count in rule.counts}
    reached = all(measure >= counts.get(name, threshold) for name, measure, threshold in inputs.counted)
    if not reached or not rule.condition.function()(event):
        return Again("nothing", None, version)
    severity = severity_of(rule.detection, event)
    return Again("same" if severity == inputs.severity else "severity", severity, version)


def _event(inputs: Judged) -> Event:
    """Make the event that decided, with its facts as they were."""
    event = Event()
    event.stream_us = event.timestamp_us = inputs.at_us
    event.facts = {}
    for name, value in inputs.fields.items():
        attribute = ATTRIBUTES.get(name)
        if attribute is not None:
            setattr(event, attribute, value)
        elif name.startswith("mailwarden."):
            event.facts[name] = value
        else:
            event.set(name, value)
    return event


def told_fields(inputs: Judged, rule: "Rule | None") -> dict[str, Any]:
    """Give what the rule looked at, in its order; all facts where there is no rule to ask."""
    if rule is None:
        return {name: value for name, value in inputs.fields.items() if name.startswith("mailwarden.")}
    return {name: inputs.fields.get(name) for name in rule.asks if name != "event.original"}
