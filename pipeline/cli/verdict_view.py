"""Why a rule said what it said: its inputs as they were kept, and whether today's rule would say the same."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mailwarden.alerts.incidents.incident import Incident, Judged
from mailwarden.alerts.incidents.severity import severity_word
from mailwarden.alerts.incidents.verdict import inputs_of, judged_again, told_fields
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import iso
from mailwarden.pipeline.showing.sentences import Sentences

if TYPE_CHECKING:
    from mailwarden.alerts.rulebook.rule import Rule

__all__ = ["verdict_data", "verdict_lines"]

_LONGEST = 60  # characters of a value


def verdict_lines(
    incident: Incident, rules: Mapping[str, "Rule"], sentences: Sentences, *, everything: bool
) -> list[str]:
    """Say it of the rule that judged worst, or of all: what was counted against what, what it looked at, and again."""
    kept = {name: inputs for name in incident.rules if (inputs := inputs_of(incident, name)) is not None}
    if not everything:
        kept = {name: inputs for name, inputs in kept.items() if name == incident.lead}
    return [
        line
        for name, inputs in kept.items()
        for line in _lines(name, inputs, rules.get(name), sentences, everything=everything)
    ]


def _lines(name: str, inputs: Judged, rule: "Rule | None", sentences: Sentences, *, everything: bool) -> list[str]:
    tongue = sentences.tongue
    values = {
        "rule": printable(name),
        "version": inputs.version,
        "at": sentences.time(inputs.at_us, 0),  # with its day
        "counted": _counted(inputs.counted),
        "span": tongue.duration(inputs.span_us / 1_000_000),
        "word": severity_word(inputs.severity, tongue),
    }
    if rule is None or rule.counts:
        first = tongue.say(N_("{rule} version {version} at {at}: {counted} within {span} → {word}"), values)
    else:
        first = tongue.say(N_("{rule} version {version} at {at}: one such event suffices → {word}"), values)
    looked = {name: value for name, value in told_fields(inputs, rule).items() if value is not None} | inputs.values
    fields = tongue.gettext(", ").join(f"{printable(key)} {_value(value)}" for key, value in looked.items())
    lines = [first, tongue.say(N_("It looked at {fields}"), {"fields": fields})] if fields and everything else [first]
    if rule is not None and rule.detection.weather and inputs.severity == "low":
        lines.append(tongue.gettext("Guessing is minor until it far exceeds what is usual here, or succeeds."))
    again = judged_again(inputs, rule)
    said = {
        "same": N_("Judged again from this with the rule of today: the same."),
        "severity": N_("Judged again from this with the rule of today (version {version}): {word}."),
        "nothing": N_("Judged again from this with the rule of today (version {version}): it would not fire."),
        "unknown": "",
    }[again.says]
    if said:
        word = severity_word(again.severity, tongue) if again.severity else ""
        lines.append(tongue.say(said, {"version": again.version, "word": word}))
    return lines


def _counted(counted: Sequence[tuple[str, int, int]]) -> str:
    return " · ".join(f"{measure:,} ≥ {threshold:,}" for _, measure, threshold in counted)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as it stands in the rule
    if isinstance(value, dict):
        value = [f"{name} {one}" for name, one in value.items()]
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value if one not in (None, ""))
    text = str(value)
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def verdict_data(incident: Incident, rules: Mapping[str, "Rule"]) -> list[dict[str, Any]]:
    """Give the same as data, of every rule."""
    found = []
    for name in incident.rules:
        inputs = inputs_of(incident, name)
        if inputs is None:
            continue
        again = judged_again(inputs, rules.get(name))
        found.append(
            {
                "rule": name,
                "version": inputs.version,
                "at": iso(inputs.at_us),
                "severity": inputs.severity,
                "span_s": inputs.span_us // 1_000_000,
                "counted": [
                    {"count": count or name, "measure": measure, "threshold": threshold}
                    for count, measure, threshold in inputs.counted
                ],
                "fields": inputs.fields,
                "values": inputs.values,
                "again": {"says": again.says, "severity": again.severity, "version": again.version},
            }
        )
    return found
