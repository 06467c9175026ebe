"""Read what a rule file says of its finding: the `mailwarden:` key, which tells what an incident needs to know."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from mailwarden.alerts.rulebook.counting import MAX_SPAN_US
from mailwarden.alerts.rulebook.plan import CountPlan
from mailwarden.alerts.rulebook.rule_documents import RuleDocuments, RuleFault
from mailwarden.alerts.terms import CATEGORIES, CAUSES, SEVERITIES, Detection
from mailwarden.parsers.errors import coded, worded

__all__ = ["declared"]

_US = 1_000_000
_FILLED = frozenset(
    {
        "account", "accounts", "address", "addresses", "count", "country", "domain", "entity", "failures", "host", "id", "list",
        "measure", "network", "others", "provider", "reason", "span", "threshold",
    }
)  # fmt: skip
"""What an incident fills the sentences of a rule with."""
_NAME = re.compile(r"\{([A-Za-z_]+)\}")
_OWN_KEYS = frozenset(
    {
        "advice", "category", "cause", "entities", "harmless", "id", "needs", "primary", "span_s", "title", "version", "weather",
        "weight", "why",
    }
)  # fmt: skip


def declared(
    name: str, last: Any, own: dict[str, Any], counts: tuple[CountPlan, ...], documents: RuleDocuments
) -> Detection:
    """Give what is declared of a finding.

    Args:
        name: The rule's.
        last: The Sigma document that is the finding.
        own: What stands under its `mailwarden:` key, or was made up for a rule of others that lacks it.
        counts: What the rule counts; empty: one event is enough.
        documents: Of the rule file.

    Raises:
        RuleFault: A key is unknown, lacks or says what cannot be.
    """
    at = documents.at(last, "mailwarden")
    unknown = sorted(set(own) - _OWN_KEYS)
    if unknown:
        meant = get_close_matches(unknown[0], _OWN_KEYS, 1)
        mend = worded("Known: {names}.", names=", ".join(sorted(_OWN_KEYS)))
        if meant:
            mend = worded('Did you mean "{meant}"?', meant=meant[0])
        raise RuleFault(coded("MW3111", 'mailwarden: unknown key "{name}"', name=unknown[0]), (*at, unknown[0]), mend)
    for key, allowed in (("cause", CAUSES), ("category", CATEGORIES)):
        if own.get(key) not in allowed:
            raise _none_of(f"mailwarden.{key}", own.get(key), allowed, (*at, key))
    for key in ("version", "span_s"):
        if not isinstance(own.get(key, 1), int):
            said = coded("MW3111", 'mailwarden.{key}: "{given}" is no whole number', key=key, given=own[key])
            raise RuleFault(said, (*at, key), worded("Write a number."))
    if not isinstance(own.get("entities", []), list):
        said = coded("MW3111", "mailwarden.entities is no list of fields")
        raise RuleFault(said, (*at, "entities"), worded("Write [source.ip]."))
    for key in ("id", "primary", "title", "why", "advice"):
        if not own.get(key):
            raise RuleFault(coded("MW3110", "mailwarden.{key} is missing: an alert must name it", key=key), at)
    for key in ("title", "why", "harmless"):
        strange = set(_NAME.findall(str(own.get(key, "")).replace("{{", ""))) - _FILLED
        if strange and documents.fields is not None:
            said = coded("MW3112", 'mailwarden.{key}: nothing fills "{place}"', key=key, place=f"{{{min(strange)}}}")
            raise RuleFault(said, (*at, key), worded("Known: {names}.", names=", ".join(sorted(_FILLED))))
    severity = "medium" if last.level is None else str(last.level).lower().replace("informational", "info")
    if severity not in SEVERITIES:
        known = ("informational", "low", "medium", "high", "critical")
        raise _none_of("level", severity, known, documents.at(last))
    techniques = tuple(
        tag.name.upper() for tag in last.tags if tag.namespace == "attack" and tag.name.lower().startswith("t")
    )
    span_us = max((c.span_us for c in counts), default=int(own.get("span_s", 3600)) * _US)
    if not 0 < span_us <= MAX_SPAN_US:
        most = MAX_SPAN_US // _US
        said = coded(
            "MW3111", 'mailwarden.span_s: "{given}" is not from 1 to {most}', given=own.get("span_s"), most=most
        )
        raise RuleFault(said, (*at, "span_s"))
    return Detection(
        name=name,
        id=str(own["id"]),
        version=int(own.get("version", 1)),
        cause=own["cause"],
        category=own["category"],
        severity=severity,
        title=str(own["title"]),
        why=str(own["why"]),
        harmless=str(own.get("harmless", "")),
        advice=str(own["advice"]),
        techniques=techniques,
        primary=documents.use(last, str(own["primary"]), (*at, "primary")),
        entities=tuple(documents.use(last, str(one), (*at, "entities")) for one in own.get("entities", ())),
        span_us=span_us,
        threshold=counts[0].threshold if counts else 1,
        weather=bool(own.get("weather", False)),
        needs=str(own.get("needs", "")),
    )


def _none_of(name: str, given: object, known: Sequence[str], place: tuple[str | int, ...]) -> RuleFault:
    said = coded("MW3111", '{place}: "{given}" is none of {known}', place=name, given=given, known=", ".join(known))
    meant = get_close_matches(str(given), known, 1)
    return RuleFault(said, place, worded('Did you mean "{meant}"?', meant=meant[0]) if meant else None)
