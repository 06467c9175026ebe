"""What a look from outside came to, as one list of findings: the same for people, for data and for exit codes."""

from collections.abc import Iterator
from typing import Any

from mailwarden.alerts.detection.listing_detector import listing_severity
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.posture import severity_of
from mailwarden.pipeline.probes.checkup import Checkup
from mailwarden.pipeline.probes.lists import Look
from mailwarden.pipeline.probes.outcome import Outcome

__all__ = ["findings", "is_blind", "worst"]


def findings(checked: Checkup) -> Iterator[dict[str, Any]]:
    """Give all that was looked at, one record each, in the order of the looks."""
    for one in checked.outcomes:
        yield _of_outcome(one)
    for look in checked.lists.looks:
        yield _of_look(look)


def worst(checked: Checkup) -> int:
    """Give the rank of the worst finding; -1 where nothing is wrong."""
    ranks = [severity_rank(one["severity"]) for one in findings(checked) if one["state"] == "wrong"]
    return max(ranks, default=-1)


def is_blind(checked: Checkup) -> bool:
    """Say whether nothing could be found out at all."""
    states = {one["state"] for one in findings(checked)}
    return not states & {"ok", "wrong"}


def _of_outcome(one: Outcome) -> dict[str, Any]:
    record = {
        "subject": one.subject,
        "check": one.check,
        "name": one.name,
        "state": one.state,
        "severity": severity_of(one.state, one.reason),
        "reason": one.reason,
        "now": one.now,
        "should": one.should,
    }
    more = {key: value for key, value in one.details.items() if key not in record}
    return {key: value for key, value in (record | more).items() if value != ""}


def _of_look(look: Look) -> dict[str, Any]:
    said = look.judgement
    state = {"listed": "wrong", "clear": "ok", "no answer": "no answer"}[said.state]
    record = {
        "subject": look.subject,
        "check": "blocklist",
        "name": look.list.zone,
        "list": look.list.name,
        "state": state,
        "severity": listing_severity(said.weight) if said.state == "listed" else "info",
        "reason": "listed" if said.state == "listed" else said.reason,
        "codes": list(said.codes),
        "means": list(said.means),
        "weight": said.weight,
        "words": look.words,
        "delist": look.list.delist if said.state == "listed" else "",
    }
    return {key: value for key, value in record.items() if value not in ("", [])}
